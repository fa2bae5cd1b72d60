#!/usr/bin/env python3
"""Speaks the examinations by voices never trained on: exam.py FOLDER [SEED].

Writes FOLDER/exam/NNNN.wav (as the appliance hears a call), and FOLDER/exam.json: per wav its set,
text and voice. Always the same: the questions are exam/questions.txt, the seed is fixed; another one draws other
voices and lines for them, to choose between trainings without looking at the exam itself. Run it
before corpus.py, which leaves the sentences of this exam out of the training.
"""
import json
import random
import sys
import wave
from pathlib import Path

import line
from voices import Callers

HERE = Path(__file__).parent
FLITE_SHARE = 0.2
LONGEST_S = 8


def questions():
    """(set, text) of every question, in the order they are asked."""
    lines = (HERE / "exam" / "questions.txt").read_text().splitlines()
    return [tuple(line.split(": ", 1)) for line in lines]


def write(path, samples):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(line.HEARD)
        file.writeframes(samples.tobytes())


def main():
    folder = Path(sys.argv[1])
    (folder / "exam").mkdir(parents=True, exist_ok=True)
    r = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 2027)
    callers = Callers(held=True, flite_share=FLITE_SHARE)
    index = []
    for kind, text in questions():
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
