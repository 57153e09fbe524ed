"""How far it goes by itself: observe, retry, offer, switch; what was agreed to; and what is never shopped around."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import (
    NEVER_SENT,
    QR,
    SILENCE,
    JournalThatFails,
    Scripted,
    captured,
    client,
    declined,
    pending,
    says,
    settle,
)
from money_shop import AMOUNT, ORDER, order, shop

import payfallback as pf
from payfallback._core.events import Would
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.policy import Policy, Route
from payfallback.testing import VirtualClock

CLOSED = says(pf.Verdict.CLOSED, named=True)


class Counter:
    """Two channels; the first does what the test says, the second takes everything."""

    def __init__(self, first: pf.Answer, **policy: Any) -> None:
        self.clock = VirtualClock()
        self.journal = JournalThatFails(MemoryJournal(self.clock))
        self.first = Scripted("first", close=True, close_names_trade=True).on(Kind.CHARGE, first)
        self.first.on(Kind.QUERY, SILENCE).on(Kind.CLOSE, CLOSED)
        self.second = Scripted("second").on(Kind.CHARGE, captured())
        self.payments = client(
            {"a": self.first, "b": self.second}, self.clock, self.journal, backoff=lambda *_: 0.1, **policy
        )

    def pay(self, consent: tuple[str, ...] = ("b",)) -> pf.Result:
        """The shopper clicks the first and agrees to the second."""
        return self.payments.pay(order(), "a", consent=consent)

    def would(self) -> list[tuple[str, str]]:
        """What would have been done with more autonomy."""
        found: list[Any] = []
        self.journal.load(f"|{ORDER}", found.append)
        return [(each.what, each.option) for each in found[0].events if isinstance(each, Would)]


# ---------------------------------------------------------------- the four levels


@pytest.mark.parametrize(
    ("autonomy", "first", "second", "offers"),
    [("observe", 1, 0, ()), ("retry", 1, 0, ()), ("offer", 1, 0, ("b",)), ("switch", 1, 1, ())],
)
def test_a_refusal(autonomy: str, first: int, second: int, offers: tuple[str, ...]) -> None:
    """Only `switch` takes the next channel by itself; `offer` offers it, and below that nobody is told of it."""
    counter = Counter(declined(), autonomy=autonomy)
    result = counter.pay()
    assert (len(counter.first.of(Kind.CHARGE)), len(counter.second.of(Kind.CHARGE))) == (first, second)
    assert result.alternatives == offers
    assert isinstance(result, pf.Paid if second else pf.NotPaid)


@pytest.mark.parametrize(("autonomy", "sends"), [("observe", 1), ("retry", 3), ("offer", 3), ("switch", 3)])
def test_a_charge_that_was_never_sent(autonomy: str, sends: int) -> None:
    """From `retry` on it is sent again on the same channel; `observe` leaves it at one."""
    counter = Counter(NEVER_SENT, autonomy=autonomy)
    counter.pay(consent=())
    assert len(counter.first.of(Kind.CHARGE)) == sends


@pytest.mark.parametrize("autonomy", ["retry", "offer"])
def test_below_switch_silence_is_not_left(autonomy: str) -> None:
    """Nothing is closed while the shopper waits when no other way would be taken."""
    counter = Counter(SILENCE, autonomy=autonomy)
    assert isinstance(counter.pay(), pf.Pending)
    assert counter.first.of(Kind.CLOSE) == []
    assert counter.second.asked == []


# ---------------------------------------------------------------- observe


@pytest.mark.parametrize("answer", [SILENCE, declined(), pending(), NEVER_SENT], ids=lambda each: each.verdict.value)
def test_observe_charges_once_and_does_nothing_else(answer: pf.Answer) -> None:
    """One request on the chosen channel; afterwards recovery asks, and neither closes nor refunds nor charges."""
    counter = Counter(answer, autonomy="observe")
    counter.pay()
    assert [each.kind for each in counter.first.asked] == [Kind.CHARGE]
    settle(counter.payments, counter.clock, 4 * 3600.0)
    assert {each.kind for each in counter.first.asked} <= {Kind.CHARGE, Kind.QUERY}
    assert len(counter.first.of(Kind.CHARGE)) == 1
    assert counter.second.asked == []


def test_observe_keeps_its_hands_off_a_late_capture() -> None:
    """Money that comes after the end is told to a person; `observe` sends nothing back."""
    counter = Counter(SILENCE, autonomy="observe", pay_by=60.0)
    counter.pay()
    counter.first.on(Kind.QUERY, declined())
    settle(counter.payments, counter.clock, 120.0)
    counter.first.on(Kind.QUERY, captured())
    counter.payments.report("a", f"{ORDER}01", captured())
    settle(counter.payments, counter.clock, 4 * 3600.0)
    told: list[str] = []
    counter.payments.deliver(lambda outcome: told.append(outcome.kind))
    assert counter.first.of(Kind.REFUND) == []
    assert told == ["expired", "needs_person"]


@pytest.mark.parametrize("answer", [captured(), declined(), pending(action=QR)], ids=lambda each: each.verdict.value)
def test_observe_lets_the_sale_through_without_a_journal(answer: pf.Answer) -> None:
    """The journal is away: the chosen channel is charged all the same, and the shop hears what came of it."""
    counter = Counter(answer, autonomy="observe")
    counter.journal.away = True
    kinds = {"captured": pf.Paid, "declined": pf.NotPaid, "pending": pf.ActionRequired}
    assert isinstance(counter.pay(), kinds[answer.verdict.value])
    assert len(counter.first.of(Kind.CHARGE)) == 1
    assert counter.second.asked == []


def test_observe_writes_down_the_fallback_it_would_have_made() -> None:
    """After a refusal the journal says which channel would have been charged."""
    counter = Counter(declined(), autonomy="observe")
    counter.pay()
    assert ("charge", "b") in counter.would()


def test_observe_writes_down_the_channel_it_would_have_passed_over() -> None:
    """With the circuit open, the chosen channel is charged all the same, and the journal says what would have been."""
    counter = Counter(NEVER_SENT, autonomy="observe")
    for n in range(6):
        counter.payments.pay(pf.Order(f"B100{n}", AMOUNT), "a")
    counter.pay()
    assert ("pass_over", "a") in counter.would()
    assert len(counter.first.of(Kind.CHARGE)) == 7


# ---------------------------------------------------------------- share


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_share_is_a_part_of_the_orders(share: float) -> None:
    """Autonomy applies to that part of the orders; the rest is observed."""
    counter = Counter(declined(), share=share)
    orders = [pf.Order(f"C{n:04}", AMOUNT) for n in range(200)]
    paid = sum(isinstance(counter.payments.pay(each, "a", consent=["b"]), pf.Paid) for each in orders)
    assert abs(paid / len(orders) - share) <= 0.08


def test_share_is_a_stable_slice() -> None:
    """The same orders are in it in every process, and a larger share only adds orders."""
    slices: list[set[str]] = []
    for share in (0.2, 0.2, 0.6):
        counter = Counter(declined(), share=share)
        orders = [pf.Order(f"C{n:04}", AMOUNT) for n in range(100)]
        slices.append({o.id for o in orders if isinstance(counter.payments.pay(o, "a", consent=["b"]), pf.Paid)})
    assert slices[0] == slices[1] < slices[2]


# ---------------------------------------------------------------- consent


def _credit(answer: dict[str, pf.Answer], **policy: Any) -> tuple[pf.Payments, Scripted]:
    credit = Scripted("credit", close=True, close_names_trade=True)
    credit.on(Kind.CHARGE, lambda operation: answer.get(operation.option.id, captured()))
    given = pf.channels({"baitiao": credit}, terms={"baitiao": (12, 6, 0)}, **policy)
    return pf.Payments(**given), credit


def test_nobody_who_agreed_to_instalments_is_charged_in_full() -> None:
    """12 instalments were refused; 6 and in full come next in the route, and neither was agreed to."""
    payments, credit = _credit({"baitiao/12": declined(pf.Cause.TERM_NOT_SUPPORTED)})
    result = payments.pay(order(), "baitiao/12")
    assert isinstance(result, pf.NotPaid)
    assert result.alternatives == ("baitiao/6", "baitiao/full")
    assert [each.option.id for each in credit.asked] == ["baitiao/12"]


def test_what_was_agreed_to_is_taken_in_the_routes_order() -> None:
    """Only the terms that were ticked are tried, in the order of the route."""
    refused = declined(pf.Cause.TERM_NOT_SUPPORTED)
    payments, credit = _credit({"baitiao/12": refused, "baitiao/6": refused})
    payments.pay(order(), "baitiao/12", consent=["baitiao/full", "baitiao/6"])
    assert [each.option.id for each in credit.asked] == ["baitiao/12", "baitiao/6", "baitiao/full"]


def test_an_agreement_holds_for_a_later_click() -> None:
    """The page was reloaded and sends the choice alone: what was ticked before still counts."""
    clock = VirtualClock()
    first = Scripted("first", close=True, close_names_trade=True).on(Kind.CHARGE, SILENCE)
    first.on(Kind.QUERY, SILENCE, SILENCE, SILENCE, declined())
    second = Scripted("second").on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, clock)
    payments.pay(order(), "a", consent=["b"], within=1.0)
    first.on(Kind.QUERY, declined())
    clock.advance(20.0)
    assert isinstance(payments.pay(order(), "a"), pf.Paid)


def test_always_ask_is_asked_always() -> None:
    """An option of `always_ask` is never taken by itself, whatever was ticked; it is offered, and can be chosen."""
    counter = Counter(declined())
    made = counter.payments.policy
    route = Route(name="default", order=made.routes[0].order, always_ask=(pf.Option("b"),))
    payments = pf.Payments(
        Policy(channels=made.channels, routes=(route,)), {"a": counter.first, "b": counter.second}, clock=counter.clock
    )
    result = payments.pay(order(), "a", consent=["b"])
    assert isinstance(result, pf.NotPaid)
    assert result.alternatives == ("b",)
    assert isinstance(payments.pay(order(), "b"), pf.Paid)


# ---------------------------------------------------------------- what is not shopped around


def _routed(cause: pf.Cause, *, around: bool) -> tuple[pf.Result, Scripted]:
    counter = Counter(declined(cause))
    made = counter.payments.policy
    route = Route(name="default", order=made.routes[0].order, shop_around_risk=around)
    payments = pf.Payments(
        Policy(channels=made.channels, routes=(route,)), {"a": counter.first, "b": counter.second}, clock=counter.clock
    )
    return payments.pay(order(), "a", consent=["b"]), counter.second


def test_a_risk_refusal_is_not_shopped_around() -> None:
    """Refused for risk: no other channel is tried, and none is offered."""
    result, second = _routed(pf.Cause.RISK_REJECTED, around=False)
    assert isinstance(result, pf.NotPaid)
    assert result.alternatives == ()
    assert second.asked == []


def test_a_route_may_allow_it() -> None:
    """With `shop_around_risk` the next channel is tried."""
    result, _ = _routed(pf.Cause.RISK_REJECTED, around=True)
    assert isinstance(result, pf.Paid)


def test_a_shopper_who_cancelled_is_not_charged_elsewhere() -> None:
    """The shopper said no on the provider's page: another way is offered, and not taken."""
    result, second = _routed(pf.Cause.SHOPPER_CANCELLED, around=True)
    assert isinstance(result, pf.NotPaid)
    assert result.alternatives == ("b",)
    assert second.asked == []


