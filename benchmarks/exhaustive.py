"""Every state of the small worlds, up to a depth: states, moves, and which transitions of the table were taken.

    python benchmarks/exhaustive.py [--world NAME ...] [--depth N] [--troubles N] [--json]

The table of docs/reliability.md comes from here. The same bounds give the same figures but for the time.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from _table import Row, table

from payfallback._core.state import TRANSITIONS, Fact, Status
from payfallback.testing.exhaustive import KNOWN, WORLDS, Searched, explore

_NOT_ASKED = "evidence of our own is never the answer to a question, and nothing else leaves this state"
_RULES = "no rule decides this in this state; the journal takes a decision only over the state that it was made in"
UNREACHABLE = {  # by reading the rules; a search that takes one of them shows that the reading is wrong
    (Status.PENDING, Fact.NOT_SENT): "of a charge it is read as `silence`, and no capture was sent before a hold",
    (Status.DISPUTED, Fact.NOT_SENT): _NOT_ASKED,
    (Status.SENDING, Fact.SENT): _RULES,
    (Status.PENDING, Fact.SENT): _RULES,
    (Status.SENDING, Fact.CLOSE_SENT): _RULES,
    (Status.SENDING, Fact.DIED): _RULES,
    (Status.AUTHORISED, Fact.DIED): _RULES,
    (Status.CAPTURING, Fact.DIED): _RULES,
    (Status.DEAD, Fact.DIED): _RULES,
}
BOUNDS = ((26, 0), (16, 1), (12, 2), (8, 3))  # moves, and troubles among them


def row(searched: Searched) -> Row:
    """One search as a line."""
    return {
        "world": searched.world,
        "depth": searched.depth,
        "troubles": searched.troubles,
        "states": searched.states,
        "moves": searched.edges,
        "ends": searched.ends,
        "cut": searched.cut,
        "beyond": searched.beyond,
        "flows": searched.flows,
        "transitions": len(searched.taken),
        "violations": int(searched.broken is not None),
        "cpu s": searched.cpu_seconds,
    }


def missing(done: Sequence[Searched]) -> list[Row]:
    """The transitions that no search took and that nothing rules out, by state."""
    known = taken(done) | set(UNREACHABLE)
    return [
        {"state": status.value, "not taken": ", ".join(fact.value for fact in facts if (status, fact) not in known)}
        for status, facts in TRANSITIONS.items()
    ]


def ruled_out(done: Sequence[Searched]) -> list[Row]:
    """The transitions that cannot be taken, and why."""
    seen = taken(done)
    return [
        {"state": status.value, "fact": fact.value, "taken": (status, fact) in seen, "why": why}
        for (status, fact), why in UNREACHABLE.items()
    ]


def taken(done: Sequence[Searched]) -> set[tuple[Status, Fact]]:
    """The transitions of all searches together."""
    return {pair for each in done for pair in each.taken}


def total(done: Sequence[Searched]) -> Row:
    """All searches together."""
    return {
        "searches": len(done),
        "states": sum(each.states for each in done),
        "moves": sum(each.edges for each in done),
        "beyond": sum(each.beyond for each in done),
        "transitions": len(KNOWN),
        "taken": len(taken(done)),
        "violations": sum(each.broken is not None for each in done),
        "cpu s": sum(each.cpu_seconds for each in done),
    }


def main(arguments: Sequence[str]) -> int:
    """Search and print; 1 when a promise was broken."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--world", action="append", choices=list(WORLDS))
    reader.add_argument("--depth", type=int)
    reader.add_argument("--troubles", type=int)
    reader.add_argument("--json", action="store_true")
    given = reader.parse_args(arguments)
    bounds: Sequence[tuple[int | None, int | None]] = BOUNDS
    if given.depth is not None or given.troubles is not None:
        bounds = ((given.depth, given.troubles),)
    done = []
    for depth, troubles in bounds:
        for world in given.world or WORLDS:
            searched = explore(world, depth, troubles)
            done.append(searched)
            print(
                searched.broken or f"{world} {searched.depth}/{searched.troubles}: {searched.states}", file=sys.stderr
            )
    shown: dict[str, Sequence[Row]] = {
        "small worlds": [row(each) for each in done],
        "all together": [total(done)],
        "transitions not taken": missing(done),
        "transitions that cannot be taken": ruled_out(done),
    }
    for title, part in shown.items():
        print(json.dumps({title: part}) if given.json else table(title, part))
    return 1 if any(each.broken for each in done) or taken(done) & set(UNREACHABLE) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
