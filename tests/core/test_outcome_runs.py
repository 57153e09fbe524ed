"""A run over an order that is known: closed orders, routes that were renamed, wishes in the journal, and errors."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import pytest
from core_world import (
    QR,
    SILENCE,
    Scripted,
    captured,
    client,
    declined,
    pending,
    says,
)
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.events import Asked
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.policy import Policy, Route
from payfallback.ports import Commit, Done, Journal
from payfallback.testing import VirtualClock

CLOSES = {"close": True, "close_names_trade": True}
CLOSED = says(pf.Verdict.CLOSED, named=True)


def shown() -> Scripted:
    """A provider whose code is shown, not paid, and can be closed."""
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, pending(action=QR)).on(Kind.QUERY, pending())
    return first.on(Kind.CLOSE, CLOSED)


def routed(name: str, providers: Mapping[str, Any], clock: VirtualClock, journal: Journal, **more: Any) -> pf.Payments:
    """A process of the shop whose only route has this name."""
    made: Policy = pf.channels(providers)["policy"]
    route = Route(name=name, order=made.routes[0].order, **more)
    policy = Policy(channels=made.channels, routes=(route,))
    return pf.Payments(policy, providers, journal, clock=clock, sleep=clock.sleep)


def wishes(journal: Journal) -> list[Asked]:
    """What the shop asked for, as the order's journal tells it."""
    found: list[Any] = []
    journal.load(f"|{ORDER}", found.append)
    return [each for each in found[0].events if isinstance(each, Asked)]


# ---------------------------------------------------------------- orders that are over


def test_a_cancelled_order_is_not_switched() -> None:
    """The shop that gave it up has to ask under a new id, by whatever call."""
    payments = client({"a": shown(), "b": Scripted("second").on(Kind.CHARGE, captured())}, VirtualClock())
    payments.pay(order(), "a")
    assert isinstance(payments.cancel(ORDER), pf.NotPaid)
    for call in (payments.pay, payments.switch):
        with pytest.raises(pf.OrderClosed):
            call(order(), "b")


def test_a_payment_is_not_taken_over_for_an_order_that_is_over() -> None:
    """It conflicts with what is known: `adopt` says so, whatever ended the order."""
    clock = VirtualClock()
    payments = client({"a": shown()}, clock)
    payments.pay(order(), "a")
    payments.cancel(ORDER)
    with pytest.raises(pf.OrderConflict):
        payments.adopt(order(), "a", "OLD0000001", sent_at=clock.epoch())


# ---------------------------------------------------------------- routes


def test_what_may_be_offered_is_known_without_the_order() -> None:
    """Who only asks for the status gets the alternatives of the route that the order was paid by."""
    clock = VirtualClock()
    journal = MemoryJournal(clock)
    providers = {"a": shown(), "b": Scripted("second", **CLOSES), "c": Scripted("third")}
    routed("summer", providers, clock, journal).pay(order(), "a")
    assert routed("summer", providers, clock, journal).status(ORDER).alternatives == ("b", "c")


def test_an_order_whose_route_is_gone_can_be_looked_at() -> None:
    """The operator renamed the route: nothing is offered of it, and the order is told as it stands."""
    clock = VirtualClock()
    journal = MemoryJournal(clock)
    providers = {"a": shown(), "b": Scripted("second")}
    routed("summer", providers, clock, journal).pay(order(), "a")
    result = routed("winter", providers, clock, journal).status(ORDER)
    assert isinstance(result, pf.ActionRequired)
    assert result.alternatives == ()


def test_an_order_goes_on_by_the_route_of_today() -> None:
    """The next click on an order that began under another name of the route falls back as it is configured now."""
    clock = VirtualClock()
    journal = MemoryJournal(clock)
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    providers = {"a": first, "b": Scripted("second").on(Kind.CHARGE, captured())}
    routed("summer", providers, clock, journal).pay(order(), "a", within=1.0)
    first.on(Kind.QUERY, declined())
    result = routed("winter", providers, clock, journal).pay(order(), "a", consent=["b"])
    assert isinstance(result, pf.Paid)
    assert result.option == "b"


# ---------------------------------------------------------------- what the shop asked for


def test_what_was_agreed_to_once_holds_for_the_next_click() -> None:
    """The shopper ticked the fallback at the first click; a reload of the page did not take it back."""
    clock = VirtualClock()
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE).on(Kind.CLOSE, SILENCE)
    payments = client({"a": first, "b": Scripted("second").on(Kind.CHARGE, captured())}, clock)
    assert isinstance(payments.pay(order(), "a", consent=["b"], within=1.0), pf.Pending)
    first.on(Kind.QUERY, declined())
    assert isinstance(payments.pay(order(), "a"), pf.Paid)


