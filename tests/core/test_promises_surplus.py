"""I9: money that arrives after another channel won, after a cancel or after the end goes back by itself, once."""

from __future__ import annotations

import pytest
from core_world import FIRST, Scripted, captured, client, contradicted, meanwhile, pending, says, settle
from money_shop import AMOUNT, ORDER, order, shop

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.testing import VirtualClock
from payfallback.testing.crash import Crashed

HOUR = 3600.0


def test_a_capture_after_another_channel_won_goes_back() -> None:
    """The closed attempt was captured after all: it is refunded whole, once, and the winner stays."""
    payments, clock, first, second = contradicted()
    settle(payments, clock, 3 * HOUR)
    refunds = first.of(Kind.REFUND)
    assert [(each.refund_number, each.refund_amount) for each in refunds] == [(f"{FIRST}R1", AMOUNT)]
    assert second.of(Kind.REFUND) == []
    status = payments.status(ORDER)
    assert isinstance(status, pf.Paid)
    assert status.option == "b"


def test_a_late_capture_is_asked_about_before_it_is_returned() -> None:
    """A provider that contradicts itself is asked again first; one that takes it back is not refunded."""
    payments, clock, first, _ = contradicted(query=says(pf.Verdict.CLOSED))
    settle(payments, clock, 3 * HOUR)
    assert len(first.of(Kind.QUERY)) >= 2
    assert first.of(Kind.REFUND) == []


def test_a_capture_after_a_cancel_goes_back() -> None:
    """Cancelled while the charge was unknown, captured afterwards: refunded once, and the shop heard `cancelled`."""
    with shop({"a": "named"}).lab() as lab:
        lab.outage("a", "delivered_late:20", operation="charge")
        lab.client.pay(order(), "a")
        assert isinstance(lab.client.cancel(ORDER), pf.Pending)
        lab.settle()
        assert lab.captures() == ()
        assert len(lab.refunds()) == 1
        assert {each.kind for each in lab.outcomes} == {"cancelled"}
        lab.assert_promises_kept()


def test_a_cancel_right_after_a_crash_is_not_forgotten() -> None:
    """The payer died with its lease; the shopper gives up at once: what it had captured goes back, and nobody ships."""
    with shop({"a": "named"}).lab() as lab:
        lab.crash(3, "after")
        with pytest.raises(Crashed):
            lab.client.pay(order(), "a")
        assert isinstance(lab.client.cancel(ORDER), pf.Pending)
        lab.settle()
        assert (len(lab.ledger.captures()), lab.captures()) == (1, ())
        assert [each.kind for each in lab.outcomes] == ["cancelled"]


def test_a_cancel_while_another_process_pays_is_not_forgotten() -> None:
    """Given up in mid-charge: the payer learns of it when it writes its capture down, and the money goes back."""
    clock, only = VirtualClock(), Scripted("only").on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT))
    payments, told = client({"a": only}, clock), []
    only.on(Kind.CHARGE, meanwhile(lambda: payments.cancel(ORDER), captured()))
    assert not isinstance(payments.pay(order(), "a"), pf.Paid)
    settle(payments, clock, 60.0)
    payments.deliver(lambda outcome: told.append(outcome.kind))
    assert told == ["cancelled"]
    assert len(only.of(Kind.REFUND)) == 1


def test_a_capture_after_the_end_goes_back() -> None:
    """Captured after the shop heard `expired`: refunded once, and the order is never paid."""
    clock = VirtualClock()
    only = Scripted("only", close=True, close_names_trade=True).on(Kind.CHARGE, pending()).on(Kind.QUERY, pending())
    only.on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True)).on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT))
    payments, told = client({"a": only}, clock, pay_by=60.0), []
    payments.pay(order(), "a")
    settle(payments, clock, 100.0)
    only.on(Kind.QUERY, captured())
    payments.report("a", FIRST, captured())
    settle(payments, clock, HOUR)
    payments.deliver(lambda outcome: told.append(outcome.kind))
    assert told == ["expired"]
    assert len(only.of(Kind.REFUND)) == 1


def test_a_shown_code_that_is_paid_after_the_switch_goes_back() -> None:
    """The old QR code was photographed: it is paid while the close is refused, and the money goes back."""
    with shop({"a": "qr", "b": "named"}).lab() as lab:
        lab.client.pay(order(), "a")
        lab.outage("a", "close_refused")
        assert isinstance(lab.client.switch(order(), "b"), pf.Pending)
        lab.shopper_pays(ORDER)
        lab.settle()
        assert len(lab.captures()) == 1
        lab.assert_promises_kept()


