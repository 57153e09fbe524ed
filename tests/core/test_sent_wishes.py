"""What a call does for what was asked of it, and no more: ask, send again, leave, show, tell."""

from __future__ import annotations

from typing import Any

import pytest
from attack_scene import told
from core_world import (
    ORDER,
    QR,
    SILENCE,
    Scripted,
    captured,
    client,
    meanwhile,
    order,
    pending,
    says,
)
from long_lives import ask

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.ports import Switch
from payfallback.testing import VirtualClock

CLOSES = {"close": True, "close_names_trade": True}
CLOSED = says(pf.Verdict.CLOSED, named=True)
AGAIN = pf.Answer(verdict=pf.Verdict.UNKNOWN, cause=pf.Cause.PROVIDER_ERROR, resendable=True)
NO_PAUSE: dict[str, Any] = {"backoff": lambda *_: 0.1}


def test_a_charge_that_may_be_sent_again_is_asked_about_when_its_status_is_wanted() -> None:
    """To ask how a payment stands is one question, and sends nothing that moves money."""
    clock = VirtualClock()
    only = Scripted("only", resend=600.0, **CLOSES).on(Kind.CHARGE, AGAIN).on(Kind.QUERY, SILENCE)
    payments = client({"a": only}, clock, channel={"a": {"last": True}}, **NO_PAUSE)
    assert isinstance(payments.pay(order(), "a", within=0.6), pf.Pending)
    sent = len(only.asked)
    only.on(Kind.QUERY, captured())
    assert isinstance(payments.status(ORDER, ask=True), pf.Paid)
    assert [each.kind for each in only.asked[sent:]] == [Kind.QUERY]


def test_a_charge_of_another_way_is_sent_again_as_any_other() -> None:
    """The shopper switched, and the new channel's answer allows the same request again: it is made in that call."""
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, pending(action=QR)).on(Kind.CLOSE, CLOSED)
    first.on(Kind.QUERY, pending())
    second = Scripted("second", resend=600.0, **CLOSES).on(Kind.CHARGE, AGAIN, captured())
    payments = client({"a": first, "b": second}, VirtualClock(), **NO_PAUSE)
    assert isinstance(payments.pay(order(), "a"), pf.ActionRequired)
    assert isinstance(payments.switch(order(), "b"), pf.Paid)
    assert [each.resend for each in second.of(Kind.CHARGE)] == [False, True]


def test_observe_sends_nothing_again() -> None:
    """What its answer would allow is left undone."""
    only = Scripted("only", resend=600.0, **CLOSES).on(Kind.CHARGE, AGAIN, captured()).on(Kind.QUERY, SILENCE)
    payments = client({"a": only}, VirtualClock(), channel={"a": {"last": True}}, autonomy="observe", **NO_PAUSE)
    assert isinstance(payments.pay(order(), "a"), pf.Pending)
    assert len(only.of(Kind.CHARGE)) == 1


def silent_shop(**more: Any) -> tuple[pf.Payments, Scripted, Scripted, Scripted]:
    """Channels of which `a` and `b` answer nothing until they are closed."""
    scripted = [Scripted(name, **CLOSES).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE) for name in ("a", "b", "c")]
    for each in scripted:
        each.on(Kind.CLOSE, CLOSED)
    first, second, third = scripted
    third.on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second, "c": third}, VirtualClock(), **more)
    return payments, first, second, third


@pytest.mark.parametrize("autonomy", ["offer", "retry"])
def test_a_click_elsewhere_leaves_nothing_where_leaving_is_the_shops_to_say(autonomy: str) -> None:
    """One way is silent and the shopper clicks another: without a `switch` of the shop's, nothing is closed."""
    payments, first, second, _ = silent_shop(autonomy=autonomy)
    payments.pay(order(), "a", within=1.0)
    assert isinstance(payments.pay(order(), "b", within=5.0), pf.Pending)
    assert first.of(Kind.CLOSE) == []
    assert second.asked == []


def test_another_way_that_falls_silent_is_left_for_the_next() -> None:
    """The shopper switched and agreed to a third: it pays the order in the same call."""
    payments, _, second, _ = silent_shop()
    payments.pay(order(), "a", within=1.0)
    result = payments.switch(order(), "b", consent=["c"], within=30.0)
    assert (type(result), result.switched_from) == (pf.Paid, ("a", "b"))
    assert len(second.of(Kind.CLOSE)) == 1


def test_a_silent_channel_is_not_left_for_one_that_is_shut() -> None:
    """Nothing else could be tried: the payment that is open stays so, and is asked about."""
    payments, first, _, third = silent_shop()
    ask(payments.journal.stop_channel, Switch(channel="c", reason="drill", actor="ops", at=0.0))
    result = payments.pay(order(), "a", consent=["c"], within=30.0)
    assert isinstance(result, pf.Pending)
    assert result.option == "a"
    assert first.of(Kind.CLOSE) == []
    assert third.asked == []


def test_an_order_that_is_given_up_is_told_at_once() -> None:
    """Nothing is open, and the shop hears it without any recovery."""
    payments, _, _, _ = silent_shop()
    payments.pay(order(), "a", within=1.0)
    result = payments.cancel(ORDER, within=30.0)
    assert (type(result), result.cause) == (pf.NotPaid, pf.Cause.CANCELLED)
    assert told(payments) == ["cancelled"]


def test_a_code_that_came_at_the_last_moment_is_shown() -> None:
    """The provider took all the time there was: what it gave is handed to the shopper all the same."""
    clock = VirtualClock()
    only = Scripted("only", starts="shopper", **CLOSES)
    only.on(Kind.CHARGE, meanwhile(lambda: clock.advance(5.0), pending(action=QR)))
    payments = client({"a": only}, clock, channel={"a": {"last": True}})
    assert isinstance(payments.pay(order(), "a", within=5.0), pf.ActionRequired)
    assert len(only.asked) == 1
