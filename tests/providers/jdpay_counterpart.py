"""JD Pay's side of the wire for the tests: raw RSA arithmetic and another library's 3DES, so that agreement means
something. Keys are made at run time."""

from __future__ import annotations

from base64 import b64decode, b64encode
from functools import partial
from hashlib import sha256
from typing import Any

from Crypto.Cipher import DES3
from stopped_clock import NOW, StoppedClock

import own_keys
from payfallback._core.operations import Kind, Operation
from payfallback.model import Money, Option
from payfallback.policy import Account
from payfallback.ports import HttpResponse
from payfallback.providers.jdpay import JdPay
from payfallback.providers.keys import Key

rsa_key = partial(own_keys.rsa_key, bits=1024)  # as JD's own public key has
private_pem = partial(own_keys.private_pem, bits=1024)
public_pem = partial(own_keys.public_pem, bits=1024)
HEADER = '<?xml version="1.0" encoding="UTF-8"?>'
SECRET = b64encode(b"0123456789abcdefghijklmn").decode()
OTHER_SECRET = b64encode(b"nmlkjihgfedcba9876543210").decode()
ACCOUNT = Account(name="jd", provider="jdpay", merchant="110224535")


def jdpay(clock: StoppedClock | None = None, **more: Any) -> JdPay:
    """The adapter under test, whose merchant and JD keys are the pairs "merchant" and "jd"."""
    given: dict[str, Any] = {
        "sign": [Key("2026", private_pem("merchant"))],
        "verify": [Key("jd", public_pem("jd"))],
        "secrets": [SECRET],
        "clock": clock or StoppedClock(),
        "nonce": lambda: "0123456789abcdef01234567",
    }
    return JdPay(ACCOUNT, **{**given, **more})


def operation(kind: Kind = Kind.CHARGE, product: str = "baitiao", terms: int | None = None, **more: Any) -> Operation:
    """One operation on attempt A100101 of 5,999.00 yuan."""
    given: dict[str, Any] = {
        "option": Option("baitiao", terms),
        "product": product,
        "number": "A100101",
        "amount": Money(599900, "CNY"),
        "order_id": "A1001",
        "title": "Kettle & <cup>",
        "now": NOW,
        "notify_url": "https://shop.example/notify/baitiao",
        "memo": {"tradeTime": "20251112000000"},
    }
    return Operation(kind=kind, **{**given, **more})


def raw_sign(text: str, name: str = "jd") -> str:
    """PKCS#1 v1.5 type 1 by hand: 00 01 FF .. 00, then the 64 hex characters of the digest; then pow."""
    numbers = rsa_key(name).private_numbers()
    size = (numbers.public_numbers.n.bit_length() + 7) // 8
    digest = sha256(text.encode()).hexdigest().encode()
    block = b"\x00\x01" + b"\xff" * (size - 3 - len(digest)) + b"\x00" + digest
    return b64encode(
        pow(int.from_bytes(block, "big"), numbers.d, numbers.public_numbers.n).to_bytes(size, "big")
    ).decode()


def encrypt(text: str, secret: str = SECRET) -> str:
    """JD's framing, 3DES, hex and base64."""
    data = text.encode()
    block = len(data).to_bytes(4, "big") + data
    block += b"\x00" * (-len(block) % 8)
    return b64encode(DES3.new(b64decode(secret), DES3.MODE_ECB).encrypt(block).hex().encode()).decode()


def decrypt(sealed: str, secret: str = SECRET) -> str:
    """The same way back."""
    block = DES3.new(b64decode(secret), DES3.MODE_ECB).decrypt(bytes.fromhex(b64decode(sealed).decode()))
    return block[4 : 4 + int.from_bytes(block[:4], "big")].decode()


def inside(fields: str, merchant: str = ACCOUNT.merchant, code: str = "000000") -> str:
    """The XML below the header, as JD writes it."""
    result = f"<result><code>{code}</code><desc>成功</desc></result>"
    return f"<jdpay><version>V2.0</version><merchant>{merchant}</merchant>{result}{fields}</jdpay>"


def signed(xml: str, name: str = "jd") -> str:
    """With JD's signature as the last element."""
    return xml.replace("</jdpay>", f"<sign>{raw_sign(xml, name)}</sign></jdpay>")


def sealed(
    fields: str, *, header: str = HEADER, key: str = "jd", secret: str = SECRET, merchant: str = ACCOUNT.merchant
) -> bytes:
    """A whole signed and encrypted message of JD's."""
    return wrapped(encrypt(signed(header + inside(fields, merchant), key), secret))


def wrapped(encrypted: str) -> bytes:
    """The outside of a message."""
    result = "<result><code>000000</code><desc>成功</desc></result>"
    return (
        f"{HEADER}<jdpay><version>V2.0</version><merchant>{ACCOUNT.merchant}</merchant>{result}"
        f"<encrypt>{encrypted}</encrypt></jdpay>"
    ).encode()


def failure(code: str, text: str) -> bytes:
    """A refusal: never signed, never encrypted."""
    return f"{HEADER}<jdpay><result><code>{code}</code><desc>{text}</desc></result></jdpay>".encode()


def answered(body: bytes, status: int = 200, **headers: str) -> HttpResponse:
    """A response of JD's gateway."""
    return HttpResponse(status=status, headers=headers, body=body)
