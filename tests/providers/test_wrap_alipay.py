"""What the official Alipay SDK returns proves, read from signed answers over loopback."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from faulty_server import Response, serving
from wrapped_sdks import alipay_channel, alipay_says, answer_of, operation

from payfallback._core.operations import Answer, Kind
from payfallback.model import Money, Option, Qr, Redirect
from payfallback.providers.readers import alipay
from payfallback.providers.wrap import wrap
from payfallback.taxonomy import Cause, Verdict

PAID = {"trade_no": "2026111122001", "out_trade_no": "A1001N01", "total_amount": "12.50"}


def said(kind: Kind = Kind.CHARGE, **body: Any) -> Answer:
    """What is proven when the gateway answers this, signed."""
    asked = operation(kind, refund_number="R1")
    with serving(alipay_says(**body)) as server, alipay_channel(server.url) as wrapped:
        return answer_of(wrapped, asked)


def business(sub_code: str, kind: Kind = Kind.CHARGE) -> Answer:
    """What is proven by a business failure."""
    return said(kind, code="40004", msg="Business Failed", sub_code=sub_code, sub_msg="made up")


AT = "2026-11-11 23:46:31"
OWED = [{"additional_status": "SELLER_NOT_RECEIVED"}, {"credit_pay_mode": "creditAdvanceV2"}]


def test_a_payment_code_that_was_charged() -> None:
    """Alipay may roll back what pay answers, so a query has to show the payment."""
    answer = said(code="10000", gmt_payment=AT, buyer_pay_amount="10.00", **PAID)
    assert (answer.verdict, answer.cause) == (Verdict.PENDING, Cause.AWAITING_PROVIDER)
    assert (answer.number, answer.provider_ref) == ("A1001N01", "2026111122001")
    shown = said(Kind.QUERY, code="10000", trade_status="TRADE_SUCCESS", send_pay_date=AT, **PAID)
    assert (shown.verdict, shown.amount, shown.paid_at) == (Verdict.CAPTURED, Money(1250, "CNY"), 1794411991.0)


def test_a_shop_that_takes_pay_at_its_word() -> None:
    """With `pay_proves`, 10000 with a time of payment is a capture of the trade's total, at Beijing time."""
    told = {"code": "10000", "gmt_payment": AT, "buyer_pay_amount": "10.00", **PAID}
    reads = partial(alipay.read, pay_proves=True)
    answer = answer_of(wrap(lambda _: json.dumps(told), reads=reads, account="alipay/2088"), operation())
    assert (answer.verdict, answer.amount, answer.paid_at) == (Verdict.CAPTURED, Money(1250, "CNY"), 1794411991.0)
    for owed in OWED:
        late = answer_of(
            wrap(lambda _, owed=owed: json.dumps(told | owed), reads=reads, account="alipay/2088"), operation()
        )
        assert (late.verdict, late.amount) == (Verdict.PENDING, None)


@pytest.mark.parametrize("owed", OWED)
def test_money_that_the_seller_has_not_got(owed: dict[str, str]) -> None:
    """A trade that the shopper paid and the seller is still owed is no capture yet."""
    answer = said(Kind.QUERY, code="10000", trade_status="TRADE_SUCCESS", **owed, **PAID)
    assert (answer.verdict, answer.amount) == (Verdict.PENDING, None)


def test_a_shopper_who_types_a_password() -> None:
    """10003 waits for the shopper."""
    answer = said(code="10003", out_trade_no="A1001N01")
    assert (answer.verdict, answer.cause) == (Verdict.PENDING, Cause.AWAITING_SHOPPER)


def test_a_qr_code() -> None:
    """A created order is pending and carries its QR code."""
    answer = said(code="10000", out_trade_no="A1001N01", qr_code="https://qr.alipay.com/bax1")
    assert (answer.verdict, answer.action) == (Verdict.PENDING, Qr("https://qr.alipay.com/bax1"))


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("TRADE_SUCCESS", Verdict.CAPTURED),
        ("TRADE_FINISHED", Verdict.CAPTURED),
        ("WAIT_BUYER_PAY", Verdict.PENDING),
        ("TRADE_CLOSED", Verdict.CLOSED),
        ("TRADE_DREAMT", Verdict.UNKNOWN),
    ],
)
def test_the_status_of_a_trade(status: str, verdict: Verdict) -> None:
    """A query answers with the trade's status."""
    assert said(Kind.QUERY, code="10000", trade_status=status, **PAID).verdict is verdict


@pytest.mark.parametrize(
    "trace", [{"send_pay_date": AT}, {"fund_bill_list": [{"fund_channel": "PCREDIT"}]}, {"receipt_amount": "12.50"}]
)
def test_closed_after_a_full_refund(trace: dict[str, Any]) -> None:
    """TRADE_CLOSED of a trade that shows money means that all of it went back."""
    answer = said(Kind.QUERY, code="10000", trade_status="TRADE_CLOSED", **trace, **PAID)
    assert (answer.verdict, answer.amount) == (Verdict.REFUNDED, Money(1250, "CNY"))


