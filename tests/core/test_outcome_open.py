"""Pending, ActionRequired and NotPaid in detail: what is left to do, until when, and what may still be offered."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import (
    NEVER_SENT,
    QR,
    SILENCE,
    Scripted,
    captured,
    client,
    declined,
    pending,
    says,
)
from credit_shop import CreditShop, refused
from money_shop import ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.ports import Switch
from payfallback.taxonomy import FACTS
from payfallback.testing import VirtualClock

CLOSES = {"close": True, "close_names_trade": True}
CLOSED = says(pf.Verdict.CLOSED, named=True)
EXPIRES: dict[str, Any] = {"expiry": True, "expiry_min": 5.0, "expiry_default": 20.0, "not_found_after": 10.0}
SHOWS = {"starts": "shopper", **CLOSES}
LAST: dict[str, Any] = {"channel": {"a": {"last": True}}}


def shop(clock: VirtualClock, first: Scripted, **policy: Any) -> pf.Payments:
    """Channel `a` is this one, `b` takes what comes to it."""
    return client({"a": first, "b": Scripted("second").on(Kind.CHARGE, captured())}, clock, **policy)


def shown(**declared: Any) -> Scripted:
    """A provider whose code is shown, and about which it then says nothing."""
    return Scripted("first", **{**SHOWS, **declared}).on(Kind.CHARGE, pending(action=QR)).on(Kind.QUERY, pending())


# ---------------------------------------------------------------- what is open


def test_a_code_says_until_when_it_can_be_paid() -> None:
    """The page counts down to the very second that went to the provider."""
    clock, first = VirtualClock(), shown(**EXPIRES)
    result = shop(clock, first).pay(order(), "a")
    assert isinstance(result, pf.ActionRequired)
    assert result.expires_at == clock.epoch() + 20.0 == first.of(Kind.CHARGE)[0].expires_at


def test_a_code_that_ran_out_is_not_shown_again_and_not_left_by_itself() -> None:
    """It may have been paid in its last second: no other way is taken, and by when that is certain is told."""
    clock = VirtualClock()
    payments = shop(clock, shown(**EXPIRES))
    payments.pay(order(), "a", consent=["b"])
    clock.advance(21.0)
    result = payments.status(ORDER)
    assert isinstance(result, pf.Pending)
    assert (result.option, result.switchable_at) == ("a", None)
    assert result.settles_by is not None
    assert result.settles_by > clock.epoch()


def test_a_code_that_is_being_left_is_not_shown_any_more() -> None:
    """The shopper asked for another way and the close is not answered: when it can be left is told, not the code."""
    clock, first = VirtualClock(), shown().on(Kind.CLOSE, SILENCE)
    payments = shop(clock, first)
    payments.pay(order(), "a")
    payments.switch(order(), "b", within=1.0)
    result = payments.status(ORDER)
    assert isinstance(result, pf.Pending)
    assert result.option == "a"
    assert result.switchable_at == result.settles_by is not None


def test_a_code_that_was_scanned_is_not_shown_any_more() -> None:
    """The shopper's bank holds the money: only the capture is missing."""
    clock, first = VirtualClock(), shown(authorises=True).on(Kind.CAPTURE, SILENCE)
    payments = shop(clock, first)
    payments.pay(order(), "a")
    first.on(Kind.QUERY, says(pf.Verdict.AUTHORISED, amount=order().amount))
    result = payments.status(ORDER, ask=True)
    assert isinstance(result, pf.Pending)
    assert result.option == "a"


