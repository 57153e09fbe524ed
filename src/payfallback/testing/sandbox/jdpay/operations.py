"""What JD Pay does with a verified request."""

from __future__ import annotations

from collections.abc import Callable

from payfallback.testing.sandbox.bank import Bank, Declined
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.exchange import Call
from payfallback.testing.sandbox.jdpay import answers
from payfallback.testing.sandbox.jdpay.codes import JdFailure
from payfallback.testing.sandbox.jdpay.envelope import Tree
from payfallback.testing.sandbox.jdpay.fields import amount, expires, terms
from payfallback.testing.sandbox.jdpay.plans import offered, plans
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.payment_codes import asks_to_confirm, refused_cause
from payfallback.testing.sandbox.trades import CODE_LIVES, State, Trade

_WHY = {
    "not_paid": "SANDBOX_NOT_PAID",
    "too_much": "SANDBOX_OVER_REFUND",
    "number_used": "SANDBOX_DUPLICATE_TRADE",
}


class Operations:
    """One method an endpoint. Each returns the fields of the answer, or the address of the cashier page."""

    def __init__(self, bank: Bank, clock: Clock, mint: Mint, page: Callable[[str], str]) -> None:
        self._bank, self._clock, self._mint, self._page = bank, clock, mint, page
        self._by_name: dict[str, Callable[[Call], Tree | str]] = {
            "uniorder": self._uniorder,
            "fkmPay": self._fkm_pay,
            "saveOrder": self._save_order,
            "query": self._query,
            "revoke": self._revoke,
            "refund": self._refund,
            "queryRefund": self._query_refund,
            "queryBaiTiaoFQ": self._plans,
        }

    def perform(self, call: Call) -> Tree | str:
        """Raises `JdFailure` for what is answered with a code."""
        with self._bank.lock:
            return self._by_name[call.endpoint.name](call)

    # ------------------------------------------------------------ charging

    def _uniorder(self, call: Call) -> Tree:
        trade = self._new_trade(call, "qr", expires(call.given), State.CLOSED)
        return answers.created(trade, self._page(trade.number), _extra(call))

    def _save_order(self, call: Call) -> str:
        return self._page(self._new_trade(call, "cashier", expires(call.given), State.CLOSED).number)

    def _fkm_pay(self, call: Call) -> Tree:
        token = call.given["token"]
        trade = self._new_trade(call, "code", self._clock.now() + CODE_LIVES, State.REFUSED)
        trade.state = State.CONFIRMING
        trade.doomed = trade.doomed or refused_cause(token)
        if not asks_to_confirm(token) or trade.doomed:
            self._bank.pay(trade, "")
        return answers.charged(trade, _extra(call))

    def _new_trade(self, call: Call, product: str, until: float, lapses_to: State) -> Trade:
        given, struck, now = call.given, call.struck, self._clock.now()
        # JD: a number is used once, and using it again counts as paying twice, whatever the rest of the request says.
        if self._bank.latest(call.number) is not None and "key_ignored" not in struck:
            raise JdFailure("SANDBOX_DUPLICATE_TRADE")
        if until <= now:
            raise JdFailure("SANDBOX_EXPIRED")
        if not offered(amount(given), terms(given)):
            raise JdFailure("SANDBOX_TERM")
        trade = Trade(
            provider=self._bank.provider,
            number=call.number,
            amount=amount(given),
            product=product,
            created=now,
            expires=until,
            ref=f"1029{self._mint.digits(18)}",
            title=given["tradeName"],
            order=given.get("note", ""),
            notify_url=given.get("notifyUrl", ""),
            back_to=given.get("callbackUrl", ""),
            terms=terms(given),
            asked={"expireTime": given.get("expireTime", "604800")},
            lapses_to=lapses_to,
            hidden_until=now + (struck.seconds("appears_late") or 0.0),
            late=struck.seconds("captured_late"),
            doomed=struck.word("declined") or "",
        )
        return self._bank.open(trade)

    # ------------------------------------------------------------ asking

    def _query(self, call: Call) -> Tree:
        given = call.given
        if given["tradeType"] == "1":
            refund = self._bank.refund_under(given.get("tradeNum", ""))
            if refund is None or given.get("oTradeNum", refund.trade.number) != refund.trade.number:
                raise JdFailure("SANDBOX_TRADE_NOT_FOUND")
            return answers.refunded(refund, _extra(call))
        if given["tradeType"] != "0" or not given.get("tradeNum"):
            raise JdFailure("SANDBOX_PARAM", "tradeType, tradeNum")
        return answers.queried(self._known(given["tradeNum"], call), _extra(call))

    def _query_refund(self, call: Call) -> Tree:
        trade = self._known(call.given["oTradeNum"], call)
        only = call.given.get("tradeNum")
        refunds = [refund for refund in trade.refunds if only in (None, "", refund.number)]
        return {"refList": [("refund", answers.refunded(refund, _extra(call))) for refund in refunds]}

    def _plans(self, call: Call) -> Tree:
        return {
            "tradeNum": call.given["tradeNum"],
            "billsInfoList": [("billsInfo", plan) for plan in plans(amount(call.given))],
        }

    def _known(self, number: str, call: Call) -> Trade:
        trade = self._bank.look(number, call.struck.seconds("appears_late"))
        if trade is None:
            raise JdFailure("SANDBOX_TRADE_NOT_FOUND")
        return trade

    # ------------------------------------------------------------ undoing

    def _revoke(self, call: Call) -> Tree:
        """Public integrations: what is unpaid cannot be paid any more, what is paid is refunded."""
        trade, number = self._known(call.given["oTradeNum"], call), call.given["tradeNum"]
        if "close_refused" in call.struck:
            raise JdFailure("SANDBOX_CLOSE_REFUSED")
        if amount(call.given) != trade.amount:
            raise JdFailure("SANDBOX_AMOUNT")
        before = self._bank.refund_under(number)
        if before is not None and before.trade.number != trade.number:
            raise JdFailure("SANDBOX_DUPLICATE_TRADE")
        if before is None:
            trade.revoked_under = trade.revoked_under or number
            self._bank.undo(trade, number, self._ref(), ends=State.CLOSED)
        return answers.revoked(trade, number, self._clock.now())

    def _refund(self, call: Call) -> Tree:
        given, struck = call.given, call.struck
        trade = self._known(given["oTradeNum"], call)
        try:
            refund = self._bank.refund(
                trade,
                given["tradeNum"],
                amount(given),
                self._ref(),
                reason=given.get("note", ""),
                notify_url=given.get("notifyUrl", ""),
                late=struck.seconds("captured_late"),
                fails="declined" in struck,
                key_ignored="key_ignored" in struck,
            )
        except Declined as declined:
            raise JdFailure(_WHY[declined.why]) from None
        told = dict(answers.refunded(refund, _extra(call)))
        del told["tradeType"]  # the answer to a refund has none, in a message that JD signed
        return told

    def _ref(self) -> str:
        return f"1030{self._mint.digits(18)}"


def _extra(call: Call) -> int:
    return 1 if "wrong_amount" in call.struck else 0
