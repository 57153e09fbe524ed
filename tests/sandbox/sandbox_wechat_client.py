"""A WeChat Pay merchant of the tests' own: it shares no code with the sandbox or with the library's adapter."""

from __future__ import annotations

import json
import re
import secrets
import time
from base64 import b64decode, b64encode

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

PAY = "/v3/pay/transactions"
REFUNDS = "/v3/refund/domestic/refunds"


class WeChatMerchant:
    """Sends signed requests and verifies answers."""

    def __init__(self, url: str, credentials: dict[str, str], timeout: float = 5.0) -> None:
        self.url, self.known = url, credentials
        self.owner = {"appid": credentials["appid"], "mchid": credentials["mchid"]}
        self.key = load_pem_private_key(credentials["private_key"].encode(), None, unsafe_skip_rsa_key_validation=True)
        self.platform = load_pem_public_key(credentials["platform_public_key"].encode())
        self.http = httpx.Client(timeout=timeout, trust_env=False, verify=False)

    def __enter__(self) -> WeChatMerchant:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def authorization(self, method: str, target: str, body: str, at: float | None = None) -> str:
        """The Authorization header of a request."""
        stamp, nonce = str(int(at or time.time())), secrets.token_hex(16)
        text = f"{method}\n{target}\n{stamp}\n{nonce}\n{body}\n"
        signature = b64encode(self.key.sign(text.encode(), padding.PKCS1v15(), SHA256())).decode()
        parts = {
            "mchid": self.known["mchid"],
            "nonce_str": nonce,
            "signature": signature,
            "timestamp": stamp,
            "serial_no": self.known["serial"],
        }
        return "WECHATPAY2-SHA256-RSA2048 " + ",".join(f'{name}="{value}"' for name, value in parts.items())

    def send(self, method: str, target: str, given: object = None, **headers: str) -> httpx.Response:
        """Send one signed request; `headers` replace ours."""
        body = "" if given is None else json.dumps(given)
        sent = {"authorization": self.authorization(method, target, body), "content-type": "application/json"}
        return self.http.request(method, self.url + target, content=body, headers=sent | headers)

    def genuine(self, headers: httpx.Headers | dict[str, str], body: bytes) -> bool:
        """Whether the platform's signature holds."""
        headers = httpx.Headers(headers)
        stamp, nonce = headers.get("wechatpay-timestamp", ""), headers.get("wechatpay-nonce", "")
        if headers.get("wechatpay-serial") != self.known["platform_public_key_id"]:
            return False
        try:
            signature = b64decode(headers.get("wechatpay-signature", ""))
            self.platform.verify(signature, f"{stamp}\n{nonce}\n".encode() + body + b"\n", padding.PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    def opened(self, notification: bytes) -> dict[str, object]:
        """The sealed part of a notification."""
        part = json.loads(notification)["resource"]
        cipher = AESGCM(self.known["apiv3_key"].encode())
        sealed = b64decode(part["ciphertext"])
        return json.loads(cipher.decrypt(part["nonce"].encode(), sealed, part["associated_data"].encode()))

    # ---- the operations

    def order(self, number: str, amount: int, more: dict[str, object]) -> dict[str, object]:
        """The JSON of a charge."""
        given = {"description": "耳机", "out_trade_no": number, "amount": {"total": amount, "currency": "CNY"}}
        return {**self.owner, **given, **more}

    def prepay(self, kind: str, number: str, amount: int = 599900, **more: object) -> httpx.Response:
        """A native, JSAPI or H5 order."""
        scene = {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}
        extra = {"jsapi": {"payer": {"openid": "oUpF8uMuAJO"}}, "h5": {"scene_info": scene}}.get(kind, {})
        given = {"notify_url": "http://127.0.0.1:9/notify", **extra, **more}
        return self.send("POST", f"{PAY}/{kind}", self.order(number, amount, given))

    def native(self, number: str, amount: int = 599900, **more: object) -> httpx.Response:
        """An order that the shopper pays by QR code."""
        return self.prepay("native", number, amount, **more)

    def code(
        self, number: str, amount: int = 599900, code: str = "130061098828009406", **more: object
    ) -> httpx.Response:
        """A payment by the code on the shopper's phone."""
        given = {"payer": {"auth_code": code}, "scene_info": {"store_info": {"id": "1"}}, **more}
        return self.send("POST", f"{PAY}/codepay", self.order(number, amount, given))

    def query(self, number: str) -> httpx.Response:
        """Ask by the merchant's number."""
        return self.send("GET", f"{PAY}/out-trade-no/{number}?mchid={self.known['mchid']}")

    def query_id(self, ref: str) -> httpx.Response:
        """Ask by WeChat Pay's reference."""
        return self.send("GET", f"{PAY}/id/{ref}?mchid={self.known['mchid']}")

    def close(self, number: str) -> httpx.Response:
        """Close an order."""
        return self.send("POST", f"{PAY}/out-trade-no/{number}/close", {"mchid": self.known["mchid"]})

    def reverse(self, number: str) -> httpx.Response:
        """Reverse a payment by code."""
        return self.send("POST", f"{PAY}/out-trade-no/{number}/reverse", self.owner)

    def refund(
        self, number: str, amount: int = 599900, of: int = 599900, under: str = "", **more: object
    ) -> httpx.Response:
        """Refund a payment."""
        named = {"out_trade_no": number} if number else {}
        given = {**named, "out_refund_no": under or f"R{number}", **more}
        return self.send("POST", REFUNDS, {**given, "amount": {"refund": amount, "total": of, "currency": "CNY"}})

    def query_refund(self, refund_number: str) -> httpx.Response:
        """Ask about a refund."""
        return self.send("GET", f"{REFUNDS}/{refund_number}")


def state(response: httpx.Response) -> str:
    """The trade_state of an answer."""
    return response.json()["trade_state"]


def refusal(response: httpx.Response) -> tuple[int, str]:
    """The HTTP status and the code of an error."""
    return response.status_code, response.json()["code"]


def pr_code(response: httpx.Response) -> str | None:
    """What tells one native QR code from another."""
    found = re.fullmatch(r"weixin://wxpay/bizpayurl\?pr=(\w+)", response.json()["code_url"])
    return found and found[1]
