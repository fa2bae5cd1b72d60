#!/usr/bin/env python3
"""Speaks the examinations by voices never trained on: exam.py FOLDER.

Writes FOLDER/exam/NNNN.wav (as the appliance hears a call), and FOLDER/exam.json: per wav its set,
text and voice. Always the same: the seed is fixed. Run it before corpus.py, which leaves the
sentences of this exam out of the training.
"""
import json
import random
import sys
import wave
from pathlib import Path

import line
import spoken
import wording
from voices import Callers

HERE = Path(__file__).parent
FLITE_SHARE = 0.2
LONGEST_S = 8


def templates(name):
    return (HERE / "exam" / f"{name}.txt").read_text().splitlines()


def introduced(r, first, last):
    return r.choice(("my name is {}", "this is {}", "it's {}", "{}", "the name is {}")).format(
        f"{r.choice(first)} {r.choice(last)}")


def questions(r):
    """(set, text) of every question; held templates are said several times."""
    known = wording.TEMPLATES["calls"] + wording.REST
    for _ in range(110):
        yield "known wording", wording.expand(r, r.choice([t for t in known if len(t) > 25]))
    for index in range(96):
        held = templates("held")
        yield "held wording", wording.expand(r, held[index % len(held)])
    yield from (("written apart", text) for text in templates("apart"))
    for _ in range(90):
        yield "names", introduced(r, spoken.FIRST, spoken.LAST)
    for _ in range(60):
        yield "names never heard", introduced(r, spoken.HELD_FIRST, spoken.HELD_LAST)
    for _ in range(40):
        yield "spelled", spoken.spelled(r)
    for text in templates("short"):
        yield from (("short answers", text), ("short answers", text))
    for _ in range(70):
        yield "digits", r.choice(("", "my number is ", "it's ")) + spoken.phone(r)
    for _ in range(70):
        yield "days and times", r.choice(("{} at {}", "on {} at {}", "could we make it {} at {}")).format(
            spoken.date(r), spoken.time(r))
    for _ in range(60):
        yield "services", r.choice(("a {} please", "i would like to book a {}", "how much is a {}")).format(
            spoken.service(r))


def write(path, samples):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(line.HEARD)
        file.writeframes(samples.tobytes())


def main():
    folder = Path(sys.argv[1])
    (folder / "exam").mkdir(parents=True, exist_ok=True)
    r = random.Random(2027)
    callers = Callers(held=True, flite_share=FLITE_SHARE)
    index = []
    for kind, text in list(questions(random.Random(2026))):
        while True:
            samples, rate, voice = callers.say(r, text)
            if len(samples) < rate * LONGEST_S:
                break
        name = f"exam/{len(index):04}.wav"
        write(folder / name, line.call(r, samples, rate, mild=True))
        index.append({"file": name, "set": kind, "text": text.lower(), "voice": voice})
    (folder / "exam.json").write_text(json.dumps(index, indent=0))
    print(f"{len(index)} questions in {folder}")


if __name__ == "__main__":
    main()
