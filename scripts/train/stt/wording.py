"""What callers say: sentences drawn from the files of wording/.

A line is a template: [this|that|] chooses, {slot} is filled by spoken.py, {reason} by a line of
reason.txt. What the examinations ask lies in exam/ and is never drawn from here.
"""
import re
from pathlib import Path

import spoken

FOLDER = Path(__file__).parent / "wording"
CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"\{(\w+)(?: of (\w+))?\}")
REASONS = "reason"
# How often a file is drawn from; the others share the rest by their number of lines.
SHARES = {"names": 0.17, "letters": 0.24, "numbers": 0.09, "answers": 0.08, "calls": 0.07, "talk": 0.1}
LEAD_INS = ["hi", "hello", "yes", "yeah", "um", "uh", "okay", "so", "well", "good morning", "hey", "oh",
            "sorry", "actually", "excuse me", "yeah hi", "good afternoon", "right"]
TAILS = ["please", "thanks", "thank you", "if you can", "if possible", "if that's okay", "sorry"]


def lines(name):
    return (FOLDER / f"{name}.txt").read_text().splitlines()


def expand(r, template):
    """Says a template once."""
    while match := CHOICE.search(template):
        chosen = r.choice(match.group(1).split("|"))
        template = template[: match.start()] + chosen + template[match.end():]
    said = {}

    def fill(match):
        slot, source = match.groups()
        if source:  # "{spelled of last}": what was said before, letter by letter
            return spoken.letters_of(said[source])
        if slot == REASONS:
            return expand(r, r.choice(TEMPLATES[REASONS]))
        said[slot] = spoken.SLOTS[slot](r)
        return said[slot]

    text = SLOT.sub(fill, template)
    text = re.sub(r"\ban? (?=(\w))", lambda m: "an " if m.group(1) in "aeio" else "a ", text)
    return re.sub(r"\s+", " ", text).replace(" 's ", "'s ").strip()


TEMPLATES = {path.stem: lines(path.stem) for path in sorted(FOLDER.glob("*.txt"))}
REST = [line for name, held in TEMPLATES.items() if name not in SHARES and name != REASONS
        for line in held]
COMMON = spoken.listed("common")
# Pairs people say without a thought; between rarer words they make a sentence's rhythm.
GLUE = ("i have|i need|i want|i think|i don't|i can't|i was|i'm|he's|she's|they're|we're|you're|it's|there's|"
        "do you|can you|could you|would you|will you|are you|is there|is the|was the|in the|on the|at the|"
        "to the|for the|of the|with the|from the|by the|and the|or the|but the|a|an|the|my|your|our|his|her|"
        "their|some|any|no|every|this|that|these|those|and|or|but|so|because|if|when|what|where|who|why|how|"
        "not|very|too|just|only|about|after|before|until|without|should|might|must|won't|isn't|didn't|"
        "doesn't|going to|have to|used to|want to|a bit|a lot of|one of the|kind of").split("|")
VOCABULARY = sorted({word for held in TEMPLATES.values() for line in held
                     for word in re.findall(r"[a-z']+", SLOT.sub(" ", line)) if len(word) > 1})


def template(r):
    kind = r.random()
    for name, share in SHARES.items():
        kind -= share
        if kind < 0:
            return r.choice(TEMPLATES[name])
    return r.choice(REST)


def soup(r):
    """Words in hardly any order: what keeps the decoder listening instead of reciting."""
    words = []
    for _ in range(r.randint(1, 4)):
        if r.random() < 0.5:
            words.append(r.choice(GLUE))
        words.append(r.choice(VOCABULARY if r.random() < 0.4 else COMMON))
    if r.random() < 0.5:
        slot = r.choice(("name", "first", "last", "date", "time", "service", "letters", "digits", "city"))
        words.insert(r.randint(0, len(words)), spoken.SLOTS[slot](r))
    return " ".join(words)


def splice(r):
    head, tail = expand(r, template(r)).split(), expand(r, template(r)).split()
    return " ".join(head[: r.randint(1, len(head))] + tail[r.randrange(len(tail)):])


def sentence(r):
    kind = r.random()
    if kind < 0.16:
        text = soup(r)
    elif kind < 0.24:
        text = splice(r)
    else:
        text = expand(r, template(r))
        if kind < 0.31:
            text = f"{r.choice(LEAD_INS)} {text}"
        elif kind < 0.34:
            text = f"{text} {r.choice(TAILS)}"
        elif kind < 0.39 and len(text) < 30:
            text = f"{text} {expand(r, template(r))}"
    return text
