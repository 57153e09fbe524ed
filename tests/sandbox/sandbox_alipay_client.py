"""An Alipay merchant of the tests' own: it shares no code with the sandbox or with the library's adapter."""

from __future__ import annotations

import json
import re
import secrets
import time
from base64 import b64decode, b64encode
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

TRADE = "/v3/alipay/trade"
CODE = "280000000000000009"
ASKS, REFUSED = "280000000000009901", "280000000000009902"
_ANSWER = re.compile(r'\{"(\w+_response)":(\{.*\})(?:,"alipay_cert_sn":"(\w+)")?,"sign":"([^"]+)"\}', re.DOTALL)


def at(moment: float) -> str:
    """A moment as Alipay writes it."""
    return datetime.fromtimestamp(moment, timezone(timedelta(hours=8))).strftime("%Y-%m-%d %H:%M:%S")


class AlipayMerchant:
    """Sends signed requests through either door and verifies answers."""

    def __init__(self, url: str, credentials: dict[str, str], timeout: float = 5.0) -> None:
        self.url, self.known = url, credentials
        self.key = load_pem_private_key(credentials["private_key"].encode(), None, unsafe_skip_rsa_key_validation=True)
        self.alipay = load_pem_public_key(credentials["alipay_public_key"].encode())
        self.http = httpx.Client(timeout=timeout, trust_env=False, verify=False)

    def __enter__(self) -> AlipayMerchant:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def signed(self, text: str) -> str:
        """RSA2 by the app."""
        return b64encode(self.key.sign(text.encode(), padding.PKCS1v15(), SHA256())).decode()

    def genuine(self, message: bytes, sign: str) -> bool:
        """Whether Alipay signed this."""
        try:
            self.alipay.verify(b64decode(sign), message, padding.PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    # ---- v3

    def authorization(self, target: str, body: str, at_time: float | None = None, extra: str = "") -> str:
        """The Authorization header of a v3 request."""
        stamp = int((time.time() if at_time is None else at_time) * 1000)
        said = f"app_id={self.known['app_id']},nonce={secrets.token_hex(16)},timestamp={stamp}"
        sign = self.signed(f"{said}\nPOST\n{target}\n{body}\n{extra}")
        return f"ALIPAY-SHA256withRSA {said},sign={sign}"

    def send(self, operation: str, given: Any, **headers: str) -> httpx.Response:
        """Send one signed v3 request; `headers` replace ours."""
        target, body = f"{TRADE}/{operation}", given if isinstance(given, str) else json.dumps(given)
        sent = {"authorization": self.authorization(target, body), "content-type": "application/json"}
        return self.http.post(self.url + target, content=body, headers=sent | headers)

    def vouched(self, response: httpx.Response) -> bool:
        """Whether Alipay signed a v3 answer."""
        told = response.headers
        head = f"{told.get('alipay-timestamp')}\n{told.get('alipay-nonce')}\n".encode()
        return self.genuine(head + response.content + b"\n", told.get("alipay-signature", ""))

    # ---- the gateway

    def parameters(self, words: str, given: Any, **more: str) -> dict[str, str]:
        """Everything that the gateway is told, signed."""
        fields = {
            "app_id": self.known["app_id"],
            "method": f"alipay.trade.{words}",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": at(time.time()),
            "version": "1.0",
            "biz_content": given if isinstance(given, str) else json.dumps(given),
            **more,
        }
        text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if fields[name])
        return {**fields, "sign": self.signed(text)}

    def ask(self, words: str, given: Any, **more: str) -> httpx.Response:
        """Send one request to the gateway, as a form."""
        return self.http.post(f"{self.url}/gateway.do", data=self.parameters(words, given, **more))

    def told(self, response: httpx.Response) -> dict[str, Any]:
        """What the gateway said under Alipay's signature."""
        found = _ANSWER.fullmatch(response.text)
        assert found, response.text
        assert self.genuine(found[2].encode(), found[4])
        return json.loads(found[2])

    def link(self, kind: str, number: str, amount: str = "5999.00", *, sent: dict[str, str] | None = None, **more: Any):
        """The address of a page."""
        product = {"page": "FAST_INSTANT_TRADE_PAY", "wap": "QUICK_WAP_WAY"}[kind]
        given = {**self.order(number, amount), "product_code": product, **more}
        return f"{self.url}/gateway.do?{urlencode(self.parameters(f'{kind}.pay', given, **(sent or {})))}"

    def opens(self, link: str) -> httpx.Response:
        """The shopper's browser opens an address; where it leads is not followed."""
        return self.http.get(link)

    # ---- the operations

    def order(self, number: str, amount: str = "5999.00") -> dict[str, Any]:
        """What every charge says."""
        return {"out_trade_no": number, "total_amount": amount, "subject": "耳机"}

    def code(self, number: str, amount: str = "5999.00", code: str = CODE, **more: Any) -> httpx.Response:
        """A payment by the code on the shopper's phone."""
        return self.send("pay", {**self.order(number, amount), "scene": "bar_code", "auth_code": code, **more})

    def qr(self, number: str, amount: str = "5999.00", **more: Any) -> httpx.Response:
        """An order code."""
        return self.send("precreate", {**self.order(number, amount), **more})

    def query(self, number: str) -> httpx.Response:
        """Ask by the merchant's number."""
        return self.send("query", {"out_trade_no": number})

    def close(self, number: str) -> httpx.Response:
        """Close what is unpaid."""
        return self.send("close", {"out_trade_no": number})

    def cancel(self, number: str) -> httpx.Response:
        """Undo whatever there is."""
        return self.send("cancel", {"out_trade_no": number})

    def refund(self, number: str, amount: str = "5999.00", under: str = "", **more: Any) -> httpx.Response:
        """Give money back."""
        given = {"out_trade_no": number, "refund_amount": amount, "out_request_no": under or f"R{number}"}
        return self.send("refund", {**given, **more})

    def query_refund(self, number: str, under: str = "") -> httpx.Response:
        """Ask about a refund."""
        return self.send("fastpay/refund/query", {"out_trade_no": number, "out_request_no": under or f"R{number}"})


def status(response: httpx.Response) -> str:
    """The state of a trade as a query tells it; the code of an error."""
    told = response.json()
    return str(told.get("trade_status") or told["code"])


def refusal(response: httpx.Response) -> tuple[int, str]:
    """The HTTP status and the code of a v3 error."""
    return response.status_code, response.json()["code"]
