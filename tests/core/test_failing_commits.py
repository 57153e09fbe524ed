"""I2, every commit: the journal fails at any of a payment's commits, for a moment or for good; nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from core_world import JournalThatFails, Town
from money_shop import ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import VirtualClock, check_promises, check_result

MOST_COMMITS = 8


class Disk(JournalThatFails):
    """A journal of which one commit fails, or everything from that commit on."""

    def __init__(self, inner: MemoryJournal, at: int, *, for_good: bool) -> None:
        super().__init__(inner)
        self._at, self._for_good = at, for_good

    def submit(self, commit: Any, done: Any) -> None:
        """`done(Receipt)`, or `JournalUnavailable` where it was ordered."""
        self.away = self._at > 0 and (self.commits >= self._at - 1 if self._for_good else self.commits == self._at - 1)
        super().submit(commit, done)
        self.away = self.away and self._for_good

    def opened(self, clock: VirtualClock) -> Disk:
        """How every process of a town opens it."""
        return self

    def repair(self) -> None:
        """It is a good disk again."""
        super().repair()
        self._at = 0


Step = Callable[[pf.Payments], object]


def scan(town: Town) -> Step:
    """The shopper pays the code, if there is one to pay."""

    def act(payments: pf.Payments) -> None:
        for number in town.providers["a"].waiting(ORDER):
            town.providers["a"].shopper_pays(number)

    return act


def pay(payments: pf.Payments) -> pf.Result:
    """The click."""
    return payments.pay(order(), "a", consent=["b"])


STORIES: dict[str, tuple[str, str, Callable[[Town], tuple[Step, ...]]]] = {
    "paid": ("named", "", lambda town: (pay,)),
    "declined": ("named", "declined:overdue", lambda town: (pay,)),
    "held": ("authorising", "", lambda town: (pay,)),
    "silence": ("acked", "reply_lost", lambda town: (pay,)),
    "throttled": ("idempotent", "rate_limited:0.5", lambda town: (pay,)),
    "shown": ("qr", "", lambda town: (pay, scan(town), lambda p: p.status(ORDER, ask=True))),
    "switched": ("qr", "", lambda town: (pay, lambda p: p.switch(order(), "b"))),
    "cancelled": ("qr", "", lambda town: (pay, lambda p: p.cancel(ORDER))),
    "refunded": ("named", "", lambda town: (pay, lambda p: p.refund(ORDER, "r-1"))),
}


def deeds(town: Town) -> int:
    """How many requests came in that are more than questions."""
    return sum(each.kind is not Kind.QUERY for each in town.ledger.arrivals())


def lived(town: Town, steps: tuple[Step, ...]) -> list[pf.Result]:
    """Do the steps; one that raises has sent nothing, and one that answers says what the ledger says."""
    payments, told = town.process(), []
    for step in steps:
        before = deeds(town)
        try:
            result = step(payments)
        except pf.PayfallbackError:
            assert deeds(town) == before
            continue
        if isinstance(result, pf.Result):
            assert check_result(town.ledger, result) == []
            told.append(result)
    return told


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("name", STORIES)
def test_any_commit_may_fail(name: str, *, for_good: bool) -> None:
    """Whichever commit fails: who raises sent nothing, who answers tells the truth, and in the end all is known."""
    kind, fault, steps = STORIES[name]
    for at in range(1, MOST_COMMITS + 1):
        disk = Disk(MemoryJournal(clock := VirtualClock()), at, for_good=for_good)
        town = Town({"a": kind, "b": "named"}, disk.opened, clock=clock)
        if fault:
            town.faults.outage("a", fault, operation="charge", times=1)
        results = lived(town, steps(town))
        disk.repair()
        told: list[pf.Outcome] = []
        finisher = town.process()
        for _ in range(60):
            town.clock.advance(1800.0)
            finisher.recover()
            finisher.deliver(told.append)
        history = {f"|{ORDER}": events} if (events := town.events(f"|{ORDER}")) else {}
        assert check_promises(town.ledger, history, results, told) == [], f"commit {at}"
        assert len(town.ledger.held(ORDER)) <= 1
