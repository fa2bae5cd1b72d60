"""How callers say numbers, times, dates and names: one function a slot of the wording files.

Every function takes a random.Random and returns lower-case words. The letter "a" is written "A"
where it is a letter and not a word; voices.py has it pronounced so.
"""
from pathlib import Path

from coined import coined

WORDS = Path(__file__).parent / "words"
ONES = "zero one two three four five six seven eight nine".split()
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
HOURS = ONES[1:] + TEENS[:3]
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
MONTHS = ("january february march april may june july august september october november "
          "december").split()
UNITS = "first second third fourth fifth sixth seventh eighth ninth".split()
ORDINALS = (UNITS + "tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth "
            "eighteenth nineteenth twentieth".split()
            + ["twenty " + unit for unit in UNITS] + ["thirtieth", "thirty first"])
MAY_I = ("can i|could i|i'd like to|i want to|i would like to|i need to|i was hoping to|is it possible "
         "to|i wanna|i'm calling to|may i|let me|i have to|is there any way to|i'm trying to").split("|")
NEAR = ("tomorrow|today|the day after tomorrow|next week|tonight|next month|this afternoon|tomorrow "
        "morning|tomorrow afternoon|later this week|this week|this weekend|in two weeks|early next "
        "week|the end of the week|as soon as possible").split("|")
MINUTES = "fifteen|thirty|forty five|twenty|ten|fifty|oh five|forty".split("|")
HALF_DAYS = "in the morning|in the afternoon|in the evening|A m|p m".split("|")


def listed(name):
    return (WORDS / f"{name}.txt").read_text().split()


def places():
    lists = {}
    for line in (WORDS / "places.txt").read_text().splitlines():
        if line.startswith("["):
            lists[line.strip("[]")] = entries = []
        elif line and not line.startswith("#"):
            entries.extend(line.split("|"))
    return lists


FIRST, LAST = listed("first"), listed("last")
HELD_FIRST, HELD_LAST = listed("held_first"), listed("held_last")
HELD = frozenset(HELD_FIRST + HELD_LAST)
COINED_SHARE, COMMON_SHARE = 0.22, 0.25
SERVICES = [s for line in (WORDS / "services.txt").read_text().splitlines() for s in line.split("|")]
# What the ready businesses and the demonstrations offer is asked for most.
COMMON = ("haircut|cleaning|checkup|consultation|filling|color|color treatment|manicure|facial|blow "
          "dry|oil change|trim|root canal|repair|estimate|exam").split("|")
# Names most people bear are drawn more often than the rest.
COMMON_FIRST = ("james mary john linda robert susan michael karen david nancy william lisa richard betty "
                "joseph sandra thomas ashley charles emily chris donna daniel michelle matthew carol "
                "anthony amanda mark melissa laura paul rebecca kevin brian george amy edward anna angela "
                "emma jason olivia sophia ryan grace gary maria nick julia eric alice peter rachel sam "
                "helen ben victoria henry lucy carlos sarah jennifer patricia elizabeth barbara jessica "
                "margaret steven kimberly andrew joshua kenneth timothy stephanie sharon cynthia").split()
COMMON_LAST = ("smith johnson williams brown jones garcia miller davis wilson anderson taylor moore "
               "jackson martin lee thompson white harris clark lewis robinson walker young allen king "
               "wright scott green baker adams nelson hill campbell mitchell roberts carter phillips evans "
               "turner parker collins edwards stewart morris murphy cook rogers cooper peterson reed bailey "
               "bell kelly howard ward cox wood watson brooks bennett gray hughes price rodriguez martinez "
               "hernandez lopez gonzalez perez thomas sanchez ramirez torres nguyen rivera").split()
PLACES = places()


def digits(r, count):
    zero = r.choice(("zero", "oh"))
    said = []
    while count:
        digit = r.randrange(10)
        word = ONES[digit] if digit else zero
        if count >= 2 and r.random() < 0.05:
            said += [r.choice(("double", "double", word)), word]
            count -= 2
        else:
            said.append(word)
            count -= 1
    return " ".join(said)


