"""What comes by itself or too late, whose it is, and what is told of it."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import pytest
from attack_scene import Holding, door, refund_notice
from core_world import (
    FIRST,
    NEVER_SENT,
    ORDER,
    SILENCE,
    JournalThatFails,
    Scripted,
    captured,
    client,
    declined,
    order,
    pending,
    says,
    settle,
)
from long_lives import KEY, ask
from test_steps_written_down import Heard
from test_threads_and_cancel import SOON, until

import payfallback as pf
from payfallback._core.events import Seen, Settled
from payfallback._core.operations import Kind, Operation
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import VirtualClock

HOUR, DAY = 3600.0, 86400.0
CLOSES = {"close": True, "close_names_trade": True}
CLOSED = says(pf.Verdict.CLOSED, named=True)
ANOTHER = pf.Order("A1002", order().amount)


def open_payments(*orders: pf.Order) -> tuple[pf.Payments, VirtualClock, Any]:
    """Orders whose charges the provider took, each under the id T-1."""
    clock = VirtualClock()
    journal: Any = JournalThatFails(MemoryJournal(clock))
    only = Scripted("only").on(Kind.CHARGE, pending(provider_ref="T-1")).on(Kind.QUERY, pending())
    payments = client({"a": only}, clock, journal, channel={"a": {"last": True}})
    for each in orders:
        assert isinstance(payments.pay(each, "a", within=1.0), pf.Pending)
    return payments, clock, journal


def test_the_providers_own_id_names_a_payment() -> None:
    """What the shop verified under it is taken as evidence."""
    payments, _, _ = open_payments(order())
    assert isinstance(payments.report("a", "T-1", captured()), pf.Paid)


def test_an_id_of_two_orders_names_neither() -> None:
    """A provider that gave one id twice does not decide by it which order is paid; by their numbers each is known."""
    payments, _, _ = open_payments(order(), ANOTHER)
    with pytest.raises(pf.UnknownOrder):
        payments.report("a", "T-1", captured())
    assert isinstance(payments.status(ORDER), pf.Pending)
    assert isinstance(payments.status(ANOTHER.id), pf.Pending)
    assert isinstance(payments.report("a", "A100201", captured()), pf.Paid)


def test_a_report_that_could_not_be_written_down_is_not_taken() -> None:
    """The journal is full: the shop hears it and reports again, and the order is paid then."""
    payments, _, journal = open_payments(order())
    journal.failing_from = journal.commits + 1
    with pytest.raises(pf.JournalUnavailable):
        payments.report("a", FIRST, captured())
    journal.repair()
    assert isinstance(payments.status(ORDER), pf.Pending)
    assert isinstance(payments.report("a", FIRST, captured()), pf.Paid)


def test_a_refund_that_is_done_and_failed_is_for_a_person_now() -> None:
    """With the attempt that was paid, why, and when that became known."""
    clock = VirtualClock()
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, declined())
    second = Scripted("second").on(Kind.CHARGE, captured()).on(Kind.REFUND, SILENCE)
    second.on(Kind.QUERY_REFUND, says(pf.Verdict.ACCEPTED))
    payments = client({"b": first, "a": second}, clock)
    payments.pay(order(), "b", consent=["a"])
    payments.refund(ORDER, "r-1", within=1.0)
    inbound = door(second, clock, payments.journal)
    for verdict in ("refunded", "refund_failed"):
        clock.advance(60.0)
        assert inbound.notify("a", {}, refund_notice(f"{ORDER}02", f"{ORDER}02M1", 5900, verdict)).handled
    known_at = clock.epoch()
    settle(payments, clock, HOUR)
    outcomes = [each for each in ask(payments.journal.load, KEY).events if isinstance(each, Settled)]
    (stuck,) = [each for each in outcomes if each.kind == "needs_person"]
    assert (stuck.seq, stuck.cause, stuck.at) == (2, "refund_stuck", known_at)


@pytest.mark.parametrize("nothing", [SILENCE, NEVER_SENT], ids=["silent", "unreachable"])
def test_a_last_look_that_came_to_nothing_is_made_again(nothing: pf.Answer) -> None:
    """Whoever is not reached when the watch ends is asked again, in instalments too: what was captured goes back."""
    clock = VirtualClock()
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, pending()).on(Kind.CLOSE, CLOSED).on(Kind.QUERY, CLOSED)
    first.on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=order().amount, named=True))
    second = Scripted("second").on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, clock, terms={"a": [12]})
    payments.pay(order(), "a/12")
    assert isinstance(payments.switch(order(), "b"), pf.Paid)
    settle(payments, clock, 2 * HOUR)
    first.on(Kind.QUERY, nothing, captured())
    clock.advance(ask(payments.journal.load, KEY).due - clock.epoch() + 1.0)
    payments.recover()
    assert first.of(Kind.REFUND) == []
    settle(payments, clock, DAY)
    assert len(first.of(Kind.REFUND)) == 1


def test_who_listens_hears_what_was_answered_and_why() -> None:
    """The verdict, the provider's code, and the cause; none, where none is known."""
    heard = Heard()
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, declined(pf.Cause.OVERDUE, code="E-7"))
    second = Scripted("second").on(Kind.CHARGE, captured())
    client({"a": first, "b": second}, VirtualClock(), observer=heard).pay(order(), "a", consent=["b"])
    assert [(each["what"], each["verdict"], each["cause"], each["code"]) for each in heard.of("attempt.answered")] == [
        ("charge", "declined", "overdue", "E-7"),
        ("charge", "captured", "", ""),
    ]


