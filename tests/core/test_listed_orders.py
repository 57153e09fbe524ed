"""The columns beside an order's events: they tell where it stands, whatever it is kept in."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import Scripted, captured, client, says
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import VirtualClock


def listed(answer: pf.Answer, **asked: Any) -> list[tuple[str, str, str, int]]:
    """State, option, number and amount of every order, after one payment that was answered like this."""
    clock = VirtualClock()
    journal = MemoryJournal(clock)
    payments = client({"a": Scripted("a").on(Kind.CHARGE, answer)}, clock, journal, channel={"a": {"last": True}})
    payments.pay(order(), "a", within=1.0)
    found: list[Any] = []
    journal.list((), 10, found.append, **asked)
    return [(each.state, each.option, each.number, each.amount) for each in found[0]]


@pytest.mark.parametrize(
    ("answer", "state"),
    [(captured(), "paid"), (says(pf.Verdict.UNKNOWN), "uncertain"), (says(pf.Verdict.PENDING), "waiting")],
)
@pytest.mark.parametrize("sort", ["since", "amount", "due"])
def test_a_journal_in_memory_lists_what_became_of_a_payment(answer: pf.Answer, state: str, sort: str) -> None:
    """The columns are made when they are first wanted, and are those of the last decision."""
    assert listed(answer, sort=sort) == [(state, "a", f"{ORDER}01", AMOUNT.minor)]
