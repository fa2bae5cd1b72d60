#!/usr/bin/env python3
"""Speaks some of the exam once for every kind of line, and what is no English: conditions.py FOLDER.

Writes FOLDER/conditions/{exam.json,exam/NNNN.wav} for score.py. The voices, and the other languages,
are never trained on; all lines carry the same utterances at the same level.
"""
import json
import random
import sys
from pathlib import Path

import numpy as np

import exam
import line
import nothing
from voices import Callers

EVERY = 6  # of the questions
LEFT_OUT = ("names", "names never heard")
LEVEL = 10 ** (-20 / 20)
NOTHINGS, NOTHING_S = 40, 6  # of each kind, and how long at most
SEED = 77


def noisy(decibels):
    return lambda r, voice: voice + line.noise(r, len(voice)) * LEVEL * 10 ** (-decibels / 20)


def losing(share):
    return lambda r, voice: line.lose(r, voice.copy(), share)


LINES = {
    "clean, 8 kHz": None,
    "G.711": lambda r, voice: voice,
    "1 % of packets lost": losing(0.01),
    "5 % of packets lost": losing(0.05),
    "noise, 15 dB below": noisy(15),
    "noise, 10 dB below": noisy(10),
    "echo after 120 ms": lambda r, voice: line.room(r, voice, echo_s=0.12),
    "a hard room": line.room,
}


def level(samples):
    voice = np.pad(line.trim(samples), (line.RATE // 5, line.RATE // 5))
    return voice * LEVEL / np.sqrt((voice**2).mean())


def on_lines(r, callers):
    """(set, text, voice, samples) of every utterance on every line."""
    asked = [question for question in exam.questions() if question[0] not in LEFT_OUT][::EVERY]
    for _, text in asked:
        samples, rate, name = callers.say(r, text)
        voice = level(line.narrow(samples, rate))
        for kind, change in LINES.items():
            heard = line.heard(voice) if change is None else line.heard(line.mu_law(change(r, voice)))
            yield kind, text.lower(), name, heard


def silence(r):
    return np.zeros(line.RATE * NOTHING_S, np.float32)


def hiss(r):
    return line.noise(r, line.RATE * NOTHING_S) * 10 ** (-r.uniform(20, 60) / 20)


NOTHING = {"silence": silence, "noise": hiss, "music": nothing.music, "modem": nothing.modem,
           "keypad and dial tones": lambda r: r.choice((nothing.keys, nothing.signal))(r)}


def nothings(r, espeak):
    for kind, made in NOTHING.items():
        for _ in range(NOTHINGS):
            yield kind, "", "-", line.heard(line.mu_law(np.clip(made(r), -1, 1)[: line.RATE * NOTHING_S]))
    for _ in range(NOTHINGS):
        spoken = nothing.foreign(r, espeak, nothing.HELD_LANGUAGES)
        if spoken:
            yield "French, Polish, Portuguese", "", "-", line.heard(line.mu_law(level(line.narrow(*spoken))))


def main():
    folder = Path(sys.argv[1]) / "conditions"
    (folder / "exam").mkdir(parents=True, exist_ok=True)
    callers = Callers(held=True, flite_share=exam.FLITE_SHARE)
    index = []
    for source in (on_lines(random.Random(SEED), callers), nothings(random.Random(SEED), callers.espeak)):
        for kind, text, voice, samples in source:
            name = f"exam/{len(index):04}.wav"
            exam.write(folder / name, samples)
            index.append({"file": name, "set": kind, "text": text, "voice": voice})
    (folder / "exam.json").write_text(json.dumps(index, indent=0))
    print(f"{len(index)} recordings in {folder}")


if __name__ == "__main__":
    main()
