#!/usr/bin/env python3
"""Has models decide the examinations through callbox-llm: score.py CALLBOX-LLM MANIFEST [MANIFEST ...] [--count N]

Right commands, and right commands with all values, in %, per set: what was trained, new values, new
phrasings, both new, and two sets written apart (exam/apart.txt; src/llm-worker/tests/data).

With --decisions N instead: N turns as calls have them, misheard ones among them, on one core. Says how
many decisions are invalid (no JSON of the decision's shape, cut off, or not given), and which, and the
times to the first token and to the last.
"""
import argparse
import json
import random
from pathlib import Path

import callers
import prompt
from worker import Worker

HERE = Path(__file__).parent
FREE = HERE / "../../../src/llm-worker/tests/data/free-wording.jsonl"
SEED = 2026


def apart():
    """exam/apart.txt: `[action asked kind]` and the lines under it."""
    for line in (HERE / "exam" / "apart.txt").read_text().splitlines():
        if line.startswith("["):
            action, asked, kind = line.strip("[]").split()
        elif line and not line.startswith("#"):
            yield prompt.prompt(kind, (), asked, line.split()), {"do": action}, action


def free():
    for line in FREE.read_text().splitlines():
        given, wanted, _ = json.loads(line)
        action = json.loads(wanted)["do"]
        yield given, {"do": action}, action


def drawn(count, held_wording, held_values):
    r = random.Random(f"{SEED}/{held_wording}/{held_values}")
    for _ in range(count):
        given, wanted, action = callers.turn(r, held_wording, held_values, noisy=False)
        yield given, json.loads(wanted), action


def sets(count):
    yield "known wording", list(drawn(count, False, False))
    yield "new names, services, reasons", list(drawn(count, False, True))
    yield "new phrasings", list(drawn(count, True, False))
    yield "both new", list(drawn(count, True, True))
    yield "written apart (300)", list(apart())
    yield "written apart (87)", list(free())


def decided(worker, given):
    words = given.rpartition("caller: ")[2].split()
    answer = worker.decide(given, prompt.grammar(words))
    if answer is None:
        return None, 0, 0
    try:
        said = json.loads(answer[0])
    except ValueError:
        return None, *answer[1:]
    return (said if set(said) == {"do", "args"} else None), *answer[1:]


def sat(worker, questions):
    """Right commands, right altogether, invalid, per action [right, asked], times to the last token."""
    right = whole = invalid = 0
    per, times, wrong = {}, [], []
    for given, wanted, action in questions:
        said, _, last = decided(worker, given)
        times.append(last)
        hit = said is not None and said["do"] == wanted["do"]
        invalid += said is None
        right += hit
        whole += hit and said["args"] == wanted.get("args")
        count = per.setdefault(action, [0, 0])
        count[0] += hit
        count[1] += 1
        if not hit:
            wrong.append((given.rpartition("asked: ")[2].replace("\ncaller:", " |").strip(), action, said and said["do"]))
    return right, whole, invalid, per, sorted(times), wrong


def turns(count):
    """Turns of all kinds, new words and new phrasings in half of them each."""
    r = random.Random(f"{SEED}/decisions")
    for _ in range(count):
        yield callers.turn(r, r.random() < 0.5, r.random() < 0.5)[0]


def quantiles(times):
    times = sorted(times)
    p50, p95, p99 = (times[len(times) * share // 100] for share in (50, 95, 99))
    return f"p50 {p50} p95 {p95} p99 {p99} most {times[-1]} ms"


def validity(program, manifest, count):
    worker = Worker(program, manifest, core=1)
    firsts, lasts, invalid = [], [], []
    for given in turns(count):
        said, first, last = decided(worker, given)
        if said is None or said["do"] not in prompt.ACTIONS:
            invalid.append(given)
        if last:
            firsts.append(first)
            lasts.append(last)
    worker.close()
    print(f"{manifest}: {len(invalid)} of {count} decisions invalid; on one core: "
          f"first token {quantiles(firsts)}; whole decision {quantiles(lasts)}")
    for given in invalid:
        print("  invalid:", given.replace("\n", " | "))


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("program")
    arguments.add_argument("manifests", nargs="+")
    arguments.add_argument("--count", type=int, default=500)
    arguments.add_argument("--wrong", action="store_true", help="show what went wrong in the sets written apart")
    arguments.add_argument("--decisions", type=int, help="count invalid ones among so many, and take the time")
    chosen = arguments.parse_args()
    prompt.check()
    if chosen.decisions:
        for manifest in chosen.manifests:
            validity(chosen.program, manifest, chosen.decisions)
        return
    exam = list(sets(chosen.count))
    columns, weak = [], []
    for manifest in chosen.manifests:
        worker = Worker(chosen.program, manifest)
        results = [sat(worker, questions) for _, questions in exam]
        worker.close()
        columns.append(results)
        weak.append(results[4][3])
    for row, (name, questions) in enumerate(exam):
        cells = []
        for results in columns:
            right, whole, *_ = results[row]
            has_args = "args" in questions[0][1]
            cells.append(f"{100 * right / len(questions):.1f} | {f'{100 * whole / len(questions):.1f}' if has_args else ''}")
        print(f"| {name} | {' | '.join(cells)} |")
    for action in prompt.ACTIONS:
        print(f"| {action} | " + " | ".join(f"{per[action][0]} of {per[action][1]}" for per in weak) + " |")
    for results in columns:
        times = sorted(time for result in results for time in result[4])
        print(f"invalid {sum(result[2] for result in results)} of {len(times)}; "
              f"decision p50 {times[len(times) // 2]} ms, p95 {times[len(times) * 95 // 100]} ms")
        if chosen.wrong:
            for about in results[4][5] + results[5][5]:
                print("  ", *about)


if __name__ == "__main__":
    main()
