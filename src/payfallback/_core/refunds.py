"""A merchant's refund of a paid order: asked for under the merchant's id, sent once, followed until it is certain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from payfallback._core import events as e
from payfallback._core.flow import drive
from payfallback._core.order import MerchantRefund, Record
from payfallback._core.run import Flow, Run, unavailable
from payfallback.errors import MoneyInvalid, OrderClosed, OrderConflict, ProgrammingError, UnknownOrder
from payfallback.model import Money
from payfallback.results import Refund
from payfallback.taxonomy import Cause

_STATE: Mapping[str, Literal["done", "failed"]] = {"done": "done", "failed": "failed"}


def refund(run: Run, refund_id: str, amount: Money | None, reason: str) -> Flow:
    """Ask for a refund, or go on with the one of this id, within the run's time."""
    _check(refund_id, reason)
    run.refund_id = refund_id
    yield from run.load()
    if run.down is not None:
        raise unavailable(run)
    if run.record is None:
        raise UnknownOrder("the journal knows no such order", hint="only paid orders can be refunded")
    if run.known.won is None:
        raise OrderClosed("the order is not paid, so there is nothing to refund", hint="use cancel")
    minor = checked(run.known, refund_id, amount)
    if run.known.refund_of(refund_id) is None:
        yield from run.declare(e.RefundAsked(run.now(), refund_id, minor, reason[:80]))
    yield from drive(run)
    return answer(run.known, refund_id)


def _check(refund_id: object, reason: object) -> None:
    """Raise `ProgrammingError` for what would be found out after it was written down, or never."""
    if not isinstance(refund_id, str) or not refund_id:
        given = "empty" if refund_id == "" else f"of type {type(refund_id).__name__}"
        raise ProgrammingError(f"a refund id is {given}", hint="give the shop's own id, as text")
    if not isinstance(reason, str):
        raise ProgrammingError(f"the reason is of type {type(reason).__name__}", hint='give text; "" for none')


def checked(record: Record, refund_id: str, amount: Money | None) -> int:
    """Minor units of this refund. Raises `OrderConflict` (same id, other amount) or `MoneyInvalid` (too much)."""
    if amount is not None and not isinstance(amount, Money):
        raise MoneyInvalid(f"the amount is a {type(amount).__name__}", hint='write pf.Money.of("59.99", "CNY")')
    known = record.refund_of(refund_id)
    if known is not None:
        if amount is not None and (amount.minor != known.minor or amount.currency != record.amount.currency):
            raise OrderConflict(f"refund {refund_id!r} is known with another amount", hint="use a new refund id")
        return known.minor
    left = record.amount.minor - sum(each.minor for each in record.refunds if each.state != "failed")
    if amount is None:
        amount = Money(left, record.amount.currency)
    if amount.currency != record.amount.currency:
        raise MoneyInvalid(f"the order was paid in {record.amount.currency}")
    if amount.minor <= 0 or amount.minor > left:
        raise MoneyInvalid(f"{amount} cannot be refunded: {Money(left, amount.currency)} of the order is left")
    return amount.minor


def answer(record: Record, refund_id: str) -> Refund:
    """Where the refund stands."""
    known: MerchantRefund | None = record.refund_of(refund_id)
    if known is None:  # the journal went away before it was written: nothing was sent
        raise UnknownOrder(f"refund {refund_id!r} is not recorded", hint="call refund again")
    return Refund(
        order_id=record.order_id,
        refund_id=refund_id,
        amount=Money(known.minor, record.amount.currency),
        state=_STATE.get(known.state, "pending"),
        provider_ref=known.provider_ref,
        cause=Cause(known.cause) if known.cause else None,
    )
