"""JD's aggregate payment as a merchant meets it: requests opened and verified, processed, answered under JD's seal.

JD's error codes are not public: every code here is the sandbox's own, spelled so that nobody takes it for JD's.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from payfallback.testing.sandbox.bank import Bank
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.exchange import Call, Endpoint, Reply
from payfallback.testing.sandbox.jdpay_aggregate.cabinet import Cabinet, Told, Unreadable
from payfallback.testing.sandbox.jdpay_aggregate.keys import AggregateKeys
from payfallback.testing.sandbox.jdpay_aggregate.operations import Failure, Operations
from payfallback.testing.sandbox.mint import Mint

_JSON = {"Content-Type": "application/json;charset=UTF-8"}


class JdPayAggregate:
    """The provider. One merchant, whose keys are given."""

    name = "jdpay_aggregate"
    endpoints: tuple[Endpoint, ...] = (
        Endpoint("pay", "charge", "POST", "/m/pay"),
        Endpoint("getScanUrl", "charge", "POST", "/getScanUrl"),
        Endpoint("querytrade", "query", "POST", "/m/querytrade"),
        Endpoint("refund", "refund", "POST", "/m/refund"),
        Endpoint("queryrefund", "query_refund", "POST", "/m/queryrefund"),
    )

    def __init__(self, keys: AggregateKeys, bank: Bank, clock: Clock, mint: Mint, page: Callable[[str], str]) -> None:
        self._cabinet = Cabinet(keys.credentials)
        self._operations = Operations(bank, clock, mint, page)

    def read(self, call: Call) -> None:
        """Open the envelope; keep its fields, or that it cannot be opened."""
        try:
            call.given = self._cabinet.open(call.body)
        except Unreadable:
            call.given = None
            return
        call.number = call.given.get("outTradeNo", "")[:64]

    def handle(self, call: Call) -> Reply:
        """Answer a request. What is not sealed is refused in plain; what is refused is sealed."""
        if call.given is None:
            return self._plain("SANDBOX_SIGN", "解密或验签失败 (not sealed with this merchant's keys)")
        try:
            told: Told = {"resultCode": "SUCCESS", **self._operations.perform(call)}
        except Failure as refusal:
            told = {"resultCode": "FAIL", "errCode": refusal.code, "errCodeDes": refusal.code.lower()}
        return Reply(200, self.sealed(told, call.struck.word("unsigned")), _JSON)

    def sealed(self, told: Told, unsigned: str | None = None) -> bytes:
        """Under JD's seal."""
        return self._cabinet.seal(told, unsigned)

    def unavailable(self, call: Call) -> Reply:
        """HTTP 503 with a refusal in plain."""
        return self._plain("SANDBOX_UNAVAILABLE", "服务不可用", 503)

    def rate_limited(self, call: Call, after: float) -> Reply:
        """HTTP 429 with `Retry-After`: an assumption, JD's own form is not documented."""
        return self._plain("SANDBOX_BUSY", "请求过于频繁", 429, {"Retry-After": str(max(1, round(after)))})

    def _plain(self, code: str, text: str, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
        body = json.dumps({"success": False, "errCode": code, "errCodeDes": text}, ensure_ascii=False).encode()
        return Reply(status, body, {**_JSON, **(headers or {})})
