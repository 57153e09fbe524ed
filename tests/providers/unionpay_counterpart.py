"""UnionPay's side of the wire for the tests: a root, a middle and a signing certificate made at run time, and messages
written and signed from the published rules, without the library."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, quote_plus

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from stopped_clock import StoppedClock

from own_keys import private_pem, rsa_key
from payfallback._core.operations import Kind, Operation
from payfallback.model import Money, Option
from payfallback.policy import Account
from payfallback.ports import HttpRequest, HttpResponse
from payfallback.providers.keys import Key
from payfallback.providers.unionpay import UnionPay

NOW = 1_762_876_800.25  # 2025-11-12 00:00:00 in Beijing
TIME = "20251112000000"  # the same, as UnionPay writes it
DATE = "Tue, 11 Nov 2025 16:00:05 GMT"
MERCHANT = "777290058110048"
CERT_ID = "69903319369"
ACCOUNT = Account(name="up", provider="unionpay", merchant=MERCHANT)
OWNER = "041@8310000000083040@中国银联股份有限公司@00016495"
TEST_OWNER = "041@Z2017-11-1@00040000:SIGN@00000001"
QUERY_ID = "442511120000007846498"
NUMBER = "A1001001"


@cache
def certificate(name: str, issuer: str, *, ca: bool = False, starts: int = -30, ends: int = 30, key: str = "") -> str:
    """A certificate as PEM: `name` is its common name, the pair of that name (or `key`) its key; days around NOW."""
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(rsa_key(key or name).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(NOW, UTC) + timedelta(days=starts))
        .not_valid_after(datetime.fromtimestamp(NOW, UTC) + timedelta(days=ends))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(rsa_key(issuer), SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


def _name(common: str) -> x509.Name:
    country = x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "CN")
    return x509.Name([country, x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])


def root() -> str:
    """The root's certificate."""
    return certificate("CFCA TEST CS CA", "CFCA TEST CS CA", ca=True)


def middle() -> str:
    """The middle certificate, which issues UnionPay's."""
    return certificate("CFCA TEST OCA1", "CFCA TEST CS CA", ca=True)


def signer(owner: str = OWNER, issuer: str = "CFCA TEST OCA1", **more: Any) -> str:
    """UnionPay's signing certificate, with line ends as UnionPay sends them."""
    return certificate(owner, issuer, **more).strip().replace("\n", "\r\n")


def unionpay(clock: StoppedClock | None = None, options: dict[str, str] | None = None, **more: Any) -> UnionPay:
    """The adapter under test."""
    given: dict[str, Any] = {
        "sign": [Key(CERT_ID, private_pem("merchant"))],
        "verify": [Key("middle", middle()), Key("root", root())],
        "clock": clock or StoppedClock(NOW),
        "options": {"tr_id": "62000000001", **(options or {})},
    }
    return UnionPay(more.pop("account", ACCOUNT), **{**given, **more})


def operation(kind: Kind = Kind.CHARGE, product: str = "code", **more: Any) -> Operation:
    """One operation on attempt A1001001 of 5,999.00 yuan, whose time was journalled."""
    given: dict[str, Any] = {
        "option": Option("up", more.pop("terms", None)),
        "product": product,
        "number": NUMBER,
        "amount": Money(599900, "CNY"),
        "order_id": "A1001",
        "title": "壶",
        "now": NOW,
        "memo": {"txnTime": TIME},
        "inputs": {"code": "6227520738923344502", "token": "6235240000020837064"},
    }
    return Operation(kind=kind, **{**given, **more})


# ---------------------------------------------------------------- what the merchant sent


def posted(request: HttpRequest) -> dict[str, str]:
    """The fields of a request, each of which must be there once and not empty."""
    pairs = parse_qsl(request.body.decode(), strict_parsing=True, keep_blank_values=True)
    fields = dict(pairs)
    assert len(fields) == len(pairs)
    assert all(fields.values())
    return fields


def merchant_signed(fields: Mapping[str, str]) -> bool:
    """Whether the merchant's key signed these fields, by the published rule."""
    key = rsa_key("merchant").public_key()
    key.verify(b64decode(fields["signature"]), _digest(fields), padding.PKCS1v15(), SHA256())
    return True


def _digest(fields: Mapping[str, str]) -> bytes:
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "signature")
    return sha256(text.encode()).hexdigest().encode()


# ---------------------------------------------------------------- what UnionPay says

PAID = {
    "accNo": "6216***********0018",
    "accessType": "0",
    "bizType": "000000",
    "currencyCode": "156",
    "encoding": "UTF-8",
    "merId": MERCHANT,
    "orderId": NUMBER,
    "origRespCode": "00",
    "origRespMsg": "成功[0000000]",
    "queryId": QUERY_ID,
    "respCode": "00",
    "respMsg": "成功[0000000]",
    "settleAmt": "599900",
    "settleDate": "1112",
    "signMethod": "01",
    "traceNo": "784649",
    "traceTime": "1112000003",
    "txnAmt": "599900",
    "txnSubType": "06",
    "txnTime": TIME,
    "txnType": "01",
    "version": "5.1.0",
}
TOLD = {name: text for name, text in PAID.items() if not name.startswith("orig")}
TAKEN_ON = {
    **{name: PAID[name] for name in ("accessType", "bizType", "encoding", "merId", "orderId", "signMethod", "txnTime")},
    **{name: PAID[name] for name in ("queryId", "respCode", "respMsg", "txnSubType", "txnType", "version")},
}
BACK = {**TAKEN_ON, "txnType": "04", "orderId": "A1001001R1", "origQryId": QUERY_ID, "queryId": "052511120001117863998"}


def signed(fields: Mapping[str, str], *, key: str = OWNER, cert: str | None = None) -> dict[str, str]:
    """Fields under UnionPay's signature."""
    whole = {**fields, "signPubKeyCert": signer() if cert is None else cert}
    signature = rsa_key(key).sign(_digest(whole), padding.PKCS1v15(), SHA256())
    return {**whole, "signature": b64encode(signature).decode()}


def bare(fields: Mapping[str, str]) -> bytes:
    """Fields as an answer carries them: without any encoding."""
    return "&".join(f"{name}={text}" for name, text in fields.items()).encode()


def form(fields: Mapping[str, str]) -> bytes:
    """Fields as a notification carries them."""
    return "&".join(f"{name}={quote_plus(text)}" for name, text in fields.items()).encode()


def answered(fields: Mapping[str, str], status: int = 200, date: str = DATE, **how: Any) -> HttpResponse:
    """A signed answer."""
    return HttpResponse(status=status, headers={"date": date}, body=bare(signed(fields, **how)))


def told(fields: Mapping[str, str], **how: Any) -> bytes:
    """A signed notification."""
    return form(signed(fields, **how))
