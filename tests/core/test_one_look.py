"""`due` and `resolve`: what an engine of the shop's own shares out, and does, order by order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from core_world import SILENCE, JournalThatFails, Scripted, captured, client, pending
from money_shop import AMOUNT, ORDER

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.policy import CircuitPolicy
from payfallback.testing import VirtualClock

CALM = {"circuit": CircuitPolicy(failures_in_a_row=1000, minimum=1000)}
BUDGET = 100  # questions that one channel's budget allows at once


def open_orders(count: int, journal: Any = None) -> tuple[pf.Payments, VirtualClock, Scripted]:
    """A shop with so many orders whose provider said nothing, at the time to look at them."""
    clock = VirtualClock()
    only = Scripted("only", close=True).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    payments = client({"a": only}, clock, journal(clock) if journal else None, channel={"a": {"last": True, **CALM}})
    for n in range(count):
        payments.pay(pf.Order(f"R{n:05}", AMOUNT), "a", within=0.1)
    clock.advance(30.0)
    only.on(Kind.QUERY, captured())
    return payments, clock, only


def test_what_is_due_is_listed_and_looked_at_one_by_one() -> None:
    """An engine lists what is due, hands each order to a worker, and is told when to come back, or that it is over."""
    payments, _, only = open_orders(3)
    due = payments.due()
    assert [each.order_id for each in due] == ["R00000", "R00001", "R00002"]
    assert [each.order_id for each in payments.due(limit=2)] == ["R00000", "R00001"]
    done = [payments.resolve(each.order_id) for each in due]
    assert [(each.order_id, each.looked, each.look_again) for each in done] == [
        (each.order_id, True, None) for each in due
    ]
    assert payments.due() == ()
    assert all(isinstance(payments.status(each.order_id), pf.Paid) for each in due)
    assert len(only.of(Kind.CHARGE)) == 3


def test_an_order_that_stays_open_says_when_to_look_again() -> None:
    """What the provider cannot tell yet is looked at later; each look has a number of its own."""
    payments, clock, only = open_orders(1)
    only.on(Kind.QUERY, pending())
    (before,) = payments.due()
    done = payments.resolve("R00000")
    assert done.looked
    assert done.look_again is not None
    assert done.look_again > clock.epoch()
    assert done.fence > before.fence
    assert payments.due() == ()
    clock.advance(done.look_again - clock.epoch())
    assert [(each.due, each.fence) for each in payments.due()] == [(done.look_again, done.fence)]


def test_a_look_before_its_time_asks_nobody() -> None:
    """A message that an engine delivers twice, or far too early, costs one read of the journal."""
    payments, _, only = open_orders(1)
    only.on(Kind.QUERY, pending())
    first = payments.resolve("R00000")
    asked = len(only.asked)
    again = payments.resolve("R00000")
    assert (again.looked, again.look_again, again.fence) == (False, first.look_again, first.fence)
    assert len(only.asked) == asked


def test_a_settled_order_is_not_looked_at() -> None:
    """Whatever an engine still has of it, it is over."""
    payments, _, only = open_orders(1)
    payments.resolve("R00000")
    asked = len(only.asked)
    assert payments.resolve("R00000") == pf.Resolved(order_id="R00000", looked=False, fence=2)
    assert len(only.asked) == asked


def test_an_order_that_another_worker_holds_is_left_to_it() -> None:
    """The journal's lease decides who looks: the second look does nothing, and the order stays due."""
    payments, _, only = open_orders(1)
    asked = len(only.asked)
    held: list[Any] = []
    payments.journal.claim("another", 30.0, 1, held.append, key="|R00000")
    assert len(held[0]) == 1
    assert payments.due() == ()
    done = payments.resolve("R00000")
    assert not done.looked
    assert done.look_again is not None
    assert len(only.asked) == asked


def test_a_merchants_order_is_found_under_its_merchant() -> None:
    """Merchants may share order ids: without the merchant it is another order."""
    payments, clock, only = open_orders(0)
    only.on(Kind.QUERY, SILENCE)
    payments.pay(pf.Order(ORDER, AMOUNT, merchant="north"), "a", within=0.1)
    clock.advance(30.0)
    assert [(each.merchant, each.order_id) for each in payments.due()] == [("north", ORDER)]
    with pytest.raises(pf.UnknownOrder):
        payments.resolve(ORDER)
    assert payments.resolve(ORDER, merchant="north").looked


def test_a_look_whose_journal_goes_away_says_so() -> None:
    """An engine that repeats what failed hears that nothing became durable, even if the journal can still be read."""
    journals: list[JournalThatFails] = []

    def failing(clock: VirtualClock) -> JournalThatFails:
        journals.append(JournalThatFails(MemoryJournal(clock)))
        return journals[-1]

    payments, clock, only = open_orders(1, failing)

    def full(operation: Any) -> pf.Answer:
        journals[0].failing_from = journals[0].commits + 1
        return captured()

    only.on(Kind.QUERY, full, captured())
    with pytest.raises(pf.JournalUnavailable):
        payments.resolve("R00000")
    journals[0].repair()
    clock.advance(60.0)
    payments.resolve("R00000")
    assert isinstance(payments.status("R00000"), pf.Paid)
    assert len(only.of(Kind.CHARGE)) == 1


# ---------------------------------------------------------------- the pace


def test_the_query_budget_sets_the_pace() -> None:
    """Orders beyond the budget stand in line: each has its turn, as fast as the budget is refilled."""
    payments, clock, only = open_orders(BUDGET + 60)
    first = payments.recover()
    assert (first.looked, first.settled, first.held, first.left) == (BUDGET, BUDGET, 60, 0)
    settled = []
    for _ in range(4):
        clock.advance(1.0)
        settled.append(payments.recover().settled)
    assert settled == [20, 20, 20, 0]
    assert len(only.of(Kind.CHARGE)) == BUDGET + 60


def test_the_journal_is_not_asked_faster_than_the_provider() -> None:
    """However many are beyond the budget, each is put in line once, and comes back when it has its turn."""
    payments, clock, _ = open_orders(BUDGET + 300)
    taken = _counted(payments)
    settled = 0
    while settled < BUDGET + 300:
        settled += payments.recover(limit=1000).settled
        clock.advance(1.0)
    assert sum(taken) == BUDGET + 300 + 300
    assert clock.monotonic() < 60.0


def test_an_order_in_line_keeps_its_next_look() -> None:
    """A look that the budget did not allow was not made: the order does not wait an hour for its next time."""
    payments, clock, only = open_orders(BUDGET + 1)
    only.on(Kind.QUERY, pending())
    clock.advance(300.0)
    done = payments.recover()
    assert (done.looked, done.held, payments.due()) == (BUDGET, 1, ())
    clock.advance(1.0)
    assert len(payments.due()) == 1
    assert payments.resolve(payments.due()[0].order_id).looked


def _counted(payments: pf.Payments) -> list[int]:
    """Each claim of this client's from here on: how many orders it took."""
    taken: list[int] = []
    inner: Callable[..., None] = payments.journal.claim

    def claim(owner: str, lease: float, limit: int, done: Any, **more: Any) -> None:
        inner(owner, lease, limit, lambda claimed: (taken.append(len(claimed)), done(claimed)), **more)

    payments.journal.claim = claim  # type: ignore[method-assign]  # counted, and let through
    return taken
