"""What Alipay does with a verified request, whichever door it came through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from payfallback.testing.sandbox.alipay import fields, views
from payfallback.testing.sandbox.alipay.bills import Bills
from payfallback.testing.sandbox.alipay.charges import Charges, extra
from payfallback.testing.sandbox.alipay.codes import ApiError
from payfallback.testing.sandbox.alipay.fields import NUMBER
from payfallback.testing.sandbox.bank import Bank, Declined
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.exchange import Call
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.trades import RefundState, State, Trade

_WHY = {
    "not_paid": "ACQ.TRADE_STATUS_ERROR",
    "too_much": "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
    "number_used": "ACQ.DISCORDANT_REPEAT_REQUEST",
}


class Operations:
    """One method an operation. `perform` returns the fields of the answer, `open` the address of a page.

    scanned: the merchant's number of an order code -> what its QR code leads to. page: -> the shopper's page.
    """

    def __init__(
        self,
        bank: Bank,
        clock: Clock,
        mint: Mint,
        seller: str,
        *,
        bills: Bills,
        scanned: Callable[[str], str],
        page: Callable[[str], str],
    ) -> None:
        self._bank, self._mint, self._scanned, self._page = bank, mint, scanned, page
        self._charges = Charges(bank, clock, mint, seller)
        self._by_name: dict[str, Callable[[Call], dict[str, Any]]] = {
            "pay": self._charges.pay,
            "precreate": self._precreate,
            "query": self._query,
            "cancel": self._cancel,
            "close": self._close,
            "refund": self._refund,
            "query_refund": self._query_refund,
            "bill": lambda call: bills.ask(call.given),
        }

    def perform(self, call: Call) -> dict[str, Any]:
        """Raises `ApiError` for what is answered with a code."""
        with self._bank.lock:
            return self._by_name[call.endpoint.name](call)

    def open(self, call: Call) -> str:
        """The shopper's browser or phone opens a page or an order code. Raises `ApiError`."""
        with self._bank.lock:
            scan = call.endpoint.name == "scan"
            trade = self._charges.scan(call.number) if scan else self._charges.page(call)
            return self._page(trade.number)

    def _precreate(self, call: Call) -> dict[str, Any]:
        number = self._charges.precreate(call).number
        return {"out_trade_no": number, "qr_code": self._scanned(number)}

    # ------------------------------------------------------------ asking, ending

    def _query(self, call: Call) -> dict[str, Any]:
        return views.queried(self._known(call), extra(call))

    def _known(self, call: Call) -> Trade:
        trade = self._charges.look(call)
        if trade is None:
            raise ApiError("ACQ.TRADE_NOT_EXIST")
        return trade

    def _cancel(self, call: Call) -> dict[str, Any]:
        """Closes what is unpaid, refunds what is paid and says which; says yes to a number that it does not know."""
        trade = self._charges.look(call)
        if trade is None:
            return {"out_trade_no": fields.text(call.given, "out_trade_no", required=False), "retry_flag": "N"}
        if "close_refused" in call.struck:
            raise ApiError("ACQ.REASON_TRADE_BEEN_FREEZEN")
        action = "close" if trade.paid_at is None else "refund"
        self._bank.undo(trade, f"cancel-{trade.ref}", self._mint.digits(28), ends=State.REVERSED)
        return {**views.named(trade), "retry_flag": "N", "action": action}

    def _close(self, call: Call) -> dict[str, Any]:
        """Closes an unpaid trade, also twice, and nothing else."""
        trade = self._known(call)
        if trade.paid_at is not None or "close_refused" in call.struck:
            raise ApiError("ACQ.TRADE_STATUS_ERROR")
        self._bank.close(trade)
        return views.named(trade)

    # ------------------------------------------------------------ refunds

    def _refund(self, call: Call) -> dict[str, Any]:
        """One refund number gives money back once; the same request again moves nothing (`fund_change` N).

        Here a refund number is one over all trades; Alipay keeps them by trade.
        """
        given, struck = call.given, call.struck
        trade, amount = self._known(call), fields.fen(given, "refund_amount")
        number = fields.text(given, "out_request_no", pattern=NUMBER, required=False) or trade.number
        if "declined" in struck:
            raise ApiError("ACQ.SELLER_BALANCE_NOT_ENOUGH")
        again = self._bank.refund_under(number) is not None and "key_ignored" not in struck
        try:
            given_back = self._bank.refund(
                trade,
                number,
                amount,
                self._mint.digits(28),
                reason=fields.text(given, "refund_reason", required=False),
                notify_url=trade.notify_url,
                late=struck.seconds("captured_late"),
                key_ignored="key_ignored" in struck,
            )
        except Declined as declined:
            raise ApiError(_WHY[declined.why]) from None
        moved = not again and given_back.state is RefundState.DONE
        return views.refund(given_back, moved=moved, extra=extra(call))

    def _query_refund(self, call: Call) -> dict[str, Any]:
        """By the refund's own number. Of a refund that it does not know, Alipay says nothing, successfully."""
        trade = self._known(call)
        number = fields.text(call.given, "out_request_no", pattern=NUMBER)
        given_back = self._bank.refund_under(number)
        if given_back is None or given_back.trade is not trade:
            return {}
        return views.refund_found(given_back, extra(call))
