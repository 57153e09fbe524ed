"""How an answer becomes evidence: what is kept of it, what is of another trade, and what was told before."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import FIRST, NOT_FOUND, ORDER, SILENCE, Scripted, captured, client, order, pending, says, settle
from long_lives import KEY, ask
from test_last_looks import fell_back

import payfallback as pf
from payfallback._core.events import Event, Planned, Seen, Sending
from payfallback._core.operations import Kind
from payfallback.testing import VirtualClock

CLOSES = {"close": True, "close_names_trade": True}


def open_order(query: pf.Answer = SILENCE, charge: pf.Answer = SILENCE) -> tuple[pf.Payments, VirtualClock, Scripted]:
    """One charge on the only channel."""
    clock = VirtualClock()
    only = Scripted("only").on(Kind.CHARGE, charge).on(Kind.QUERY, query)
    payments = client({"a": only}, clock, channel={"a": {"last": True}})
    payments.pay(order(), "a", within=1.0)
    return payments, clock, only


def events(payments: pf.Payments) -> tuple[Event, ...]:
    """The order's journal."""
    found: tuple[Event, ...] = ask(payments.journal.load, KEY).events
    return found


def seen(payments: pf.Payments, what: str) -> list[Seen]:
    """The evidence of one kind."""
    return [each for each in events(payments) if isinstance(each, Seen) and each.what == what]


@pytest.mark.parametrize("other", [{"number": "OTHER00001"}, {"account": "only/m2//production"}], ids=["trade", "shop"])
def test_evidence_of_something_else_proves_nothing(other: dict[str, Any]) -> None:
    """Another number, or another account: it is written down as a contradiction, and the order is not paid by it."""
    payments, clock, _ = open_order()
    result = payments.report("a", FIRST, captured(**other))
    assert isinstance(result, pf.Pending)
    (told,) = seen(payments, "notice")
    assert (told.at, told.seq, told.verdict, told.cause) == (clock.epoch(), 1, "unknown", "contradiction")
    assert (told.source, told.request, told.asked_at, told.minor) == ("report", 0, 0.0, None)


def test_an_answer_of_something_else_is_dated_as_any_other() -> None:
    """Its request and its question are known, and it proves nothing."""
    payments, _, only = open_order(query=captured(number="OTHER00001"), charge=captured(number="OTHER00001"))
    assert isinstance(payments.status(ORDER, ask=False), pf.Pending)
    (charge,), asked = seen(payments, "charge"), seen(payments, "query")
    assert (charge.request, charge.verdict, charge.source) == (1, "unknown", "answer")
    assert [each.asked_at for each in asked] == [each.now for each in only.of(Kind.QUERY)]


@pytest.mark.parametrize("verdict", [pf.Verdict.ACCEPTED, pf.Verdict.NOT_FOUND, pf.Verdict.REFUND_FAILED])
def test_what_is_no_answer_to_a_charge_is_a_silence(verdict: pf.Verdict) -> None:
    """It is not known what became of the charge."""
    payments, _, _ = open_order(charge=says(verdict))
    assert [each.verdict for each in seen(payments, "charge")] == ["unknown"]
    assert isinstance(payments.status(ORDER, ask=False), pf.Pending)


def test_what_a_provider_says_is_kept_in_measure() -> None:
    """Its code to 64 characters, its text to 200; what its adapter wants kept comes back with the next question."""
    answer = pf.Answer(
        verdict=pf.Verdict.UNKNOWN, cause=pf.Cause.TIMEOUT, code="c" * 99, text="t" * 999, memo={"token": "k-1"}
    )
    payments, _, only = open_order(charge=answer)
    payments.status(ORDER)
    (told,) = seen(payments, "charge")
    assert (told.code, told.text, told.minor, told.currency) == ("c" * 64, "t" * 200, None, "")
    assert [dict(each.memo) for each in only.of(Kind.QUERY)][-1] == {"token": "k-1"}


def test_a_report_is_evidence_of_its_own_kind() -> None:
    """It answers no request and no question, and names no refund."""
    payments, _, _ = open_order()
    assert isinstance(payments.report("a", FIRST, captured()), pf.Paid)
    (told,) = seen(payments, "notice")
    assert (told.source, told.request, told.asked_at, told.refund) == ("report", 0, 0.0, "")
    assert (told.minor, told.currency) == (5900, "CNY")


@pytest.mark.parametrize(
    ("said", "times"), [(pending(), 1), (NOT_FOUND, 2), (SILENCE, 0)], ids=lambda each: str(each)[:9]
)
def test_what_is_told_again_is_not_written_again(said: pf.Answer, times: int) -> None:
    """The shopper has not paid yet, or nobody knows the trade: written down while it says something new."""
    payments, clock, only = open_order(query=said)
    settle(payments, clock, 1200.0)
    assert len(only.of(Kind.QUERY)) > 4
    assert len(seen(payments, "query")) == times


def test_a_closed_trade_that_is_still_closed_is_not_written_again() -> None:
    """A dead attempt is asked about for two days, and nothing new is heard."""
    payments, clock, first, _ = fell_back()
    settle(payments, clock, 86400.0)
    assert len(first.of(Kind.QUERY)) > 1
    assert [each.verdict for each in seen(payments, "query")].count("closed") == 1


def test_an_adopted_payment_is_written_down_as_it_was() -> None:
    """Planned now, sent when other code sent it, as its first request; nothing is kept for an adapter."""
    clock = VirtualClock()
    payments = client({"a": Scripted("only", **CLOSES)}, clock)
    sent_at = clock.epoch() - 60.0
    payments.adopt(order(), "a", "OLD0000001", sent_at=sent_at)
    plan, sent = events(payments)[-2:]
    assert isinstance(plan, Planned)
    assert isinstance(sent, Sending)
    assert (plan.at, plan.number, plan.starts, dict(plan.memo)) == (clock.epoch(), "OLD0000001", "server", {})
    assert (sent.at, sent.request, sent.what, sent.until) == (sent_at, 1, "charge", sent_at)


def test_a_payment_is_adopted_once() -> None:
    """Also when it is over; another one of the same order can be taken over then."""
    clock = VirtualClock()
    payments = client({"a": Scripted("only", **CLOSES)}, clock)
    payments.adopt(order(), "a", "OLD0000001", sent_at=clock.epoch())
    payments.report("a", "OLD0000001", says(pf.Verdict.CLOSED, named=True))
    with pytest.raises(pf.OrderConflict):
        payments.adopt(order(), "a", "OLD0000001", sent_at=clock.epoch())
    payments.adopt(order(), "a", "OLD0000002", sent_at=clock.epoch())
    assert [each.number for each in events(payments) if isinstance(each, Planned)] == ["OLD0000001", "OLD0000002"]