def test_a_refund_whose_reply_is_lost_keeps_its_number() -> None:
    """The provider did it and the answer was lost: the same number is asked about, and nothing is refunded twice."""
    payments, clock, first, _ = contradicted()
    first.on(Kind.REFUND, ConnectionResetError())
    first.on(Kind.QUERY_REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT, named=True))
    settle(payments, clock, 3 * HOUR)
    assert {each.refund_number for each in first.of(Kind.REFUND) + first.of(Kind.QUERY_REFUND)} == {f"{FIRST}R1"}
    assert len(first.of(Kind.REFUND)) == 1


def test_a_refund_that_never_arrived_is_sent_again_under_its_number() -> None:
    """The provider does not know the refund: it is sent again, under the same number."""
    payments, clock, first, _ = contradicted()
    first.on(Kind.REFUND, ConnectionResetError(), ConnectionResetError(), says(pf.Verdict.REFUNDED, amount=AMOUNT))
    first.on(Kind.QUERY_REFUND, says(pf.Verdict.NOT_FOUND))
    settle(payments, clock, 24 * HOUR)
    assert [each.refund_number for each in first.of(Kind.REFUND)] == [f"{FIRST}R1"] * 3


def test_a_failed_refund_gets_a_new_number_and_then_a_person() -> None:
    """Each refund that fails for good is followed by one under a new number; after three a person is told, and it is
    still tried, now and then."""
    payments, clock, first, _ = contradicted()
    first.on(Kind.REFUND, says(pf.Verdict.REFUND_FAILED, cause=pf.Cause.DECLINED, named=True))
    settle(payments, clock, 2 * HOUR)
    numbers = [each.refund_number for each in first.of(Kind.REFUND)]
    assert numbers == [f"{FIRST}R1", f"{FIRST}R2", f"{FIRST}R3"]
    told: list[pf.Outcome] = []
    payments.deliver(told.append)
    assert [(each.kind, each.cause) for each in told] == [
        ("paid", None),
        ("needs_person", pf.Cause.REFUND_STUCK),
    ]
    settle(payments, clock, 72 * HOUR)
    assert 1 <= len(first.of(Kind.REFUND)) - len(numbers) <= 4


def test_a_refund_under_way_is_not_sent_again() -> None:
    """An accepted refund is asked about for as long as it takes; no second one is sent."""
    payments, clock, first, _ = contradicted()
    first.on(Kind.REFUND, says(pf.Verdict.ACCEPTED)).on(Kind.QUERY_REFUND, says(pf.Verdict.ACCEPTED))
    settle(payments, clock, 48 * HOUR)
    assert len(first.of(Kind.REFUND)) == 1
    assert len(first.of(Kind.QUERY_REFUND)) > 10


def test_a_channel_that_cannot_refund_stands_before_a_person() -> None:
    """Surplus that no request can return is told to a person at once."""
    clock = VirtualClock()
    first = Scripted("first", close=True, close_names_trade=True, refund=False)
    first.on(Kind.CHARGE, pending()).on(Kind.QUERY, pending()).on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))
    payments = client({"a": first}, clock)
    payments.pay(order(), "a")
    payments.cancel(ORDER)
    first.on(Kind.QUERY, captured())
    payments.report("a", FIRST, captured())
    settle(payments, clock, 60.0)
    told: list[pf.Outcome] = []
    payments.deliver(told.append)
    assert [each.kind for each in told] == ["cancelled", "needs_person"]


@pytest.mark.parametrize("close", ["hang", "reply_lost", "http_503"])
def test_a_capture_after_a_cancel_that_refunds_cannot_win(close: str) -> None:
    """A cancel that gives paid money back is on its way: should the charge turn out paid, it goes back, never wins."""
    with shop({"a": "acked", "b": "named"}).lab() as lab:
        lab.outage("a", "captured_late:40", operation="charge")
        lab.outage("a", close, operation="close")
        lab.client.pay(order(), "a")
        lab.advance(5.0)
        lab.client.switch(order(), "b")
        lab.advance(60.0)
        lab.settle()
        assert all(each.account != "provider-a/m1//production" for each in lab.captures())
        lab.assert_promises_kept()


def test_a_wanted_refund_goes_back_once() -> None:
    """The merchant's refund, its reply lost, asked for three times over: one refund at the provider."""
    with shop({"a": "named"}).lab() as lab:
        lab.client.pay(order(), "a")
        lab.outage("a", "reply_lost", operation="refund")
        states = [lab.client.refund(ORDER, "r-1").state for _ in range(3)]
        lab.settle()
        assert "done" in states
        assert len(lab.refunds()) == 1
        lab.assert_promises_kept()
