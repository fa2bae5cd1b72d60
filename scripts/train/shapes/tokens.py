"""A byte-level vocabulary as large as the real one. Words of telephone English are tokens, so that
a prompt is as long as it would be; the rest are fillers that no text ever gives."""
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TEXTS = ["scripts/train/stt/wording/*", "scripts/train/stt/words/*", "tests/data/prompts/*"]


def byte_letters():
    """GPT-2's letter for every byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters, next_one = {}, 256
    for byte in range(256):
        letters[byte] = chr(byte if byte in plain else next_one)
        next_one += byte not in plain
    return [letters[byte] for byte in range(256)]


def words():
    found = set()
    for pattern in TEXTS:
        for path in sorted(ROOT.glob(pattern)):
            found.update(re.findall(r"[A-Za-z]+", path.read_text()))
    return sorted(found)


def byte_pairs(count):
    """Tokens and merges: bytes first, then words letter by letter, then fillers up to `count`."""
    tokens, merges = byte_letters(), []
    known = set(tokens)
    for space in ("\u0120", ""):  # words after a space go first: their merges must win
        for word in words():
            left = space or word[0]
            for letter in word[0 if space else 1:]:
                if left + letter not in known:
                    known.add(left + letter)
                    tokens.append(left + letter)
                    merges.append(f"{left} {letter}")
                left += letter
    assert len(tokens) < count, f"{len(tokens)} tokens, only {count} fit"
    tokens += [f"\u0120\u0120{number}" for number in range(count - len(tokens))]
    return tokens, merges
