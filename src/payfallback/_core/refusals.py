"""What a payment is refused for before anything was sent: another payment's id, a closed order, a number taken."""

from __future__ import annotations

from payfallback._core.order import Record
from payfallback.errors import NumberInvalid, OrderClosed, OrderConflict
from payfallback.model import Order


def number_taken() -> NumberInvalid:
    """Two orders must not share a number: what one of them paid would be taken for the other's."""
    return NumberInvalid(
        "this attempt's number already belongs to another order of the account",
        hint="ids that differ only in punctuation or leading zeros share one: rename the order or set `number`",
    )


def same_payment(record: Record, order: Order) -> None:
    """Raise `OrderConflict` unless the order is the very payment that the journal holds under its id."""
    if record.amount != order.amount or record.merchant != order.merchant:
        raise OrderConflict(
            f"order {order.id!r} is known with {record.amount}, and now asks for {order.amount}",
            hint="one id is one amount for ever; use a new order id for a changed price",
        )


def refuse_closed(record: Record) -> None:
    """Raise `OrderClosed` for an order that is over: its money went back, or it was given up or ran out of time."""
    over = next((kind for kind in ("refunded", "cancelled", "expired") if kind in record.outcomes), None)
    if over is not None and (over == "refunded" or not record.winner):
        raise OrderClosed(f"order {record.order_id!r} is {over}", hint="pay under a new order id")
