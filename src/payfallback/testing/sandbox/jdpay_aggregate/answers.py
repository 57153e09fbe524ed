"""What the aggregate payment tells about trades and refunds, in the field names of JD's kit."""

from __future__ import annotations

from payfallback.testing.sandbox.clock import compact
from payfallback.testing.sandbox.jdpay_aggregate.cabinet import Told
from payfallback.testing.sandbox.trades import Refund, RefundState, State, Trade

STATUS = {State.PAID: "FINISH", State.REFUSED: "CLOSE", State.CLOSED: "CLOSE", State.REVERSED: "CLOSE"}
REFUND_STATUS = {RefundState.PROCESSING: "PROCESSING", RefundState.DONE: "FINISH", RefundState.FAILED: "CLOSE"}


def trade(of: Trade, extra: int, status: str = "") -> Told:
    """The answer to `pay` and `querytrade`, and a payment's notification. `extra` fen are told too many."""
    status = status or STATUS.get(of.state, "PROCESSING")
    if of.state is State.PAID and of.refundable < of.amount:
        status = "REFUND"
    told: dict[str, str | int] = {
        "businessCode": "AGGRE",
        "version": "V3.0",
        "outTradeNo": of.number,
        "tradeNo": of.ref,
        "amount": of.amount + extra,
        "currency": "RMB",
        "payStatus": status,
    }
    if of.paid_at is not None:
        told |= {"piAmount": of.amount + extra, "couponAmount": 0, "payFinishTime": compact(of.paid_at)}
    if status == "CLOSE":
        told |= {"errCode": "SANDBOX_CLOSED", "errCodeDes": of.cause or "交易关闭"}
    return told


def refund(of: Refund, extra: int) -> Told:
    """The answer to `refund` and `queryrefund`, and a refund's notification."""
    return {
        "businessCode": "AGGRE",
        "version": "V3.0",
        "outTradeNo": of.trade.number,
        "outRefundNo": of.number,
        "tradeRefundNo": of.ref,
        "amount": of.amount + extra,
        "currency": "RMB",
        "payStatus": REFUND_STATUS[of.state],
    }
