"""What is left of an order whose story is gone: its wishes, its refunds and its times still count, and are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from attack_scene import door, refund_notice, told
from core_world import (
    FIRST,
    QR,
    Scripted,
    captured,
    client,
    declined,
    meanwhile,
    pending,
    says,
    settle,
)
from long_lives import KEY, ask
from money_shop import AMOUNT, ORDER, order
from test_retention_lives import gone

import payfallback as pf
from payfallback._core.operations import Kind, Operation
from payfallback.testing import VirtualClock

CLOSES = {"close": True, "close_names_trade": True}
CLOSED = says(pf.Verdict.CLOSED, named=True)
BACK = says(pf.Verdict.REFUNDED, amount=AMOUNT, named=True)
SECOND = f"{ORDER}02"
WHOLE = 5900


def code_shown(clock: VirtualClock, **policy: Any) -> tuple[pf.Payments, Scripted]:
    """Channel `a` shows a code, and can close it; `b` takes what comes."""
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, pending(action=QR)).on(Kind.QUERY, pending())
    first.on(Kind.CLOSE, CLOSED).on(Kind.REFUND, BACK)
    second = Scripted("second", **CLOSES).on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, clock, **policy)
    payments.pay(order(), "a")
    return payments, first


def paid_late(payments: pf.Payments, clock: VirtualClock, first: Scripted) -> list[Operation]:
    """Months later the old code is paid all the same: what the library sends back by itself."""
    gone(payments, clock)
    first.on(Kind.QUERY, captured())
    payments.report("a", FIRST, captured())
    settle(payments, clock, 600.0)
    return first.of(Kind.REFUND)


def test_an_order_that_was_given_up_stays_given_up() -> None:
    """A late capture of it goes back; it never becomes a sale, and the shop hears nothing of it."""
    clock = VirtualClock()
    payments, first = code_shown(clock)
    payments.cancel(ORDER)
    assert len(paid_late(payments, clock, first)) == 1
    assert isinstance(payments.status(ORDER), pf.NotPaid)
    assert told(payments) == []


@pytest.mark.parametrize("left", [True, False], ids=["by the shop", "by time"])
def test_what_only_observes_gives_back_what_the_shop_wished_to_leave(left: bool) -> None:
    """An order that was opened under `observe` stays so for ever: a late capture goes back by itself where the shop had
    left the attempt, and is for a person where its time had run out."""
    clock = VirtualClock()
    payments, first = code_shown(clock, autonomy="observe")
    if left:
        assert isinstance(payments.switch(order(), "b"), pf.Paid)
    else:
        first.on(Kind.QUERY, CLOSED)
    assert len(paid_late(payments, clock, first)) == left
    assert told(payments) == ([] if left else ["needs_person"])


def test_a_refund_that_bounces_years_later_stands_before_a_person() -> None:
    """The provider had called the surplus's refund done; that it failed contradicts what is left of the story."""
    clock = VirtualClock()
    payments, first = code_shown(clock)
    assert isinstance(payments.switch(order(), "b"), pf.Paid)
    first.on(Kind.QUERY, captured())
    payments.report("a", FIRST, captured())
    settle(payments, clock, 600.0)
    gone(payments, clock)
    door(first, clock, payments.journal).notify("a", {}, refund_notice(FIRST, f"{FIRST}R1", WHOLE, "refund_failed"))
    settle(payments, clock, 600.0)
    assert told(payments) == ["needs_person"]
    assert len(first.of(Kind.REFUND)) == 1


def test_a_merchants_refund_that_bounces_years_later_stands_before_a_person() -> None:
    """As it would have while its story was there."""
    clock = VirtualClock()
    only = Scripted("first").on(Kind.CHARGE, captured()).on(Kind.REFUND, BACK)
    payments = client({"a": only}, clock)
    payments.pay(order(), "a")
    assert payments.refund(ORDER, "r-1").state == "done"
    gone(payments, clock)
    door(only, clock, payments.journal).notify("a", {}, refund_notice(FIRST, f"{FIRST}M1", WHOLE, "refund_failed"))
    settle(payments, clock, 600.0)
    assert told(payments) == ["needs_person"]


class Keeping(Scripted):
    """A provider whose adapter needs a word of the charge for every later request."""

    def memo(self, operation: Operation) -> Mapping[str, str]:
        """What is kept with the attempt."""
        return {"prepay": "x1"}


def test_a_refund_of_old_has_what_its_adapter_needs_and_nothing_of_the_card() -> None:
    """What the adapter kept comes back with the refund; the keyed hash of the shopper's card went with the story."""
    clock = VirtualClock()
    only = Keeping("only", card=("card",)).on(Kind.CHARGE, captured()).on(Kind.REFUND, BACK)
    payments = client({"a": only}, clock, ref_key=b"a key of the shop's own")
    payments.pay(order(), "a", shopper=pf.Shopper(inputs={"a": {"card": "fp1"}}))
    (charge,) = only.of(Kind.CHARGE)
    assert sorted(charge.memo) == ["payfallback.card", "prepay"]
    gone(payments, clock)
    assert dict(ask(payments.journal.load, KEY).events[1].memo) == {"prepay": "x1"}
    payments.refund(ORDER, "r-1")
    assert [dict(each.memo) for each in only.of(Kind.REFUND)] == [{"prepay": "x1"}]


def test_what_is_left_of_a_story_is_told_with_its_times() -> None:
    """When the story was taken out, and when each attempt came to its end; what the provider knows it by."""
    clock = VirtualClock()
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, declined())
    slow = meanwhile(lambda: clock.advance(2.0), captured(provider_ref="T-9"))
    payments = client({"a": first, "b": Scripted("second", **CLOSES).on(Kind.CHARGE, slow)}, clock)
    start = clock.epoch()
    payments.pay(order(), "a", consent=["b"])
    gone(payments, clock)
    assert [(line.at, line.text) for line in payments.trace("T-9").lines[1:]] == [
        (start, f"attempt 1 on a under {FIRST} ended: dead (credit_exhausted)"),
        (start + 2.0, f"attempt 2 on b under {SECOND}, T-9 at the provider ended: captured"),
    ]
    assert payments.trace(ORDER).lines[0].at == clock.epoch()


def test_an_old_order_keeps_the_day_on_which_it_was_opened() -> None:
    """Refunded after months, it is listed with that day, and not as new."""
    clock = VirtualClock()
    start = clock.epoch()
    only = Scripted("only").on(Kind.CHARGE, captured()).on(Kind.REFUND, BACK)
    payments = client({"a": only}, clock)
    payments.pay(order(), "a")
    gone(payments, clock)
    payments.refund(ORDER, "r-1")
    settle(payments, clock, 600.0)
    (listed,) = ask(payments.journal.list, ("refunded",), 10)
    assert (listed.order_id, listed.opened_at) == (ORDER, start)


def test_the_reason_of_a_refund_goes_with_the_story() -> None:
    """It is free text, which may name somebody, and nobody sends it again."""
    clock = VirtualClock()
    only = Scripted("only").on(Kind.CHARGE, captured()).on(Kind.REFUND, BACK)
    payments = client({"a": only}, clock)
    payments.pay(order(), "a")
    assert payments.refund(ORDER, "r-1", reason="for Wang Wei, 13800138000").state == "done"
    gone(payments, clock)
    assert "13800138000" not in repr(ask(payments.journal.load, KEY))
    assert payments.refund(ORDER, "r-1").state == "done"
