"""What is tried next, and what is not: the choice, the shopper's consent, and what closes an option."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from core_world import NEVER_SENT, QR, SILENCE, Scripted, captured, client, declined, pending, says
from credit_shop import CreditShop, refused, yuan
from long_lives import KEY, ask
from money_shop import order

import payfallback as pf
from payfallback._core.events import Asked, Event, Passed, Would
from payfallback._core.limits import SHORTLY
from payfallback._core.operations import Kind, Operation
from payfallback.ports import Switch
from payfallback.testing import VirtualClock

NAMED: dict[str, Any] = {"close": True, "close_names_trade": True}
REF = b"a key of the shop's own"


def events(payments: pf.Payments, key: str = KEY) -> tuple[Event, ...]:
    """The order's journal."""
    return tuple(ask(payments.journal.load, key).events)


def stop(payments: pf.Payments, clock: VirtualClock, channel: str) -> None:
    """An operator stops a channel by hand."""
    ask(payments.journal.stop_channel, Switch(channel=channel, reason="fees", actor="ops", at=clock.epoch()))
    clock.advance(2.0)


def named(name: str, *told: Any, **declared: Any) -> Scripted:
    """A provider whose silent charges can be closed."""
    provider = Scripted(name, **{**NAMED, **declared}).on(Kind.CHARGE, *told)
    return provider.on(Kind.QUERY, SILENCE).on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))


class ReadClock(VirtualClock):
    """A clock that counts how often it is read."""

    reads = 0

    def epoch(self) -> float:
        """The time."""
        self.reads += 1
        return super().epoch()


@pytest.mark.parametrize(("more", "paid_on"), [((), None), (("c",), "c")], ids=["no other", "one that is open"])
def test_a_silent_charge_is_left_only_for_what_would_be_tried(more: tuple[str, ...], paid_on: str | None) -> None:
    """A channel that refused this shopper yesterday is nothing to fall back to: without another one the silence is
    waited out."""
    clock = VirtualClock()
    first, second, third = named("first", SILENCE), named("second", declined()), named("third", captured())
    payments = client({"a": first, "b": second, "c": third}, clock, ref_key=REF)
    shopper = pf.Shopper(ref="u1")
    payments.pay(pf.Order("B1", order().amount), "b", shopper=shopper)
    result = payments.pay(order(), "a", consent=["b", *more], shopper=shopper, within=20.0)
    assert len(second.of(Kind.CHARGE)) == 1
    assert (result.option if isinstance(result, pf.Paid) else None) == paid_on
    assert bool(first.of(Kind.CLOSE)) is bool(more)


def test_consent_to_a_switch_is_given_with_the_switch() -> None:
    """What the shopper agreed to when the first channel was chosen does not hold for the one they switch to."""
    first, second, third = named("first", pending(action=QR)), named("second", declined()), named("third", captured())
    payments = client({"a": first, "b": second, "c": third}, VirtualClock())
    payments.pay(order(), "a", consent=["b", "c"])
    result = payments.switch(order(), "b")
    assert isinstance(result, pf.NotPaid)
    assert third.asked == []


def test_a_later_click_adds_its_consent() -> None:
    """The first channel is stopped, and the shopper agreed to no other; then they agree to one, which is charged."""
    clock, second = VirtualClock(), named("second", captured())
    payments = client({"a": named("first", captured()), "b": second}, clock)
    stop(payments, clock, "a")
    assert isinstance(payments.pay(order(), "a"), pf.NotPaid)
    assert isinstance(payments.pay(order(), "a", consent=["b"]), pf.Paid)


def test_what_a_later_click_asks_for_is_written_down() -> None:
    """Another choice than the journal knows stands there before it is charged; the same click twice stands there
    once."""
    first, second = named("first", declined()), named("second", captured())
    payments = client({"a": first, "b": second}, VirtualClock())
    payments.pay(order(), "a")
    payments.pay(order(), "a")
    payments.pay(order(), "b")
    asked = [(each.what, each.choice) for each in events(payments) if isinstance(each, Asked)]
    assert asked == [("pay", "a"), ("pay", "b")]


def test_who_certainly_sent_nothing_leaves_the_order_to_another() -> None:
    """A charge that never left says nothing against the next channel, also where it gave no cause."""
    first, second = named("first", says(pf.Verdict.NOT_SENT)), named("second", captured())
    payments = client({"a": first, "b": second}, VirtualClock(), backoff=lambda *_: 0.1)
    result = payments.pay(order(), "a", consent=["b"], within=10.0)
    assert isinstance(result, pf.Paid)
    assert result.option == "b"


