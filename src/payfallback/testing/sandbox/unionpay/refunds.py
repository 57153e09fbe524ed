"""What UnionPay does with a verified request about a refund."""

from __future__ import annotations

from payfallback.testing.sandbox.bank import Bank, Declined
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.exchange import Call
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.trades import Refund, Trade
from payfallback.testing.sandbox.unionpay import fields, views
from payfallback.testing.sandbox.unionpay.codes import Refusal, of_cause

_WHY = {"not_paid": "35", "too_much": "36", "number_used": "12"}
_NO_NOTICE = "http://www.specialUrl.com"
OLDEST_TRADE = 330 * 86400.0  # UnionPay's demo: a consumption of the last 11 months


class Refunds:
    """Refunding and asking about it. A refund is a transaction of its own, with its own number and time."""

    def __init__(self, bank: Bank, clock: Clock, mint: Mint) -> None:
        self._bank, self._clock, self._mint = bank, clock, mint
        self._times: dict[str, str] = {}

    def known(self, number: str) -> Refund | None:
        """The refund with this number."""
        return self._bank.refund_under(number)

    def time_of(self, number: str) -> str:
        """The txnTime under which a refund is known."""
        return self._times.get(number, "")

    def refund(self, call: Call) -> dict[str, str]:
        """One refund number gives money back once; the same again is a repetition."""
        given, struck = call.given, call.struck
        number = fields.text(given, "orderId", fields.NUMBER)
        amount = fields.fen(given)
        when = fields.current(given, self._clock.now(), self._clock.real())
        back = fields.text(given, "backUrl", r"https?://\S{1,250}")
        trade = self.original(given)
        if trade is None or self._clock.now() - trade.created > OLDEST_TRADE:
            raise Refusal("35")
        if "declined" in struck:
            raise Refusal(of_cause(struck.word("declined") or ""))
        repeated = "key_ignored" in struck
        if self.known(number) is not None and not repeated:
            raise Refusal("12")
        self._times.setdefault(number, when)  # before the money moves: its notification tells it
        given_back = self._given_back(call, trade, number, amount, back, repeated=repeated)
        extra = 1 if "wrong_amount" in struck else 0
        return views.told(views.refund(given_back, when, extra), "00")

    def _given_back(self, call: Call, trade: Trade, number: str, amount: int, back: str, *, repeated: bool) -> Refund:
        try:
            return self._bank.refund(
                trade,
                number,
                amount,
                self._mint.digits(21),
                notify_url="" if back == _NO_NOTICE else back,
                late=call.struck.seconds("captured_late"),
                key_ignored=repeated,
            )
        except Declined as declined:
            raise Refusal(_WHY[declined.why]) from None

    def query(self, call: Call) -> dict[str, str]:
        """By the refund's own number and time."""
        given_back = self.known(call.given.get("orderId", ""))
        if given_back is None or self.time_of(given_back.number) != call.given.get("txnTime"):
            raise Refusal("34")
        return views.refund_queried(
            given_back, self.time_of(given_back.number), 1 if "wrong_amount" in call.struck else 0
        )

    def original(self, given: fields.Fields) -> Trade | None:
        """The consumption that a refund names: by UnionPay's number, or by its own number and time."""
        if given.get("origQryId"):
            return self._bank.by_ref(given["origQryId"])
        trade = self._bank.look(given.get("origOrderId", ""))
        return trade if trade is not None and trade.asked["txnTime"] == given.get("origTxnTime") else None
