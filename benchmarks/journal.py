"""Orders a second and latency of the journal, on SQLite and PostgreSQL, beside the floor of the same rows.

    python benchmarks/journal.py [--only PART ...] [--databases sqlite postgres] [--postgres URL] [--quick] [--json]

Parts: `throughput` (1, 16 and 64 callers: floor, journal alone, whole client), `processes` (four on one SQLite file:
p99 and worst), `recovery` (orders a second that `recover` finishes), `growth` (work an order in a journal of 10,000 and
of 1,000,000 orders, and claiming all that are due: one in twenty; needs 8 GB of disk for a while).

The floors write the same rows into the same tables, for the same callers, durably, and nothing else: raw group commit
for SQLite, pgbench and psycopg's `executemany` for PostgreSQL. An order is two commits. The contenders take turns in
short rounds; figures are medians of the rounds.

Without a URL a PostgreSQL server is started for the time of the run. The database behind a URL gets schemas
`benchmark`, which are removed again.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import _growth
import _processes
import _recovering
import _throughput
from _databases import Database, postgres, sqlite
from _table import Row, table

PARTS = ("throughput", "processes", "recovery", "growth")
DATABASES = ("sqlite", "postgres")
CALLERS = (1, 16, 64)
PAYMENTS = {1: 200, 16: 1000, 64: 2000}  # in a round
SIZES = (10_000, 1_000_000)


def measure(given: argparse.Namespace, bases: Sequence[Database]) -> Iterator[tuple[str, Sequence[Row]]]:
    """Each table with its title, as soon as it is there."""
    if "throughput" in given.only:
        for base in bases:
            rows = [
                row for callers in given.callers for row in _throughput.compare(base, callers, *_scale(given, callers))
            ]
            yield f"{base.name}: two commits an order; microseconds above the first floor", rows
    if "processes" in given.only:
        files = [base for base in bases if base.name == "SQLite"]
        payments = 200 if given.quick else 4000
        yield (
            "several processes on one SQLite file: a wait is for one commit",
            [row for base in files for row in _processes.compare(base, (1, 16), payments)],
        )
    if "recovery" in given.only:
        orders = 200 if given.quick else 1500
        yield (
            "recovery, one process",
            [row for base in bases for row in _recovering.compare(base, orders)],
        )
    if "growth" in given.only:
        rounds = 5 if given.quick else 200
        sizes = (2000, 10_000) if given.quick else (given.small, given.large)
        found = [_growth.compare(base, sizes, rounds) for base in bases]
        yield "work an order, by the orders in the journal: microseconds", [row for rows, _ in found for row in rows]
        yield "claiming all that are due", [claimed for _, claimed in found]


def _scale(given: argparse.Namespace, callers: int) -> tuple[int, int]:
    """Payments in a round, and rounds."""
    payments = given.payments or PAYMENTS.get(callers, 1000)
    return (max(2 * callers, payments // 10), 2) if given.quick else (payments, given.rounds)


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="which parts")
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--postgres", default="", metavar="URL", help="a database; without it, a server of its own")
    parser.add_argument("--folder", default="build/benchmarks", help="where the SQLite files go: a real disk")
    parser.add_argument("--callers", type=int, nargs="+", default=CALLERS)
    parser.add_argument("--rounds", type=int, default=9, help="of throughput")
    parser.add_argument("--payments", type=int, default=0, help="in a round of throughput; default: 200 to 2,000")
    parser.add_argument("--small", type=int, default=SIZES[0], help="orders in the small journal")
    parser.add_argument("--large", type=int, default=SIZES[1], help="orders in the large journal")
    parser.add_argument("--quick", action="store_true", help="few rounds: shows that it runs, measures little")
    parser.add_argument("--json", action="store_true", help="print JSON, one object a table")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    given = options().parse_args(arguments)
    machine = f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}"
    print(json.dumps({"machine": machine}) if given.json else machine)
    with ExitStack() as stack:
        bases = [sqlite(given.folder)] if "sqlite" in given.databases else []
        if "postgres" in given.databases:
            bases.append(stack.enter_context(postgres(given.postgres)))
        for title, rows in measure(given, bases):
            print(json.dumps({title: rows}) if given.json else f"\n{table(title, rows)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
