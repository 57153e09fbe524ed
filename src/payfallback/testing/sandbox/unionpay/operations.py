"""What UnionPay does with a verified request about a consumption."""

from __future__ import annotations

from collections.abc import Callable

from payfallback.testing.sandbox.bank import Bank
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.exchange import Call
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.payment_codes import asks_to_confirm, refused_cause
from payfallback.testing.sandbox.trades import CODE_LIVES, State, Trade
from payfallback.testing.sandbox.unionpay import fields, views
from payfallback.testing.sandbox.unionpay.bills import Bills
from payfallback.testing.sandbox.unionpay.codes import Refusal, of_cause
from payfallback.testing.sandbox.unionpay.refunds import Refunds

Told = dict[str, str] | str  # the fields of an answer, or the address of the cashier page
SHOWN_FOR = 7200.0  # seconds for which a page without payTimeout can be paid: an assumption
NO_NOTICE = "http://www.specialUrl.com"  # UnionPay's demo: where no notification is wanted
_OF_BUSINESS = {"06": "code", "000902": "token"}  # by txnSubType, then by bizType


class Operations:
    """One method an endpoint."""

    def __init__(self, bank: Bank, clock: Clock, mint: Mint, page: Callable[[str], str], refunds: Refunds, tr_id: str):
        self._bank, self._clock, self._mint, self._page, self._tr_id = bank, clock, mint, page, tr_id
        self._bills = Bills(bank, clock, refunds)
        self._by_name: dict[str, Callable[[Call], Told]] = {
            "frontTransReq": self._front,
            "appTransReq": self._app,
            "consume": self._consume,
            "queryTrans": self._query,
            "reverse": self._reverse,
            "refund": refunds.refund,
            "queryRefund": refunds.query,
            "fileTransfer": self._file,
        }

    def perform(self, call: Call) -> Told:
        """Raises `Refusal` for what is answered with a code."""
        with self._bank.lock:
            return self._by_name[call.endpoint.name](call)

    # ------------------------------------------------------------ charging

    def _front(self, call: Call) -> Told:
        """The shopper's browser: it is sent on to the cashier. The same form again shows the same page."""
        before = self._before(call)
        if before is None:
            fields.text(call.given, "frontUrl", r"https?://\S{1,250}", required=False)
            self._bank.open(self._shown(call, "front"))
        elif before.asked != self._asked(call):
            raise Refusal("12")
        return self._page(call.number)

    def _app(self, call: Call) -> Told:
        if self._before(call) is not None:
            raise Refusal("12")
        return views.taken_on(self._bank.open(self._shown(call, "app")), _extra(call))

    def _shown(self, call: Call, product: str) -> Trade:
        until = fields.pay_until(call.given, self._clock.now(), SHOWN_FOR)
        return self._trade(call, product, until, State.CLOSED, call.struck.word("declined") or "")

    def _consume(self, call: Call) -> Told:
        """A payment code's or a token's consumption, in the back: decided at once, or when the shopper confirms."""
        given = call.given
        product = _OF_BUSINESS.get(given.get("txnSubType", "")) or _OF_BUSINESS.get(given.get("bizType", ""))
        if product is None:
            raise Refusal("32")
        means = self._code(call) if product == "code" else self._token(call)
        if self._before(call) is not None:
            raise Refusal("12")
        cause = call.struck.word("declined") or refused_cause(means)
        trade = self._trade(call, product, self._clock.now() + CODE_LIVES, State.REFUSED, cause)
        trade.state = State.CONFIRMING
        self._bank.open(trade)
        if cause or not asks_to_confirm(means):
            self._bank.pay(trade, "")
        if trade.state is State.REFUSED:
            raise Refusal(of_cause(trade.cause))
        return views.taken_on(trade, _extra(call))

    def _code(self, call: Call) -> str:
        return fields.text(call.given, "qrNo", r"[0-9]{1,20}")

    def _token(self, call: Call) -> str:
        data = fields.nested(call.given, "tokenPayData")
        if data.get("trId") != self._tr_id:
            raise Refusal("10", "trId")
        return fields.text(data, "token", r"[0-9A-Za-z]{1,40}")

    def _before(self, call: Call) -> Trade | None:
        """The trade that this number already stands for."""
        given = call.given
        if given.get("txnType") != "01":
            raise Refusal("10", "txnType")
        fields.text(given, "channelType", "07|08")
        fields.fen(given)
        fields.current(given, self._clock.now(), self._clock.real())
        fields.text(given, "backUrl", r"https?://\S{1,250}")
        return None if "key_ignored" in call.struck else self._bank.latest(call.number)

    def _asked(self, call: Call) -> dict[str, str]:
        return {name: text for name, text in call.given.items() if name != "signature"}

    def _trade(self, call: Call, product: str, until: float, lapses_to: State, cause: str) -> Trade:
        given, struck, now = call.given, call.struck, self._clock.now()
        back = given["backUrl"]
        return Trade(
            provider=self._bank.provider,
            number=call.number,
            amount=fields.fen(given),
            product=product,
            created=now,
            expires=until,
            ref=self._mint.digits(21),
            title=fields.nested(given, "riskRateInfo").get("commodityName", ""),
            notify_url="" if back == NO_NOTICE else back,
            back_to=given.get("frontUrl", ""),
            terms=int(fields.nested(given, "instalTransInfo").get("numberOfInstallments", "0")),
            asked=self._asked(call),
            lapses_to=lapses_to,
            hidden_until=now + (struck.seconds("appears_late") or 0.0),
            late=struck.seconds("captured_late"),
            doomed=cause,
        )

    # ------------------------------------------------------------ asking

    def _query(self, call: Call) -> Told:
        trade = self._bank.look(call.number, call.struck.seconds("appears_late"))
        if trade is None or not self._keyed(trade, call) or not views.result(trade):
            raise Refusal("34")
        return views.queried(trade, _extra(call))

    def _keyed(self, trade: Trade, call: Call) -> bool:
        """Whether the request names this trade: the time is part of the key."""
        return bool(trade.asked["txnTime"] == fields.text(call.given, "txnTime", r"[0-9]{14}"))

    def _file(self, call: Call) -> Told:
        return views.told(self._bills.ask(call), "00")

    # ------------------------------------------------------------ undoing

    def _reverse(self, call: Call) -> Told:
        """Undo a payment code's consumption under its own key, on its clearing day; doing it again changes nothing."""
        trade = self._bank.look(call.number)
        if trade is None or not self._keyed(trade, call):
            raise Refusal("34")
        if trade.product != "code":
            raise Refusal("32")
        today = fields.clearing_day(self._clock.now()) == fields.clearing_day(trade.created)
        if "close_refused" in call.struck or not today or trade.state is State.REFUSED:
            raise Refusal("35")
        self._bank.undo(trade, f"reverse-{trade.ref}", self._mint.digits(21), ends=State.REVERSED)
        return views.told(views.key_of(trade), "00")


def _extra(call: Call) -> int:
    return 1 if "wrong_amount" in call.struck else 0
