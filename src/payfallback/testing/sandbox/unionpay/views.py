"""What UnionPay tells about trades and refunds, in its field names.

What a question says of a reversal, of a page that nobody has paid, and of a refund is documented nowhere in public: a
reversal shows as the key's own transaction (txnType 99), an unpaid page as not found until somebody tried, and a refund
like any transaction. Those are assumptions.
"""

from __future__ import annotations

from datetime import datetime

from payfallback.testing.sandbox.clock import CHINA
from payfallback.testing.sandbox.trades import Refund, RefundState, State, Trade
from payfallback.testing.sandbox.unionpay.codes import TEXTS, of_cause

CNY = "156"
SUB_TYPES = {"front": "01", "app": "01", "token": "01", "code": "06"}
Fields = dict[str, str]


def result(trade: Trade) -> str:
    """The trade's own result; empty for one that nobody has tried to pay on a page."""
    if trade.state in (State.PAID, State.REVERSED):
        return "00"
    if trade.cause:
        return of_cause(trade.cause)
    waits = trade.product in ("front", "app") and trade.state is State.OPEN
    return "" if waits else "05"


def refund_result(refund: Refund) -> str:
    """A refund's own result."""
    return {RefundState.DONE: "00", RefundState.PROCESSING: "05", RefundState.FAILED: "36"}[refund.state]


def key_of(trade: Trade) -> Fields:
    """The fields that name a trade, and the kind of transaction that its key stands for now."""
    reversed_ = trade.state is State.REVERSED
    return {
        "accessType": "0",
        "bizType": trade.asked["bizType"],
        "encoding": "UTF-8",
        "merId": trade.asked["merId"],
        "orderId": trade.number,
        "txnSubType": "01" if reversed_ else trade.asked["txnSubType"],
        "txnTime": trade.asked["txnTime"],
        "txnType": "99" if reversed_ else "01",
    }


def taken_on(trade: Trade, extra: int) -> Fields:
    """The answer to a consumption. `extra` fen are told too many (`wrong_amount`)."""
    more = {"tn": trade.ref} if trade.product == "app" else {"queryId": trade.ref, "txnAmt": str(trade.amount + extra)}
    return {**key_of(trade), **more, **_said("respCode", "respMsg", "00")}


def transaction(trade: Trade, extra: int) -> Fields:
    """A trade, as a question's answer and a notification tell it."""
    return {**key_of(trade), **_money(trade.amount + extra, trade.paid_at or trade.created), "queryId": trade.ref}


def queried(trade: Trade, extra: int) -> Fields:
    """The answer to a question about a trade."""
    orig = _said("origRespCode", "origRespMsg", result(trade))
    return {**transaction(trade, extra), **orig, **_said("respCode", "respMsg", "00")}


def refund(given_back: Refund, txn_time: str, extra: int) -> Fields:
    """A refund: a transaction of its own, which names the one it gives back."""
    trade = given_back.trade
    return {
        **key_of(trade),
        **_money(given_back.amount + extra, given_back.done_at or given_back.created),
        "txnType": "04",
        "txnSubType": "00",
        "orderId": given_back.number,
        "txnTime": txn_time,
        "queryId": given_back.ref,
        "origQryId": trade.ref,
    }


def refund_queried(given_back: Refund, txn_time: str, extra: int) -> Fields:
    """The answer to a question about a refund."""
    orig = _said("origRespCode", "origRespMsg", refund_result(given_back))
    return {**refund(given_back, txn_time, extra), **orig, **_said("respCode", "respMsg", "00")}


def told(fields: Fields, code: str) -> Fields:
    """A transaction with its result, as a notification tells it."""
    return {**fields, **_said("respCode", "respMsg", code)}


def _said(code_name: str, text_name: str, code: str) -> Fields:
    return {code_name: code, text_name: TEXTS[code]}


def _money(amount: int, at: float) -> Fields:
    moment = datetime.fromtimestamp(int(at), CHINA)
    return {
        "currencyCode": CNY,
        "settleAmt": str(amount),
        "settleCurrencyCode": CNY,
        "settleDate": moment.strftime("%m%d"),
        "traceNo": f"{int(at) % 1_000_000:06}",
        "traceTime": moment.strftime("%m%d%H%M%S"),
        "txnAmt": str(amount),
    }
