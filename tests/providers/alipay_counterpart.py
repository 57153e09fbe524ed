"""Alipay's side of the wire for the tests. Keys and certificates are made at run time; signatures are made by the
official alipay-sdk-python's own functions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import quote_plus

from alipay.aop.api.util.SignatureUtils import get_sign_content, sign_with_rsa2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from stopped_clock import StoppedClock

from own_keys import private_pem, public_pem, rsa_key
from payfallback._core.operations import Kind, Operation
from payfallback.model import Money, Option
from payfallback.policy import Account
from payfallback.ports import HttpResponse
from payfallback.providers.alipay import Alipay
from payfallback.providers.keys import Key

NOW = 1_762_876_800.25  # 2025-11-12 00:00:00 in Beijing
NONCE = "c5ac7061fccab6bf3e254dcf98995b8c"
ACCOUNT = Account(name="ali", provider="alipay", merchant="2088101117955611", app="2014072300007148")
ISSUER = [("C", "CN"), ("O", "Ant Financial"), ("OU", "Certification Authority"), ("CN", "Class 2 R1")]
_OIDS = {"C": "2.5.4.6", "O": "2.5.4.10", "OU": "2.5.4.11", "CN": "2.5.4.3"}
PAID = {
    "trade_no": "2013112011001004330000121536",
    "out_trade_no": "A100101",
    "buyer_logon_id": "159****5620",
    "trade_status": "TRADE_SUCCESS",
    "total_amount": "5999.00",
    "buyer_pay_amount": "5899.00",
    "receipt_amount": "5999.00",
    "send_pay_date": "2025-11-12 00:01:02",
    "fund_bill_list": [{"fund_channel": "PCREDIT", "amount": "5899.00"}],
}


def bare(pem: str) -> str:
    """A PEM without its first and last line, as the official SDK takes keys."""
    return "".join(pem.strip().splitlines()[1:-1])


@cache
def certificate_pem(name: str, serial: int, signed_with: str = "rsa") -> str:
    """A certificate over the public half of a pair, issued by a made-up authority."""
    issuer = x509.Name([x509.NameAttribute(x509.ObjectIdentifier(_OIDS[short]), text) for short, text in ISSUER])
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(rsa_key(name).public_key())
        .serial_number(serial)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .sign(ec.generate_private_key(ec.SECP256R1()) if signed_with == "ec" else rsa_key("authority"), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def alipay(clock: StoppedClock | None = None, options: dict[str, str] | None = None, **more: Any) -> Alipay:
    """The adapter under test, whose app's and Alipay's keys are the pairs "app" and "alipay"."""
    given: dict[str, Any] = {
        "sign": [Key("2025", private_pem("app"))],
        "verify": [Key("alipay", public_pem("alipay"))],
        "clock": clock or StoppedClock(NOW),
        "nonce": lambda: NONCE,
        "options": options,
    }
    return Alipay(ACCOUNT, **{**given, **more})


def operation(kind: Kind = Kind.CHARGE, product: str = "qr", **more: Any) -> Operation:
    """One operation on attempt A100101 of 5,999.00 yuan."""
    given: dict[str, Any] = {
        "option": Option("ali", more.pop("terms", None)),
        "product": product,
        "number": "A100101",
        "amount": Money(599900, "CNY"),
        "order_id": "A1001",
        "title": "壶",
        "now": NOW,
    }
    return Operation(kind=kind, **{**given, **more})


def signature(message: str, key: str = "alipay") -> str:
    """A signature by the official SDK."""
    pem = private_pem(key, serialization.PrivateFormat.TraditionalOpenSSL)
    return str(sign_with_rsa2(bare(pem), message, "utf-8"))


def stamped(body: bytes, *, at: float = NOW, key: str = "alipay", serial: str = "") -> dict[str, str]:
    """The headers under which Alipay signs a body."""
    stamp, nonce = str(int(at * 1000)), "8be7aa3e9d3c4e0f"
    headers = {
        "alipay-timestamp": stamp,
        "alipay-nonce": nonce,
        "alipay-signature": signature(f"{stamp}\n{nonce}\n{body.decode()}\n", key),
    }
    return {**headers, "alipay-sn": serial} if serial else headers


def answered(body: Any, status: int = 200, **how: Any) -> HttpResponse:
    """A signed response."""
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return HttpResponse(status=status, headers=stamped(raw, **how), body=raw)


def unsigned(body: Any, status: int, **headers: str) -> HttpResponse:
    """A response that anybody could have written."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status=status, headers=headers, body=raw)


TOLD = {
    "notify_time": "2025-11-12 00:01:05",
    "notify_type": "trade_status_sync",
    "notify_id": "ac05099524730693a8b330c5ecf72da9786",
    "charset": "utf-8",
    "version": "1.0",
    "app_id": ACCOUNT.app,
    "auth_app_id": ACCOUNT.app,
    "seller_id": ACCOUNT.merchant,
    "buyer_id": "2088102116773037",
    "trade_no": PAID["trade_no"],
    "out_trade_no": "A100101",
    "trade_status": "TRADE_SUCCESS",
    "total_amount": "5999.00",
    "receipt_amount": "5999.00",
    "buyer_pay_amount": "5899.00",
    "subject": "壶",
    "gmt_create": "2025-11-12 00:00:50",
    "gmt_payment": "2025-11-12 00:01:02",
    "fund_bill_list": '[{"amount":"5899.00","fundChannel":"PCREDIT"}]',
}


def told(fields: dict[str, str], *, key: str = "alipay", sign_type: str = "RSA2") -> bytes:
    """A notification's form, its fields signed in the order of their names."""
    signed = {**fields, "sign": signature(get_sign_content(fields), key), "sign_type": sign_type}
    return form(signed)


def form(fields: dict[str, str]) -> bytes:
    """Fields as a form."""
    return "&".join(f"{name}={quote_plus(text)}" for name, text in fields.items()).encode()