@pytest.mark.parametrize("cause", [pf.Cause.INPUT_MISSING, pf.Cause.MERCHANT_CONFIG, pf.Cause.TIME_UP])
def test_what_another_try_cannot_mend_is_not_tried_again(cause: pf.Cause) -> None:
    """A charge that never left for want of an input, of an agreement or of time goes to the next channel at once."""
    first, second = named("first", says(pf.Verdict.NOT_SENT, cause=cause)), named("second", captured())
    payments = client({"a": first, "b": second}, VirtualClock(), backoff=lambda *_: 0.1)
    assert isinstance(payments.pay(order(), "a", consent=["b"], within=10.0), pf.Paid)
    assert len(first.of(Kind.CHARGE)) == 1


def test_a_refusal_for_risk_ends_the_search_at_once() -> None:
    """The channels behind it are not even looked at: nothing is written of them."""
    first, second = named("first", declined(pf.Cause.RISK_REJECTED)), named("second", captured())
    payments = client({"a": first, "b": second}, VirtualClock())
    assert isinstance(payments.pay(order(), "a", consent=["b"]), pf.NotPaid)
    assert [each for each in events(payments) if isinstance(each, Passed)] == []


def test_a_channel_that_refused_an_order_for_risk_is_not_asked_again() -> None:
    """Whatever the shopper clicks, the same order does not go there twice."""
    first = named("first", declined(pf.Cause.RISK_REJECTED))
    payments = client({"a": first}, VirtualClock())
    payments.pay(order(), "a")
    assert isinstance(payments.pay(order(), "a"), pf.NotPaid)
    assert len(first.of(Kind.CHARGE)) == 1


def test_with_half_the_time_gone_a_slow_channel_is_not_started() -> None:
    """A charge needs its `min_time`, or half of what the caller gave; less than that is not worth a try."""
    for took, charged in ((1.9, 1), (2.1, 0)):
        clock = VirtualClock()

        def slowly(_: Operation, clock: VirtualClock = clock, took: float = took) -> pf.Answer:
            clock.advance(took)
            return declined()

        first, second = named("first", slowly), named("second", captured(), min_time=3.0)
        payments = client({"a": first, "b": second}, clock)
        payments.pay(order(), "a", consent=["b"], within=4.0)
        assert len(second.of(Kind.CHARGE)) == charged


def test_what_there_was_no_time_for_may_still_be_offered() -> None:
    """The call ends at once, and the page can offer the channel that was not started: nobody refused anything there."""
    clock = ReadClock()

    def slowly(_: Operation) -> pf.Answer:
        clock.advance(3.0)
        return declined()

    first, second = named("first", slowly), named("second", captured(), min_time=3.0)
    payments = client({"a": first, "b": second}, clock)
    result = payments.pay(order(), "a", consent=["b"], within=4.0)
    assert isinstance(result, pf.NotPaid)
    assert result.alternatives == ("b",)
    assert clock.reads < 100


def test_only_who_observes_says_what_would_have_been_done() -> None:
    """Where we switch ourselves nothing is left to say: the journal holds what was done."""
    first, second = named("first", declined()), named("second", declined())
    payments = client({"a": first, "b": second}, VirtualClock())
    payments.pay(order(), "a", consent=["b"])
    assert [each for each in events(payments) if isinstance(each, Would)] == []


@pytest.mark.parametrize(
    ("answer", "cause"), [(NEVER_SENT, "network"), (declined(), "credit_exhausted")], ids=["never sent", "refused"]
)
def test_who_observes_says_why_it_would_have_gone_on(answer: pf.Answer, cause: str) -> None:
    """Observing, a charge that failed is followed by a note of the next channel and of what would have led there."""
    clock = VirtualClock()
    payments = client({"a": named("first", answer), "b": named("second", captured())}, clock, autonomy="observe")
    payments.pay(order(), "a", consent=["b"])
    (would,) = [each for each in events(payments) if isinstance(each, Would)]
    assert (would.at, would.what, would.option, would.cause) == (clock.epoch(), "charge", "b", cause)


def test_who_observes_says_what_the_gate_would_have_stopped() -> None:
    """A stopped channel is charged all the same, since only its own shop decides; what we would have done is noted."""
    clock, first = VirtualClock(), named("first", captured())
    payments = client({"a": first}, clock, autonomy="observe")
    stop(payments, clock, "a")
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    (would,) = [each for each in events(payments) if isinstance(each, Would)]
    assert (would.at, would.what, would.option, would.cause) == (clock.epoch(), "pass_over", "a", "channel_stopped")


