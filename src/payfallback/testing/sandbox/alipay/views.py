"""What Alipay tells about trades, in its field names."""

from __future__ import annotations

import json
from typing import Any

from payfallback.testing.sandbox.alipay.fields import local, yuan
from payfallback.testing.sandbox.trades import Refund, RefundState, State, Trade

_STATES = {State.PAID: "TRADE_SUCCESS", State.OPEN: "WAIT_BUYER_PAY"}
_STATES |= {State.CONFIRMING: "WAIT_BUYER_PAY", State.PROCESSING: "WAIT_BUYER_PAY"}


def trade_status(trade: Trade) -> str:
    """Alipay's word for where a trade stands. Closed is what was never paid, and what was refunded in full."""
    if trade.state is State.PAID and not trade.refundable:
        return "TRADE_CLOSED"
    return _STATES.get(trade.state, "TRADE_CLOSED")


def named(trade: Trade) -> dict[str, Any]:
    """Both numbers of a trade."""
    return {"out_trade_no": trade.number, "trade_no": trade.ref}


def paid(trade: Trade, extra: int) -> dict[str, Any]:
    """The answer to a payment code. Without `gmt_payment` the shopper still types a password."""
    told: dict[str, Any] = {**named(trade), "buyer_logon_id": "san***@sandbox.example"}
    if trade.paid_at is None:
        return told | {"total_amount": yuan(trade.amount + extra)}
    return told | {"gmt_payment": local(trade.paid_at), **_amounts(trade, extra)}


def queried(trade: Trade, extra: int) -> dict[str, Any]:
    """A trade as a query tells it. `extra` fen are told too many (`wrong_amount`)."""
    told: dict[str, Any] = {
        **named(trade),
        "buyer_logon_id": "san***@sandbox.example",
        "trade_status": trade_status(trade),
        "total_amount": yuan(trade.amount + extra),
        "buyer_pay_amount": "0.00",
        "receipt_amount": "0.00",
        "point_amount": "0.00",
        "invoice_amount": "0.00",
    }
    if trade.paid_at is not None:
        told |= {"send_pay_date": local(trade.paid_at), "fund_bill_list": [_bill(trade, extra)]}
        told |= _amounts(trade, extra)
    return told


def _amounts(trade: Trade, extra: int) -> dict[str, str]:
    names = ("total_amount", "receipt_amount", "buyer_pay_amount", "invoice_amount")
    return dict.fromkeys(names, yuan(trade.amount + extra)) | {"point_amount": "0.00"}


def _bill(trade: Trade, extra: int) -> dict[str, str]:
    return {"fund_channel": "PCREDIT" if trade.terms else "ALIPAYACCOUNT", "amount": yuan(trade.amount + extra)}


def refund(given_back: Refund, *, moved: bool, extra: int) -> dict[str, Any]:
    """The answer to a refund. `moved`: this request made the money move; `refund_fee` is the sum of all refunds."""
    trade = given_back.trade
    told: dict[str, Any] = {
        **named(trade),
        "buyer_logon_id": "san***@sandbox.example",
        "fund_change": "Y" if moved else "N",
        "refund_fee": yuan(trade.refunded + extra),
    }
    return told | ({"gmt_refund_pay": local(given_back.done_at)} if given_back.done_at is not None else {})


def refund_found(given_back: Refund, extra: int) -> dict[str, Any]:
    """A refund as its query tells it: with a status only when it has happened."""
    told = {**named(given_back.trade), "out_request_no": given_back.number}
    if given_back.state is not RefundState.DONE:
        return told
    amounts = {"total_amount": yuan(given_back.trade.amount), "refund_amount": yuan(given_back.amount + extra)}
    return told | {"refund_status": "REFUND_SUCCESS", **amounts}


def notified(trade: Trade, refund_of: Refund | None, extra: int) -> dict[str, str]:
    """What a notification says of a trade; a refund's number and the sum of all refunds when it is about one."""
    paid_at = trade.paid_at if trade.paid_at is not None else trade.created
    told = {
        **{name: str(each) for name, each in named(trade).items()},
        "trade_status": "TRADE_SUCCESS" if trade.paid_at is None else trade_status(trade),
        "subject": trade.title,
        "buyer_id": trade.payer,
        "gmt_create": local(trade.created),
        "gmt_payment": local(paid_at),
        "fund_bill_list": json.dumps([_notified_bill(trade, extra)], separators=(",", ":")),
        **_amounts(trade, extra),
    }
    if refund_of is None:
        return told
    back = {"refund_fee": yuan(trade.refunded), "out_biz_no": refund_of.number}
    return told | back | {"gmt_refund": local(refund_of.done_at or refund_of.created)}


def _notified_bill(trade: Trade, extra: int) -> dict[str, str]:
    bill = _bill(trade, extra)
    return {"amount": bill["amount"], "fundChannel": bill["fund_channel"]}
