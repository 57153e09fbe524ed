"""How much of an order can be refunded, what the answer says, and what the journal keeps of the wish."""

from __future__ import annotations

import pytest
from core_world import ORDER, Scripted, captured, client, declined, order, says
from long_lives import KEY, ask

import payfallback as pf
from payfallback._core.events import RefundAsked
from payfallback._core.operations import Kind
from payfallback.testing import VirtualClock

COIN = pf.Money(1, "CNY")


def yuan(amount: str) -> pf.Money:
    """So much."""
    return pf.Money.of(amount, "CNY")


def sold() -> tuple[pf.Payments, Scripted]:
    """An order of 59 yuan, paid; whatever is refunded goes back at once."""
    only = Scripted("only").on(Kind.CHARGE, captured())
    only.on(Kind.REFUND, lambda asked: says(pf.Verdict.REFUNDED, amount=asked.refund_amount))
    payments = client({"a": only}, VirtualClock(), channel={"a": {"last": True}})
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    return payments, only


@pytest.mark.parametrize("amount", [pf.Money(0, "CNY"), yuan("59.01"), pf.Money.of("1.00", "USD")], ids=str)
def test_what_cannot_be_refunded_is_refused(amount: pf.Money) -> None:
    """Nothing, more than was paid, and another currency: no request is made, and nothing is written down."""
    payments, only = sold()
    with pytest.raises(pf.MoneyInvalid):
        payments.refund(ORDER, "r-1", amount)
    assert not only.of(Kind.REFUND)
    assert payments.refund(ORDER, "r-1").amount == yuan("59.00")


def test_an_order_goes_back_in_parts_to_the_last_coin() -> None:
    """What is left is what no refund took: the last coin can be refunded, and no coin more."""
    payments, only = sold()
    payments.refund(ORDER, "r-1", yuan("20.00"))
    with pytest.raises(pf.MoneyInvalid):
        payments.refund(ORDER, "r-2", yuan("39.01"))
    payments.refund(ORDER, "r-2", yuan("38.99"))
    assert payments.refund(ORDER, "r-3", COIN).amount == COIN
    with pytest.raises(pf.MoneyInvalid):
        payments.refund(ORDER, "r-4", COIN)
    assert [each.refund_amount for each in only.of(Kind.REFUND)] == [yuan("20.00"), yuan("38.99"), COIN]


def test_the_rest_of_an_order_is_what_no_refund_took() -> None:
    """Without an amount all that is left goes back; what failed is left again."""
    payments, only = sold()
    payments.refund(ORDER, "r-1", yuan("20.00"))
    only.on(Kind.REFUND, declined(), says(pf.Verdict.REFUNDED, amount=yuan("39.00")))
    assert payments.refund(ORDER, "r-2").state == "failed"
    assert payments.refund(ORDER, "r-3").amount == yuan("39.00")


def test_a_refund_is_known_by_its_id() -> None:
    """The same id is the same refund, asked for and sent once; another amount under it is a mistake."""
    payments, only = sold()
    told = payments.refund(ORDER, "r-1", yuan("20.00"))
    assert (told.order_id, told.refund_id, told.amount, told.state) == (ORDER, "r-1", yuan("20.00"), "done")
    assert payments.refund(ORDER, "r-1", yuan("20.00")) == payments.refund(ORDER, "r-1") == told
    with pytest.raises(pf.OrderConflict):
        payments.refund(ORDER, "r-1", yuan("21.00"))
    story = ask(payments.journal.load, KEY).events
    assert [each.refund for each in story if isinstance(each, RefundAsked)] == ["r-1"]
    assert len(only.of(Kind.REFUND)) == 1


def test_a_long_reason_is_cut() -> None:
    """A reason has eighty characters at most, in the journal and at the provider."""
    payments, only = sold()
    payments.refund(ORDER, "r-1", reason="x" * 200)
    assert [each.reason for each in only.of(Kind.REFUND)] == ["x" * 80]
