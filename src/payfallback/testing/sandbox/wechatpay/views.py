"""What WeChat Pay tells about trades and refunds, in its field names."""

from __future__ import annotations

from typing import Any

from payfallback.testing.sandbox.clock import rfc3339
from payfallback.testing.sandbox.trades import Refund, RefundState, State, Trade

TRADE_TYPES = {"native": "NATIVE", "jsapi": "JSAPI", "app": "APP", "h5": "MWEB", "codepay": "MICROPAY"}
_STATES = {
    State.OPEN: "NOTPAY",
    State.CONFIRMING: "USERPAYING",
    State.PROCESSING: "ACCEPT",
    State.PAID: "SUCCESS",
    State.REFUSED: "PAYERROR",
    State.CLOSED: "CLOSED",
    State.REVERSED: "REVOKED",
}
_IN_WORDS = {
    "NOTPAY": "订单未支付",
    "USERPAYING": "用户支付中，需要输入密码",
    "ACCEPT": "已接收，等待扣款",
    "SUCCESS": "支付成功",
    "PAYERROR": "支付失败(其他原因，如银行返回失败)",
    "CLOSED": "订单已关闭",
    "REVOKED": "订单已撤销",
    "REFUND": "订单发生过退款",
}
_REFUND_STATES = {RefundState.PROCESSING: "PROCESSING", RefundState.DONE: "SUCCESS", RefundState.FAILED: "ABNORMAL"}


def trade_state(trade: Trade) -> str:
    """The provider's word for where a trade stands."""
    if trade.state is State.PROCESSING and trade.product == "codepay":
        return "USERPAYING"
    if trade.state is State.PAID and trade.refundable < trade.amount:
        return "REFUND"
    return _STATES[trade.state]


def transaction(trade: Trade, owner: dict[str, str], extra: int, state: str = "") -> dict[str, Any]:
    """A trade as queries, payment codes and notifications tell it. `extra` fen are told too many (`wrong_amount`)."""
    state = state or trade_state(trade)
    told: dict[str, Any] = {
        **owner,
        "out_trade_no": trade.number,
        "trade_type": TRADE_TYPES[trade.product],
        "trade_state": state,
        "trade_state_desc": _IN_WORDS[state],
        "amount": {"total": trade.amount + extra, "currency": "CNY"},
    }
    if trade.order:
        told["attach"] = trade.order
    if trade.paid_at is not None:
        told["amount"] |= {"payer_total": trade.amount + extra, "payer_currency": "CNY"}
        told |= {
            "transaction_id": trade.ref,
            "bank_type": "OTHERS",
            "success_time": rfc3339(trade.paid_at),
            "payer": {"openid": trade.payer},
        }
    return told


def refund(given_back: Refund, extra: int) -> dict[str, Any]:
    """A refund as the refund endpoints tell it."""
    trade, back = given_back.trade, given_back.amount + extra
    told: dict[str, Any] = {
        "refund_id": given_back.ref,
        "out_refund_no": given_back.number,
        "transaction_id": trade.ref,
        "out_trade_no": trade.number,
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": rfc3339(given_back.created),
        "status": _REFUND_STATES[given_back.state],
        "funds_account": "AVAILABLE",
        "amount": {
            "total": trade.amount,
            "refund": back,
            "payer_total": trade.amount,
            "payer_refund": back,
            "settlement_refund": back,
            "settlement_total": trade.amount,
            "discount_refund": 0,
            "currency": "CNY",
        },
    }
    if given_back.done_at is not None:
        told["success_time"] = rfc3339(given_back.done_at)
    return told


def refund_notice(given_back: Refund, mchid: str, extra: int) -> dict[str, Any]:
    """The plain text of a refund's notification."""
    told = refund(given_back, extra)
    amount = {name: told["amount"][name] for name in ("total", "refund", "payer_total", "payer_refund")}
    kept = ("transaction_id", "out_trade_no", "refund_id", "out_refund_no", "user_received_account", "success_time")
    return {
        "mchid": mchid,
        **{name: told[name] for name in kept if name in told},
        "refund_status": told["status"],
        "amount": amount,
    }
