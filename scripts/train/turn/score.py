#!/usr/bin/env python3
"""Sits the exam through the product: score.py FOLDER CALLBOX MODELS TURN-MODEL [ONNXRUNTIME]

A table by kind of turn: how often the ear is right (a half is the border), how often it is sure of the
right thing and of the wrong thing. What was heard goes to FOLDER/heard-NAME.json, for
`cargo bench --bench turn_ends`.
"""
import json
import subprocess
import sys
from pathlib import Path

SURE_OVER, SURE_NOT = 0.85, 0.2  # as src/dialogue/conversation/config.rs


def transcribed(folder, callbox, models, name, library, files):
    command = [callbox, "transcribe", "--json", "--set", f"engines.models={models}", "--set", f"engines.turn.model={name}"]
    command += ["--set", f"engines.onnxruntime={library}"] if library else []
    spoken = subprocess.run([*command, *files], cwd=folder, stdout=subprocess.PIPE, text=True)
    if spoken.returncode:
        raise SystemExit(f"{callbox} transcribe failed")
    return {heard["file"]: heard for heard in map(json.loads, spoken.stdout.splitlines())}


def percent(items, right):
    return f"{100 * sum(map(right, items)) / max(len(items), 1):.0f}"


def row(name, items):
    told = [item for item in items if item["finished"] is not None]
    right = percent(told, lambda item: (item["finished"] >= 0.5) == item["over"])
    over = percent(told, lambda item: item["finished"] >= SURE_OVER)
    goes_on = percent(told, lambda item: item["finished"] <= SURE_NOT)
    return f"| {name} | {len(told)} | {right} | {over} | {goes_on} |"


def main():
    folder, callbox, models = Path(sys.argv[1]), Path(sys.argv[2]).resolve(), Path(sys.argv[3]).resolve()
    name, library = sys.argv[4], Path(sys.argv[5]).resolve() if len(sys.argv) > 5 else None
    exam = json.loads((folder / "exam.json").read_text())
    heard = transcribed(folder, callbox, models, name, library, [item["file"] for item in exam])
    for item in exam:
        of = heard[item["file"]]
        item.update(heard=of["text"], finished=of["finished"], audio_ms=of["audio_ms"])
    (folder / f"heard-{name}.json").write_text(json.dumps(exam, indent=0))
    print("| | turns | right % | sure it is over % | sure it goes on % |\n|---|---|---|---|---|")
    for kind in dict.fromkeys(item["kind"] for item in exam):
        print(row(kind, [item for item in exam if item["kind"] == kind]))
    for over in (True, False):
        print(row("all that are over" if over else "all that go on", [item for item in exam if item["over"] == over]))
    for name, flite in (("espeak-ng voices", False), ("flite voice", True)):
        print(row(name, [item for item in exam if item["voice"].startswith("flite") == flite]))
    print(row("all", exam))


if __name__ == "__main__":
    main()
