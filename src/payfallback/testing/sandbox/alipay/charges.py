"""How a trade comes about at Alipay: a payment code, an order code, a page that the shopper's browser opens."""

from __future__ import annotations

import re
from math import inf
from typing import Any

from payfallback.testing.sandbox.alipay import fields, views
from payfallback.testing.sandbox.alipay.codes import AT_ONCE, OF_CAUSE, ApiError
from payfallback.testing.sandbox.alipay.fields import NUMBER
from payfallback.testing.sandbox.bank import Bank
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.exchange import Call
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.payment_codes import asks_to_confirm, refused_cause
from payfallback.testing.sandbox.trades import CODE_LIVES, State, Trade

HOUR, DAY = 3600.0, 86400.0
_CODE = r"\d{16,24}|fp[0-9a-zA-Z]{1,64}"
_LIFE = {"precreate": 2 * HOUR, "page": 15 * DAY, "wap": 15 * DAY, "pay": 15 * DAY}
_PRODUCTS = {
    "pay": ("", "FACE_TO_FACE_PAYMENT", "OFFLINE_PAYMENT"),
    "precreate": ("", "FACE_TO_FACE_PAYMENT", "QR_CODE_OFFLINE", "OFFLINE_PAYMENT"),
    "page": ("FAST_INSTANT_TRADE_PAY",),
    "wap": ("QUICK_WAP_WAY", "QUICK_WAP_PAY"),  # the second is what python-alipay-sdk sends
}
_OWN = ("notify_url", "return_url", "quit_url")  # what may differ when the same order comes again


