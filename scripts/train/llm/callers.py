"""Draws a caller's turn: the prompt and the right decision.

The wording is that of the recogniser's training (../stt/wording, a file an action) and more of it in
wording/, which is only trained on. One line in HOLD_EVERY of the former, the last two services of
every business, some reasons and the names of ../stt/words/held_*.txt are held out: only
examinations use them.
"""
import re
import sys
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "stt"))

import spoken  # noqa: E402
import wording  # noqa: E402
from noise import hesitate, misheard  # noqa: E402
from prompt import ACTIONS, ASKED, KNOWN, decision, prompt  # noqa: E402

HOLD_EVERY = 12
TAKES = {"book": "name day time service reason", "reschedule": "name day time service reason",
         "cancel": "name day time service reason", "hours": "day time", "price": "service",
         "leave_message": "name day time reason", "give_name": "name", "give_phone": "name",
         "give_time": "day time", "choose_option": "day time"}
SLOT_ARGS = {"name": "name", "first": "name", "last": "name", "date": "day", "day": "day", "month": "day",
             "ordinal": "day", "time": "time", "hour": "time", "service": "service", "reason": "reason"}
# What was asked when this is said; the rest is said at any moment, most of all when nothing was.
WHEN = {"yes": ["confirm"] * 5 + ["anything_else"],
        "no": ["confirm"] * 3 + ["anything_else"] * 3 + ["options"],
        "give_name": ["name"] * 8 + ["none", "confirm"], "give_phone": ["phone"] * 8 + ["none", "message"],
        "give_time": ["day"] * 4 + ["time"] * 4 + ["confirm", "none"],
        "choose_option": ["options"],
        "book": ["none"] * 7 + ["anything_else", "reason", "service", "confirm"],
        "goodbye": ["anything_else"] * 4 + ASKED}
BRIEF = {"yes", "no", "repeat", "goodbye", "emergency", "choose_option", "give_name", "give_phone", "give_time"}
# The weakest are drawn more often.
WEIGHTS = {"cancel": 1.5, "human": 1.5, "out_of_scope": 1.7, "book": 1.4, "leave_message": 1.2, "reschedule": 1.2}
# A name is the caller's own after these words, and somebody else's after those.
OWN = re.compile(r"(this is|it's|i'm|i am|name is|name's|under|under the name|in the name of|hi|hello) (mister |doctor )?$")
OTHERS = re.compile(r"(with|see|doctor|for|to|tell|ask|have|let|is|of|not|call|my|reach|instead of) $")
NOT_BOOKED = re.compile(r"(with|see|doctor|to|tell|ask|have|let|is|not|call|my|reach|instead of) $")
# A reason alone answers what was asked: nobody can tell a message from a wish by it.
REASON_ALONE = re.compile(r"(\[[^\]]*\] )?(\[[^\]]*\] )?\{reason\}$")
# No more is wanted, and that is leave-taking; yes to "anything else?" says so.
LEAVES = re.compile(r"\b(that's|that is|that was|that will be|that would be|that'll be) (all|it|everything|enough|plenty)\b"
                    r"|\ball (done|good|set)\b|\bnothing\b|\bjust that\b|\bdone\b")
NO_WORD = re.compile(r"\b(no|nope|nah|not|none|don't|won't|can't|wrong)\b")
WANTS_MORE = re.compile(r"\b(yes|yeah|yep|sure|else|question|more|another|actually|there is|i do)\b")
NEAR = sorted(spoken.NEAR + spoken.DAYS + [day + "s" for day in spoken.DAYS], key=len, reverse=True)
NOONS = ("noon", "midday")
BEFORE_HOUR = ("quarter to", "quarter past", "half past")
ORDINAL_WORDS = {word for ordinal in spoken.ORDINALS for word in ordinal.split()}
DIGITS = {word: str(number) for number, word in enumerate(spoken.HOURS, 1)}


def businesses():
    lists = (line.split(": ") for line in (HERE / "businesses.txt").read_text().splitlines())
    return {kind: services.split("|") for kind, services in lists}


BUSINESSES = businesses()


@cache
def lines(action, held):
    """(template) lines of an action, those held out or the others."""
    name = action.replace("_", "-")
    known = wording.TEMPLATES[name]
    more = HERE / "wording" / f"{name}.txt"
    only_trained = more.read_text().splitlines() if more.exists() and not held else []
    return [line for index, line in enumerate(known) if (index % HOLD_EVERY == 5) == held] + only_trained


@cache
def reasons(held):
    return [line for index, line in enumerate(wording.TEMPLATES["reason"]) if (index % 9 == 4) == held]


class Values:
    """Draws what fills the slots: names, services and reasons of the training, or held out."""

    def __init__(self, r, kind, held):
        self.r, self.kind, self.held = r, kind, held

    def name(self, slot):
        if not self.held:
            return spoken.SLOTS[slot](self.r)
        names = {"first": spoken.HELD_FIRST, "last": spoken.HELD_LAST}
        return " ".join(self.r.choice(names[part]) for part in (("first", "last") if slot == "name" else (slot,)))

    def service(self):
        services = BUSINESSES[self.kind]
        if self.held:
            return self.r.choice(services[-2:])
        kind = self.r.random()
        if kind < 0.15:  # of words that make no service: it has to be copied
            return " ".join(self.r.choice(wording.COMMON) for _ in range(self.r.randint(1, 3)))
        return spoken.service(self.r) if kind < 0.3 else self.r.choice(services[:-2])

    def say(self, slot):
        if slot in ("name", "first", "last"):
            return self.name(slot)
        if slot == "service":
            return self.service()
        if slot == "reason":
            return wording.expand(self.r, self.r.choice(reasons(self.held)))
        return spoken.SLOTS[slot](self.r)


