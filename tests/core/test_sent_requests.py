"""What a provider is handed with each request: all of it with a charge, and with a question nothing of the shopper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core_world import FIRST, NEVER_SENT, ORDER, SILENCE, Scripted, captured, client, declined, says, settle
from long_lives import KEY, ask
from money_shop import AMOUNT

import payfallback as pf
from payfallback._core.events import Sending
from payfallback._core.operations import Kind, Operation
from payfallback.testing import VirtualClock

CLOSES = {"close": True, "close_names_trade": True}
SHOPPER = pf.Shopper(
    ref="member-7", ip="198.51.100.7", device="d-1", return_url="https://shop.example/r", inputs={"a": {"code": "c-1"}}
)
CONFIGURED = {"a": {"product": "counter", "notify_url": "https://shop.example/n", "last": True}}
TITLED = pf.Order(ORDER, AMOUNT, title="A kettle")


class Keeping(Scripted):
    """A provider whose adapter keeps something of each charge."""

    def memo(self, operation: Operation) -> Mapping[str, str]:
        """What is kept with the attempt."""
        return {"kept": operation.number}


def of_the_shopper(asked: Operation) -> tuple[dict[str, str], str, str, str, str]:
    """What a request says about who pays."""
    return dict(asked.inputs), asked.ref, asked.ip, asked.device, asked.return_url


def of_the_attempt(asked: Operation) -> dict[str, Any]:
    """What a request says about the attempt, whatever is asked."""
    kept = {name: asked.memo[name] for name in ("kept",)}
    told = (asked.number, asked.amount, asked.option.id, asked.order_id, asked.notify_url, asked.product)
    return {"told": told, "memo": kept, "expires_at": asked.expires_at}


def shop(**more: Any) -> tuple[pf.Payments, VirtualClock, Keeping]:
    """One channel that takes everything there is to say."""
    clock = VirtualClock()
    only = Keeping("only", expiry=True, inputs=("code",), **CLOSES)
    only.on(Kind.CHARGE, SILENCE)
    payments = client({"a": only}, clock, channel=CONFIGURED, ref_key=b"k" * 32, **more)
    return payments, clock, only


def test_a_charge_carries_all_that_is_known() -> None:
    """The goods, the shopper, the expiry, the addresses, and that it is no repetition and no refund."""
    payments, clock, only = shop()
    only.on(Kind.CHARGE, captured())
    payments.pay(TITLED, "a", shopper=SHOPPER)
    (charge,) = only.of(Kind.CHARGE)
    assert of_the_attempt(charge) == {
        "told": (FIRST, AMOUNT, "a", ORDER, "https://shop.example/n", "counter"),
        "memo": {"kept": FIRST},
        "expires_at": clock.epoch() + 120.0,
    }
    assert of_the_shopper(charge) == (
        {"code": "c-1"},
        "member-7",
        "198.51.100.7",
        "d-1",
        "https://shop.example/r",
    )
    assert (charge.title, charge.now, charge.sent_at, charge.resend) == (
        "A kettle",
        clock.epoch(),
        clock.epoch(),
        False,
    )
    assert (charge.refund_number, charge.refund_amount, charge.reason, charge.refund_sent_at) == ("", None, "", None)


def test_what_is_asked_later_says_nothing_of_the_shopper() -> None:
    """A question and a close speak of the same attempt, with the same expiry, addresses and kept words, and of nobody:
    neither in the shopper's own call nor when recovery asks, which does not know the goods either."""
    payments, clock, only = shop()
    only.on(Kind.QUERY, SILENCE).on(Kind.CLOSE, SILENCE)
    sent_at = clock.epoch()
    payments.pay(TITLED, "a", shopper=SHOPPER, within=5.0)
    live = len(only.asked)
    settle(payments, clock, 120.0)
    (charge,) = only.of(Kind.CHARGE)
    later = [each for each in only.asked if each.kind is not Kind.CHARGE]
    assert {each.kind for each in later} == {Kind.QUERY, Kind.CLOSE}
    for each in later:
        assert of_the_attempt(each) == of_the_attempt(charge)
        assert of_the_shopper(each) == ({}, "", "", "", "")
        assert (each.sent_at, each.resend, each.refund_number, each.reason) == (sent_at, False, "", "")
    assert {each.title for each in only.asked[:live]} == {"A kettle"}
    assert {each.title for each in only.asked[live:]} == {""}


def test_a_refund_names_itself_and_how_much() -> None:
    """Its own number, its amount, why, and when it was first sent."""
    payments, clock, only = shop()
    only.on(Kind.CHARGE, captured()).on(Kind.REFUND, says(pf.Verdict.ACCEPTED)).on(Kind.QUERY_REFUND, SILENCE)
    payments.pay(TITLED, "a", shopper=SHOPPER)
    clock.advance(60.0)
    asked_at = clock.epoch()
    half = pf.Money(2000, "CNY")
    payments.refund(ORDER, "r-1", half, reason="broken", within=1.0)
    (refund,) = only.of(Kind.REFUND)
    assert (refund.number, refund.refund_number, refund.refund_amount) == (FIRST, f"{FIRST}M1", half)
    assert (refund.reason, refund.refund_sent_at, of_the_shopper(refund)) == ("broken", asked_at, ({}, "", "", "", ""))


def test_a_request_that_never_left_is_followed_by_a_first_one() -> None:
    """Refused connections: the next request is told to be no repetition, sent for the first time."""
    payments, _, only = shop(backoff=lambda *_: 0.5)
    only.on(Kind.CHARGE, NEVER_SENT, NEVER_SENT, captured())
    assert isinstance(payments.pay(TITLED, "a", shopper=SHOPPER), pf.Paid)
    assert [(each.resend, each.sent_at) for each in only.of(Kind.CHARGE)] == [(False, each.now) for each in only.asked]


def test_what_is_sent_again_says_when_it_was_sent_first() -> None:
    """The second request is a repetition; that it never left does not undo the first, which is what is asked about."""
    clock = VirtualClock()
    busy = pf.Answer(verdict=pf.Verdict.DECLINED, cause=pf.Cause.PROVIDER_ERROR, resendable=True)
    only = Scripted("only", resend=600.0, **CLOSES).on(Kind.CHARGE, busy, NEVER_SENT)
    payments = client({"a": only}, clock, channel={"a": {"last": True}}, backoff=lambda *_: 0.5)
    begun = clock.epoch()
    assert isinstance(payments.pay(TITLED, "a", within=5.0), pf.Pending)
    assert [(each.resend, each.sent_at) for each in only.of(Kind.CHARGE)] == [(False, begun), (True, begun)]
    assert {each.sent_at for each in only.of(Kind.QUERY)} == {begun}


def test_a_second_attempt_counts_its_own_requests() -> None:
    """Its first request never left: the next one is its second, and repeats nothing."""
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, declined())
    second = Scripted("second", **CLOSES).on(Kind.CHARGE, NEVER_SENT, captured())
    payments = client({"a": first, "b": second}, VirtualClock(), backoff=lambda *_: 0.5)
    assert isinstance(payments.pay(TITLED, "a", consent=["b"]), pf.Paid)
    assert [each.resend for each in second.of(Kind.CHARGE)] == [False, False]
    sent = [each for each in ask(payments.journal.load, KEY).events if isinstance(each, Sending)]
    assert [(each.seq, each.request) for each in sent] == [(1, 1), (2, 1), (2, 2)]
