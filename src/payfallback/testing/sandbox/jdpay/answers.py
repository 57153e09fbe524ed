"""What JD Pay tells about trades and refunds, in its field names and numbers.

Trade states 0 created, 1 processing, 2 success, 3 failed, 4 closed; refund states 0 processing, 1 success, 2 failed:
both as JD's own demo shows them.
"""

from __future__ import annotations

from payfallback.testing.sandbox.clock import compact
from payfallback.testing.sandbox.jdpay.envelope import Tree
from payfallback.testing.sandbox.trades import Refund, RefundState, State, Trade

STATUS = {
    State.OPEN: "0",
    State.CONFIRMING: "1",
    State.PROCESSING: "1",
    State.PAID: "2",
    State.REFUSED: "3",
    State.CLOSED: "4",
    State.REVERSED: "4",  # assumption: what a revoked trade that was paid shows afterwards is not documented
}
REFUND_STATUS = {RefundState.PROCESSING: "0", RefundState.DONE: "1", RefundState.FAILED: "2"}
PAID_BY_BAITIAO = "1"  # JD's demo: 0 bank card, 1 Baitiao, 2 balance, 3 coupon, 5 Xiaojinku


def created(trade: Trade, page: str, extra: int) -> Tree:
    """The answer to `uniorder`. `extra` fen are told too many (`wrong_amount`)."""
    return {
        "orderId": trade.ref,
        "merchantName": "payfallback sandbox",
        "amount": str(trade.amount + extra),
        "expireTime": str(trade.asked["expireTime"]),
        "tradeNum": trade.number,
        "qrCode": page,
    }


def charged(trade: Trade, extra: int) -> Tree:
    """The answer to `fkmPay`."""
    return {
        "tradeNum": trade.number,
        "amount": str(trade.amount + extra),
        "currency": "CNY",
        "tradeTime": compact(trade.paid_at or trade.created),
        "note": trade.order,
        "status": STATUS[trade.state],
    }


def queried(trade: Trade, extra: int, state: State | None = None) -> Tree:
    """The answer to `query` for a charge, and the body of its notification (then with the state it tells of)."""
    answer: dict[str, str | Tree | list[tuple[str, Tree]]] = {
        "tradeNum": trade.number,
        "tradeType": "0",
        "note": trade.order,
        "amount": str(trade.amount + extra),
        "status": STATUS[state or trade.state],
    }
    if trade.paid_at is not None:
        answer["payList"] = [("pay", _payment(trade, trade.paid_at, extra))]
    return answer


def _payment(trade: Trade, paid_at: float, extra: int) -> Tree:
    return {
        "payType": PAID_BY_BAITIAO,
        "amount": str(trade.amount + extra),
        "currency": "CNY",
        "tradeTime": compact(paid_at),
    }


def refunded(refund: Refund, extra: int) -> Tree:
    """The answer to `refund`, to `query` and `queryRefund`, and the notification of a refund."""
    return {
        "tradeNum": refund.number,
        "tradeType": "1",
        "oTradeNum": refund.trade.number,
        "amount": str(refund.amount + extra),
        "currency": "CNY",
        "tradeTime": compact(refund.done_at or refund.created),
        "note": refund.reason,
        "status": REFUND_STATUS[refund.state],
    }


def revoked(trade: Trade, number: str, at: float) -> Tree:
    """The answer to `revoke` and its notification: done, but not whether it closed the trade or gave money back."""
    return {
        "tradeNum": number,
        "tradeType": "2",  # in a message that JD signed
        "oTradeNum": trade.number,
        "amount": str(trade.amount),
        "currency": "CNY",
        "tradeTime": compact(at),
        "note": trade.order,
        "status": REFUND_STATUS[RefundState.DONE],
    }
