"""What a type checker accepts and refuses of the values that shops handle. Read by mypy only, never run.

A line that must be refused carries a `type: ignore`; mypy reports it when it is no longer needed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import assert_type

from payfallback.aclient import AsyncPayments
from payfallback.client import Payments
from payfallback.model import Action, Money, Option, Order, Qr, Shopper
from payfallback.results import ActionRequired, NotPaid, Options, Outcome, Paid, Pending, Recovered, Refund, Result
from payfallback.taxonomy import Cause

assert_type(Money.of("5999.00", "CNY"), Money)
assert_type(Money.of(Decimal("5999"), "CNY"), Money)
Money.of(59.99, "CNY")  # type: ignore[arg-type]  # a float is not exact
Money("5999.00", "CNY")  # type: ignore[arg-type]  # the fields are minor units

order = Order("A1001", Money.of("5999.00", "CNY"), "a bicycle", pay_by=1800)
assert_type(order.fingerprint, str)
Order("A1001", "5999.00")  # type: ignore[arg-type]  # an amount is Money
order.id = "A1002"  # type: ignore[misc]  # values are frozen

assert_type(Option.parse("baitiao/12"), Option)
Shopper(openid="o1")  # type: ignore[call-arg]  # inputs are given by channel


def status_page(result: Result) -> str:
    """The four results, told apart by class."""
    match result:
        case Paid(number=number, amount=amount):
            assert_type(amount, Money)
            return number
        case ActionRequired(action=action):
            assert_type(action, Action)
            return action.code if isinstance(action, Qr) else "go on"
        case NotPaid() | Pending():
            assert_type(result.cause, Cause | None)
            return result.message("en")
    return ""


def checkout(payments: Payments) -> None:
    """The blocking door."""
    assert_type(payments.pay(order, "baitiao/12", consent=["wechat"], shopper=Shopper(ref="u1"), within=5), Result)
    assert_type(payments.switch(order, "wechat"), Result)
    assert_type(payments.options(order), Options)
    assert_type(payments.refund("A1001", "R1", Money.of("1.00", "CNY")), Refund)
    assert_type(payments.recover(within=30, limit=500), Recovered)
    assert_type(payments.deliver(told), int)
    payments.pay(order, consent="wechat", choice=12)  # type: ignore[arg-type]  # a choice is an option's id
    payments.pay("A1001")  # type: ignore[arg-type]  # an order carries its amount


def told(outcome: Outcome) -> None:
    """A handler of outcomes."""
    assert_type(outcome.amount, Money)


async def awaited(payments: AsyncPayments) -> None:
    """The awaited door answers alike, and wants an awaitable handler."""
    assert_type(await payments.pay(order, "wechat"), Result)
    assert_type(await payments.status("A1001", ask=True), Result)
    await payments.deliver(told)  # type: ignore[arg-type]  # told is not awaited
