"""What the answers of JD's aggregate payment prove."""

from __future__ import annotations

from typing import Any

import pytest
from jd_aggregate_counterpart import (
    ACCOUNT,
    aggregate,
    answered,
    operation,
    sealed,
    trade,
)

from payfallback._core.operations import Answer, Kind
from payfallback._core.safety import leavable
from payfallback.model import Money, Qr
from payfallback.providers.code_table import CodeRow
from payfallback.taxonomy import Cause, Verdict


def said(fields: dict[str, Any], kind: Kind = Kind.QUERY, product: str = "jdpay_code", **more: Any) -> Answer:
    """What is proven when JD says this, signed."""
    return aggregate().read(operation(kind, product, **more), answered(sealed(fields)))


def test_paid() -> None:
    """A capture carries number, account, total, JD's own number and its time."""
    answer = said(trade("FINISH", tradeNo="T1", payFinishTime="20251112000102", piAmount=500000))
    assert (answer.verdict, answer.amount, answer.number) == (Verdict.CAPTURED, Money(599900, "CNY"), "A100101")
    assert (answer.account, answer.provider_ref, answer.paid_at) == (ACCOUNT.id, "T1", 1762876862.0)


@pytest.mark.parametrize(
    "more", [{"amount": ""}, {"amount": "59.99"}, {"amount": -1}, {"currency": "USD"}, {"outTradeNo": ""}]
)
def test_paid_without_a_readable_amount_is_not_known(more: dict[str, Any]) -> None:
    """ "Finished" alone proves nothing."""
    assert said(trade("FINISH", **more)).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("status", "verdict", "named"),
    [
        ("PROCESSING", Verdict.PENDING, False),
        ("CLOSE", Verdict.CLOSED, True),
        ("REFUND", Verdict.REFUNDED, True),
        ("finish", Verdict.UNKNOWN, False),
        ("", Verdict.UNKNOWN, False),
    ],
)
@pytest.mark.parametrize("kind", [Kind.QUERY, Kind.CHARGE])
def test_states(kind: Kind, status: str, verdict: Verdict, named: bool) -> None:
    """The states of JD's kit; what is not among them proves nothing."""
    answer = said(trade(status), kind)
    assert (answer.verdict, answer.named, answer.amount) == (verdict, named, None)


def test_the_answer_about_a_refund_is_no_payment() -> None:
    """Both are told in the same words: a finished refund must not be read as a capture of its payment."""
    assert said(trade("FINISH", outRefundNo="R1")).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("flag", [{"resultCode": "SUCCESS"}, {"isSuccess": True}])
def test_a_qr_code_waits_for_the_shopper(flag: dict[str, Any]) -> None:
    """What getScanUrl returns is shown, and nothing is paid yet."""
    answer = said({**flag, "outTradeNo": "A100101", "scanUrl": "https://payx.jd.com/q?c=1"}, Kind.CHARGE, "qr")
    assert (answer.verdict, answer.cause) == (Verdict.PENDING, Cause.AWAITING_SHOPPER)
    assert answer.action == Qr("https://payx.jd.com/q?c=1")


def test_a_qr_code_without_an_address_is_nothing() -> None:
    """Without something to show, nothing can be paid."""
    answer = said({"resultCode": "SUCCESS", "scanUrl": "javascript:1"}, Kind.CHARGE, "qr")
    assert (answer.verdict, answer.action) == (Verdict.UNKNOWN, None)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("FINISH", Verdict.REFUNDED),
        ("PROCESSING", Verdict.PENDING),
        ("CLOSE", Verdict.REFUND_FAILED),
        ("?", Verdict.UNKNOWN),
    ],
)
@pytest.mark.parametrize("kind", [Kind.REFUND, Kind.QUERY_REFUND])
def test_refunds(kind: Kind, status: str, verdict: Verdict) -> None:
    """A refund is done, under way, or failed; another refund's answer proves nothing."""
    fields = trade(status, outRefundNo="R1", amount=100)
    answer = said(fields, kind, refund_number="R1")
    assert (answer.verdict, answer.number) == (verdict, "A100101")
    assert answer.amount == (Money(100, "CNY") if verdict is Verdict.REFUNDED else None)
    assert said(fields, kind, refund_number="R2").verdict is Verdict.UNKNOWN


def test_a_signed_refusal_is_reported_once_and_proves_nothing() -> None:
    """JD publishes no codes: a refusal is asked about, and somebody should look the code up."""
    fail = {"resultCode": "FAIL", "errCode": "X9", "errCodeDes": "卡号 6225 8812 3456 6178 不支持"}
    answer = said(fail, Kind.CHARGE)
    assert (answer.verdict, answer.unlisted, answer.code, answer.text) == (Verdict.UNKNOWN, True, "X9", "卡号 * 不支持")


def test_a_merchants_own_row_says_what_a_code_proves() -> None:
    """What the merchant learned from JD is a row of the table; only a final one ends the number."""
    row = CodeRow(
        provider="jdpay",
        operation="aggre:pay",
        code="X9",
        meaning="no credit",
        verdict=Verdict.DECLINED,
        cause=Cause.CREDIT_EXHAUSTED,
        stated=True,
        resendable=False,
        source="our contract",
        final=True,
    )
    body = answered(sealed({"resultCode": "FAIL", "errCode": "X9"}))
    answer = aggregate(codes=[row]).read(operation(), body)
    assert (answer.verdict, answer.cause, answer.final) == (Verdict.DECLINED, Cause.CREDIT_EXHAUSTED, True)
    assert aggregate(codes=[row]).read(operation(Kind.QUERY), body).verdict is Verdict.UNKNOWN


def test_only_the_merchant_can_say_how_jd_tells_that_a_number_is_absent() -> None:
    """With that option a code can be proven dead, and only then can a route go on after it."""
    told = aggregate(options={"not_found_code": "N1"})
    absent = answered(sealed({"resultCode": "FAIL", "errCode": "N1"}))
    assert told.read(operation(Kind.QUERY), absent).verdict is Verdict.NOT_FOUND
    assert aggregate().read(operation(Kind.QUERY), absent).verdict is Verdict.UNKNOWN
    assert leavable(told.capabilities("jdpay_code"))
    assert not leavable(aggregate().capabilities("jdpay_code"))
    assert not leavable(told.capabilities("qr"))
