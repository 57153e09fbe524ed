"""WeChat Pay's side of the wire for the tests, through wechatpayv3's own functions where it has them. Keys are made at
run time."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from stopped_clock import NOW, StoppedClock
from wechatpayv3.utils import rsa_sign

from own_keys import private_pem, public_pem, rsa_key
from payfallback._core.operations import Kind, Operation
from payfallback.model import Money, Option
from payfallback.policy import Account
from payfallback.ports import HttpResponse
from payfallback.providers.keys import Key
from payfallback.providers.wechatpay import WechatPay

SECRET = "0123456789abcdef0123456789abcdef"
OTHER_SECRET = "fedcba9876543210fedcba9876543210"
SERIAL = "7132D72A03E93CDDF8C03BBD1F37EEDF"
PUBLIC = "PUB_KEY_ID_0114232134912410000000000000"
NONCE = "593BEC0C930BF1AFEB40B4A08C8FB242"
ACCOUNT = Account(name="wx", provider="wechatpay", merchant="1900000109", app="wxd678efh567hg6787")
PAID = {
    "appid": ACCOUNT.app,
    "mchid": ACCOUNT.merchant,
    "out_trade_no": "A100101",
    "transaction_id": "4200002345",
    "trade_type": "NATIVE",
    "trade_state": "SUCCESS",
    "trade_state_desc": "支付成功",
    "success_time": "2025-11-12T00:01:02+08:00",
    "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
    "amount": {"total": 599900, "payer_total": 589900, "currency": "CNY", "payer_currency": "CNY"},
}


def certificate_pem(name: str) -> str:
    """A platform certificate over the public half."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "platform")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(rsa_key(name).public_key())
        .serial_number(int(SERIAL, 16))
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .sign(rsa_key(name), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def wechatpay(clock: StoppedClock | None = None, **more: Any) -> WechatPay:
    """The adapter under test, whose merchant and WeChat Pay keys are the pairs "merchant" and "wechat"."""
    given: dict[str, Any] = {
        "sign": [Key(SERIAL, private_pem("merchant"))],
        "verify": [Key(PUBLIC, public_pem("wechat"))],
        "secrets": [SECRET],
        "clock": clock or StoppedClock(),
        "nonce": lambda: NONCE,
    }
    return WechatPay(ACCOUNT, **{**given, **more})


def operation(kind: Kind = Kind.CHARGE, product: str = "native", **more: Any) -> Operation:
    """One operation on attempt A100101 of 5,999.00 yuan."""
    given: dict[str, Any] = {
        "option": Option("wechat"),
        "product": product,
        "number": "A100101",
        "amount": Money(599900, "CNY"),
        "order_id": "A1001",
        "title": "壶",
        "now": NOW,
        "notify_url": "https://shop.example/notify/wechat",
    }
    return Operation(kind=kind, **{**given, **more})


def stamped(body: bytes, *, at: float = NOW, key: str = "wechat", serial: str = PUBLIC) -> dict[str, str]:
    """The headers under which WeChat Pay signs a body."""
    stamp, nonce = str(int(at)), "c5ac7061fccab6bf3e254dcf98995b8c"
    return {
        "wechatpay-timestamp": stamp,
        "wechatpay-nonce": nonce,
        "wechatpay-serial": serial,
        "wechatpay-signature": rsa_sign(rsa_key(key), f"{stamp}\n{nonce}\n{body.decode()}\n"),
        "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
    }


def answered(body: dict[str, Any] | bytes | None, status: int = 200, **how: Any) -> HttpResponse:
    """A signed response."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return HttpResponse(status=status, headers=stamped(raw, **how), body=raw)


def unsigned(body: dict[str, Any] | bytes, status: int, **headers: str) -> HttpResponse:
    """A response that anybody could have written."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status=status, headers=headers, body=raw)


def notice(inside: dict[str, Any] | bytes, secret: str = SECRET, **changes: Any) -> bytes:
    """A notification's body around an encrypted resource."""
    plain = inside if isinstance(inside, bytes) else json.dumps(inside).encode()
    sealed = AESGCM(secret.encode()).encrypt(b"fdasflkja484", plain, b"transaction")
    resource = {
        "original_type": "transaction",
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": b64encode(sealed).decode(),
        "associated_data": "transaction",
        "nonce": "fdasflkja484",
    }
    outside = {
        "id": "EV-2018022511223320873",
        "create_time": "2025-11-12T00:01:02+08:00",
        "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS",
        "summary": "支付成功",
        "resource": {**resource, **changes},
    }
    return json.dumps(outside).encode()
