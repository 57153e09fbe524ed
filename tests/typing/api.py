"""What a type checker accepts and refuses of the values that shops handle. Read by mypy only, never run.

A line that must be refused carries a `type: ignore`; mypy reports it when it is no longer needed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import assert_type

import payfallback as pf

assert_type(pf.Money.of("5999.00", "CNY"), pf.Money)
assert_type(pf.Money.of(Decimal("5999"), "CNY"), pf.Money)
pf.Money.of(59.99, "CNY")  # type: ignore[arg-type]  # a float is not exact
pf.Money("5999.00", "CNY")  # type: ignore[arg-type]  # the fields are minor units

order = pf.Order("A1001", pf.Money.of("5999.00", "CNY"), "a bicycle", pay_by=1800)
assert_type(order.fingerprint, str)
pf.Order("A1001", "5999.00")  # type: ignore[arg-type]  # an amount is Money
order.id = "A1002"  # type: ignore[misc]  # values are frozen

assert_type(pf.Option.parse("baitiao/12"), pf.Option)
pf.Shopper(openid="o1")  # type: ignore[call-arg]  # inputs are given by channel


def status_page(result: pf.Result) -> str:
    """The four results, told apart by class."""
    match result:
        case pf.Paid(number=number, amount=amount):
            assert_type(amount, pf.Money)
            return number
        case pf.ActionRequired(action=action):
            return action.code if isinstance(action, pf.Qr) else "go on"
        case pf.NotPaid() | pf.Pending():
            assert_type(result.cause, pf.Cause | None)
            return result.message("en")
    return ""


def checkout(payments: pf.Payments) -> None:
    """The blocking door."""
    assert_type(
        payments.pay(order, "baitiao/12", consent=["wechat"], shopper=pf.Shopper(ref="u1"), within=5), pf.Result
    )
    assert_type(payments.switch(order, "wechat"), pf.Result)
    assert_type(payments.options(order), pf.Options)
    assert_type(payments.refund("A1001", "R1", pf.Money.of("1.00", "CNY")), pf.Refund)
    assert_type(payments.recover(within=30, limit=500), pf.Recovered)
    assert_type(payments.due(limit=500), tuple[pf.DueOrder, ...])
    assert_type(payments.resolve("A1001", within=30), pf.Resolved)
    assert_type(payments.deliver(told), int)
    payments.pay(order, consent="wechat", choice=12)  # type: ignore[arg-type]  # a choice is an option's id
    payments.pay("A1001")  # type: ignore[arg-type]  # an order carries its amount


def told(outcome: pf.Outcome) -> None:
    """A handler of outcomes."""
    assert_type(outcome.amount, pf.Money)


async def awaited(payments: pf.AsyncPayments) -> None:
    """The awaited door answers alike, and wants an awaitable handler."""
    assert_type(await payments.pay(order, "wechat"), pf.Result)
    assert_type(await payments.status("A1001", ask=True), pf.Result)
    await payments.deliver(told)  # type: ignore[arg-type]  # told is not awaited
