"""Alipay's notifications: which are believed, what they prove, and what they are answered with."""

from __future__ import annotations

import json

import pytest
from alipay.aop.api.util.SignatureUtils import get_sign_content
from alipay_counterpart import (
    ACCOUNT,
    NOW,
    TOLD,
    alipay,
    certificate_pem,
    form,
    operation,
    private_pem,
    public_pem,
    signature,
    told,
)

from payfallback._core.operations import Kind, Notice
from payfallback._values import changed
from payfallback.errors import NotAuthentic
from payfallback.model import Money
from payfallback.providers.keys import Key
from payfallback.taxonomy import Cause, Verdict


def read(body: bytes) -> Notice:
    """What a notification says."""
    return alipay().notification({"Content-Type": "application/x-www-form-urlencoded"}, body, "")


def test_a_payment() -> None:
    """A notification of a payment proves what a query would."""
    found = read(told(TOLD))
    assert (found.kind, found.number, found.id) == (Kind.CHARGE, "A100101", TOLD["notify_id"])
    assert (found.answer.verdict, found.answer.amount) == (Verdict.CAPTURED, Money(599900, "CNY"))
    assert (found.answer.account, found.answer.provider_ref) == (ACCOUNT.id, TOLD["trade_no"])
    assert (found.answer.paid_at, found.answer.provider_time) == (1762876862.0, 1762876865.0)


@pytest.mark.parametrize(
    ("state", "more", "verdict", "amount"),
    [
        ("TRADE_FINISHED", {}, Verdict.CAPTURED, Money(599900, "CNY")),
        ("WAIT_BUYER_PAY", {}, Verdict.PENDING, None),
        ("TRADE_CLOSED", {}, Verdict.REFUNDED, Money(599900, "CNY")),
        ("SOMETHING", {}, Verdict.UNKNOWN, None),
        ("TRADE_SUCCESS", {"total_amount": "0x10"}, Verdict.UNKNOWN, None),
        ("TRADE_SUCCESS", {"refund_fee": "0.00"}, Verdict.CAPTURED, Money(599900, "CNY")),
    ],
)
def test_states(state: str, more: dict[str, str], verdict: Verdict, amount: Money | None) -> None:
    """A notification's states are a query's."""
    found = read(told({**TOLD, "trade_status": state, **more}))
    assert (found.kind, found.answer.verdict, found.answer.amount) == (Kind.CHARGE, verdict, amount)


def test_closed_unpaid() -> None:
    """A closed trade that never had a payment was not paid."""
    gone = ("gmt_payment", "fund_bill_list", "receipt_amount", "buyer_pay_amount")
    fields = {name: text for name, text in TOLD.items() if name not in gone}
    found = read(told({**fields, "trade_status": "TRADE_CLOSED", "gmt_close": "2025-11-12 00:02:00"}))
    assert (found.answer.verdict, found.answer.named) == (Verdict.CLOSED, True)


def test_a_refund_in_part() -> None:
    """It names the refund and the sum of all refunds so far, so a query has to show this one."""
    more = {"refund_fee": "1.01", "out_biz_no": "A100101R1", "gmt_refund": "2025-11-12 00:03:00.123"}
    found = read(told({**TOLD, **more}))
    assert (found.kind, found.refund_number, found.number) == (Kind.REFUND, "A100101R1", "A100101")
    assert (found.answer.verdict, found.answer.cause) == (Verdict.ACCEPTED, Cause.AWAITING_PROVIDER)
    assert (found.answer.amount, found.answer.paid_at) == (None, None)


@pytest.mark.parametrize("state", ["TRADE_CLOSED", "TRADE_SUCCESS"])
def test_all_of_it_refunded(state: str) -> None:
    """Refunds that add up to the total gave all of the money back."""
    more = {"refund_fee": "5999.00", "out_biz_no": "A100101R1", "gmt_refund": "2025-11-12 00:03:00"}
    found = read(told({**TOLD, "trade_status": state, **more}))
    assert (found.kind, found.answer.verdict, found.answer.named) == (Kind.CHARGE, Verdict.REFUNDED, True)
    assert found.answer.amount == Money(599900, "CNY")


def test_whose_it_is() -> None:
    """Another app's or seller's notification says so, and the core refuses it; one that names nobody is refused."""
    assert read(told({**TOLD, "app_id": "1"})).answer.account == changed(ACCOUNT, app="1").id
    assert read(told({**TOLD, "seller_id": "2"})).answer.account == changed(ACCOUNT, merchant="2").id
    for name in ("app_id", "seller_id"):
        with pytest.raises(NotAuthentic, match="no merchant"):
            read(told({**TOLD, name: ""}))


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "GBK", "gb2312"])
def test_charsets(charset: str) -> None:
    """The signature is held against the bytes as they came, whatever charset they are in."""
    fields = {**TOLD, "charset": charset}
    plain = get_sign_content(fields).encode(charset)
    body = form({**fields, "sign_type": "RSA2"}).replace(form({"subject": "壶"}), b"subject=" + _quoted("壶", charset))
    if charset.lower() != "utf-8":
        assert plain != get_sign_content(fields).encode()
    signed = _signed(plain)
    assert read(body + b"&" + form({"sign": signed})).answer.verdict is Verdict.CAPTURED