class Charges:
    """The requests that make trades. The bank is locked while one of them runs."""

    def __init__(self, bank: Bank, clock: Clock, mint: Mint, seller: str) -> None:
        self._bank, self._clock, self._mint, self._seller = bank, clock, mint, seller
        self._unscanned: set[str] = set()  # the references of order codes that nobody has opened

    def look(self, call: Call) -> Trade | None:
        """What Alipay knows under a number of the merchant's, or under its own. An order code that nobody has scanned
        is not a trade yet."""
        given = call.given
        number = fields.text(given, "out_trade_no", pattern=NUMBER, required=False)
        ref = fields.text(given, "trade_no", pattern=NUMBER, required=False)
        if not number and not ref:
            raise ApiError("ACQ.INVALID_PARAMETER", "out_trade_no, trade_no")
        hidden = call.struck.seconds("appears_late")
        trade = self._bank.look(number, hidden) if number else self._bank.by_ref(ref)
        if trade is not None and (trade.paid_at is not None or trade.state is State.PROCESSING):
            self._unscanned.discard(trade.ref)  # who has paid has scanned, by whatever way
        return None if trade is None or trade.ref in self._unscanned else trade

    # ------------------------------------------------------------ payment codes

    def pay(self, call: Call) -> dict[str, Any]:
        """Take money by the code on the shopper's phone. The same request again is the same payment."""
        given, now = call.given, self._clock.now()
        code = given.get("auth_code")
        if fields.text(given, "scene", required=False) not in ("", "bar_code", "wave_code", "security_code"):
            raise ApiError("ACQ.INVALID_PARAMETER", "scene")
        fields.text(given, "auth_code", pattern=r"\S{1,128}")
        trade = self._before(call)
        if trade is None:
            lives = min(fields.expires(given, now, _LIFE["pay"]), now + CODE_LIVES)
            cause = call.struck.word("declined") or refused_cause(str(code))
            trade = self._new(call, lives, cause)
            trade.state = State.CONFIRMING
            if cause:
                trade.hidden_until = inf  # refused at once: there is no trade to be found
            self._bank.open(trade)
            if cause or not asks_to_confirm(str(code)):
                self._bank.pay(trade, "")
        if trade.state is State.REFUSED:
            raise ApiError(OF_CAUSE.get(trade.cause, "ACQ.PAYMENT_FAIL"))
        return views.paid(trade, extra(call))

    # ------------------------------------------------------------ what the shopper opens

    def precreate(self, call: Call) -> Trade:
        """Make an order code. A number gets one only once."""
        before = self._before(call)
        if before is not None:
            raise ApiError("ACQ.APPLY_PC_MERCHANT_CODE_ERROR")
        trade = self._open(call)
        self._unscanned.add(trade.ref)
        return trade

    def scan(self, number: str) -> Trade:
        """The shopper's phone opens an order code: from now on there is a trade."""
        trade = self._bank.latest(number)
        if trade is None or trade.product != "precreate":
            raise ApiError("ACQ.TRADE_NOT_EXIST")
        if trade.state is State.CLOSED:
            raise ApiError("ACQ.TRADE_HAS_CLOSE")
        self._unscanned.discard(trade.ref)
        return trade

    def page(self, call: Call) -> Trade:
        """The shopper's browser opens a page: the trade begins, or the one that is open goes on."""
        before = self._before(call)
        return self._open(call) if before is None else before

    def _open(self, call: Call) -> Trade:
        now, cause = self._clock.now(), call.struck.word("declined") or ""
        until = fields.expires(call.given, now, _LIFE[call.endpoint.name])
        if cause in AT_ONCE:
            raise ApiError(OF_CAUSE[cause])
        return self._bank.open(self._new(call, until, cause))

    # ------------------------------------------------------------ common

    def _before(self, call: Call) -> Trade | None:
        """The trade that this number already stands for, if it can still be paid. Raises `ApiError`."""
        given, name = call.given, call.endpoint.name
        number = fields.text(given, "out_trade_no", pattern=NUMBER)
        fields.text(given, "subject", pattern=r"[^/=&\x00-\x1f]{1,256}")
        fields.fen(given, "total_amount")
        fields.terms(given)
        if fields.text(given, "product_code", required=False) not in _PRODUCTS[name]:
            raise ApiError("ACQ.INVALID_PARAMETER", "product_code")
        if fields.text(given, "seller_id", required=False) not in ("", self._seller):
            raise ApiError("ACQ.INVALID_RECEIVE_ACCOUNT")
        if name == "pay" and not re.fullmatch(_CODE, given["auth_code"]):
            raise ApiError("ACQ.PAYMENT_AUTH_CODE_INVALID")
        trade = None if "key_ignored" in call.struck else self._bank.latest(number)
        if trade is not None:
            self._can_be_paid(trade, call)
        return trade

    def _can_be_paid(self, trade: Trade, call: Call) -> None:
        if trade.asked != _asked(call):
            raise ApiError("ACQ.CONTEXT_INCONSISTENT")
        if trade.paid_at is not None:
            raise ApiError("ACQ.TRADE_HAS_SUCCESS" if trade.state is State.PAID else "ACQ.TRADE_HAS_CLOSE")
        if trade.state in (State.CLOSED, State.REVERSED):
            late = trade.cause == "expired"
            raise ApiError("ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR" if late else "ACQ.TRADE_HAS_CLOSE")

    def _new(self, call: Call, until: float, cause: str) -> Trade:
        given, struck, now = call.given, call.struck, self._clock.now()
        return Trade(
            provider=self._bank.provider,
            number=given["out_trade_no"],
            amount=fields.fen(given, "total_amount"),
            product=call.endpoint.name,
            created=now,
            expires=until,
            ref=fields.local(now)[:10].replace("-", "") + "22" + self._mint.digits(18),
            title=given["subject"],
            notify_url=fields.text(given, "notify_url", required=False),
            back_to=fields.text(given, "return_url", required=False, pattern=r"(?s).{1,2048}"),
            payer="2088" + self._mint.digits(12),
            terms=fields.terms(given),
            asked=_asked(call),
            lapses_to=State.CLOSED,
            hidden_until=now + (struck.seconds("appears_late") or 0.0),
            late=struck.seconds("captured_late"),
            doomed=cause,
        )


def _asked(call: Call) -> dict[str, Any]:
    return {"as": call.endpoint.name, **{name: each for name, each in call.given.items() if name not in _OWN}}


def extra(call: Call) -> int:
    """Fen that are told too many."""
    return 1 if "wrong_amount" in call.struck else 0
