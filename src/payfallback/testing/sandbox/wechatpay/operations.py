"""What WeChat Pay does with a verified request about a payment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from payfallback.testing.sandbox.bank import Bank
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.exchange import Call
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.payment_codes import asks_to_confirm, refused_cause
from payfallback.testing.sandbox.trades import CODE_LIVES, State, Trade
from payfallback.testing.sandbox.wechatpay import fields, views
from payfallback.testing.sandbox.wechatpay.codes import OF_CAUSE, ApiError
from payfallback.testing.sandbox.wechatpay.refunds import Refunds

Told = dict[str, Any] | None  # None: HTTP 204


class Operations:
    """One method an endpoint. Each returns the JSON of the answer."""

    def __init__(self, bank: Bank, clock: Clock, mint: Mint, page: Callable[[str], str], owner: dict[str, str]) -> None:
        self._bank, self._clock, self._mint, self._page, self._owner = bank, clock, mint, page, owner
        refunds = Refunds(bank, mint)
        self._by_name: dict[str, Callable[[Call], Told]] = {
            "native": self._native,
            "jsapi": self._jsapi,
            "app": self._app,
            "h5": self._h5,
            "codepay": self._codepay,
            "query": self._query,
            "query_id": self._query_id,
            "close": self._close,
            "reverse": self._reverse,
            "refund": refunds.refund,
            "query_refund": refunds.query,
        }

    def perform(self, call: Call) -> Told:
        """Raises `ApiError` for what is answered with a code."""
        with self._bank.lock:
            return self._by_name[call.endpoint.name](call)

    # ------------------------------------------------------------ charging

    def _native(self, call: Call) -> Told:
        trade = self._prepaid(call)
        return {"code_url": f"weixin://wxpay/bizpayurl?pr={trade.ref[-9:]}"}

    def _jsapi(self, call: Call) -> Told:
        fields.text(call.given, "payer.openid", pattern=r"[0-9A-Za-z_\-]{1,128}")
        trade = self._prepaid(call)
        return {"prepay_id": f"wx{trade.ref}"}

    def _app(self, call: Call) -> Told:
        return {"prepay_id": f"wx{self._prepaid(call).ref}"}

    def _h5(self, call: Call) -> Told:
        fields.text(call.given, "scene_info.payer_client_ip", pattern=r"[0-9a-fA-F.:]{2,45}")
        fields.text(call.given, "scene_info.h5_info.type", pattern=r"[0-9A-Za-z_]{1,32}")
        return {"h5_url": self._page(self._prepaid(call).number)}

    def _prepaid(self, call: Call) -> Trade:
        given, now = call.given, self._clock.now()
        fields.text(given, "notify_url", pattern=r"https?://\S{1,250}")
        before = self._before(call)
        if before is not None:
            self._can_be_paid_again(before, given)
            return before
        until, cause = fields.expires(given, now), call.struck.word("declined") or ""
        if cause in OF_CAUSE:
            raise ApiError(OF_CAUSE[cause])
        return self._bank.open(self._trade(call, until, None, cause))

    def _codepay(self, call: Call) -> Told:
        given = call.given
        code = fields.text(given, "payer.auth_code", pattern=r"\d{16,24}")
        if not isinstance(fields.find(given, "scene_info.store_info"), dict):
            raise ApiError("PARAM_ERROR", "scene_info.store_info")
        trade = self._before(call)
        if trade is None:
            cause = call.struck.word("declined") or refused_cause(code)
            trade = self._trade(call, self._clock.now() + CODE_LIVES, State.REFUSED, cause)
            trade.state = State.CONFIRMING
            self._bank.open(trade)
            if cause or not asks_to_confirm(code):
                self._bank.pay(trade, "")
        else:
            self._can_be_paid_again(trade, given)
        if trade.state is State.REFUSED and trade.cause in OF_CAUSE:
            raise ApiError(OF_CAUSE[trade.cause])
        return views.transaction(trade, self._owner, _extra(call))

    def _before(self, call: Call) -> Trade | None:
        """The trade that this number already stands for."""
        pattern = fields.CODEPAY_NUMBER if call.endpoint.name == "codepay" else fields.NUMBER
        number = fields.text(call.given, "out_trade_no", pattern=pattern)
        self._ours(call.given)
        fields.text(call.given, "description", pattern=r"(?s).{1,127}")
        fields.fen(call.given, "amount.total")
        fields.currency(call.given)
        return None if "key_ignored" in call.struck else self._bank.latest(number)

    def _can_be_paid_again(self, trade: Trade, given: dict[str, Any]) -> None:
        """The same request again is the same order; the rest is refused."""
        if trade.paid_at is not None:
            raise ApiError("ORDER_PAID")
        if trade.state in (State.CLOSED, State.REVERSED):
            raise ApiError("ORDER_CLOSED")
        if trade.asked != given:
            raise ApiError("INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
        if trade.state is State.OPEN and trade.expires <= self._clock.now():
            raise ApiError("INVALID_REQUEST", "该订单已失效")

    def _trade(self, call: Call, until: float, lapses_to: State | None, cause: str) -> Trade:
        given, struck, now = call.given, call.struck, self._clock.now()
        return Trade(
            provider=self._bank.provider,
            number=given["out_trade_no"],
            amount=given["amount"]["total"],
            product=call.endpoint.name,
            created=now,
            expires=until,
            ref=f"42{self._mint.digits(26)}",
            title=given["description"],
            order=fields.text(given, "attach", required=False),
            notify_url=fields.text(given, "notify_url", required=False) if call.endpoint.name != "codepay" else "",
            payer=fields.find(given, "payer.openid") or f"o{self._mint.text(27)}",
            asked=given,
            lapses_to=lapses_to,
            hidden_until=now + (struck.seconds("appears_late") or 0.0),
            late=struck.seconds("captured_late"),
            doomed=cause,
        )

    def _ours(self, given: dict[str, Any]) -> None:
        if fields.text(given, "mchid", pattern=r"\d{1,32}") != self._owner["mchid"]:
            raise ApiError("MCH_NOT_EXISTS")
        if fields.text(given, "appid") != self._owner["appid"]:
            raise ApiError("APPID_MCHID_NOT_MATCH")

    # ------------------------------------------------------------ asking

    def _query(self, call: Call) -> Told:
        self._asked_by_us(call)
        trade = self._bank.look(call.number, call.struck.seconds("appears_late"))
        if trade is None:
            raise ApiError("ORDER_NOT_EXIST")
        return views.transaction(trade, self._owner, _extra(call))

    def _query_id(self, call: Call) -> Told:
        self._asked_by_us(call)
        trade = self._bank.by_ref(call.path["ref"])
        if trade is None:
            raise ApiError("ORDER_NOT_EXIST")
        return views.transaction(trade, self._owner, _extra(call))

    def _asked_by_us(self, call: Call) -> None:
        if call.query.get("mchid") != self._owner["mchid"]:
            raise ApiError("PARAM_ERROR", "mchid")

    # ------------------------------------------------------------ undoing

    def _close(self, call: Call) -> Told:
        """Ends an unpaid order; closing again changes nothing. Payment codes can only be reversed."""
        if fields.text(call.given, "mchid") != self._owner["mchid"]:
            raise ApiError("MCH_NOT_EXISTS")
        trade = self._bank.look(call.number)
        if trade is None:
            raise ApiError("ORDER_NOT_EXIST")
        if trade.product == "codepay":
            raise ApiError("INVALID_REQUEST", "当前交易不允许进行普通关单，只能撤销")
        if "close_refused" in call.struck:
            raise ApiError("TRADE_ERROR")
        if trade.paid_at is not None:
            raise ApiError("ORDER_PAID")
        self._bank.close(trade)
        return None

    def _reverse(self, call: Call) -> Told:
        """Closes what is unpaid, refunds what is paid, and says yes to a number that it does not know (yet).

        A payment that had failed is closed too (pay.weixin.qq.com, code-payment-v3/direct/reverse); that it then reads
        REVOKED as the others do is an assumption.
        """
        self._ours(call.given)
        if "close_refused" in call.struck:
            raise ApiError("TRADE_ERROR")
        trade = self._bank.look(call.number)
        if trade is not None:
            if trade.product != "codepay":
                raise ApiError("INVALID_REQUEST", "仅付款码支付可以撤销")
            self._bank.undo(trade, f"reverse-{trade.ref}", f"50{self._mint.digits(26)}", ends=State.REVERSED)
            trade.state = State.REVERSED if trade.state is State.REFUSED else trade.state
        return {**self._owner, "out_trade_no": call.number}


def _extra(call: Call) -> int:
    return 1 if "wrong_amount" in call.struck else 0