def _quoted(text: str, charset: str) -> bytes:
    return "".join(f"%{byte:02X}" for byte in text.encode(charset)).encode()


def _signed(message: bytes) -> str:
    """The official SDK signs text; bytes that are no UTF-8 are signed as its own primitive does."""
    from base64 import b64encode

    import rsa
    from cryptography.hazmat.primitives.serialization import PrivateFormat

    key = rsa.PrivateKey.load_pkcs1(private_pem("alipay", PrivateFormat.TraditionalOpenSSL).encode())
    return b64encode(rsa.sign(message, key, "SHA-256")).decode()


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "x", ""])
def test_charsets_nobody_sends(charset: str) -> None:
    """A charset that Alipay does not use is refused, authentic or not."""
    with pytest.raises(NotAuthentic, match="charset"):
        read(told({**TOLD, "charset": charset, "subject": "kettle"}))


def test_empty_fields() -> None:
    """Whether empty fields are signed, Alipay's documents disagree: both are believed, with the same meaning."""
    fields = {**TOLD, "body": ""}
    with_them, without = get_sign_content(fields), get_sign_content(TOLD)
    for message in (with_them, without):
        body = form({**fields, "sign": signature(message), "sign_type": "RSA2"})
        assert read(body).answer.verdict is Verdict.CAPTURED


@pytest.mark.parametrize(
    "body",
    [
        told(TOLD, key="stranger"),
        told(TOLD).replace(b"5999.00", b"9999.00"),
        told(TOLD) + b"&refund_fee=1.00",
        told(TOLD) + b"&total_amount=1.00",
        told(TOLD, sign_type="RSA"),
        form(TOLD),
        form({**TOLD, "sign_type": "RSA2"}),
        form({**TOLD, "sign": "x", "sign_type": "RSA2"}),
        b"",
        b"sign=x",
        b"{}",
        json.dumps(TOLD).encode(),
        b"&".join([b"a%d=1" % n for n in range(200)]),
        b"a=" + b"x" * 70_000,
    ],
    ids=lambda body: repr(body[-24:]),
)
def test_forgeries(body: bytes) -> None:
    """No signature, another key's, another algorithm's or another body's: refused."""
    with pytest.raises(NotAuthentic):
        read(body)


@pytest.mark.parametrize(
    "change",
    [{"notify_type": "batch_refund_notify"}, {"notify_type": ""}, {"out_trade_no": ""}, {"out_trade_no": "A-1"}],
)
def test_authentic_but_about_something_else(change: dict[str, str]) -> None:
    """What is not about a trade of this library's is refused."""
    with pytest.raises(NotAuthentic, match="no trade"):
        read(told({**TOLD, **change}))


def test_a_small_payment_cannot_be_cut_into_a_large_one() -> None:
    """Fields are signed as `name=text&name=text`: text that another program let a shopper write could be cut into
    fields of its own, with the genuine ones hidden in the last. Its signature holds, and it is refused all the same."""
    wanted = {
        "notify_type": "trade_status_sync",
        "out_trade_no": "A100101",
        "seller_id": ACCOUNT.merchant,
        "total_amount": "5999.00",
        "trade_status": "TRADE_SUCCESS",
    }
    small = {**TOLD, "out_trade_no": "OTHER1", "total_amount": "0.01"}
    genuine = {**small, "body": f"x&{get_sign_content(wanted)}&zz="}
    text = get_sign_content(genuine)
    before, _, hidden = text.partition("&zz=")
    forged = {**dict(each.split("=", 1) for each in before.split("&")), "zz": hidden}
    assert get_sign_content(forged) == text
    assert wanted.items() <= forged.items()
    for fields in (forged, genuine):  # the genuine one looks the same: a query tells
        with pytest.raises(NotAuthentic, match="not a notification"):
            read(form({**fields, "sign": signature(text), "sign_type": "RSA2"}))


def test_certificate_mode() -> None:
    """In certificate mode a notification is verified with the key of Alipay's certificate."""
    options = {"app_cert": certificate_pem("app", 1), "root_cert": certificate_pem("root1", 11)}
    adapter = alipay(options=options, verify=[Key("alipay", certificate_pem("alipay", 9))])
    assert adapter.notification({}, told(TOLD), "").number == "A100101"
    with pytest.raises(NotAuthentic):
        adapter.notification({}, told(TOLD, key="stranger"), "")


def test_acknowledging() -> None:
    """Exactly `success` ends the notifications; anything else asks for another one."""
    assert alipay().acknowledge(True) == (200, {"content-type": "text/plain"}, b"success")
    assert alipay().acknowledge(False) == (500, {"content-type": "text/plain"}, b"fail")


def test_the_clock_is_ours() -> None:
    """A key past its day verifies no notification, by the injected clock."""
    adapter = alipay(verify=[Key("old", public_pem("alipay"), NOW - 1), Key("new", public_pem("alipay2026"))])
    with pytest.raises(NotAuthentic, match="Alipay's"):
        adapter.notification({}, told(TOLD), "")
    assert adapter.request(operation()).method == "POST"
