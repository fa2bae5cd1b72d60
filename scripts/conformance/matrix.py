"""Cells of the matrix: what is tried, with which peer, and what came of it."""

import re
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

PASSED, FAILED, NOT_RUN = "passed", "FAILED", "NOT RUN"


class Missing(Exception):
    """A peer that is not installed."""


class Unreachable(Missing):
    """A machine on which this can't be tried, whatever is installed."""


class Cell:
    """One behaviour with one peer."""

    def __init__(self, behaviour, peer, check):
        self.behaviour, self.peer, self.check = behaviour, peer, check
        self.outcome, self.says, self.seconds = NOT_RUN, "", 0.0
        self.excused = False

    @property
    def name(self):
        return f"{self.peer}/" + re.sub("[^a-z0-9]+", "-", self.behaviour.lower()).strip("-")

    def run(self, world):
        began = time.monotonic()
        name = self.name.replace("/", "-")
        self._try(world, name)
        if self.outcome == FAILED:
            # Eight programs at once on a small machine: what fails twice is not the machine. It is told.
            first = self.says
            self._try(world, f"{name}-again")
            self.says = f"{self.says} (at the second try; at the first: {first[:200]})"
        self.seconds = time.monotonic() - began

    def _try(self, world, name):
        try:
            self.says = self.check(world, name) or ""
            self.outcome = PASSED
        except Missing as missing:
            self.outcome, self.says, self.excused = NOT_RUN, str(missing), isinstance(missing, Unreachable)
        except Exception as error:  # whatever goes wrong in a cell is the cell's
            self.outcome = FAILED
            self.says = str(error) or traceback.format_exc(limit=2)


class Matrix:
    """All cells, in the order they were written."""

    def __init__(self):
        self.cells = []

    def cell(self, behaviour, *peers):
        """Registers a check for each peer; it is called with (world, name of the cell)."""

        def register(check):
            for peer in peers:
                bound = check if len(peers) == 1 else (lambda world, name, peer=peer: check(world, name, peer))
                self.cells.append(Cell(behaviour, peer, bound))
            return check

        return register

    def run(self, world, wanted, at_once):
        chosen = [cell for cell in self.cells if any(word in cell.name for word in wanted)] if wanted else self.cells
        said = threading.Lock()

        def one(cell):
            cell.run(world)
            with said:
                print(f"{cell.outcome:8} {cell.name:45} {cell.seconds:5.1f} s  {first_line(cell)}", flush=True)

        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(one, chosen))
        return chosen


def first_line(cell):
    text = cell.says
    return text.strip().splitlines()[0] if text.strip() else ""


def markdown(cells, versions):
    """The matrix as a table: a row a behaviour, a column a peer."""
    peers = unique(cell.peer for cell in cells)
    behaviours = unique(cell.behaviour for cell in cells)
    at = {(cell.behaviour, cell.peer): cell for cell in cells}
    mark = {PASSED: "passed", FAILED: "**FAILED**", NOT_RUN: "**not run**"}
    rows = [["", *peers], ["---"] * (len(peers) + 1)]
    for behaviour in behaviours:
        row = [behaviour]
        for peer in peers:
            cell = at.get((behaviour, peer))
            row.append(mark[cell.outcome] if cell else "")
        rows.append(row)
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    counts = {outcome: sum(cell.outcome == outcome for cell in cells) for outcome in (PASSED, FAILED, NOT_RUN)}
    lines += ["", ", ".join(f"{count} {outcome.lower()}" for outcome, count in counts.items() if count) + ".", ""]
    lines += [f"- {peer}: {versions[peer]}" for peer in peers]
    trouble = [cell for cell in cells if cell.outcome != PASSED]
    lines += ["", *[f"- {cell.name}: {cell.outcome}: {first_line(cell)}" for cell in trouble]] if trouble else []
    return "\n".join(lines) + "\n"


def unique(values):
    return list(dict.fromkeys(values))
