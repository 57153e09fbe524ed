"""Processes killed with `kill -9`, in real rounds: was anything charged twice, or forgotten?

    python benchmarks/kills.py [--rounds 250] [--journal sqlite|postgres] [--seed 1] [--json]
    python benchmarks/kills.py --network [--rounds 20] [--wires namespaces|proxies] [--seed 1] [--json]

A round: two payers and two recoverers work at once, by real HTTP against the provider sandbox in a process of its own,
which loses replies, hangs, fails or is slow; each is killed at a random moment, in every third round on PostgreSQL the
server too (immediate shutdown, with `fsync` on, and started again). Then recovery, killed on its way as well, plays the
three days that follow. The verdict is by the sandbox's ledger; what checks is in `tests/processes`.

With `--network` two workers on machines of their own share one PostgreSQL, and nobody is killed: their wires to the
database and to the providers are cut, delayed, silenced and half-closed. See `tests/processes/processes_network.py`.

Everything stays on this machine's loopback, in a temporary folder, and ends by itself. Needs the extra `dev`.
The figures of docs/reliability.md come from here.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from _table import Row, table

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path += [str(TESTS), str(TESTS / "processes")]

import processes_figures as of_shops  # noqa: E402  # found by the line above
import processes_network as of_networks  # noqa: E402  # in tests/processes, too
import processes_outages as of_outages  # noqa: E402  # in tests/processes, too
import processes_rounds as of_kills  # noqa: E402  # in tests/processes, too

A_SHOP = 25  # rounds in one shop, before a new one is opened: everything in it is read again after each round
BLOWS, LONGEST = 8.0, 6.5  # seconds of trouble in a round, and of one trouble: longer than a journal's patience
SHOWN = 6000  # characters of a broken promise's story


def run(args: argparse.Namespace) -> of_shops.Figures:
    """All rounds, a shop after another; the first broken promise ends them."""
    figures, seed = of_shops.Figures(), args.seed
    while figures.rounds < args.rounds and not figures.violations:
        some = min(A_SHOP, args.rounds - figures.rounds)
        with tempfile.TemporaryDirectory(prefix="payfallback-kills-") as folder:
            if args.network:
                figures.add(outages(Path(folder), seed, some, args.wires))
            else:
                figures.add(of_kills.some_rounds(Path(folder), args.journal, seed, some))
        told(f"seed {seed}: {figures.rounds} rounds, {figures.struck.total()} blows, {figures.counts['orders']} orders")
        seed += 1
    return figures


def outages(folder: Path, seed: int, rounds: int, wires: str) -> of_shops.Figures:
    """So many rounds of bad networks in one new shop."""
    alone = () if wires == "proxies" else of_networks.namespaces()
    if wires == "namespaces" and not alone:
        sys.exit("this system allows no network namespaces; --wires proxies needs none")
    told(f"machines: {' '.join(alone) or 'processes with proxies'}")
    with of_shops.shop(folder, "postgres") as (town, _), of_networks.two_machines(town, alone) as machines:
        day = of_outages.Outages(town, machines, random.Random(seed), LONGEST)
        for number in range(rounds):
            if not day.run(number, BLOWS, faults=number % 2 == 1):
                break
        return day.figures


def told(text: str) -> None:
    """For whoever waits."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def rows(figures: of_shops.Figures) -> dict[str, Sequence[Row]]:
    """The tables."""
    account: Row = {"rounds": figures.rounds, "violations": len(figures.violations)}
    struck: list[Row] = [{"what": name, "times": times} for name, times in sorted(figures.struck.items())]
    counted: list[Row] = [{"what": name, "times": times} for name, times in sorted(figures.counts.items())]
    return {"rounds": [account], "killed, or done to the network": struck, "what came of it": counted}


def main(arguments: Sequence[str]) -> int:
    """Kill, judge and print; 1 when a promise was broken."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--rounds", type=int, default=250)
    reader.add_argument("--journal", choices=("sqlite", "postgres"), default="sqlite")
    reader.add_argument("--network", action="store_true", help="bad networks in place of kills, on PostgreSQL")
    reader.add_argument("--wires", choices=("namespaces", "proxies"), default="", help="namespaces where allowed")
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--json", action="store_true")
    args = reader.parse_args(arguments)
    figures = run(args)
    for title, part in rows(figures).items():
        print(json.dumps({title: part}) if args.json else table(title, part))
    for story in figures.violations[:5]:
        print(story[:SHOWN])
    return 1 if figures.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