def phone(r):
    return digits(r, r.choice((7, 10, 10, 10, 11, 6)))


def below_hundred(n):
    if n < 10:
        return ONES[n]
    if n < 20:
        return TEENS[n - 10]
    return TENS[n // 10 - 2] + (" " + ONES[n % 10] if n % 10 else "")


def number(r, low=1, high=99):
    n = r.randint(low, high)
    if n < 100:
        return below_hundred(n)
    rest = below_hundred(n % 100) if n % 100 else ""
    joint = r.choice((" hundred and ", " hundred "))
    return ONES[n // 100] + (joint + rest if rest else " hundred")


def hour(r):
    return r.choice(HOURS)


def time(r):
    kind = r.random()
    if kind < 0.09:
        return "half past " + hour(r)
    if kind < 0.17:
        return "quarter " + r.choice(("past ", "to ")) + hour(r)
    if kind < 0.25:
        return r.choice(("noon", "midday", "lunch time"))
    if kind < 0.42:
        return hour(r) + " o'clock"
    said = hour(r) if kind < 0.68 else hour(r) + " " + r.choice(MINUTES)
    return said + (" " + r.choice(HALF_DAYS) if r.random() < 0.5 else "")


def date(r):
    kind = r.random()
    day = r.choice(DAYS)
    if kind < 0.37:
        return day
    if kind < 0.52:
        return r.choice(("next ", "this ")) + day
    if kind < 0.66:
        return r.choice(NEAR)
    if kind < 0.76:
        return r.choice(MONTHS) + " " + r.choice(ORDINALS)
    if kind < 0.85:
        return "the " + r.choice(ORDINALS) + " of " + r.choice(MONTHS)
    if kind < 0.89:
        return "the " + r.choice(ORDINALS)
    if kind < 0.94:
        return day + " the " + r.choice(ORDINALS)
    return day + " " + r.choice(("morning", "afternoon", "evening"))


def drawn(r, common, listed):
    """Of what most people bear, of the list, or of no list at all."""
    kind = r.random()
    if kind < COINED_SHARE:
        return coined(r, HELD)
    return r.choice(common if kind < COINED_SHARE + COMMON_SHARE else listed)


def first(r):
    return drawn(r, COMMON_FIRST, FIRST)


def last(r):
    return drawn(r, COMMON_LAST, LAST)


def name(r):
    kind = r.random()
    if kind < 0.1:
        return first(r)
    if kind < 0.15:
        return r.choice(PLACES["title"]) + " " + last(r)
    return first(r) + " " + last(r)


def letters_of(word):
    return " ".join("A" if letter == "a" else letter for letter in word if letter.isalpha())


def spelled(r):
    return letters_of(last(r) if r.random() < 0.7 else first(r))


def letter(r):
    return letters_of(r.choice("abcdefghijklmnopqrstuvwxyz"))


def letters(r):
    return " ".join(letter(r) for _ in range(r.randint(2, 6)))


def service(r):
    return r.choice(COMMON if r.random() < 0.4 else SERVICES)


def street(r):
    return r.choice(PLACES["street"]) + " " + r.choice(PLACES["street kind"])


def place(kind):
    return lambda r: r.choice(PLACES[kind])


SLOTS = {
    "name": name, "first": first, "last": last, "spelled": spelled, "letters": letters, "letter": letter,
    "phone": phone, "digits": lambda r: digits(r, r.choice((3, 4, 4, 5))),
    "number": number, "few": lambda r: number(r, 2, 12), "house": lambda r: number(r, 1, 400),
    "money": lambda r: number(r, 5, 999),
    "minutes": lambda r: r.choice(("five", "ten", "fifteen", "twenty", "thirty", "forty five")),
    "hour": hour, "time": time, "date": date, "day": lambda r: r.choice(DAYS),
    "month": lambda r: r.choice(MONTHS), "ordinal": lambda r: r.choice(ORDINALS),
    "service": service, "street": street, "may": lambda r: r.choice(MAY_I),
    **{kind: place(kind) for kind in
       ("city", "department", "role", "thing", "trouble", "body", "title")},
}
