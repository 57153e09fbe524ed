"""JD Pay V2 as a merchant meets it: requests opened and verified, processed, answered under JD's seal."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl

from payfallback.testing.sandbox.bank import Bank
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.exchange import Call, Endpoint, Reply
from payfallback.testing.sandbox.jdpay import envelope
from payfallback.testing.sandbox.jdpay.codes import UNREADABLE, JdFailure
from payfallback.testing.sandbox.jdpay.envelope import Tree, Unreadable
from payfallback.testing.sandbox.jdpay.fields import check
from payfallback.testing.sandbox.jdpay.form import open_form
from payfallback.testing.sandbox.jdpay.keys import JdKeys
from payfallback.testing.sandbox.jdpay.operations import Operations
from payfallback.testing.sandbox.mint import Mint

_XML = {"Content-Type": "application/xml;charset=UTF-8"}


class JdPay:
    """The provider. One merchant, whose keys are given."""

    name = "jdpay"
    endpoints: tuple[Endpoint, ...] = (
        Endpoint("uniorder", "charge", "POST", "/service/uniorder"),
        Endpoint("fkmPay", "charge", "POST", "/service/fkmPay"),
        Endpoint("saveOrder", "charge", "POST", "/jdpay/saveOrder"),
        Endpoint("query", "query", "POST", "/service/query"),
        Endpoint("revoke", "close", "POST", "/service/revoke"),
        Endpoint("refund", "refund", "POST", "/service/refund"),
        Endpoint("queryRefund", "query_refund", "POST", "/service/queryRefund"),
        Endpoint("queryBaiTiaoFQ", "plans", "POST", "/service/queryBaiTiaoFQ"),
    )

    def __init__(self, keys: JdKeys, bank: Bank, clock: Clock, mint: Mint, page: Callable[[str], str]) -> None:
        self._merchant = keys.credentials["merchant"]
        self._cabinet = envelope.Cabinet(keys.credentials["secret"])
        self._theirs = keys.merchant.public_key()
        self._ours, self._wrong = keys.provider, keys.merchant
        self._operations = Operations(bank, clock, mint, page)

    def read(self, call: Call) -> None:
        """Open the envelope; keep its fields, or why it cannot be opened."""
        try:
            if call.endpoint.name == "saveOrder":
                given = open_form(
                    dict(parse_qsl(call.body.decode("latin-1"))), self._merchant, self._cabinet, self._theirs
                )
            else:
                given = envelope.open_request(call.body, self._merchant, self._cabinet, self._theirs)
        except Unreadable as problem:
            call.given = JdFailure(UNREADABLE[problem.why])
            return
        call.given = given
        named = "tradeNum" if call.endpoint.operation in ("charge", "query", "plans") else "oTradeNum"
        call.number = given.get("oTradeNum", "") if given.get("tradeType") == "1" else given.get(named, "")

    def handle(self, call: Call) -> Reply:
        """Answer a request."""
        try:
            if isinstance(call.given, JdFailure):
                raise call.given
            check(call.endpoint.name, call.given)
            answer = self._operations.perform(call)
        except JdFailure as refusal:
            return self._failure(refusal)
        if isinstance(answer, str):
            return Reply(302, b"", {"Location": answer})
        return Reply(200, self.sealed(answer, call.struck.word("unsigned")), _XML)

    def sealed(self, answer: Tree, unsigned: str | None = None) -> bytes:
        """Under JD's seal; with `unsigned` "" without a signature, with "wrong" under a key that is not JD's."""
        key = {None: self._ours, "wrong": self._wrong}.get(unsigned)
        return envelope.seal(answer, self._merchant, self._cabinet, key)

    def unavailable(self, call: Call) -> Reply:
        """HTTP 503 with a failure body."""
        return self._failure(JdFailure("SANDBOX_UNAVAILABLE"), 503)

    def rate_limited(self, call: Call, after: float) -> Reply:
        """HTTP 429 with `Retry-After`: an assumption, JD's own form is not documented."""
        return self._failure(JdFailure("SANDBOX_BUSY"), 429, {"Retry-After": str(max(1, round(after)))})

    def _failure(self, refusal: JdFailure, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
        body = envelope.failure(self._merchant, refusal.code, refusal.text)
        return Reply(status, body, {**_XML, **(headers or {})})
