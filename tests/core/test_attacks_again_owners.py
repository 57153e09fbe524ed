"""Two workers of one `recover`, and a wall clock that jumps between them."""

from __future__ import annotations

import threading
from typing import Any

from core_world import SILENCE, Scripted, client, pending, says
from money_shop import order

import payfallback as pf
from payfallback._core.operations import Kind, Operation
from payfallback.journal.memory import MemoryJournal
from payfallback.ports import Commit, Done, Journal
from payfallback.testing import VirtualClock

PATIENCE = 60.0  # real seconds for what happens within milliseconds


class Listening:
    """A journal that lets it be known when a worker that found its order in other hands goes on to the next one."""

    def __init__(self, inner: Journal) -> None:
        self.inner = inner
        self.refused, self.let_go = threading.Event(), threading.Event()
        self.owners: list[str] = []

    def submit(self, commit: Commit, done: Done) -> None:
        """`done(Receipt)`."""

        def reply(receipt: Any) -> None:
            if commit.version is not None and getattr(receipt, "conflict", "") == "lease":
                self.refused.set()
            done(receipt)

        self.inner.submit(commit, reply)

    def claim(self, owner: str, lease: float, limit: int, done: Done, **more: Any) -> None:
        """`done(tuple[Stored, ...])`."""
        self.owners.append(owner)
        if self.refused.is_set():
            self.let_go.set()
        self.inner.claim(owner, lease, limit, done, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def left_open() -> tuple[pf.Payments, VirtualClock, Scripted, Listening]:
    """An order whose charge fell silent, and is due to be closed."""
    clock = VirtualClock()
    only = Scripted("only", close=True, close_names_trade=True).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    journal: Any = Listening(MemoryJournal(clock))
    payments = client({"a": only}, clock, journal, channel={"a": {"last": True}})
    payments.pay(order(), "a", within=1.0)
    clock.advance(60.0)
    only.asked.clear()
    return payments, clock, only, journal


def test_a_worker_does_not_take_anothers_lease_for_its_own() -> None:
    """The machine's clock jumps while one worker asks, and another one is handed the order: the first one lets go."""
    payments, clock, only, journal = left_open()
    second_asks, holders, closers = threading.Event(), list[int](), list[int]()

    def first(operation: Operation) -> pf.Answer:
        only.on(Kind.QUERY, second)
        clock.jump_epoch(3600.0)
        assert second_asks.wait(PATIENCE)
        return pending()

    def second(operation: Operation) -> pf.Answer:
        holders.append(threading.get_ident())
        second_asks.set()
        assert journal.let_go.wait(PATIENCE)
        return pending()

    def close(operation: Operation) -> pf.Answer:
        closers.append(threading.get_ident())
        journal.let_go.set()  # whoever waits need not wait any more
        return says(pf.Verdict.ACCEPTED)

    only.on(Kind.QUERY, first).on(Kind.CLOSE, close)
    payments.recover(at_once=2)
    assert journal.refused.is_set()
    assert closers == holders[:1]


def test_each_batch_is_claimed_under_a_name_of_its_own() -> None:
    """No two claims of one `recover` have the same owner."""
    payments, _, only, journal = left_open()
    only.on(Kind.QUERY, pending()).on(Kind.CLOSE, says(pf.Verdict.ACCEPTED))
    payments.recover(at_once=2)
    assert len(journal.owners) > 1
    assert len(set(journal.owners)) == len(journal.owners)
