"""The aggregate payment's side of the wire for the tests: another library's 3DES and a signature written out, so that
agreement means something. Keys are made at run time."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from hashlib import md5
from typing import Any

from Crypto.Cipher import DES3
from Crypto.Util.Padding import pad, unpad
from jdpay_counterpart import NOW, StoppedClock

from payfallback._core.operations import Kind, Operation
from payfallback.model import Money, Option
from payfallback.policy import Account
from payfallback.ports import HttpResponse
from payfallback.providers.jdpay_aggregate import JdPayAggregate

SECRET = b64encode(b"0123456789abcdefghijklmn").decode()
OTHER_SECRET = b64encode(b"nmlkjihgfedcba9876543210").decode()
SALT = "kept-by-the-shop"
ACCOUNT = Account(name="agg", provider="jdpay_aggregate", merchant="110826750", app="SYS1")


def aggregate(**more: Any) -> JdPayAggregate:
    """The adapter under test."""
    options = {"md5_key": SALT, "device_ip": "203.0.113.1", **more.pop("options", {})}
    given: dict[str, Any] = {"secrets": [SECRET], "clock": StoppedClock(), "options": options}
    return JdPayAggregate(ACCOUNT, **{**given, **more})


def operation(kind: Kind = Kind.CHARGE, product: str = "jdpay_code", **more: Any) -> Operation:
    """One operation on attempt A100101 of 5,999.00 yuan."""
    given: dict[str, Any] = {
        "option": Option("agg", None),
        "product": product,
        "number": "A100101",
        "amount": Money(599900, "CNY"),
        "order_id": "A1001",
        "title": "壶 & cup",
        "now": NOW,
        "notify_url": "https://shop.example/notify/agg",
        "inputs": {"code": "183456789012345678"},
    }
    return Operation(kind=kind, **{**given, **more})


def signature(fields: dict[str, Any], salt: str = SALT) -> str:
    """By JD's rule: what is not empty, by name, and the key behind it."""
    said = {name: str(each).lower() if isinstance(each, bool) else each for name, each in fields.items()}
    text = "&".join(
        f"{name}={said[name]}" for name in sorted(said) if said[name] is not None and str(said[name]).strip()
    )
    return md5((text + salt).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def cipher(text: str, secret: str = SECRET) -> str:
    """DESede, ECB, PKCS#5, hexadecimal."""
    return DES3.new(b64decode(secret), DES3.MODE_ECB).encrypt(pad(text.encode(), 8)).hex()


def opened(body: bytes) -> dict[str, Any]:
    """The inside of a request, once its signature is found right."""
    outer = json.loads(body)
    plain = unpad(DES3.new(b64decode(SECRET), DES3.MODE_ECB).decrypt(bytes.fromhex(outer["cipherJson"])), 8)
    inside: dict[str, Any] = json.loads(plain)
    assert outer["sign"] == signature(inside)
    assert (outer["merchantNo"], outer["systemId"]) == (ACCOUNT.merchant, ACCOUNT.app)
    return inside


def sealed(fields: dict[str, Any], *, salt: str = SALT, secret: str = SECRET, sign: str | None = None) -> bytes:
    """A message of JD's."""
    inside = {"merchantNo": ACCOUNT.merchant, **fields}
    made = signature(inside, salt) if sign is None else sign
    return json.dumps({"success": True, "cipherJson": cipher(json.dumps(inside), secret), "sign": made}).encode()


def trade(status: str, **more: Any) -> dict[str, Any]:
    """A payment in this state."""
    told = {"resultCode": "SUCCESS", "outTradeNo": "A100101", "amount": 599900, "currency": "RMB", "payStatus": status}
    return {**told, **more}


def answered(body: bytes, status: int = 200, **headers: str) -> HttpResponse:
    """A response of JD's gateway."""
    return HttpResponse(status=status, headers=headers, body=body)
