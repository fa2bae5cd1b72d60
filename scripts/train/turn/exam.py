#!/usr/bin/env python3
"""Speaks turns by voices and in wording never trained on: exam.py FOLDER [TURNS A KIND].

Writes FOLDER/exam/NNNN.wav (what the appliance hears at the pause) and FOLDER/exam.json: kind, whether
the turn is over, words, voice. Always the same.
"""
import json
import random
import sys
import wave
from pathlib import Path

import turns
from voices import Callers

FLITE_SHARE = 0.2
EACH = 80


def main():
    folder = Path(sys.argv[1])
    each = int(sys.argv[2]) if len(sys.argv) > 2 else EACH
    (folder / "exam").mkdir(parents=True, exist_ok=True)
    r = random.Random(2028)
    callers = Callers(held=True, flite_share=FLITE_SHARE)
    index = []
    for kind, (over, _) in turns.KINDS.items():
        for _ in range(each):
            samples, voice, said = turns.turn(r, callers, kind, held=True, mild=True)
            name = f"exam/{len(index):04}.wav"
            with wave.open(str(folder / name), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(turns.line.HEARD)
                file.writeframes(samples.tobytes())
            index.append({"file": name, "kind": kind, "over": over, "text": said, "voice": voice})
    (folder / "exam.json").write_text(json.dumps(index, indent=0))
    print(f"{len(index)} turns in {folder}")


if __name__ == "__main__":
    main()