def test_the_story_says_what_was_asked_for() -> None:
    """When, what, by which choice and consent, and by which route."""
    clock = VirtualClock()
    start = clock.epoch()
    payments = client({"a": shown(), "b": Scripted("second").on(Kind.CHARGE, captured())}, clock)
    payments.pay(order(), "a", consent=["b"])
    clock.advance(7.0)
    payments.switch(order(), "b")
    told = [(each.at, each.what, each.choice, each.consent, each.route) for each in wishes(payments.journal)]
    assert told == [(start, "pay", "a", ("b",), "default"), (start + 7.0, "switch", "b", (), "default")]


def test_a_choice_of_no_route_is_written_down_as_such() -> None:
    """No route matches the order, and the shopper chose: the story names no route."""
    clock = VirtualClock()
    journal = MemoryJournal(clock)
    only = Scripted("only").on(Kind.CHARGE, captured())
    made: Policy = pf.channels({"a": only}, channel={"a": {"last": True}})["policy"]
    policy = Policy(channels=made.channels, routes=())
    payments = pf.Payments(policy, {"a": only}, journal, clock=clock, sleep=clock.sleep)
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    assert [each.route for each in wishes(journal)] == [""]


# ---------------------------------------------------------------- how much is done


class Counting(VirtualClock):
    """A clock that counts how often it is looked at."""

    looks = 0

    def epoch(self) -> float:
        """The shop's time."""
        self.looks += 1
        return super().epoch()


@pytest.mark.parametrize("call", ["pay", "status"])
def test_a_call_that_can_do_no_more_ends(call: str) -> None:
    """Nobody answers about the open charge: the call asks, and looks no further when its time is over."""
    clock, only = Counting(), Scripted("only").on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    payments = client({"a": only}, clock, channel={"a": {"last": True}})
    payments.pay(order(), "a", within=1.0)
    clock.looks = 0
    result = payments.pay(order(), "a", within=1.0) if call == "pay" else payments.status(ORDER, ask=True)
    assert isinstance(result, pf.Pending)
    assert clock.looks < 100


# ---------------------------------------------------------------- what is told


def test_what_happens_in_one_call_is_all_heard() -> None:
    """A cancelled order turns out to be paid, and its money cannot go back: each step is told when it is durable."""
    clock, heard = VirtualClock(), []
    first = shown().on(Kind.REFUND, declined(pf.Cause.MERCHANT_CONFIG))

    def observer(event: str, /, **fields: Any) -> None:
        heard.append((event, fields["order_id"])) if event.startswith(("order.", "surplus.")) else None

    payments = client({"a": first}, clock, observer=observer, surplus_tries=1)
    payments.pay(order(), "a")
    first.on(Kind.QUERY, captured())
    payments.cancel(ORDER)
    assert heard == [(event, ORDER) for event in ("surplus.found", "order.cancelled", "order.needs_person")]


def test_a_payment_loads_no_logging_that_nobody_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below a warning nothing is put together, and structlog stays on the disk, until the shop configures it."""
    for name in [each for each in sys.modules if each.partition(".")[0] == "structlog"]:
        monkeypatch.delitem(sys.modules, name)
    only = Scripted("only").on(Kind.CHARGE, captured())
    payments = client({"a": only}, VirtualClock(), channel={"a": {"last": True}})
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    assert "structlog" not in sys.modules


class Broken(MemoryJournal):
    """A journal of somebody else's, which fails with an error of its own."""

    def submit(self, commit: Commit, done: Done, *, may_block: bool = False) -> None:
        """It does not know how errors are called here."""
        done(OSError("no space left on device"))


def test_an_error_of_a_journal_of_ones_own_is_a_journal_that_is_away() -> None:
    """The shop catches one error for all journals; what the journal said stands beside it, and nothing was sent."""
    clock, only = VirtualClock(), Scripted("only").on(Kind.CHARGE, captured())
    payments = client({"a": only}, clock, Broken(clock), channel={"a": {"last": True}})
    with pytest.raises(pf.JournalUnavailable) as caught:
        payments.pay(order(), "a")
    assert (caught.value.message, caught.value.hint) == ("the journal cannot be used", "no space left on device")
    assert only.asked == []


def test_after_a_number_that_is_taken_the_next_channel_is_tried() -> None:
    """The fallback's number belongs to another order: it is passed over, and what the shopper agreed to next pays."""
    clock = VirtualClock()
    providers = {name: Scripted(name).on(Kind.CHARGE, declined()) for name in "ac"}
    providers |= {name: Scripted(name).on(Kind.CHARGE, captured()) for name in "bd"}
    payments = client(providers, clock, channel={name: {"last": True} for name in "abcd"})
    assert payments.pay(pf.Order("A1001", AMOUNT), "a", consent=["b"]).option == "b"
    assert payments.pay(pf.Order("A-1001", AMOUNT), "c", consent=["b", "d"]).option == "d"
    assert len(providers["b"].asked) == 1
