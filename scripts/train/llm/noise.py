"""How a turn reaches the model: with hesitations, and with what the recogniser mishears.

slips.json, written by slips.py, holds what the starter recogniser makes of words.
"""
import json
from pathlib import Path

HERE = Path(__file__).parent
SLIPS = json.loads((HERE / "slips.json").read_text())
COMMON = (HERE / "../stt/words/common.txt").read_text().split()
OPENINGS = ("hi|hello|yeah hi|good morning|um|so|okay so|hey there|yes hello|good afternoon|uh|well|right|listen|look|hey|"
            "sorry|excuse me|oh hi|good evening|actually|quick question|i was just wondering|sorry to bother you|and|"
            "hi there|hello yes|hope you can help me|let me see|okay|oh|my wife said to call|i'm in the car but|"
            "the thing is|you know|i'm at work so quickly|bear with me|i don't know if you can help but").split("|")
SHORT_OPENINGS = "um|uh|oh|well|okay|so|hmm|er|ah|right".split("|")
TAILS = ("please|thanks|thank you|if you can|if that's okay|if possible|sorry|or something|okay|would you|if you don't mind|"
         "sir|ma'am|you know|i guess").split("|")
FILLERS = "uh|um|like|you know|er|i mean|well".split("|")
LETTERS = "aeiourstlnmdkpbgchf"


def hesitate(r, words, brief):
    opening = r.random()
    if brief and opening < 0.15:
        words = [(r.choice(SHORT_OPENINGS), None), *words]
    elif not brief and opening < 0.45:
        words = [*((word, None) for word in r.choice(OPENINGS).split()), *words]
    if r.random() < 0.08:
        words = [*words, *((word, None) for word in r.choice(TAILS).split())]
    return words


def misspelled(r, word):
    at, kind = r.randrange(len(word)), r.random()
    if kind < 0.3:
        return word[:at] + word[at + 1:]
    return word[:at] + r.choice(LETTERS) + word[at + (kind < 0.75):]


def slipped(r, word):
    """What was once heard for it; where nothing was, any word or this one with a letter wrong."""
    if word in SLIPS and r.random() < 0.7:
        return r.choice(SLIPS[word])
    return r.choice(COMMON) if r.random() < 0.5 or len(word) < 3 else misspelled(r, word)


def misheard(r, words, share):
    """Words go wrong as they did in the exam of the recogniser; what is to be copied is only misspelled."""
    heard = []
    for word, key in words:
        kind = r.random() / share
        if kind >= 1:
            heard.append((word, key))
        elif key:
            heard.append((misspelled(r, word) if len(word) > 3 and kind < 0.5 else word, key))
        elif kind < 0.6:
            heard += [(part, None) for part in slipped(r, word).split()]
        elif kind < 0.75:
            heard += [(r.choice(FILLERS), None), (word, None)]
        elif kind < 0.85:
            heard += [(word, None), (word, None)]
    return heard or words
