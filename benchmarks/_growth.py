"""Whether an order costs more work in a journal of a million than in one of ten thousand; and how soon many due orders
are claimed.

Both journals are open at once and are asked for the same in turns, so that a busy disk troubles both alike. Commits are
handed in sixteen at a time, as by so many callers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from queue import SimpleQueue
from statistics import quantiles
from time import perf_counter
from typing import Any
from uuid import uuid4

from _databases import Database
from _history import fill
from _journal_floor import payment
from _table import Row

from payfallback.journal import open_journal
from payfallback.ports import Commit, Stored

DUE = 20  # one order in so many is due
CLAIMED = 20  # orders that `recover` claims at a time
AT_ONCE = 500  # orders that are taken at a time when all are claimed
GROUP = 16  # commits handed in at a time
LEASE = 600.0  # seconds
OWNER = "recoverer"
CLAIMING = f"claimed, {CLAIMED} at a time, and let go"


class Subject:
    """One journal with a past, and what is done with it."""

    def __init__(self, address: str) -> None:
        self._journal = open_journal(address)
        self._ready: Sequence[tuple[Commit, Commit]] = ()
        self.pieces: Mapping[str, Callable[[], None]] = {
            "open": lambda: self._submit([opened for opened, _ in self._ready]),
            "load": self._load,
            "pay": lambda: self._submit([paid for _, paid in self._ready]),
            CLAIMING: self._claim,
        }

    def prepare(self, orders: int) -> None:
        """New orders with random ids; not measured."""
        self._ready = [payment(uuid4().hex[:24]) for _ in range(orders)]

    def _submit(self, commits: Sequence[Commit]) -> None:
        told: SimpleQueue[Any] = SimpleQueue()
        for commit in commits:
            self._journal.submit(commit, told.put)
        wrong = [each for each in (told.get() for _ in commits) if not getattr(each, "ok", False)]
        if wrong:
            raise RuntimeError(f"not committed: {wrong[0]!r}")

    def _load(self) -> None:
        told: SimpleQueue[Any] = SimpleQueue()
        for opened, _ in self._ready:
            self._journal.load(opened.key, told.put)
        if {told.get().key for _ in self._ready} != {opened.key for opened, _ in self._ready}:
            raise RuntimeError("other orders were loaded")

    def claim(self, limit: int) -> Sequence[Stored]:
        """The orders that were claimed."""
        told: SimpleQueue[Any] = SimpleQueue()
        self._journal.claim(OWNER, LEASE, limit, told.put)
        found = told.get()
        if isinstance(found, BaseException):
            raise found
        claimed: Sequence[Stored] = found
        return claimed

    def _claim(self) -> None:
        claimed = self.claim(CLAIMED)
        self._submit([_let_go(each) for each in claimed])

    def close(self) -> None:
        """Let go of the journal."""
        self._journal.close()


def _let_go(claimed: Stored) -> Commit:
    """It stays overdue, but less so than all the others: the next claim takes those."""
    return Commit(
        key=claimed.key,
        version=claimed.version,
        fence=claimed.fence,
        take_lease=0.0,
        due=None if claimed.due is None else claimed.due + 1.0,
    )


def compare(base: Database, sizes: tuple[int, int], rounds: int) -> tuple[list[Row], Row]:
    """A row for each piece of work, the last for all of them; and how long claiming all due orders took."""
    with ExitStack() as stack:
        subjects = []
        for size in sizes:
            address = stack.enter_context(base.fresh(f"benchmark{size}"))
            fill(address, size, size // DUE)
            subjects.append(stack.enter_context(closing(Subject(address))))
        taken = [_measured(subject) for _ in range(rounds + 1) for subject in subjects]
        claimed = _claim_all(subjects[1])
    small, large = taken[2::2], taken[3::2]  # the first of each only warms up
    return list(_rows(base.name, sizes, small, large)), {"database": base.name, "of orders": sizes[1], **claimed}


def _measured(subject: Subject) -> Mapping[str, float]:
    """Microseconds an order."""
    subject.prepare(GROUP)
    taken = {}
    for name, piece in subject.pieces.items():
        begun = perf_counter()
        piece()
        taken[name] = (perf_counter() - begun) / (CLAIMED if name == CLAIMING else GROUP) * 1e6
    return taken


def _rows(
    name: str, sizes: tuple[int, int], small: Sequence[Mapping[str, float]], large: Sequence[Mapping[str, float]]
) -> Iterator[Row]:
    few, many = _quick_quarter(small), _quick_quarter(large)
    for piece in few:
        yield {
            "database": name,
            "piece": piece,
            f"us, {sizes[0]} orders": round(few[piece], 1),
            f"us, {sizes[1]} orders": round(many[piece], 1),
            "ratio": many[piece] / few[piece],
        }


def _quick_quarter(taken: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    """The lower quartile of each piece, and their sum: what other programs add to the slower ones is left out."""
    found = {piece: quantiles([each[piece] for each in taken], n=4)[0] for piece in taken[0]}
    return {**found, "all of it": sum(found.values())}


def _claim_all(subject: Subject) -> Row:
    """Every due order, none let go in between."""
    begun, claimed = perf_counter(), 0
    while found := subject.claim(AT_ONCE):
        claimed += len(found)
    return {"claimed": claimed, "seconds": perf_counter() - begun}
