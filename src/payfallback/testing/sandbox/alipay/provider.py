"""Alipay as a merchant meets it: v3 and the gateway, two doors to the same trades; and what a shopper opens."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from payfallback.testing.sandbox.alipay.bills import FILE, Bills
from payfallback.testing.sandbox.alipay.codes import ApiError
from payfallback.testing.sandbox.alipay.gateway import Gateway, parameters
from payfallback.testing.sandbox.alipay.keys import AlipayKeys
from payfallback.testing.sandbox.alipay.operations import Operations
from payfallback.testing.sandbox.alipay.rest import Rest
from payfallback.testing.sandbox.bank import Bank
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.exchange import Call, Endpoint, Reply
from payfallback.testing.sandbox.mint import Mint

# name, common operation, the method's last words; v3 has the same words in its paths
_TRADE = (
    ("pay", "charge", "pay"),
    ("precreate", "charge", "precreate"),
    ("query", "query", "query"),
    ("cancel", "close", "cancel"),
    ("close", "close", "close"),
    ("refund", "refund", "refund"),
    ("query_refund", "query_refund", "fastpay.refund.query"),
)
_BILL = "data.dataservice.bill.downloadurl.query"
_PAGES = (("page", "charge", "page.pay"), ("wap", "charge", "wap.pay"))
_OPENED = ("page", "wap", "scan")
DOOR = "/gateway.do"


def _asks_for(method: str) -> Callable[[Mapping[str, str], bytes], bool]:
    return lambda query, body: parameters(query, body).get("method") == method


def _gateway() -> list[Endpoint]:
    doors = [
        Endpoint(name, operation, http, DOOR, _asks_for(f"alipay.trade.{words}"))
        for http in ("GET", "POST")
        for name, operation, words in (*_TRADE, *_PAGES)
    ]
    doors += [Endpoint("bill", "bill", http, DOOR, _asks_for(f"alipay.{_BILL}")) for http in ("GET", "POST")]
    return doors + [Endpoint("unknown", "query", http, DOOR) for http in ("GET", "POST")]


class Alipay:
    """The provider. One app of one merchant, whose keys are given.

    url: where this provider is. page: a merchant's number -> the shopper's page.
    """

    name = "alipay"
    endpoints: tuple[Endpoint, ...] = (
        *(
            Endpoint(name, operation, "POST", f"/v3/alipay/trade/{words.replace('.', '/')}")
            for name, operation, words in _TRADE
        ),
        Endpoint("bill", "bill", "GET", f"/v3/alipay/{_BILL.replace('.', '/')}"),
        Endpoint("bill_file", "bill", "GET", FILE),
        *_gateway(),
        Endpoint("scan", "charge", "GET", "/qr/{number}"),
    )

    def __init__(
        self,
        keys: AlipayKeys,
        bank: Bank,
        clock: Clock,
        mint: Mint,
        *,
        url: Callable[[], str],
        page: Callable[[str], str],
    ) -> None:
        self._rest, self._gateway = Rest(keys, clock, mint), Gateway(keys, clock)
        seller = keys.credentials["seller_id"]
        self._bills = Bills(bank, clock, mint, seller, url)
        self._operations = Operations(
            bank, clock, mint, seller, bills=self._bills, scanned=lambda number: f"{url()}/qr/{number}", page=page
        )

    def _door(self, call: Call) -> Rest | Gateway:
        return self._gateway if call.endpoint.path == DOOR else self._rest

    def read(self, call: Call) -> None:
        """Parse the request; keep what it says, or what is wrong with it."""
        if call.endpoint.name == "scan":
            call.number = call.path["number"]
        elif call.endpoint.name != "bill_file":
            self._door(call).read(call)

    def handle(self, call: Call) -> Reply:
        """Answer a request."""
        if call.endpoint.name in _OPENED:
            return self._opened(call)
        if call.endpoint.name == "bill_file":
            return self._bills.file(call)
        door = self._door(call)
        try:
            self._check(call, door)
            told = self._operations.perform(call)
        except ApiError as problem:
            return door.refusal(problem, call)
        return door.reply(told, call)

    def _check(self, call: Call, door: Rest | Gateway) -> None:
        if call.endpoint.name == "unknown":
            raise ApiError("invalid-method")
        door.verify(call)
        if isinstance(call.given, ApiError):
            raise call.given

    def _opened(self, call: Call) -> Reply:
        try:
            if call.endpoint.name != "scan":
                self._check(call, self._gateway)
            return self._gateway.sent_on(self._operations.open(call))
        except ApiError as problem:
            return self._gateway.apology(problem)

    def unavailable(self, call: Call) -> Reply:
        """HTTP 503."""
        return self._door(call).unavailable(call)

    def rate_limited(self, call: Call, after: float) -> Reply:
        """Too many requests, in the words of the door."""
        return self._door(call).rate_limited(call, after)
