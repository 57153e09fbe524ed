"""What is said about a refund that the merchant asked for, and what the merchant hears of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attack_scene import door, refund_notice, told
from core_world import FIRST, NOT_FOUND, SILENCE, Scripted, captured, client, declined, says
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.events import RefundAsked
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.ports import Commit, Done
from payfallback.testing import VirtualClock

LAST = {"channel": {"a": {"last": True}}}
PART = pf.Money.of("20.00", "CNY")
UNDER_WAY = says(pf.Verdict.ACCEPTED)


def sold() -> tuple[pf.Payments, VirtualClock, Scripted]:
    """A paid order; refunds are under way for ever until told otherwise."""
    clock, only = VirtualClock(), Scripted("only").on(Kind.CHARGE, captured())
    only.on(Kind.REFUND, UNDER_WAY).on(Kind.QUERY_REFUND, UNDER_WAY)
    payments = client({"a": only}, clock, **LAST)
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    return payments, clock, only


def look(payments: pf.Payments, clock: VirtualClock, times: int, every: float) -> None:
    """Recovery, so many times."""
    for _ in range(times):
        clock.advance(every)
        payments.recover()


@pytest.mark.parametrize(
    ("said", "state", "cause"),
    [
        (declined(pf.Cause.RISK_REJECTED), "failed", pf.Cause.RISK_REJECTED),
        (declined(pf.Cause.RISK_REJECTED, final=False), "pending", pf.Cause.RISK_REJECTED),
        (says(pf.Verdict.REFUND_FAILED, cause=pf.Cause.DECLINED), "failed", pf.Cause.DECLINED),
        (says(pf.Verdict.REFUND_FAILED, cause=pf.Cause.DECLINED, amount=PART), "failed", pf.Cause.DECLINED),
        (says(pf.Verdict.REFUNDED, amount=AMOUNT), "done", None),
    ],
    ids=["refused for good", "refused", "failed", "failed in part", "done"],
)
def test_the_merchant_hears_what_became_of_a_refund(said: pf.Answer, state: str, cause: pf.Cause | None) -> None:
    """With the provider's cause and reference. Only what is stated to be final fails it."""
    payments, _, only = sold()
    only.on(
        Kind.REFUND,
        pf.Answer(**{**{n: getattr(said, n) for n in ("verdict", "cause", "amount", "final")}, "provider_ref": "R-7"}),
    )
    payments.refund(ORDER, "r-1", reason="the wrong size", within=0.3)
    heard = payments.refund(ORDER, "r-1", within=0.3)
    assert (heard.state, heard.cause, heard.provider_ref) == (state, cause, "R-7")
    assert [each.reason for each in only.of(Kind.REFUND)] == ["the wrong size"]


def test_a_failed_refund_stays_failed() -> None:
    """What is only under way is said late: the refund that failed is not taken up again."""
    payments, clock, only = sold()
    only.on(Kind.REFUND, says(pf.Verdict.REFUND_FAILED))
    assert payments.refund(ORDER, "r-1").state == "failed"
    door(only, clock, payments.journal).notify("a", {}, refund_notice(FIRST, f"{FIRST}M1", AMOUNT.minor, "accepted"))
    assert payments.refund(ORDER, "r-1").state == "failed"


def test_a_refund_that_was_lost_is_sent_again_under_its_number() -> None:
    """The provider does not know it: it is sent again, and says when it was sent first; then it is only asked about."""
    payments, clock, only = sold()
    only.on(Kind.REFUND, ConnectionResetError(), UNDER_WAY).on(Kind.QUERY_REFUND, NOT_FOUND, UNDER_WAY)
    sent_at = clock.epoch()
    payments.refund(ORDER, "r-1", within=1.0)
    look(payments, clock, 6, 30.0)
    assert {(each.refund_number, each.refund_sent_at) for each in only.of(Kind.REFUND)} == {(f"{FIRST}M1", sent_at)}
    assert {each.refund_sent_at for each in only.of(Kind.QUERY_REFUND)} == {sent_at}
    assert len(only.of(Kind.REFUND)) == 2