def test_not_found_answers_a_query_only() -> None:
    """An unknown number is "not found" to a query, and no death to a close."""
    assert business("ACQ.TRADE_NOT_EXIST", Kind.QUERY).verdict is Verdict.NOT_FOUND
    assert business("ACQ.TRADE_NOT_EXIST", Kind.CHARGE).verdict is Verdict.UNKNOWN
    assert business("ACQ.TRADE_NOT_EXIST", Kind.CLOSE).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("action", "verdict", "named"),
    [("close", Verdict.CLOSED, True), ("refund", Verdict.REFUNDED, True), (None, Verdict.ACCEPTED, False)],
)
def test_cancel_says_what_it_did(action: str | None, verdict: Verdict, *, named: bool) -> None:
    """Cancel's `action` is proof; its "ok" without one is not, since unknown numbers get that too."""
    body = {"out_trade_no": "A1001N01", "retry_flag": "N", **({"action": action} if action else {})}
    answer = said(Kind.CLOSE, code="10000", **body)
    assert (answer.verdict, answer.named) == (verdict, named)


def test_cancel_that_wants_to_be_called_again() -> None:
    """`retry_flag` Y has done nothing yet."""
    answer = said(Kind.CLOSE, code="10000", out_trade_no="A1001N01", retry_flag="Y", action="close")
    assert (answer.verdict, answer.resendable) == (Verdict.UNKNOWN, True)


def test_a_refund_is_proven_by_the_moved_money_only() -> None:
    """10000 says that a refund was asked for; `fund_change` and `refund_status` say that it happened."""
    assert said(Kind.REFUND, code="10000", fund_change="Y", **PAID).verdict is Verdict.REFUNDED
    assert said(Kind.REFUND, code="10000", fund_change="N", **PAID).verdict is Verdict.ACCEPTED
    done = said(Kind.QUERY_REFUND, code="10000", refund_status="REFUND_SUCCESS", refund_amount="12.50", **PAID)
    assert (done.verdict, done.amount) == (Verdict.REFUNDED, Money(1250, "CNY"))
    assert said(Kind.QUERY_REFUND, code="10000", **PAID).verdict is Verdict.NOT_FOUND


def test_a_stated_refusal_is_final() -> None:
    """A code whose handling Alipay states ends the number; one whose handling is inferred is closed first."""
    stated = business("ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH")
    inferred = business("ACQ.BUYER_BALANCE_NOT_ENOUGH")
    assert (stated.verdict, stated.cause, stated.final) == (Verdict.DECLINED, Cause.CREDIT_EXHAUSTED, True)
    assert (inferred.verdict, inferred.cause, inferred.final) == (Verdict.DECLINED, Cause.CREDIT_EXHAUSTED, False)


def test_a_refused_close_ends_nothing() -> None:
    """Only the refusal of a charge can be final, whatever the code."""
    answer = business("ACQ.CANCEL_NOT_ALLOWED", Kind.CLOSE)
    assert (answer.verdict, answer.final) == (Verdict.DECLINED, False)
    assert not business("ACQ.TRADE_HAS_CLOSE", Kind.CLOSE).final


@pytest.mark.parametrize("code", ["ACQ.SYSTEM_ERROR", "AQC.SYSTEM_ERROR", "ACQ.SOMETHING_NEW", "ACQ.TRADE_HAS_SUCCESS"])
def test_what_may_have_been_paid_is_unknown(code: str) -> None:
    """A system error, a code nobody listed and "already paid" are asked about, never taken for a refusal."""
    assert business(code).verdict is Verdict.UNKNOWN


def test_the_gateway_is_down() -> None:
    """20000 may be either way; the same request may be sent again."""
    answer = said(code="20000", msg="Service Currently Unavailable", sub_code="isp.unknow-error")
    assert (answer.verdict, answer.cause, answer.resendable) == (Verdict.UNKNOWN, Cause.PROVIDER_ERROR, True)


def test_the_gateway_refuses() -> None:
    """Wrong parameters are refused by the gateway and page someone, but a question refused says nothing."""
    charge = said(code="40002", sub_code="isv.invalid-signature")
    query = said(Kind.QUERY, code="40002", sub_code="isv.invalid-signature")
    assert (charge.verdict, charge.cause) == (Verdict.DECLINED, Cause.MERCHANT_CONFIG)
    assert query.verdict is Verdict.UNKNOWN


def test_a_forged_answer_proves_nothing() -> None:
    """The SDK checks the signature; an answer that fails it is as good as none."""
    text = b'{"alipay_trade_pay_response":{"code":"40004","sub_code":"ACQ.TRADE_HAS_CLOSE"},"sign":"AAAA"}'
    with serving(lambda _: Response(200, text)) as server, alipay_channel(server.url) as wrapped:
        assert answer_of(wrapped, operation()).verdict is Verdict.UNKNOWN


def test_a_page_to_send_the_shopper_to() -> None:
    """The URL that `page_execute` builds is a redirect, made without asking anybody."""
    url = "https://openapi.alipay.com/gateway.do?method=alipay.trade.page.pay&sign=x"
    wrapped = wrap(lambda _: url, reads="alipay", account="alipay/2088", starts="shopper")
    answer = answer_of(wrapped, operation(option=Option("page")))
    assert (answer.verdict, answer.action) == (Verdict.PENDING, Redirect(url))


def test_an_amount_that_is_no_money_is_unknown() -> None:
    """A capture without a readable amount is not believed."""
    body = {**PAID, "total_amount": "12.505"}
    assert said(Kind.QUERY, code="10000", trade_status="TRADE_SUCCESS", **body).verdict is Verdict.UNKNOWN
