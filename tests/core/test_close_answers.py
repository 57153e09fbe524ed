"""What a provider says when asked to close, and what that proves: only what names the trade, or shows its amount."""

from __future__ import annotations

import pytest
from core_world import SILENCE, Scripted, captured, client, pending, says
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind, Operation
from payfallback.testing import VirtualClock


def left(close: pf.Answer, query: pf.Answer) -> tuple[pf.Payments, pf.Result, Scripted, Scripted]:
    """The shopper leaves channel `a`, which is open, for `b`."""
    first = Scripted("first", close=True, close_names_trade=True).on(Kind.CHARGE, pending())
    first.on(Kind.QUERY, query).on(Kind.CLOSE, close)
    second = Scripted("second", close=True).on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, VirtualClock())
    payments.pay(order(), "a")
    return payments, payments.switch(order(), "b", within=5.0), first, second


@pytest.mark.parametrize(
    ("close", "paid_by"),
    [
        (says(pf.Verdict.CAPTURED), ""),
        (says(pf.Verdict.CAPTURED, named=True), "a"),
        (captured(), "a"),
        (says(pf.Verdict.ACCEPTED), ""),
        (SILENCE, ""),
    ],
    ids=["paid, whatever that was", "this trade is paid", "paid with its amount", "taken", "silent"],
)
def test_already_paid_is_believed_of_this_trade(close: pf.Answer, paid_by: str) -> None:
    """`Already paid` without the trade's own data is asked about; until then nobody else is charged."""
    _, result, first, second = left(close, pending())
    assert first.of(Kind.CLOSE)
    assert second.asked == []
    assert (result.option if isinstance(result, pf.Paid) else "") == paid_by


@pytest.mark.parametrize("named", [True, False])
def test_a_cancel_that_gave_the_money_back_ends_the_trade_it_names(named: bool) -> None:
    """`refunded` by the close itself: the next channel is charged when it says which trade that was."""
    _, result, _, second = left(says(pf.Verdict.REFUNDED, named=named), pending())
    assert type(result) is (pf.Paid if named else pf.Pending)
    assert len(second.of(Kind.CHARGE)) == named


@pytest.mark.parametrize("way", ["cancel", "switch"])
def test_in_observe_what_the_shop_leaves_is_closed(way: str) -> None:
    """Nothing is closed unasked there; what the shop gives up, or leaves for another channel, is."""
    first = Scripted("first", close=True, close_names_trade=True).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    first.on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))
    clock = VirtualClock()
    payments = client({"a": first, "b": Scripted("b", close=True)}, clock, autonomy="observe")
    payments.pay(order(), "a", within=2.0)
    clock.advance(100.0)
    payments.recover()
    assert first.of(Kind.CLOSE) == []
    if way == "cancel":
        payments.cancel(ORDER)
    else:
        payments.switch(order(), "b", within=2.0)
    assert len(first.of(Kind.CLOSE)) == 1


@pytest.mark.parametrize("tells", ["answer", "notice"])
def test_after_a_cancel_that_refunds_a_capture_goes_back(tells: str) -> None:
    """Whoever tells of it, and whatever the cancel did: this attempt cannot pay the order any more."""
    clock = VirtualClock()
    only = Scripted("only", close=True, close_names_trade=True, close_refunds=True).on(Kind.CHARGE, pending())
    only.on(Kind.QUERY, pending()).on(Kind.CLOSE, SILENCE)
    only.on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT))
    second = Scripted("second", close=True)
    payments = client({"a": only, "b": second}, clock)
    payments.pay(order(), "a")
    payments.switch(order(), "b", within=3.0)
    assert only.of(Kind.CLOSE)
    if tells == "notice":
        payments.report("a", f"{ORDER}01", captured())
    only.on(Kind.QUERY, captured())
    for _ in range(4):
        clock.advance(60.0)
        payments.recover()
    assert not isinstance(payments.status(ORDER), pf.Paid)
    assert len(only.of(Kind.REFUND)) == 1


def test_a_trade_that_shows_as_closed_is_over() -> None:
    """The close fell silent; asked, the provider says closed: the next channel is charged."""
    _, result, _, second = left(SILENCE, says(pf.Verdict.CLOSED))
    assert isinstance(result, pf.Paid)
    assert len(second.of(Kind.CHARGE)) == 1


