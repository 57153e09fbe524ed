"""Every operation of both providers under one name, for tests that hold for each of them."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
from sandbox_jd_client import JdMerchant
from sandbox_wechat_client import WeChatMerchant

from payfallback.testing.sandbox import Sandbox

Send = Callable[[], httpx.Response]
PAIRS = [("jdpay", operation) for operation in ("charge", "query", "close", "refund", "query_refund", "plans")]
PAIRS += [("wechatpay", operation) for operation in ("charge", "query", "close", "refund", "query_refund")]
PAID, OPEN, NEW, ASKED = "PAID0101", "OPEN0101", "NEWW0101", "ASKS0101"


class Merchant:
    """One merchant at one provider, with a paid trade (and a refund of 1 fen), an open one, and one to charge."""

    def __init__(self, sandbox: Sandbox, provider: str, timeout: float = 5.0) -> None:
        self.sandbox, self.provider = sandbox, provider
        maker = {"jdpay": JdMerchant, "wechatpay": WeChatMerchant}[provider]
        url = {"jdpay": sandbox.jdpay_url, "wechatpay": sandbox.wechatpay_url}[provider]
        self.client = maker(url, sandbox.credentials[provider], timeout)
        self.is_jd = provider == "jdpay"

    def __enter__(self) -> Merchant:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.http.close()

    def prepare(self) -> None:
        """Make the trades that the operations are about."""
        self.client.code(PAID)
        self.client.refund(PAID, 1, under="REFUND1")
        self.open(OPEN)

    def open(self, number: str) -> httpx.Response:
        """A trade that waits for the shopper."""
        return self.client.qr(number) if self.is_jd else self.client.native(number)

    def charge(self, number: str) -> httpx.Response:
        """A payment by code."""
        return self.client.code(number)

    def close(self, number: str) -> httpx.Response:
        """Close what waits for the shopper."""
        return self.client.revoke(number) if self.is_jd else self.client.close(number)

    def send(self, operation: str) -> httpx.Response:
        """Send the request of one operation."""
        sends: dict[str, Send] = {
            "charge": lambda: self.charge(NEW),
            "query": lambda: self.client.query(PAID),
            "close": lambda: self.close(OPEN),
            "refund": lambda: self.client.refund(PAID, 100, under="REFUND2"),
            "query_refund": lambda: self.client.query_refund(PAID if self.is_jd else "REFUND1"),
            "plans": lambda: self.client.plans(599900),
        }
        return sends[operation]()

    def good(self, response: httpx.Response) -> bool:
        """Whether an answer is a success under the provider's own signature."""
        if self.is_jd:
            if response.status_code != 200 or not response.content.startswith(b"<?xml"):
                return False
            answer = self.client.read(response.content)
            return (answer["code"], answer["genuine"]) == ("000000", "yes")
        return response.status_code in (200, 204) and self.client.genuine(response.headers, response.content)

    def stands(self, number: str) -> str:
        """Where a trade stands, in words that are the same for both: open, paying, paid, failed, closed, unknown."""
        response = self.client.query(number)
        if self.is_jd:
            answer = self.client.read(response.content)
            words = {"0": "open", "1": "paying", "2": "paid", "3": "failed", "4": "closed"}
            return words[answer["status"]] if answer["code"] == "000000" else "unknown"
        words = {"NOTPAY": "open", "USERPAYING": "paying", "ACCEPT": "paying", "SUCCESS": "paid", "REFUND": "paid"}
        words |= {"PAYERROR": "failed", "CLOSED": "closed", "REVOKED": "closed"}
        return words[response.json()["trade_state"]] if response.status_code == 200 else "unknown"

    def amount(self, response: httpx.Response) -> int:
        """The amount that an answer tells."""
        if self.is_jd:
            return int(self.client.read(response.content)["amount"])
        told = json.loads(response.content)["amount"]
        return told.get("refund", told["total"])
