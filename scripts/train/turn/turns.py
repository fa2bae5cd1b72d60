"""What a box hears of a caller at a pause: turns that are over, and turns that are not.

A turn that goes on is a sentence cut between two words, or its beginning spoken with a comma's
melody, or with an "um" after it; one that is over is the whole. Voices, wording and line are those of
the recogniser's training (../stt).
"""
import re
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "stt"))

import line  # noqa: E402
import spoken  # noqa: E402
import wording  # noqa: E402

LONGEST_S = 7.0
FILLERS = "um|uh|erm|um uh|let me see|well".split("|")
OPEN_ENDS = "and|to|the|on|at|for|with|my|but|or|because|so|it's|is|a|from|about".split("|")
SHORT = ("yes|no|okay|yes please|no thank you|that's right|sure|yeah|nope|correct|thank you|that's fine|hello|"
         "goodbye|thanks bye|right|exactly|not really|tomorrow|monday|the first one|ten o'clock").split("|")
HELD = (HERE.parent / "stt" / "exam" / "held.txt").read_text().splitlines()
APART = (HERE.parent / "stt" / "exam" / "apart.txt").read_text().splitlines()
# (is it over, share of the training)
KINDS = {
    "whole sentence": (True, 0.32), "short answer": (True, 0.06), "whole number": (True, 0.07),
    "name": (True, 0.05),
    "cut in mid-sentence": (False, 0.22), "spoken as a beginning": (False, 0.12),
    "open end": (False, 0.04), "filler": (False, 0.05), "number in progress": (False, 0.05),
    "spelling in progress": (False, 0.02),
}


def text(r, held):
    """A sentence of three words or more."""
    while True:
        if held:
            said = r.choice(APART) if r.random() < 0.4 else wording.expand(r, r.choice(HELD))
        else:
            said = wording.sentence(r)
        if 3 <= len(said.split()) and len(said) < 90:
            return re.sub(r"[^\w' ]", "", said)


def beginning(r, said):
    words = said.split()
    return " ".join(words[: r.randint(2 if len(words) > 2 else 1, len(words) - 1)])


def spell(r, whole):
    letters = spoken.spelled(r).split()
    return " ".join(letters if whole else letters[: max(2, len(letters) - 2)])


def cut(r, samples, begins):
    """Up to the beginning of a later word, or None."""
    ends = [begin for begin in begins if 0.25 * len(samples) < begin < 0.93 * len(samples)]
    return samples[: r.choice(ends)] if ends else None


def pause(r, samples, begins, rate):
    """A pause that the caller made before and went on after."""
    inner = [begin for begin in begins if 0.15 * len(samples) < begin < 0.8 * len(samples)]
    if not inner:
        return samples
    at = r.choice(inner)
    return np.concatenate([samples[:at], np.zeros(int(rate * r.uniform(0.25, 0.9)), np.float32), samples[at:]])


def softened(r, samples, rate):
    """A short fade, of any turn alike: no one is to be told by the click of a cut."""
    fade = int(rate * r.uniform(0.01, 0.05))
    samples = samples.copy()
    samples[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32) ** 2
    return samples


def say(r, callers, said):
    """Samples, rate, voice, where words begin."""
    samples, rate, voice = callers.say(r, said)
    return samples, rate, voice, list(callers.word_begins)


def drawn(r, kind, callers, held):
    """Samples and rate, voice, the words up to the pause (of a cut sentence: all of it)."""
    if kind in ("whole sentence", "cut in mid-sentence"):
        said = text(r, held)
    elif kind == "short answer":
        said = r.choice(SHORT)
    elif kind == "name":
        said = r.choice(("", "", "my name is ", "it's ", "this is ")) + spoken.first(r) + " " + spoken.last(r)
    elif kind in ("whole number", "number in progress"):
        said = r.choice(("", "", "it's ", "my number is ", "the number is ")) + spoken.phone(r)
    elif kind == "spelling in progress":
        said = spell(r, False) + ","
    elif kind == "open end":
        said = f"{beginning(r, text(r, held))} {r.choice(OPEN_ENDS)},"
    elif kind == "filler":
        said = f"{beginning(r, text(r, held))}, {r.choice(FILLERS)},"
    else:
        said = beginning(r, text(r, held)) + r.choice((",", ",", "...", ", "))
    if kind == "whole sentence" and re.match(r"(what|when|where|who|how|do|can|is|are|could|would|will)\b", said):
        said += r.choice(("?", "?", ""))
    elif kind in ("whole sentence", "name", "whole number", "short answer"):
        said += r.choice((".", ""))
    samples, rate, voice, begins = say(r, callers, said)
    half = kind == "number in progress" and r.random() < 0.3
    if half:  # the first group of a number, spoken as one says a part
        digits = said.split()
        said = " ".join(digits[: max(2, len(digits) // 2)]) + ","
        samples, rate, voice, begins = say(r, callers, said)
    elif kind in ("cut in mid-sentence", "number in progress"):
        part = cut(r, samples, begins)
        if part is None:
            return None
        samples = part
    if r.random() < 0.15:
        samples = pause(r, samples, [begin for begin in begins if begin < len(samples)], rate)
    if len(samples) > rate * LONGEST_S or len(samples) < rate * 0.15:
        return None
    return softened(r, samples, rate), rate, voice, said


def turn(r, callers, kind, held=False, mild=False):
    """16 kHz samples as at the pause, the voice, the words."""
    while True:
        made = drawn(r, kind, callers, held)
        if made:
            samples, rate, voice, said = made
            return line.call(r, samples, rate, mild=mild), voice, said
