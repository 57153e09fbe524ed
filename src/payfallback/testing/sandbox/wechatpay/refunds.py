"""What WeChat Pay does with a verified request about a refund."""

from __future__ import annotations

from typing import Any

from payfallback.testing.sandbox.bank import Bank, Declined
from payfallback.testing.sandbox.exchange import Call
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.trades import Trade
from payfallback.testing.sandbox.wechatpay import fields, views
from payfallback.testing.sandbox.wechatpay.codes import ApiError

_WHY = {"not_paid": "INVALID_REQUEST", "too_much": "REFUND_EXCEED", "number_used": "RESOURCE_ALREADY_EXISTS"}


class Refunds:
    """Refunding and asking about it."""

    def __init__(self, bank: Bank, mint: Mint) -> None:
        self._bank, self._mint = bank, mint

    def refund(self, call: Call) -> dict[str, Any]:
        """One refund number gives money back once; the same request again gets the same answer."""
        given, struck = call.given, call.struck
        number = fields.text(given, "out_refund_no", pattern=fields.REFUND_NUMBER)
        amount = fields.fen(given, "amount.refund")
        trade = self._trade(given)
        if fields.fen(given, "amount.total") != trade.amount or fields.find(given, "amount.currency") != "CNY":
            raise ApiError("PARAM_ERROR", "amount.total, amount.currency")
        if "declined" in struck:
            raise ApiError("NOTENOUGH")
        try:
            given_back = self._bank.refund(
                trade,
                number,
                amount,
                f"50{self._mint.digits(27)}",
                reason=fields.text(given, "reason", required=False),
                notify_url=fields.text(given, "notify_url", required=False),
                late=struck.seconds("captured_late"),
                key_ignored="key_ignored" in struck,
            )
        except Declined as declined:
            raise ApiError(_WHY[declined.why]) from None
        return views.refund(given_back, _extra(call))

    def query(self, call: Call) -> dict[str, Any]:
        """By the merchant's refund number."""
        given_back = self._bank.refund_under(call.path["refund_number"])
        if given_back is None:
            raise ApiError("RESOURCE_NOT_EXISTS")
        return views.refund(given_back, _extra(call))

    def _trade(self, given: dict[str, Any]) -> Trade:
        ref = fields.text(given, "transaction_id", required=False)
        number = fields.text(given, "out_trade_no", required=False)
        trade = self._bank.by_ref(ref) if ref else self._bank.look(number)
        if trade is None:
            raise ApiError("RESOURCE_NOT_EXISTS", "订单不存在")
        return trade


def _extra(call: Call) -> int:
    return 1 if "wrong_amount" in call.struck else 0
