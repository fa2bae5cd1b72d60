"""The starter's prompt, decision and grammar, as src/dialogue/agent/{prompt,decision,grammar}.rs have them.

prompts.txt holds examples; a test of the dialogue compares the product's prompts with them, and
`check` this file's.
"""
import json
from pathlib import Path

EXAMPLES = Path(__file__).parent / "prompts.txt"
ACTIONS = ("book reschedule cancel hours price address service_area leave_message human yes no give_name give_phone "
           "give_time choose_option repeat goodbye emergency robot_question out_of_scope").split()
ARGS = ("name", "day", "time", "service", "reason")
KNOWN = ("service", "day", "time", "name", "phone")
ASKED = "none service day time options name phone confirm reason message anything_else".split()
MOST_WORDS, MOST_ARG_WORDS = 60, 12


def prompt(kind, known, asked, words):
    have = " ".join(word for word in KNOWN if word in known) or "-"
    return f"business: {kind}\nhave: {have}\nasked: {asked}\ncaller: {' '.join(words[:MOST_WORDS])}\n"


def decision(action, args):
    """Values keep the space before their first word, so that their tokens are those that were said."""
    ordered = {key: " " + args[key] for key in ARGS if key in args}
    return json.dumps({"do": action, "args": ordered}, separators=(",", ":"))


def grammar(words, actions=ACTIONS):
    """Only words that were said can become arguments."""
    def quoted(text):
        return f'"{text}"'
    said = sorted({word for word in words if all(c.isdigit() or c in "':" or "a" <= c <= "z" for c in word)})
    args = '(arg ("," arg){0,4})?' if said else '""'
    rules = [f'root ::= "{{\\"do\\":\\"" action "\\",\\"args\\":{{" {args} "}}" "}}"',
             "action ::= " + " | ".join(map(quoted, actions))]
    if said:
        rules.append(f'arg ::= "\\"" ({" | ".join(map(quoted, ARGS))}) "\\":\\"" (" " word){{1,{MOST_ARG_WORDS}}} "\\""')
        rules.append("word ::= " + " | ".join(map(quoted, said)))
    return "\n".join(rules) + "\n"


def check():
    """Examples are pairs of a line `kind | known | asked | words` and the prompt under it."""
    for example in EXAMPLES.read_text().split("\n\n"):
        about, _, wanted = example.partition("\n")
        kind, known, asked, said = (part.strip() for part in about.split("|"))
        if prompt(kind, known.split(), asked, said.split()).strip() != wanted.strip():
            raise SystemExit(f"{EXAMPLES}: the prompt of {about!r} is another now")
