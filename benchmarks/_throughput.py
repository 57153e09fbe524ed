"""Orders a second and how long a caller waits: the floor, the journal alone, and the whole client, in turns.

The journal alone takes commits that are ready: it compares, encodes, appends and answers them. The whole client also
does what a payment is: it decides, folds, logs and calls a provider (which answers at once).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import chain
from math import isnan
from statistics import median
from typing import NamedTuple

import _payers
from _databases import Database
from _journal_floor import HAPPY_PATH, measured, shares_of, submitter
from _measuring import Measured, measure
from _table import Row

from payfallback.journal import open_journal


class Taken(NamedTuple):
    """One round of one contender, microseconds."""

    per_order: float
    p50: float
    p99: float
    waits_for: str


Contender = Callable[[int, int], Taken]  # callers, payments


def contenders(base: Database) -> dict[str, Contender]:
    """The floors first."""
    found: dict[str, Contender] = {name: _commits(floor) for name, floor in base.floors.items()}
    if base.name == "PostgreSQL":
        found["a connection a caller"] = _commits(_apart(base))
    found["journal alone"] = _commits(_journal(base))
    return {**found, "Payments": _client(base, _payers.threads), "AsyncPayments": _client(base, _payers.tasks)}


def _commits(run: Callable[[int, int], Measured]) -> Contender:
    def take(callers: int, payments: int) -> Taken:
        found = run(callers, payments)
        return Taken(HAPPY_PATH * found.per_commit, found.p50, found.p99, "a commit")

    return take


def _journal(base: Database) -> Callable[[int, int], Measured]:
    def run(callers: int, payments: int) -> Measured:
        with base.fresh() as address, closing(open_journal(address)) as store:
            return measured(store, callers, payments, may_block=True)

    return run


def _apart(base: Database) -> Callable[[int, int], Measured]:
    """The same with a journal for each caller, so that nothing is grouped: what a pool of connections would do."""

    def run(callers: int, payments: int) -> Measured:
        with base.fresh() as address, ExitStack() as stack:
            stores = [stack.enter_context(closing(open_journal(address))) for _ in range(callers)]
            shares = [list(chain.from_iterable(share)) for share in shares_of(callers, payments)]
            return measure(map(submitter, stores).__next__, shares)

    return run


def _client(base: Database, paying: Callable[[str, int, int], _payers.Paid]) -> Contender:
    def take(callers: int, payments: int) -> Taken:
        with base.fresh() as address:
            return Taken(*paying(address, callers, payments), "an order")

    return take


def compare(base: Database, callers: int, payments: int, rounds: int) -> Iterator[Row]:
    """A row a contender: the medians of some short rounds, taken in turns so that a busy machine troubles all alike."""
    running = contenders(base)
    found: dict[str, list[Taken]] = {name: [] for name in running}
    for turn in range(rounds):
        names = [*running][turn % len(running) :] + [*running][: turn % len(running)]
        for name in names:
            found[name].append(running[name](callers, payments))
    floors = {f"of {name}": _per_order(found[name]) for name in base.floors}
    for name, taken in found.items():
        took = _per_order(taken)
        yield {
            "callers": callers,
            "what": name,
            "orders/s": round(1e6 / took),
            **{of: floor / took for of, floor in floors.items()},
            "us above": round(took - next(iter(floors.values()))),
            "a wait is for": taken[0].waits_for,
            "p50 us": _rounded(each.p50 for each in taken),
            "p99 us": _rounded(each.p99 for each in taken),
        }


def _rounded(taken: Iterable[float]) -> int | str:
    """The median; "-" where a contender tells none."""
    found = median(taken)
    return "-" if isnan(found) else round(found)


def _per_order(taken: Sequence[Taken]) -> float:
    return median(each.per_order for each in taken)
