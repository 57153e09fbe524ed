"""How orders end: on time, late, given up, or with nothing to offer."""

from __future__ import annotations

from money_shop import AMOUNT, ORDER, order, shop

import payfallback as pf
from payfallback.testing.lab import Lab


def watched(lab: Lab, seconds: int) -> None:
    """A worker recovers every second."""
    for _ in range(seconds):
        lab.advance(1.0)
        lab.recover()


def test_what_the_provider_called_unpaid_after_pay_by_goes_back() -> None:
    """A capture that came after the order's time, by the provider's own earlier answer, is refunded, not sold."""
    payments = shop({"a": "named", "b": "named"})
    with payments.lab(notices="off") as lab:
        lab.outage("a", "captured_late:130")
        lab.outage("a", "close_refused")
        assert isinstance(payments.pay(pf.Order(ORDER, AMOUNT, pay_by=100), "a"), pf.Pending)
        watched(lab, 110)
        lab.advance(60.0)
        lab.settle()
        assert len(lab.ledger.captures(ORDER)) == 1
        assert lab.captures(ORDER) == ()
        assert [outcome.kind for outcome in lab.deliveries] == ["expired"]
        lab.assert_promises_kept()


def test_what_was_paid_in_time_is_sold_when_it_is_learned_late() -> None:
    """Hearing of a capture only after `pay_by` does not take it back from the shopper."""
    payments = shop({"a": "acked", "b": "named"})
    with payments.lab(notices="off") as lab:
        lab.outage("a", "reply_lost")
        lab.outage("a", "hang", operation="query")
        payments.pay(pf.Order(ORDER, AMOUNT, pay_by=20), "a", within=1.0)
        lab.lift()
        lab.advance(25.0)
        lab.settle()
        assert isinstance(payments.status(ORDER), pf.Paid)
        assert len(lab.captures(ORDER)) == 1


def test_an_order_is_looked_at_when_its_time_is_over() -> None:
    """`expired` is told at `pay_by`, not at the next hourly look."""
    payments = shop({"a": "qr", "b": "named"})
    with payments.lab() as lab:
        payments.pay(pf.Order(ORDER, AMOUNT, pay_by=400), "a")
        watched(lab, 405)
        assert [outcome.kind for outcome in lab.outcomes] == ["expired"]


def test_a_cancelled_order_stays_cancelled() -> None:
    """The end of its time does not make another story of it."""
    payments = shop({"a": "qr", "b": "named"})
    with payments.lab() as lab:
        payments.pay(order(), "a")
        payments.cancel(ORDER)
        lab.advance(4000.0)
        assert payments.status(ORDER).cause is pf.Cause.CANCELLED


def test_a_channel_whose_circuit_refused_is_not_offered() -> None:
    """`alternatives` names ways that may work, so none of a channel that was just passed over."""
    payments = shop({"a": "named", "b": "named", "c": "named"}, autonomy="offer")
    with payments.lab() as lab:
        lab.outage("a", "refused")
        for n in range(6):
            payments.pay(pf.Order(f"B100{n}", AMOUNT), "a")
        result = payments.pay(order(), "a")
        assert (result.cause, result.alternatives) == (pf.Cause.CIRCUIT_OPEN, ("b", "c"))


def test_the_lab_counts_what_the_shops_own_worker_delivered() -> None:
    """A shop that calls `deliver` itself is told once, and the promises see it."""
    payments = shop({"a": "named", "b": "named"})
    with payments.lab() as lab:
        payments.pay(order(), "a")
        assert payments.deliver(lambda outcome: None) == 1
        lab.settle()
        assert lab.delivered(ORDER) == len(lab.deliveries) == 1
        lab.assert_promises_kept()


def test_an_order_whose_whole_refund_is_under_way_is_not_called_paid() -> None:
    """The provider may have given everything back already: what was sent can have undone the payment."""
    payments = shop({"a": "named", "b": "named"})
    with payments.lab(notices="off") as lab:
        payments.pay(order(), "a")
        lab.outage("a", "reply_lost", operation="refund")
        lab.outage("a", "hang", operation="query_refund")
        assert payments.refund(ORDER, "r-1", within=1.0).state == "pending"
        assert lab.captures(ORDER) == ()
        assert isinstance(payments.status(ORDER), pf.Pending)
        lab.settle()
        assert payments.status(ORDER).cause is pf.Cause.REFUNDED
