"""WeChat Pay APIv3 as a merchant meets it: requests verified, processed, answered under the platform's signature."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from payfallback.testing.sandbox.bank import Bank
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.exchange import Call, Endpoint, Reply
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.wechatpay import fields, signing
from payfallback.testing.sandbox.wechatpay.bills import Bills
from payfallback.testing.sandbox.wechatpay.codes import ApiError
from payfallback.testing.sandbox.wechatpay.keys import WeChatKeys
from payfallback.testing.sandbox.wechatpay.operations import Operations

_PAY = "/v3/pay/transactions"
_BY_NUMBER = f"{_PAY}/out-trade-no/{{number}}"
_REFUNDS = "/v3/refund/domestic/refunds"


class WeChatPay:
    """The provider. One merchant, whose keys are given."""

    name = "wechatpay"
    endpoints: tuple[Endpoint, ...] = (
        Endpoint("native", "charge", "POST", f"{_PAY}/native"),
        Endpoint("jsapi", "charge", "POST", f"{_PAY}/jsapi"),
        Endpoint("app", "charge", "POST", f"{_PAY}/app"),
        Endpoint("h5", "charge", "POST", f"{_PAY}/h5"),
        Endpoint("codepay", "charge", "POST", f"{_PAY}/codepay"),
        Endpoint("query", "query", "GET", _BY_NUMBER),
        Endpoint("query_id", "query", "GET", f"{_PAY}/id/{{ref}}"),
        Endpoint("close", "close", "POST", f"{_BY_NUMBER}/close"),
        Endpoint("reverse", "close", "POST", f"{_BY_NUMBER}/reverse"),
        Endpoint("refund", "refund", "POST", _REFUNDS),
        Endpoint("query_refund", "query_refund", "GET", f"{_REFUNDS}/{{refund_number}}"),
        Endpoint("tradebill", "bill", "GET", "/v3/bill/tradebill"),
        Endpoint("billdownload", "bill", "GET", "/v3/billdownload/file"),
    )

    def __init__(self, keys: WeChatKeys, bank: Bank, clock: Clock, mint: Mint, page: Callable[[str], str]) -> None:
        self._known, self._clock, self._mint = keys.credentials, clock, mint
        self._theirs = keys.merchant.public_key()
        self._ours, self._wrong = keys.platform, keys.merchant
        self.owner = {name: keys.credentials[name] for name in ("appid", "mchid")}
        self._operations = Operations(bank, clock, mint, page, self.owner)
        self._bills = Bills(bank, clock, mint, self.owner)

    def read(self, call: Call) -> None:
        """Parse the body; keep what it says, or what is wrong with it."""
        call.number = call.path.get("number", "")
        if call.endpoint.method == "GET":
            return
        try:
            call.given = fields.parse(call.body)
        except ApiError as problem:
            call.given = problem
            return
        named = call.given.get("out_trade_no")
        if not call.number and isinstance(named, str):
            call.number = named[:64]

    def handle(self, call: Call) -> Reply:
        """Answer a request."""
        try:
            self._verify(call)
            if isinstance(call.given, ApiError):
                raise call.given
            if call.endpoint.name == "billdownload":  # a file, which carries no signature: its hash was signed
                return Reply(200, self._bills.file(call), {"Content-Type": "text/plain"})
            told = self._bills.ask(call) if call.endpoint.operation == "bill" else self._operations.perform(call)
        except ApiError as problem:
            return self._refusal(problem, call)
        return self._reply(204 if told is None else 200, told, call)

    def _verify(self, call: Call) -> None:
        claim = signing.read_claim(call.headers.get("authorization", ""))
        if claim is None:
            raise ApiError("SIGN_ERROR", "Authorization")
        if claim.mchid != self._known["mchid"] or claim.serial_no != self._known["serial"]:
            raise ApiError("SIGN_ERROR", "mchid, serial_no")
        # Either clock will do: a test may put the provider's forward and leave its own.
        if not signing.is_recent(claim, self._clock.now(), self._clock.real()):
            raise ApiError("SIGN_ERROR", "timestamp")
        if not signing.claim_holds(claim, self._theirs, call.endpoint.method, call.target, call.body):
            raise ApiError("SIGN_ERROR")

    def unavailable(self, call: Call) -> Reply:
        """HTTP 503, with a body that no signature vouches for."""
        body = json.dumps({"code": "SYSTEM_ERROR", "message": "系统异常"}, ensure_ascii=False).encode()
        return Reply(503, body, {"Content-Type": "application/json"})

    def rate_limited(self, call: Call, after: float) -> Reply:
        """HTTP 429 with `Retry-After`."""
        return self._refusal(ApiError("FREQUENCY_LIMITED"), call, {"Retry-After": str(max(1, round(after)))})

    def _refusal(self, problem: ApiError, call: Call, headers: dict[str, str] | None = None) -> Reply:
        return self._reply(problem.status, {"code": problem.code, "message": problem.message}, call, headers)

    def _reply(
        self, status: int, told: dict[str, Any] | None, call: Call, headers: dict[str, str] | None = None
    ) -> Reply:
        body = b"" if told is None else json.dumps(told, ensure_ascii=False).encode()
        kind = {"Content-Type": "application/json; charset=utf-8"} if body else {}
        sent = {"Request-ID": self._mint.text(32), **kind, **(headers or {})}
        return Reply(status, body, sent | self.signed(body, call.struck.word("unsigned")))

    def signed(self, body: bytes, unsigned: str | None = None) -> dict[str, str]:
        """The signature headers; with `unsigned` "" none, with "wrong" under a key that is not the platform's."""
        if unsigned == "":
            return {}
        timestamp, nonce = str(int(self._clock.now())), self._mint.text(32)
        key = self._wrong if unsigned == "wrong" else self._ours
        return {
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": signing.signature(key, timestamp, nonce, body),
            "Wechatpay-Signature-Type": signing.SCHEME,
            "Wechatpay-Serial": self._known["platform_public_key_id"],
        }
