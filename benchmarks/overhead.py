"""What a payment costs beside the same payment composed by hand, in one run on one machine.

    python benchmarks/overhead.py [--rounds 21] [--payments 1000] [--quick] [--json] [--only PART ...]

Parts: `overhead` (microseconds per payment above the bare provider call: sync and async, success and decline then
fallback, journal in memory), `beside` (p50 and p99 while another thread computes), `memory` (bytes of an order in
flight) and `durable` (orders a second on SQLite with synchronous=FULL, beside the raw group commit of the same rows).

The providers answer at once, so that nothing but the contender is measured. The hand composition and pyresilience keep
no journal: they forget a payment when the process dies, which is what the difference buys.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Sequence

import _memory
import _timing
from _hand import Hand
from _ours import Ours
from _pyresilience import Pyresilience
from _shop import Bare, Contender
from _table import Row, table

PARTS = ("overhead", "beside", "memory", "durable")
IN_FLIGHT = 2000


def contenders(in_flight: int = 40) -> list[Contender]:
    """The bare call first. The others are measured against it and against the hand composition that logs as they do."""
    silent: list[Contender] = [Bare(), Hand(), Pyresilience(), Ours(in_flight=in_flight)]
    return [*silent, Hand(logs=True), Ours(in_flight=in_flight, logs=True)]


def measure(given: argparse.Namespace) -> dict[str, Sequence[Row]]:
    """The rows of every part that was asked for."""
    rounds, payments = (3, 200) if given.quick else (given.rounds, given.payments)
    found: dict[str, Sequence[Row]] = {}
    if "overhead" in given.only:
        found["overhead"] = _timing.compare(contenders(), rounds=rounds, payments=payments)
    if "beside" in given.only:
        found["beside"] = _timing.beside_cpu_bound(contenders(), rounds=max(3, rounds // 3), payments=200)
    if "memory" in given.only:
        waiting = IN_FLIGHT // 10 if given.quick else IN_FLIGHT
        found["memory"] = _memory.compare(contenders(in_flight=2 * waiting), waiting)
    if "durable" in given.only:
        import _durable  # the only part that needs a disk and the journal's own floor

        found |= _durable.compare(given.folder, rounds=max(2, rounds // 4), quick=given.quick)
    return found


TITLES = {
    "overhead": "per payment, journal in memory: microseconds, and overhead as a part of the hand composition's",
    "beside": "per payment, blocking, while another thread computes: microseconds",
    "memory": "an order in flight, awaited: bytes",
    "durable": "SQLite, synchronous=FULL: orders a second, as a part of the raw group commit, microseconds above it",
    "durable_beside": "the same with one caller, while another thread computes: microseconds",
}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=21, help="blocks of each contender")
    parser.add_argument("--payments", type=int, default=1000, help="payments in a block")
    parser.add_argument("--quick", action="store_true", help="few rounds: shows that it runs, measures little")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="which parts")
    parser.add_argument("--folder", default="build/benchmarks", help="where the SQLite files go: a real disk")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    given = parser.parse_args()
    found = measure(given)
    machine = f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}"
    if given.json:
        print(json.dumps({"machine": machine, **found}))
    else:
        print(machine)
        print("\n\n".join(table(TITLES[part], rows) for part, rows in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
