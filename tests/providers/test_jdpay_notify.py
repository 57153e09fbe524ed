"""JD Pay's notifications: which are believed, what they prove, and what they are answered with."""

from __future__ import annotations

import pytest
from jdpay_counterpart import ACCOUNT, failure, jdpay, sealed

from payfallback._core.operations import Kind, Notice
from payfallback.errors import NotAuthentic
from payfallback.model import Money
from payfallback.taxonomy import Verdict


def told(fields: str) -> Notice:
    """What a signed notification says."""
    return jdpay().notification({}, sealed(fields, header='<?xml version="1.0" encoding="UTF-8" ?>'), "")


def test_a_payment() -> None:
    """A notification of a payment proves what a query would."""
    notice = told("<tradeNum>A100101</tradeNum><tradeType>0</tradeType><amount>599900</amount><status>2</status>")
    assert (notice.kind, notice.number, notice.refund_number) == (Kind.CHARGE, "A100101", "")
    assert (notice.answer.verdict, notice.answer.amount) == (Verdict.CAPTURED, Money(599900, "CNY"))
    assert notice.answer.account == ACCOUNT.id


def back(number: str, kind: str = "1", status: str = "1") -> str:
    """Money that went back."""
    return (
        f"<tradeNum>{number}</tradeNum><tradeType>{kind}</tradeType><oTradeNum>A100101</oTradeNum>"
        f"<amount>599900</amount><currency>CNY</currency><status>{status}</status>"
    )


def test_a_refund() -> None:
    """A notification of a refund names the payment and the refund."""
    notice = told(back("A100101R1"))
    assert (notice.kind, notice.number, notice.refund_number) == (Kind.REFUND, "A100101", "A100101R1")
    assert (notice.answer.verdict, notice.answer.number) == (Verdict.REFUNDED, "A100101")


def test_our_revoke_found_it_paid() -> None:
    """A refund under the number of our own revoke says that the payment itself went back."""
    notice = told(back("A100101C"))
    assert (notice.kind, notice.answer.verdict, notice.answer.named) == (Kind.CHARGE, Verdict.REFUNDED, True)


def test_a_revoke() -> None:
    """A revoke's notification (tradeType 2) is taken, and the next query says what it did."""
    notice = told(back("A100101_r", "2"))
    assert (notice.kind, notice.number, notice.answer.verdict) == (Kind.CHARGE, "A100101", Verdict.ACCEPTED)
    assert not notice.answer.named


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        failure("000000", "ok"),
        sealed(back("A100101R1"), key="stranger"),
        sealed("<tradeNum>A100101</tradeNum><tradeType>7</tradeType><status>2</status>"),
        sealed("<tradeType>0</tradeType><status>2</status>"),
        sealed("<tradeNum>A100101R1</tradeNum><tradeType>1</tradeType><status>1</status>"),
    ],
)
def test_what_is_not_believed(body: bytes) -> None:
    """Forged, unsigned and senseless notifications are refused."""
    with pytest.raises(NotAuthentic):
        jdpay().notification({}, body, "")


def test_acknowledging() -> None:
    """JD repeats a notification until it reads `success`."""
    assert jdpay().acknowledge(True)[::2] == (200, b"success")
    assert jdpay().acknowledge(False)[::2] == (500, b"fail")