@pytest.mark.parametrize(
    ("answer", "policy"),
    [(declined(pf.Cause.RISK_REJECTED), {}), (declined(), {}), (declined(), {"max_attempts": 1})],
    ids=["nowhere else", "nothing left", "no more attempts"],
)
def test_a_call_that_has_come_to_its_end_ends(answer: pf.Answer, policy: dict[str, Any]) -> None:
    """It does not look again and again at what is over: the time is read for what was done, not hundreds of times."""
    clock, first, second = ReadClock(), named("first", answer), named("second", answer)
    payments = client({"a": first, "b": second}, clock, **policy)
    assert isinstance(payments.pay(order(), "a", consent=["b"]), pf.NotPaid)
    assert clock.reads < 100


def passed(payments: pf.Payments) -> list[tuple[str, str]]:
    """What was passed over, and why."""
    return [(each.option, each.cause) for each in events(payments) if isinstance(each, Passed)]


def test_the_next_channel_without_its_inputs_is_passed_over() -> None:
    """Only the shopper's own choice is refused with an error: the consented channel that needs a code is passed over,
    also when the choice itself was closed and nothing was sent yet."""
    clock = VirtualClock()
    first, second, third = (
        named("first", captured()),
        named("second", captured(), inputs=("code",)),
        named("third", captured()),
    )
    payments = client({"a": first, "b": second, "c": third}, clock)
    stop(payments, clock, "a")
    result = payments.pay(order(), "a", consent=["b", "c"])
    assert isinstance(result, pf.Paid)
    assert (result.option, passed(payments)) == ("c", [("a", "channel_stopped"), ("b", "input_missing")])


class Planning(Scripted):
    """A provider whose adapter cannot plan a charge."""

    def __init__(self, name: str, error: pf.PayfallbackError) -> None:
        super().__init__(name, **NAMED)
        self._error = error

    def memo(self, operation: Operation) -> Mapping[str, str]:
        """Raises."""
        raise self._error


@pytest.mark.parametrize(
    ("error", "cause"),
    [(pf.InputMissing("no code"), "input_missing"), (pf.NumberInvalid("too long"), "merchant_config")],
    ids=["the shopper's", "the shop's"],
)
def test_a_second_channel_that_cannot_be_planned_is_passed_over(error: pf.PayfallbackError, cause: str) -> None:
    """After the first charge an adapter's objection is no error of the call: it says whose trouble it is, and the next
    channel is tried."""
    third = named("third", captured())
    payments = client({"a": named("first", declined()), "b": Planning("second", error), "c": third}, VirtualClock())
    result = payments.pay(order(), "a", consent=["b", "c"])
    assert isinstance(result, pf.Paid)
    assert (result.option, passed(payments)) == ("c", [("b", cause)])


def test_a_glitch_without_terms_is_asked_again() -> None:
    """A limit that cannot be true is asked about again on any option, also on one that the shopper only agreed to."""
    shop = CreditShop(refused(pf.Cause.OVERDUE))
    glitch = refused(pf.Cause.CREDIT_EXHAUSTED, limit=yuan("0.50"))
    shop.wechat.on(Kind.CHARGE, glitch, captured(yuan("5999.00")))
    result = shop.pay("A1", consent=("wechat",))
    assert isinstance(result, pf.Paid)
    assert shop.charged() == ["baitiao/12", "wechat", "wechat"]


def test_a_glitch_is_asked_again_when_just_enough_time_is_left() -> None:
    """The pause and the charge's `min_time` have to fit; after the pause only the charge has."""
    shop = CreditShop(
        refused(pf.Cause.CREDIT_EXHAUSTED, limit=yuan("0.50")), captured(yuan("5999.00")), declares={"min_time": 0.5}
    )
    assert isinstance(shop.pay("A1", consent=(), within=SHORTLY + 0.6), pf.Paid)


@pytest.mark.parametrize("stopped", [False, True])
def test_a_silent_first_step_is_repeated_where_nothing_else_can_be_tried(stopped: bool) -> None:
    """The first of two steps moves nothing: another channel is quicker, but one that is stopped is no other channel."""
    clock = VirtualClock()
    first = Scripted("first", creates=True, **NAMED).on(Kind.CREATE, SILENCE, pending(provider_ref="p1"))
    first.on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": named("second", captured())}, clock, backoff=lambda *_: 0.1)
    if stopped:
        stop(payments, clock, "b")
    result = payments.pay(order(), "a", consent=["b"], within=10.0)
    assert isinstance(result, pf.Paid)
    assert result.option == ("a" if stopped else "b")
