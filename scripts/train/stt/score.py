#!/usr/bin/env python3
"""Sits the exam through whisper.cpp: score.py FOLDER CALLBOX MODELS [MODELS ...]

Word error rates in %, per set and model folder (each with starter/starter-stt.toml), over the wavs
of exam.py, or of conditions.py with its folder, as `callbox transcribe` hears them. What was heard goes to FOLDER/heard-N.json.
"""
import argparse
import json
import subprocess
from pathlib import Path


def errors(wanted, heard):
    """Words substituted, missed and added."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(wanted, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
    return row[-1]


def words(text):
    return "".join(c if c.isalnum() or c == "'" else " " for c in text.lower()).split()


def transcribed(folder, callbox, models, files):
    command = [callbox, "transcribe", "--json", "--set", f"engines.models={models}"]
    spoken = subprocess.run([*command, *files], cwd=folder, stdout=subprocess.PIPE, text=True)
    if spoken.returncode:
        raise SystemExit(f"{callbox} transcribe failed on {models}")
    texts = {}
    for line in spoken.stdout.splitlines():
        heard = json.loads(line)
        texts[heard["file"]] = heard["text"]
    return texts


def table(exam, heard):
    """Per set, and for all: errors, words, sentences right, sentences."""
    sums = {}
    for item in exam:
        wanted, got = words(item["text"]), words(heard.get(item["file"], ""))
        wrong = errors(wanted, got)
        engine = "flite voice" if item["voice"].startswith("flite") else "espeak-ng voices"
        # What holds no words belongs to no voice: every word heard there is too many.
        for kind in (item["set"], engine, "all") if wanted else (item["set"],):
            total = sums.setdefault(kind, [0, 0, 0, 0])
            for i, value in enumerate((wrong, len(wanted), not wrong, 1)):
                total[i] += value
    return sums


def cell(wrong, count, right, asked):
    if not count:
        return f"{wrong} words | {100 * right / asked:.0f}"
    return f"{100 * wrong / count:.1f} | {100 * right / asked:.0f}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("callbox", type=Path)
    arguments.add_argument("models", type=Path, nargs="+")
    chosen = arguments.parse_args()
    exam = json.loads((chosen.folder / "exam.json").read_text())
    tables = []
    for number, models in enumerate(chosen.models):
        heard = transcribed(chosen.folder, chosen.callbox.resolve(), models.resolve(),
                            [item["file"] for item in exam])
        (chosen.folder / f"heard-{number}.json").write_text(
            json.dumps([item | {"heard": heard.get(item["file"], "")} for item in exam], indent=0))
        tables.append(table(exam, heard))
    last = ["espeak-ng voices", "flite voice", "all"]
    kinds = [kind for kind in tables[0] if kind not in last]
    kinds += [kind for kind in last if kind in tables[0]]
    for kind in kinds:
        cells = [cell(*sums[kind]) for sums in tables]
        print(f"| {kind} ({tables[0][kind][3]}) | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