def test_a_refund_under_way_is_asked_about_sooner_at_first() -> None:
    """Recovery looks after five, fifteen, thirty and sixty seconds, and then seldom."""
    payments, clock, only = sold()
    payments.refund(ORDER, "r-1", within=0.1)
    begun, looked = clock.monotonic(), []
    only.on(Kind.QUERY_REFUND, lambda operation: looked.append(clock.monotonic() - begun) or UNDER_WAY)
    look(payments, clock, 250, 1.0)
    assert [round(each) for each in looked] == [5, 15, 30, 60]


class Meanwhile:
    """A journal: just before the first commit that asks for a refund, something else happens."""

    def __init__(self, inner: MemoryJournal, act: Callable[[], object]) -> None:
        self.inner, self.acts = inner, [act]

    def submit(self, commit: Commit, done: Done) -> None:
        """`done(Receipt)`."""
        if self.acts and any(type(event) is RefundAsked for event in commit.events):
            self.acts.pop()()
        self.inner.submit(commit, done)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@pytest.mark.parametrize("same", [True, False], ids=["one refund", "two refunds"])
def test_two_processes_that_refund_at_once_give_back_no_more_than_was_paid(*, same: bool) -> None:
    """Of one refund id one refund is made; of two that are too much together, the later one fails and is never sent."""
    clock, inner = VirtualClock(), MemoryJournal()
    only = Scripted("only").on(Kind.CHARGE, captured()).on(Kind.REFUND, UNDER_WAY).on(Kind.QUERY_REFUND, UNDER_WAY)
    other = client({"a": only}, clock, inner, **LAST)
    other.pay(order(), "a")
    much = PART if same else pf.Money.of("40.00", "CNY")
    slow = Meanwhile(inner, lambda: other.refund(ORDER, "r-1", much, within=0.1))
    mine = client({"a": only}, clock, slow, **LAST)
    heard = mine.refund(ORDER, "r-1" if same else "r-2", much, within=0.1)
    assert (heard.state, heard.cause) == (("pending", None) if same else ("failed", pf.Cause.DECLINED))
    assert {each.refund_number for each in only.of(Kind.REFUND)} == {f"{FIRST}M1"}
    rest = pf.Money(AMOUNT.minor - much.minor, "CNY")
    assert mine.refund(ORDER, "r-3", rest, within=0.1).state == "pending"


def test_a_part_that_the_merchant_refunded_leaves_the_trade_paid() -> None:
    """The provider shows the trade as refunded, of unknown size, after a part was given back: it is still paid."""
    payments, clock, only = sold()
    only.on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=PART))
    heard = payments.refund(ORDER, "r-1", PART)
    assert (heard.state, heard.provider_ref) == ("done", "")
    payments.report("a", FIRST, says(pf.Verdict.REFUNDED))
    look(payments, clock, 4, 60.0)
    assert isinstance(payments.status(ORDER), pf.Paid)
    assert told(payments) == ["paid"]


@pytest.mark.parametrize("said", [says(pf.Verdict.REFUNDED, amount=PART), says(pf.Verdict.REFUNDED)])
def test_a_trade_that_shows_a_part_refunded_by_hand_is_for_a_person(said: pf.Answer) -> None:
    """Nobody here asked for it, and how much is not all of it or not known: no `refunded`, a person is told."""
    payments, clock, _ = sold()
    payments.report("a", FIRST, said)
    look(payments, clock, 4, 60.0)
    assert isinstance(payments.status(ORDER), pf.Pending)
    assert "refunded" not in told(payments)


def test_a_cancel_that_refunds_is_over_when_the_trade_shows_a_refund() -> None:
    """A cancel that gives the money back was sent: `refunded` of this trade, of whatever size, is its end."""
    clock = VirtualClock()
    only = Scripted("only", close=True, close_names_trade=True, close_refunds=True).on(Kind.CHARGE, SILENCE)
    only.on(Kind.QUERY, SILENCE).on(Kind.CLOSE, SILENCE)
    payments = client({"a": only}, clock, **LAST)
    payments.pay(order(), "a", within=1.0)
    assert isinstance(payments.cancel(ORDER, within=1.0), pf.Pending)
    assert only.of(Kind.CLOSE)
    only.on(Kind.QUERY, says(pf.Verdict.REFUNDED))
    look(payments, clock, 4, 60.0)
    assert isinstance(payments.status(ORDER), pf.NotPaid)
    assert told(payments) == ["cancelled"]
