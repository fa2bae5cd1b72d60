#!/usr/bin/env python3
"""An hour in which nobody speaks: hour.py FOLDER writes FOLDER/KIND-NN.wav, a minute each, 8 kHz as
after mu-law, for `cargo bench --bench nobody_speaks`. Always the same hour."""
import random
import sys
import wave
from pathlib import Path

import numpy as np

import line
import nothing

MINUTE = 60 * line.RATE
EACH = 20


def silence(r):
    """A dead line, or one with the faintest hiss."""
    samples = np.zeros(MINUTE, np.float32)
    return samples if r.random() < 0.5 else samples + line.noise(r, MINUTE) * 10 ** (-r.uniform(60, 75) / 20)


def noise(r):
    """Steady, or rising and falling as traffic does; with clicks at times."""
    samples = line.noise(r, MINUTE) * 10 ** (-r.uniform(15, 55) / 20)
    if r.random() < 0.5:
        samples *= 0.5 + 0.5 * np.sin(2 * np.pi * np.arange(MINUTE) / line.RATE / r.uniform(2, 15)) ** 2
    if r.random() < 0.3:
        for _ in range(r.randint(5, 60)):
            at = r.randrange(MINUTE - 400)
            samples[at: at + r.randint(5, 200)] += r.uniform(-0.5, 0.5)
    return samples


def music(r):
    pieces, count = [], 0
    while count < MINUTE:
        pieces.append(nothing.music(r))
        count += len(pieces[-1])
    return np.concatenate(pieces)[:MINUTE] * 10 ** (-r.uniform(0, 20) / 20)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    r = random.Random(2029)
    for made in (silence, noise, music):
        for number in range(EACH):
            samples = line.mu_law(np.clip(made(r), -1, 1)) * 32767
            with wave.open(str(folder / f"{made.__name__}-{number:02}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(line.RATE)
                file.writeframes(np.round(samples).astype(np.int16).tobytes())
    print(f"{3 * EACH} minutes in {folder}")


if __name__ == "__main__":
    main()
