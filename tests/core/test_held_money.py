"""Money that is held and then taken: captures that are unanswered, never sent, or too late."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import NEVER_SENT, SILENCE, Scripted, captured, client, declined, says
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind, Operation
from payfallback.testing import VirtualClock

HELD = says(pf.Verdict.AUTHORISED, amount=AMOUNT)
LAST = {"channel": {"a": {"last": True}}}


def holds(**declared: Any) -> Scripted:
    """A channel that holds first, closes by name, and still holds when it is asked."""
    card = Scripted("card", authorises=True, close=True, close_names_trade=True, **declared)
    card.on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))
    return card.on(Kind.CHARGE, HELD).on(Kind.QUERY, HELD)


def kinds(card: Scripted) -> list[str]:
    """What it was asked, in turn."""
    return [each.kind.value for each in card.asked]


def test_an_unanswered_capture_is_asked_about_and_repeated_at_growing_pauses() -> None:
    """One question after each capture, and two, four, eight seconds until the next."""
    clock, at = VirtualClock(), []

    def silent(operation: Operation) -> pf.Answer:
        at.append(clock.monotonic())
        return SILENCE

    card = holds().on(Kind.CAPTURE, silent)
    assert isinstance(client({"a": card}, clock, **LAST).pay(order(), "a", within=18.0), pf.Pending)
    assert [round(later - at[0]) for later in at] == [0, 2, 6, 14]
    assert kinds(card) == ["charge", *["capture", "query"] * 4]


def test_a_capture_that_was_never_sent_is_simply_sent() -> None:
    """Only the first one: nothing is there to be asked about. It waits a second."""
    clock = VirtualClock()
    card = holds().on(Kind.CAPTURE, NEVER_SENT, captured())
    assert isinstance(client({"a": card}, clock, **LAST).pay(order(), "a", within=10.0), pf.Paid)
    assert kinds(card) == ["charge", "capture", "capture"]
    assert round(clock.monotonic()) == 1


def test_a_capture_that_was_never_sent_after_one_that_may_have_been_is_asked_about() -> None:
    """The first fell silent: that the second never left says nothing of the first."""
    card = holds().on(Kind.CAPTURE, SILENCE, NEVER_SENT, captured())
    assert isinstance(client({"a": card}, VirtualClock(), **LAST).pay(order(), "a", within=20.0), pf.Paid)
    assert kinds(card) == ["charge", "capture", "query", "capture", "query", "capture"]


@pytest.mark.parametrize("capture", [SILENCE, NEVER_SENT], ids=["may be taken", "only held"])
@pytest.mark.parametrize("way", ["cancel", "switch", "time"])
def test_what_is_held_is_let_go_when_nobody_wants_it(way: str, capture: pf.Answer) -> None:
    """Given up, left for another channel, or out of time: no capture is sent any more, the hold is closed."""
    clock = VirtualClock()
    card, other = holds().on(Kind.CAPTURE, capture), Scripted("other").on(Kind.CHARGE, captured())
    payments = client({"a": card, "b": other}, clock, pay_by=60.0, channel={"b": {"last": True}})
    assert isinstance(payments.pay(order(), "a", within=0.8), pf.Pending)
    sent = len(card.of(Kind.CAPTURE))
    if way == "cancel":
        payments.cancel(ORDER)
    elif way == "switch":
        assert isinstance(payments.switch(order(), "b"), pf.Paid)
    else:
        clock.advance(60.0 - clock.monotonic())
        payments.resolve(ORDER)
    assert (len(card.of(Kind.CAPTURE)), len(card.of(Kind.CLOSE))) == (sent, 1)


def test_a_question_that_was_never_sent_says_nothing_of_the_charge() -> None:
    """The charge fell silent and the look-ups cannot leave the house: it is neither repeated nor taken for unsent."""
    first = Scripted("first", close=True, close_names_trade=True).on(Kind.CHARGE, SILENCE)
    first.on(Kind.QUERY, NEVER_SENT).on(Kind.CLOSE, NEVER_SENT)
    second = Scripted("second").on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, VirtualClock(), channel={"b": {"last": True}})
    assert isinstance(payments.pay(order(), "a", consent=["b"], within=20.0), pf.Pending)
    assert len(first.of(Kind.CHARGE)) == 1
    assert second.asked == []


@pytest.mark.parametrize("capture", [SILENCE, NEVER_SENT], ids=["may be taken", "only held"])
def test_in_observe_what_the_shop_gives_up_is_let_go(capture: pf.Answer) -> None:
    """Closing unasked is not for `observe`; closing what the shop cancels is."""
    card = holds().on(Kind.CAPTURE, capture)
    payments = client({"a": card}, VirtualClock(), autonomy="observe")
    payments.pay(order(), "a", within=0.8)
    assert card.of(Kind.CLOSE) == []
    payments.cancel(ORDER)
    assert len(card.of(Kind.CLOSE)) == 1


def test_a_refused_capture_says_nothing_of_what_is_held() -> None:
    """The provider will not take it: the hold is still there, so it is asked about, and nobody else is charged."""
    card = holds().on(Kind.CAPTURE, declined())
    other = Scripted("other").on(Kind.CHARGE, captured())
    payments = client({"a": card, "b": other}, VirtualClock(), channel={"b": {"last": True}})
    assert isinstance(payments.pay(order(), "a", consent=["b"], within=1.5), pf.Pending)
    assert kinds(card) == ["charge", "capture", "query"]
    assert other.asked == []