def test_a_shown_code_is_not_left_by_itself() -> None:
    """A QR code in the shopper's hand is left only at the shopper's wish, however long it takes."""
    with shop({"a": "qr", "b": "named"}).lab() as lab:
        assert isinstance(lab.client.pay(order(), "a", consent=["b"], within=60.0), pf.ActionRequired)
        assert len(lab.ledger.arrivals(kind=Kind.CHARGE)) == 1


def test_a_code_that_was_never_shown_is_left_at_once() -> None:
    """The answer with the QR code was lost: nobody can pay it, and the next channel is charged."""
    with shop({"a": "qr", "b": "named"}).lab() as lab:
        lab.outage("a", "reply_lost", operation="charge")
        result = lab.client.pay(order(), "a", consent=["b"])
        assert isinstance(result, pf.Paid)
        assert result.switched_from == ("a",)
        lab.settle()
        lab.assert_promises_kept()


def test_no_order_gets_more_attempts_than_the_policy_says() -> None:
    """`max_attempts` ends the chain of fallbacks."""
    clock = VirtualClock()
    names = "abcde"
    providers = {name: Scripted(name).on(Kind.CHARGE, declined()) for name in names}
    channel = {name: {"last": True} for name in names}
    result = client(providers, clock, max_attempts=3, channel=channel).pay(order(), "a", consent=list(names))
    assert isinstance(result, pf.NotPaid)
    assert [len(each.asked) for each in providers.values()] == [1, 1, 1, 0, 0]
