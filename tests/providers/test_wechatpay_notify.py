"""WeChat Pay's notifications: which are believed, what they prove, and what they are answered with."""

from __future__ import annotations

import json
from typing import Any

import pytest
from wechatpay_counterpart import ACCOUNT, NOW, PAID, StoppedClock, notice, stamped, wechatpay

from payfallback._core.operations import Kind, Notice
from payfallback.errors import NotAuthentic
from payfallback.model import Money
from payfallback.taxonomy import Verdict

REFUND = {
    "mchid": ACCOUNT.merchant,
    "transaction_id": "4200002345",
    "out_trade_no": "A100101",
    "refund_id": "50000000382019052709732678859",
    "out_refund_no": "A100101R1",
    "refund_status": "SUCCESS",
    "success_time": "2025-11-12T00:01:02+08:00",
    "user_received_account": "招商银行信用卡0403",
    "amount": {"total": 599900, "refund": 599900, "payer_total": 589900, "payer_refund": 589900},
}


def told(inside: dict[str, Any], **how: Any) -> Notice:
    """What a signed notification says."""
    body = notice(inside)
    return wechatpay().notification({k.title(): v for k, v in stamped(body, **how).items()}, body, "")


def test_a_payment() -> None:
    """A notification of a payment proves what a query would, whatever the case of its headers."""
    found = told(PAID)
    assert (found.kind, found.number, found.id) == (Kind.CHARGE, "A100101", "EV-2018022511223320873")
    assert (found.answer.verdict, found.answer.amount) == (Verdict.CAPTURED, Money(599900, "CNY"))
    assert (found.answer.account, found.answer.provider_time) == (ACCOUNT.id, NOW)


@pytest.mark.parametrize(
    ("state", "verdict"),
    [("SUCCESS", Verdict.REFUNDED), ("ABNORMAL", Verdict.PENDING), ("CLOSED", Verdict.REFUND_FAILED)],
)
def test_a_refund(state: str, verdict: Verdict) -> None:
    """A notification of a refund names payment and refund; its amounts come without a currency."""
    found = told({**REFUND, "refund_status": state})
    assert (found.kind, found.number, found.refund_number) == (Kind.REFUND, "A100101", "A100101R1")
    assert found.answer.verdict is verdict
    assert found.answer.amount == (Money(599900, "CNY") if state == "SUCCESS" else None)


@pytest.mark.parametrize(("age", "word"), [(301, "ago"), (-301, "ahead")])
def test_an_old_notification_is_refused_with_a_hint(age: float, word: str) -> None:
    """Authentic, but signed more than five minutes away from our clock: replayed, or our clock is wrong."""
    with pytest.raises(NotAuthentic, match=word) as caught:
        told(PAID, at=NOW - age)
    assert "clock" in caught.value.hint
    assert told(PAID, at=NOW - 300).number == "A100101"


def test_the_clock_is_ours() -> None:
    """The tolerance is held against the injected clock."""
    body = notice(PAID)
    with pytest.raises(NotAuthentic):
        wechatpay(StoppedClock(NOW + 3600)).notification(stamped(body), body, "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"resource":[]}',
        notice(PAID, algorithm="AEAD_SM4_GCM"),
        notice(PAID, nonce="other1234567"),
        notice(PAID, nonce="x"),
        notice(PAID, associated_data="refund"),
        notice(PAID, ciphertext="AAAA"),
        notice(PAID, ciphertext=7),
        notice(b"[]"),
        notice(b"\xff"),
        notice({"mchid": "1900000109"}),
    ],
)
def test_signed_notifications_that_cannot_be_read(body: bytes) -> None:
    """A signature over something that does not open, or is no trade, is refused."""
    with pytest.raises(NotAuthentic):
        wechatpay().notification(stamped(body), body, "")


def test_forgeries() -> None:
    """No signature, another key's, or another body's: refused."""
    body = notice(PAID)
    for headers in ({}, stamped(body, key="stranger"), stamped(body, serial="OTHER"), stamped(notice(REFUND))):
        with pytest.raises(NotAuthentic, match="not signed"):
            wechatpay().notification(headers, body, "")


def test_acknowledging() -> None:
    """200 ends the notifications; anything else asks for another one."""
    status, headers, body = wechatpay().acknowledge(True)
    assert (status, json.loads(body)["code"], headers["content-type"]) == (200, "SUCCESS", "application/json")
    status, _, body = wechatpay().acknowledge(False)
    assert (status, json.loads(body)["code"]) == (500, "FAIL")