@pytest.mark.anyio
async def test_an_answer_that_came_too_late_is_of_its_own_attempt() -> None:
    """The second channel's thread answers when nobody waits any more: its request is answered, and the order paid."""
    finish = threading.Event()

    def slow(operation: Operation) -> pf.Answer:
        finish.wait(SOON)
        return captured(provider_ref="T-1")

    journal = MemoryJournal()
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, declined())
    second = Scripted("second", query=False).on(Kind.CHARGE, slow)
    channel: dict[str, dict[str, Any]] = {"b": {"last": True, "timeout": 0.05}}
    payments = pf.AsyncPayments(**pf.channels({"a": first, "b": second}, channel=channel), journal=journal)
    assert isinstance(await payments.pay(order(), "a", consent=["b"], within=SOON), pf.Pending)
    finish.set()

    def late() -> list[tuple[int, str, int]]:
        told = [each for each in ask(journal.load, KEY).events if isinstance(each, Seen)]
        return [(each.seq, each.what, each.request) for each in told if each.verdict == "captured"]

    until(lambda: bool(late()))
    assert late() == [(2, "charge", 1)]
    await payments.recover()
    result = await payments.status(ORDER)
    assert isinstance(result, pf.Paid)
    assert result.option == "b"


@pytest.mark.anyio
async def test_who_leaves_after_the_charge_is_let_go() -> None:
    """The page is closed while the payment's last commit is on its way: nothing else is heard, and it is paid."""
    clock = VirtualClock()
    journal: Any = Holding(MemoryJournal(clock))

    def charge(operation: Operation) -> pf.Answer:
        journal.hold = True
        return captured()

    only = Scripted("only", is_async=True).on(Kind.CHARGE, charge)
    payments = pf.AsyncPayments(**pf.channels({"a": only}, channel={"a": {"last": True}}), journal=journal, clock=clock)
    scope = anyio.CancelScope()

    async def click() -> None:
        with scope:
            await payments.pay(order(), "a")

    async with anyio.create_task_group() as group:
        group.start_soon(click)
        await journal.caught()
        scope.cancel()
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
        journal.let_go()
    assert scope.cancelled_caught
    assert isinstance(await payments.status(ORDER), pf.Paid)