@pytest.mark.parametrize("told", [pending(action=QR), SILENCE], ids=["a code", "silence"])
def test_an_order_on_a_channel_that_is_gone_can_be_looked_at(told: pf.Answer) -> None:
    """The operator took the channel out of the configuration: what was open there is still told."""
    clock = VirtualClock()
    journal = MemoryJournal(clock)
    first = Scripted("first", **CLOSES, starts="shopper" if told.action else "server")
    first.on(Kind.CHARGE, told).on(Kind.QUERY, SILENCE).on(Kind.CLOSE, SILENCE)
    before = client({"a": first}, clock, journal).pay(order(), "a", within=1.0)
    later = client({"b": Scripted("second")}, clock, journal, channel={"b": {"last": True}}).status(ORDER)
    assert isinstance(later, pf.ActionRequired | pf.Pending)
    assert type(later) is type(before)
    assert (later.option, later.poll_after) == ("a", 2.0)


def test_what_was_sent_with_an_expiry_is_settled_by_it() -> None:
    """The longest time is known beforehand: what went with the charge, not what the channel would take by itself."""
    clock = VirtualClock()
    first = Scripted("first", **EXPIRES).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    payments = shop(clock, first)
    start = clock.epoch()
    result = payments.pay(order(), "a", within=1.0)
    assert isinstance(result, pf.Pending)
    assert result.settles_by is not None
    assert start + 30.0 <= result.settles_by <= start + 40.0


def test_no_promise_is_in_the_past() -> None:
    """However late somebody asks: by when an open order will be certain is still to come."""
    clock, first = VirtualClock(), Scripted("first", **CLOSES).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    payments = shop(clock, first)
    payments.pay(order(), "a", within=1.0)
    clock.advance(300.0)
    result = payments.status(ORDER)
    assert isinstance(result, pf.Pending)
    assert result.settles_by is not None
    assert result.settles_by > clock.epoch()


@pytest.mark.parametrize(
    ("told", "cause"),
    [
        (says(pf.Verdict.PENDING), pf.Cause.AWAITING_SHOPPER),
        (says(pf.Verdict.PENDING, cause=pf.Cause.AWAITING_PROVIDER), pf.Cause.AWAITING_PROVIDER),
        (says(pf.Verdict.UNKNOWN), pf.Cause.AWAITING_PROVIDER),
        (says(pf.Verdict.UNKNOWN, cause=pf.Cause.MAINTENANCE), pf.Cause.MAINTENANCE),
    ],
    ids=["accepted", "the provider works on it", "silence", "trouble"],
)
def test_for_whom_an_open_order_waits(told: pf.Answer, cause: pf.Cause) -> None:
    """As the provider says; else for the shopper where it took the charge, and for the provider where it did not."""
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, told).on(Kind.QUERY, says(pf.Verdict.UNKNOWN))
    payments = client({"a": first}, VirtualClock(), **LAST)
    payments.pay(order(), "a", within=0.5)
    result = payments.status(ORDER)
    assert isinstance(result, pf.Pending)
    assert result.cause is cause


# ---------------------------------------------------------------- what is over


def test_an_order_that_expired_stays_so() -> None:
    """Also when the shop's clock is set back."""
    clock, first = VirtualClock(), Scripted("first", **CLOSES).on(Kind.CHARGE, declined())
    payments = shop(clock, first, pay_by=60.0)
    payments.pay(order(), "a")
    clock.advance(61.0)
    payments.recover()
    clock.jump_epoch(-600.0)
    assert payments.status(ORDER).cause is pf.Cause.EXPIRED


def test_a_charge_that_never_left_is_why_it_was_not_paid() -> None:
    """Who asks later hears the network's trouble, not that there was no route."""
    clock, first = VirtualClock(), Scripted("first", **CLOSES).on(Kind.CHARGE, NEVER_SENT)
    payments = shop(clock, first, backoff=lambda *_: 0.1)
    told = [payments.pay(order(), "a"), payments.status(ORDER)]
    assert [(type(each), each.cause) for each in told] == [(pf.NotPaid, pf.Cause.NETWORK)] * 2


