"""What JD's aggregate payment does with a verified request."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from payfallback.testing.sandbox.bank import Bank, Declined
from payfallback.testing.sandbox.clock import Clock, read_compact
from payfallback.testing.sandbox.exchange import Call
from payfallback.testing.sandbox.jdpay_aggregate import answers
from payfallback.testing.sandbox.jdpay_aggregate.cabinet import Told
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.payment_codes import asks_to_confirm, refused_cause
from payfallback.testing.sandbox.trades import CODE_LIVES, State, Trade

TOOLS = ("JDPAY", "WX", "ALIPAY", "UNIPAY", "APPLEPAY")
DAY = 86400.0
_WHY = {"not_paid": "SANDBOX_NOT_PAID", "too_much": "SANDBOX_OVER_REFUND", "number_used": "SANDBOX_NUMBER_USED"}


class Failure(Exception):
    """A request that is answered with a failure code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Operations:
    """One method an endpoint. Each returns the fields of the answer."""

    def __init__(self, bank: Bank, clock: Clock, mint: Mint, page: Callable[[str], str]) -> None:
        self._bank, self._clock, self._mint, self._page = bank, clock, mint, page
        self._by_name: dict[str, Callable[[Call], Told]] = {
            "pay": self._pay,
            "getScanUrl": self._scan_url,
            "querytrade": self._query,
            "refund": self._refund,
            "queryrefund": self._query_refund,
        }

    def perform(self, call: Call) -> Told:
        """Raises `Failure` for what is answered with a code."""
        version = "V1.0.0" if call.endpoint.name == "getScanUrl" else "V3.0"
        if call.given.get("version") != version or call.given.get("businessCode") != "AGGRE":
            raise Failure("SANDBOX_PARAM")
        with self._bank.lock:
            return self._by_name[call.endpoint.name](call)

    # ------------------------------------------------------------ charging

    def _pay(self, call: Call) -> Told:
        given, now = call.given, self._clock.now()
        code = _field(given, "authCode", r"\d{16,24}")
        tool = _field(given, "piType", "|".join(TOOLS))
        for name in ("currency", "productName", "outTradeIp", "deviceInfo"):
            _field(given, name, r"(?s).{1,512}")
        until = now + CODE_LIVES
        if given.get("deadlineTime"):
            until = min(until, _moment(given["deadlineTime"]))
        trade = self._new(call, tool, given["productName"], until, given.get("notifyUrl", ""))
        trade.state = State.CONFIRMING
        trade.doomed = trade.doomed or refused_cause(code)
        if not asks_to_confirm(code) or trade.doomed:
            self._bank.pay(trade, "")
        return answers.trade(trade, _extra(call))

    def _scan_url(self, call: Call) -> Told:
        """The address behind the QR code: the page where the shopper pays with any wallet."""
        given, now = call.given, self._clock.now()
        lives = float(_field(given, "expireTime", r"[1-9]\d{0,7}")) if given.get("expireTime") else 7 * DAY
        trade = self._new(call, "qr", given.get("remark", ""), now + lives, given.get("successNotifyUrl", ""))
        return {"outTradeNo": trade.number, "scanUrl": self._page(trade.number)}

    def _new(self, call: Call, product: str, title: str, until: float, notify_url: str) -> Trade:
        given, struck, now = call.given, call.struck, self._clock.now()
        number = _field(given, "outTradeNo", r"[0-9A-Za-z]{1,32}")
        if self._bank.latest(number) is not None and "key_ignored" not in struck:
            raise Failure("SANDBOX_NUMBER_USED")
        if until <= now:
            raise Failure("SANDBOX_EXPIRED")
        trade = Trade(
            provider=self._bank.provider,
            number=number,
            amount=int(_field(given, "amount", r"[1-9]\d{0,11}")),
            product=product,
            created=now,
            expires=until,
            ref=self._mint.digits(20),
            title=title,
            notify_url=notify_url,
            lapses_to=State.CLOSED,
            hidden_until=now + (struck.seconds("appears_late") or 0.0),
            late=struck.seconds("captured_late"),
            doomed=struck.word("declined") or "",
        )
        return self._bank.open(trade)

    # ------------------------------------------------------------ asking, giving back

    def _query(self, call: Call) -> Told:
        return answers.trade(self._known(call), _extra(call))

    def _known(self, call: Call) -> Trade:
        trade = self._bank.look(_field(call.given, "outTradeNo", r"\S{1,64}"), call.struck.seconds("appears_late"))
        if trade is None:
            raise Failure("SANDBOX_NOT_FOUND")
        return trade

    def _refund(self, call: Call) -> Told:
        given, struck, trade = call.given, call.struck, self._known(call)
        try:
            refund = self._bank.refund(
                trade,
                _field(given, "outRefundNo", r"[0-9A-Za-z]{1,32}"),
                int(_field(given, "amount", r"[1-9]\d{0,11}")),
                self._mint.digits(20),
                reason=given.get("tradeRemark", ""),
                notify_url=given.get("notifyUrl", ""),
                late=struck.seconds("captured_late"),
                fails="declined" in struck,
                key_ignored="key_ignored" in struck,
            )
        except Declined as declined:
            raise Failure(_WHY[declined.why]) from None
        return answers.refund(refund, _extra(call))

    def _query_refund(self, call: Call) -> Told:
        refund = self._bank.refund_under(_field(call.given, "outRefundNo", r"\S{1,64}"))
        if refund is None:
            raise Failure("SANDBOX_NOT_FOUND")
        return answers.refund(refund, _extra(call))


def _field(given: Mapping[str, str], name: str, pattern: str) -> str:
    text = given.get(name, "")
    if not re.fullmatch(pattern, text):
        raise Failure("SANDBOX_PARAM")
    return text


def _moment(text: str) -> float:
    moment = read_compact(text)
    if moment is None:
        raise Failure("SANDBOX_PARAM")
    return moment


def _extra(call: Call) -> int:
    return 1 if "wrong_amount" in call.struck else 0