def pieces(values, template):
    """[(text, slot or None)] of a template said once."""
    while match := wording.CHOICE.search(template):
        chosen = values.r.choice(match.group(1).split("|"))
        template = template[: match.start()] + chosen + template[match.end():]
    said, at, found = {}, 0, []
    for match in wording.SLOT.finditer(template):
        found.append((template[at: match.start()], None))
        slot, source = match.groups()
        if source:
            found.append((spoken.letters_of(said.get(source, "smith")), None))
        else:
            said[slot] = values.say(slot)
            found.append((said[slot], slot))
        at = match.end()
    return [*found, (template[at:], None)]


def marked(action, parts):
    """[(word, argument or None)]: which words make which argument."""
    takes = TAKES.get(action, "").split()
    words, before = [], ""
    for text, slot in parts:
        key = SLOT_ARGS.get(slot)
        if key == "name" and not names_caller(action, before):
            key = None
        key = key if key in takes else None
        words += [(word, key) for word in text.lower().replace("'s ", "'s ").split()]
        before += text
    if "day" in takes and not any(key == "day" for _, key in words):
        mark_near(words, NEAR, "day")
    if "time" in takes and not any(key == "time" for _, key in words):
        mark_near(words, NOONS, "time")
    whole_values(words)
    return with_articles(words)


def whole_values(words):
    """"The third" is a day with its article, "quarter to six" a time with its quarter."""
    for at, (word, key) in enumerate(words):
        before = [word for word, _ in words[max(at - 2, 0): at]]
        if key == "day" and before[-1:] == ["the"] and word in ORDINAL_WORDS:
            words[at - 1] = ("the", "day")
        if key == "time" and " ".join(before) in BEFORE_HOUR:
            words[at - 2: at] = [(word, "time") for word in before]


def names_caller(action, before):
    if OWN.search(before):
        return True
    if action in ("give_name", "give_phone"):
        return not OTHERS.search(before) or action == "give_name"
    return action in ("book", "reschedule", "cancel") and not NOT_BOOKED.search(before)


def mark_near(words, values, key):
    """"Tomorrow" is a day too where the template has no slot for it."""
    text = [word for word, _ in words]
    for near in values:
        run = near.split()
        for at in range(len(text) - len(run) + 1):
            if text[at: at + len(run)] == run and all(other is None for _, other in words[at: at + len(run)]):
                words[at: at + len(run)] = [(word, key) for word in run]
                return


def with_articles(words):
    said = []
    for index, (word, key) in enumerate(words):
        after = words[index + 1][0] if index + 1 < len(words) else ""
        if word in ("a", "an") and after and key is None:
            word = "an" if after[0] in "aeio" else "a"
        said.append((word, key))
    return said


def spans(words):
    """The argument's words: from its first to its last where little is between, else the last run."""
    found = {}
    for key in {key for _, key in words if key}:
        places = [at for at, (_, other) in enumerate(words) if other == key]
        start = places[-1]
        for place in reversed(places[:-1]):
            if start - place > 3:
                break
            start = place
        if places[-1] - start < 12:
            found[key] = " ".join(word for word, _ in words[start: places[-1] + 1])
    return found


def unambiguous(action, asked, line, text):
    """Action and what was asked, where the words alone could mean two things."""
    if REASON_ALONE.match(line) and action == "leave_message":
        return action, "message"
    if action == "no" and LEAVES.search(text) and not NO_WORD.search(text):
        return "goodbye", "anything_else"
    if action == "yes" and asked == "anything_else" and not WANTS_MORE.search(text):
        return action, "confirm"
    return action, asked


def as_written(r, words):
    """Hours as digits: a text chat, another recogniser."""
    return [(DIGITS.get(word, word) if key == "time" else word, key) for word, key in words]


def turn(r, held_wording=False, held_values=False, noisy=True):
    """Prompt, decision and action of one turn."""
    action = r.choices(ACTIONS, [WEIGHTS.get(action, 1) for action in ACTIONS])[0]
    kind = r.choice(list(BUSINESSES))
    values = Values(r, kind, held_values)
    line = r.choice(lines(action, held_wording))
    words = marked(action, pieces(values, line))
    asked = r.choice(WHEN.get(action, ["none"] * 6 + ASKED))
    action, asked = unambiguous(action, asked, line, " ".join(word for word, _ in words))
    words = hesitate(r, words, action in BRIEF)
    if noisy and r.random() < 0.45:
        words = misheard(r, words, r.choice((0.03, 0.06, 0.12, 0.2)))
    if r.random() < 0.06:
        words = as_written(r, words)
    if not words:
        return turn(r, held_wording, held_values, noisy)
    known = [word for word in KNOWN if word != asked and r.random() < (0.15 if asked == "none" else 0.45)]
    return prompt(kind, known, asked, [word for word, _ in words]), decision(action, spans(words)), action
