"""UnionPay's gateway as a merchant meets it: forms verified, processed, answered under UnionPay's signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from payfallback.testing.sandbox.bank import Bank
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.exchange import Call, Endpoint, Reply
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.unionpay import fields, messages
from payfallback.testing.sandbox.unionpay.codes import Refusal
from payfallback.testing.sandbox.unionpay.keys import UnionPayKeys
from payfallback.testing.sandbox.unionpay.operations import Operations
from payfallback.testing.sandbox.unionpay.refunds import Refunds

_API = "/gateway/api"
_BACK, _QUERY = f"{_API}/backTransReq.do", f"{_API}/queryTrans.do"
_TEXT = {"Content-Type": "text/html;charset=UTF-8"}
_ECHOED = ("accessType", "bizType", "merId", "orderId", "txnTime", "txnType", "txnSubType")


def _kind(wanted: str) -> Callable[[Mapping[str, str], bytes], bool]:
    return lambda query, body: messages.named(body, "txnType") == wanted


class UnionPay:
    """The provider. One merchant, whose keys are in the ring."""

    name = "unionpay"

    def __init__(self, keys: UnionPayKeys, bank: Bank, clock: Clock, mint: Mint, page: Callable[[str], str]) -> None:
        self._known = keys.credentials
        self._theirs = keys.merchant.public_key()
        self._ours, self._wrong, self._certificate = keys.unionpay, keys.merchant, keys.certificate
        self.refunds = Refunds(bank, clock, mint)
        self._operations = Operations(bank, clock, mint, page, self.refunds, keys.credentials["tr_id"])
        self.endpoints: tuple[Endpoint, ...] = (
            Endpoint("frontTransReq", "charge", "POST", f"{_API}/frontTransReq.do"),
            Endpoint("appTransReq", "charge", "POST", f"{_API}/appTransReq.do"),
            Endpoint("reverse", "close", "POST", _BACK, _kind("99")),
            Endpoint("refund", "refund", "POST", _BACK, _kind("04")),
            Endpoint("consume", "charge", "POST", _BACK),
            Endpoint("queryRefund", "query_refund", "POST", _QUERY, self._asks_for_refund),
            Endpoint("queryTrans", "query", "POST", _QUERY),
            Endpoint("fileTransfer", "bill", "POST", "/", _kind("76")),  # a server of its own at UnionPay
        )

    def _asks_for_refund(self, query: Mapping[str, str], body: bytes) -> bool:
        return self.refunds.known(messages.named(body, "orderId")) is not None

    def read(self, call: Call) -> None:
        """Read the form; keep its fields. The log names the payment, also for requests about its refunds."""
        call.given = messages.read_form(call.body)
        if call.given is None:
            return
        call.number = call.given.get("orderId", "")[:64]
        given_back = self.refunds.known(call.number)
        trade = given_back.trade if given_back is not None else None
        if trade is None and call.endpoint.name == "refund":
            trade = self.refunds.original(call.given)
        call.number = trade.number if trade is not None else call.number

    def handle(self, call: Call) -> Reply:
        """Answer a request."""
        try:
            self._verify(call)
            told = self._operations.perform(call)
        except Refusal as refusal:
            return self._refusal(refusal, call)
        if isinstance(told, str):
            return Reply(302, b"", {"Location": told})
        return self._reply(told, call)

    def _verify(self, call: Call) -> None:
        given = call.given
        if given is None or any(given.get(name) != text for name, text in fields.ALWAYS.items()):
            raise Refusal("10")
        if given.get("merId") != self._known["merchant"]:
            raise Refusal("31")
        if given.get("certId") != self._known["cert_id"] or not messages.signature_holds(given, self._theirs):
            raise Refusal("11")
        if call.endpoint.name != "fileTransfer":
            fields.text(given, "orderId", fields.NUMBER)
        fields.text(given, "bizType", r"[0-9]{6}")

    def unavailable(self, call: Call) -> Reply:
        """HTTP 503, with a page that no signature vouches for."""
        return Reply(503, "<html><body>系统繁忙，请稍后再试</body></html>".encode(), _TEXT)

    def rate_limited(self, call: Call, after: float) -> Reply:
        """Code 37, signed. `Retry-After` is the sandbox's own addition: UnionPay is not known to send it."""
        return self._refusal(Refusal("37"), call, {"Retry-After": str(max(1, round(after)))})

    def _refusal(self, refusal: Refusal, call: Call, headers: dict[str, str] | None = None) -> Reply:
        """A refusal repeats what named the request, as far as it can be read."""
        given = call.given or {}
        told = {name: given[name] for name in _ECHOED if name in given}
        return self._reply({**told, "respCode": refusal.code, "respMsg": refusal.text}, call, headers)

    def _reply(self, told: dict[str, str], call: Call, headers: dict[str, str] | None = None) -> Reply:
        body = messages.bare(self.signed(told, call.struck.word("unsigned")))
        return Reply(200, body, {**_TEXT, **(headers or {})})

    def signed(self, told: dict[str, str], unsigned: str | None = None) -> dict[str, str]:
        """Under UnionPay's signature; with `unsigned` "" none, with "wrong" under a key that is not UnionPay's."""
        whole = {**told, "version": "5.1.0", "encoding": "UTF-8", "signMethod": "01"}
        if unsigned == "":
            return whole
        key = self._wrong if unsigned == "wrong" else self._ours
        return messages.signed(whole, key, self._certificate)