def test_a_refusal_is_why_although_another_channel_was_passed_over() -> None:
    """The shopper's choice was refused; that the fallback was stopped by hand is the shop's own affair."""
    clock = VirtualClock()
    journal = MemoryJournal(clock)
    journal.stop_channel(Switch(channel="b", reason="fees", actor="ops", at=0.0), lambda _: None)
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, declined())
    payments = client({"a": first, "b": Scripted("second")}, clock, journal)
    told = [payments.pay(order(), "a", consent=["b"]), payments.status(ORDER)]
    assert [each.cause for each in told] == [pf.Cause.CREDIT_EXHAUSTED] * 2


def test_a_charge_that_never_left_is_why_although_another_channel_was_passed_over() -> None:
    """The call that tried it says so."""
    clock = VirtualClock()
    journal = MemoryJournal(clock)
    journal.stop_channel(Switch(channel="b", reason="fees", actor="ops", at=0.0), lambda _: None)
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, NEVER_SENT)
    payments = client({"a": first, "b": Scripted("second")}, clock, journal, backoff=lambda *_: 0.1)
    assert payments.pay(order(), "a", consent=["b"]).cause is pf.Cause.NETWORK


def test_an_end_without_a_reason_is_a_refusal_that_nobody_explains() -> None:
    """The provider ended the trade and did not say why."""
    clock, first = VirtualClock(), Scripted("first", **CLOSES).on(Kind.CHARGE, says(pf.Verdict.UNKNOWN))
    first.on(Kind.QUERY, says(pf.Verdict.CLOSED))
    result = shop(clock, first).pay(order(), "a")
    assert isinstance(result, pf.NotPaid)
    assert result.cause is pf.Cause.DECLINED


NOWHERE_ELSE = [cause for cause, facts in FACTS.items() if facts.elsewhere == "no" and cause is not pf.Cause.NO_ROUTE]


@pytest.mark.parametrize("cause", NOWHERE_ELSE, ids=lambda cause: cause.value)
def test_nothing_is_offered_where_no_other_channel_helps(cause: pf.Cause) -> None:
    """What the table of causes says of "elsewhere" holds for offers too."""
    clock, first = VirtualClock(), Scripted("first", **CLOSES).on(Kind.CHARGE, declined(cause))
    result = shop(clock, first, autonomy="offer").pay(order(), "a")
    assert isinstance(result, pf.NotPaid)
    assert (result.cause, result.alternatives) == (cause, ())


@pytest.mark.parametrize(("around", "offered"), [(True, ("wechat", "card")), (False, ())])
def test_another_way_after_a_refusal_for_risk_is_offered_where_the_route_allows(
    around: bool, offered: tuple[str, ...]
) -> None:
    """And nowhere else."""
    shop = CreditShop(refused(pf.Cause.RISK_REJECTED), route={"shop_around_risk": around})
    result = shop.pay("A1", consent=())
    assert isinstance(result, pf.NotPaid)
    assert (result.cause, result.alternatives) == (pf.Cause.RISK_REJECTED, offered)


def test_a_refusal_for_risk_in_the_first_of_two_steps_is_not_shopped_around() -> None:
    """The payment was not even made at the provider: nothing else is offered after it."""
    clock, first = VirtualClock(), Scripted("first", creates=True, **CLOSES)
    first.on(Kind.CREATE, declined(pf.Cause.RISK_REJECTED))
    result = shop(clock, first).pay(order(), "a")
    assert isinstance(result, pf.NotPaid)
    assert (result.cause, result.alternatives) == (pf.Cause.RISK_REJECTED, ())


def test_what_was_closed_is_not_offered_again() -> None:
    """The shopper left it and it was closed; what they tried then was refused: neither is an alternative."""
    clock = VirtualClock()
    first = shown().on(Kind.CLOSE, CLOSED)
    second, third = Scripted("second", **CLOSES).on(Kind.CHARGE, declined()), Scripted("third")
    payments = client({"a": first, "b": second, "c": third}, clock)
    payments.pay(order(), "a")
    told = [payments.switch(order(), "b"), payments.status(ORDER)]
    assert [each.alternatives for each in told] == [("c",)] * 2
