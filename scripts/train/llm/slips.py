#!/usr/bin/env python3
"""Gathers what the recogniser makes of words: slips.py HEARD.json [HEARD.json ...] (of ../stt/score.py)."""
import difflib
import json
import sys
from collections import defaultdict
from pathlib import Path

OUT = Path(__file__).parent / "slips.json"


def slips(said, heard):
    """(word, what it became), where a stretch of like length was misheard."""
    for kind, a, b, c, d in difflib.SequenceMatcher(None, said, heard, autojunk=False).get_opcodes():
        if kind == "delete" and b - a == 1:
            yield said[a], ""
        elif kind == "replace" and b - a == d - c:
            yield from zip(said[a:b], heard[c:d])
        elif kind == "replace" and b - a == 1 and d - c == 2:
            yield said[a], " ".join(heard[c:d])


def main():
    found = defaultdict(set)
    for path in sys.argv[1:]:
        for item in json.loads(Path(path).read_text()):
            if item["heard"] and item["set"] not in ("names", "names never heard", "spelled", "digits"):
                for word, slip in slips(item["text"].split(), item["heard"].lower().replace(".", "").split()):
                    found[word].add(slip)
    OUT.write_text(json.dumps({word: sorted(found[word]) for word in sorted(found)}, indent=0) + "\n")
    print(f"{sum(map(len, found.values()))} slips of {len(found)} words")


if __name__ == "__main__":
    main()