@pytest.mark.parametrize(
    ("declared", "after", "closes"),
    [
        ({}, 1.0, 0),
        ({"close": True, "close_names_trade": True}, 1.0, 1),
        ({"close": True, "close_names_trade": True, "close_until": 600.0}, 1.0, 1),
        ({"close": True, "close_names_trade": True, "close_until": 600.0}, 700.0, 0),
    ],
    ids=["it cannot", "it can", "in time", "too late"],
)
def test_only_what_can_be_closed_is_asked_to_close(declared: dict[str, object], after: float, closes: int) -> None:
    """A cancel sends a close where the channel has one, and while the channel takes it."""
    clock = VirtualClock()
    only = Scripted("only", **declared).on(Kind.CHARGE, pending()).on(Kind.QUERY, pending())
    only.on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))
    payments = client({"a": only}, clock, channel={"a": {"last": True}})
    payments.pay(order(), "a")
    clock.advance(after)
    payments.cancel(ORDER, within=2.0)
    assert len(only.of(Kind.CLOSE)) == closes


def test_an_unanswered_close_is_repeated_at_growing_pauses() -> None:
    """One, two, four seconds: while the shop waits for its cancel, with a question between."""
    clock, at = VirtualClock(), []
    only = Scripted("only", close=True, close_names_trade=True).on(Kind.CHARGE, pending()).on(Kind.QUERY, pending())

    def silent(operation: Operation) -> pf.Answer:
        at.append(clock.monotonic())
        return SILENCE

    only.on(Kind.CLOSE, silent)
    payments = client({"a": only}, clock)
    payments.pay(order(), "a")
    at_first = clock.monotonic()
    assert isinstance(payments.cancel(ORDER, within=10.0), pf.Pending)
    assert [round(each - at_first) for each in at] == [0, 1, 3, 7]


def test_what_was_not_paid_when_the_time_was_up_cannot_pay_any_more() -> None:
    """Asked after `pay_by`, the provider said that it was still open: a later capture goes back."""
    clock = VirtualClock()
    only = Scripted("only").on(Kind.CHARGE, pending()).on(Kind.QUERY, pending())
    only.on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT))
    payments = client({"a": only}, clock, pay_by=60.0, channel={"a": {"last": True}})
    payments.pay(order(), "a", within=1.0)
    clock.advance(70.0)
    payments.recover()
    payments.report("a", f"{ORDER}01", captured())
    clock.advance(60.0)
    payments.recover()
    assert not isinstance(payments.status(ORDER), pf.Paid)
    assert len(only.of(Kind.REFUND)) == 1


def test_one_number_is_sent_as_often_as_its_retries_allow() -> None:
    """Unanswered, not found, and safe to repeat: three times in all, however long the shopper waits."""
    only = Scripted("only", resend=600.0).on(Kind.CHARGE, says(pf.Verdict.UNKNOWN, resendable=True))
    only.on(Kind.QUERY, says(pf.Verdict.NOT_FOUND))
    payments = client({"a": only}, VirtualClock(), channel={"a": {"last": True}}, backoff=lambda channel, resend: 0.5)
    assert isinstance(payments.pay(order(), "a", within=60.0), pf.Pending)
    assert len(only.of(Kind.CHARGE)) == 3


@pytest.mark.parametrize(
    ("declared", "closed_after"),
    [({}, 30.0), ({"lives": 60.0}, 60.0), ({"lives": 60.0, "close_after": 20.0}, 80.0)],
    ids=["patience", "a code that lives for a minute", "and closes late"],
)
def test_recovery_leaves_an_unknown_charge_alone_for_a_while(declared: dict[str, float], closed_after: float) -> None:
    """What the shopper may still be paying is not closed by itself before it has lived; then it is, once."""
    clock = VirtualClock()
    only = Scripted("only", close=True, close_names_trade=True, **declared).on(Kind.CHARGE, SILENCE)
    only.on(Kind.QUERY, pending()).on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))
    payments = client({"a": only}, clock, channel={"a": {"last": True}})
    payments.pay(order(), "a", within=1.0)
    for at in (closed_after - 5.0, 3700.0):
        assert only.of(Kind.CLOSE) == []
        while clock.monotonic() < at:
            clock.advance(1.0)
            payments.recover()
    assert len(only.of(Kind.CLOSE)) == 1


def test_a_code_that_was_shown_is_closed_a_second_after_its_own_expiry() -> None:
    """The shopper holds it: nobody closes it before, whatever else happens, and recovery does when it is over."""
    clock = VirtualClock()
    only = Scripted("only", starts="shopper", close=True, close_names_trade=True, expiry=True, expiry_default=120.0)
    only.on(Kind.CHARGE, pending(action=pf.Qr("https://pay.example/1"))).on(Kind.QUERY, pending())
    only.on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))
    payments = client({"a": only}, clock, channel={"a": {"last": True}})
    assert isinstance(payments.pay(order(), "a", within=5.0), pf.ActionRequired)
    closed: list[float] = []
    while clock.monotonic() < 130.0:
        clock.advance(0.5)
        payments.recover()
        closed += [clock.monotonic()] * (len(only.of(Kind.CLOSE)) - len(closed))
    assert closed == [pytest.approx(121.0, abs=0.6)]
