"""A journal that refuses a commit to an order, and knows no such order: its reader is at a server left behind."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import FIRST, SILENCE, Scripted, captured, client, declined, meanwhile, settle
from money_shop import ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.ports import Commit, Done, Receipt
from payfallback.testing import VirtualClock


class Behind:
    """While `behind`, what is written finds the order changed, and what is read finds no order."""

    def __init__(self, clock: VirtualClock) -> None:
        self.inner = MemoryJournal(clock)
        self.behind = False

    def submit(self, commit: Commit, done: Done) -> None:
        """`done(Receipt)`."""
        if self.behind:
            done(Receipt(ok=False, conflict="version"))
        else:
            self.inner.submit(commit, done)

    def load(self, key: str, done: Done) -> None:
        """`done(Stored | None)`."""
        if self.behind:
            done(None)
        else:
            self.inner.load(key, done)

    def fall_behind(self) -> None:
        """The writer moved on; the reader stays."""
        self.behind = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def test_a_journal_that_contradicts_itself_is_unavailable() -> None:
    """`pay` raises `JournalUnavailable`, and nothing was sent."""
    clock = VirtualClock()
    provider, journal = Scripted("first").on(Kind.CHARGE, captured()), Behind(clock)
    payments = client({"a": provider}, clock, journal)
    journal.fall_behind()
    with pytest.raises(pf.JournalUnavailable, match=r"^the journal does not know an order that it held"):
        payments.pay(order(), "a")
    assert provider.asked == []


@pytest.mark.parametrize("told", [captured(), SILENCE, declined()])
def test_a_journal_that_forgets_an_order_after_its_charge_raises_nothing(told: pf.Answer) -> None:
    """Something was sent, so `pay` returns: the order is pending, and no other channel is charged."""
    clock = VirtualClock()
    journal = Behind(clock)
    first = Scripted("first").on(Kind.CHARGE, meanwhile(journal.fall_behind, told)).on(Kind.QUERY, told)
    second = Scripted("second").on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, clock, journal, channel={name: {"last": True} for name in "ab"})
    result = payments.pay(order(), "a", consent=["b"])
    assert isinstance(result, pf.Pending)
    assert result.cause is pf.Cause.JOURNAL_UNAVAILABLE
    assert [operation.number for operation in first.of(Kind.CHARGE)] == [FIRST]
    assert second.asked == []


def test_an_order_that_was_forgotten_for_a_while_is_settled_when_it_is_known_again() -> None:
    """Recovery finds the charge whose answer the journal did not take, and none is sent again."""
    clock = VirtualClock()
    journal = Behind(clock)
    first = Scripted("first").on(Kind.CHARGE, meanwhile(journal.fall_behind, captured())).on(Kind.QUERY, captured())
    payments = client({"a": first}, clock, journal)
    assert isinstance(payments.pay(order(), "a"), pf.Pending)
    journal.behind = False
    settle(payments, clock, 60.0)
    assert isinstance(payments.status(ORDER), pf.Paid)
    assert len(first.of(Kind.CHARGE)) == 1
