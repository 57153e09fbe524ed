"""What was simulated: orders, virtual years, faults by kind, promises broken, and which transitions were taken.

    python benchmarks/reliability.py [--seed 1] [--orders 20000] [--journal sqlite] [--planted] [--json]

With `--planted` also how many of the bugs that the tests plant the simulator saw.

The figures of docs/reliability.md come from here. The same seed gives the same figures but for the speed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from _planted import killed
from _table import Row, table

from payfallback._core import fold, state
from payfallback._core.state import TRANSITIONS, Fact, Status
from payfallback.testing.simulator import CASES, Report, run_case, simulate, watch

Taken = dict[tuple[Status, Fact], int]


def watched() -> Taken:
    """From now on every step of an attempt is counted here."""
    taken: Taken = {}

    def step(status: Status, fact: Fact) -> Status:
        taken[status, fact] = taken.get((status, fact), 0) + 1
        return state.step(status, fact)

    vars(fold).update(step=step)  # where the events are folded
    vars(watch).update(told_again=lambda events: ())  # a checker that only tries what a repetition would do
    return taken


def rows(report: Report, cases: Sequence[Report], taken: Taken) -> dict[str, Sequence[Row]]:
    """The tables."""
    known = [(start, fact) for start, row in TRANSITIONS.items() for fact in row]
    account: Row = {
        "orders": report.orders,
        "virtual years": report.virtual_years,
        "captures": report.captures,
        "refunds": report.refunds,
        "violations": report.violations + sum(each.violations for each in cases),
        "unresolved": report.unresolved,
        "for a person": report.before_a_person,
        "effects": report.effects,
        "orders/s a core": report.orders_per_second,
    }
    faults: list[Row] = [{"fault": name, "times": times} for name, times in sorted(report.faults.items())]
    covered = sum(each in taken for each in known)
    table_row: Row = {"named schedules": len(cases), "transitions": len(known), "taken": covered}
    missing: list[Row] = [
        {"state": start.value, "facts": ", ".join(fact.value for fact in row if (start, fact) not in taken)}
        for start, row in TRANSITIONS.items()
    ]
    return {"simulated": [account], "coverage": [table_row], "faults": faults, "transitions not taken": missing}


def main(arguments: Sequence[str]) -> int:
    """Simulate and print; 1 when a promise was broken."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--orders", type=int, default=20_000)
    reader.add_argument("--journal", choices=("memory", "sqlite"), default="memory")
    reader.add_argument("--planted", action="store_true")
    reader.add_argument("--json", action="store_true")
    given = reader.parse_args(arguments)
    taken = watched()
    report = simulate(given.seed, given.orders, journal=given.journal)
    cases = [run_case(name, journal=given.journal) for name in CASES]
    shown = rows(report, cases, taken)
    if given.planted:
        shown["planted bugs"] = killed()
    for title, part in shown.items():
        print(json.dumps({title: part}) if given.json else table(title, part))
    for finding in (each for one in (report, *cases) for each in one.findings):
        print(*finding.wrong, f"again: {finding.play}", sep="\n", file=sys.stderr)
    return 1 if report.violations or any(each.violations for each in cases) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
