"""What wechatpayv3 returns proves, read from signed answers over loopback."""

from __future__ import annotations

from typing import Any

import pytest
from faulty_server import Response, serving
from wrapped_sdks import answer_of, operation, wechat_channel, wechat_says

from payfallback._core.operations import Answer, Kind
from payfallback.model import AppParams, Money, Qr, Redirect
from payfallback.providers.wrap import wrap
from payfallback.taxonomy import Cause, Verdict

AMOUNT = {"total": 1250, "payer_total": 1000, "currency": "CNY", "refund": 1250}


def said(body: dict[str, Any] | None, kind: Kind = Kind.CHARGE, status: int = 200) -> Answer:
    """What is proven when WeChat Pay answers this."""
    asked = operation(kind, refund_number="R1")
    with serving(wechat_says(body, status)) as server, wechat_channel(server.url) as wrapped:
        return answer_of(wrapped, asked)


def trade(state: str, **more: Any) -> dict[str, Any]:
    """A trade as a query returns it."""
    return {"out_trade_no": "A1001N01", "trade_state": state, **more}


def failure(code: str, kind: Kind = Kind.CHARGE, status: int = 400) -> Answer:
    """What is proven by an error code."""
    return said({"code": code, "message": "made up"}, kind, status)


def test_paid() -> None:
    """A successful trade is a capture of its total, discounts included, at the time it names."""
    paid = trade("SUCCESS", transaction_id="4200001", amount=AMOUNT, success_time="2026-11-11T23:46:31+08:00")
    answer = said(paid, Kind.QUERY)
    assert (answer.verdict, answer.amount) == (Verdict.CAPTURED, Money(1250, "CNY"))
    assert (answer.number, answer.provider_ref, answer.paid_at) == ("A1001N01", "4200001", 1794411991.0)


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ("NOTPAY", Verdict.PENDING),
        ("USERPAYING", Verdict.PENDING),
        ("ACCEPT", Verdict.PENDING),
        ("CLOSED", Verdict.CLOSED),
        ("REVOKED", Verdict.CLOSED),
        ("PAYERROR", Verdict.DECLINED),
        ("REFUND", Verdict.UNKNOWN),
        ("DREAMT", Verdict.UNKNOWN),
    ],
)
def test_the_state_of_a_trade(state: str, verdict: Verdict) -> None:
    """A query answers with the trade's state; a refund of any part leaves open what is left of it."""
    answer = said(trade(state), Kind.QUERY)
    assert (answer.verdict, answer.final) == (verdict, False)


def test_a_qr_code() -> None:
    """A native order carries its QR code."""
    answer = said({"code_url": "weixin://wxpay/bizpayurl?pr=1"})
    assert (answer.verdict, answer.action) == (Verdict.PENDING, Qr("weixin://wxpay/bizpayurl?pr=1"))


def test_h5_redirects() -> None:
    """An H5 order carries its URL."""
    assert said({"h5_url": "https://wx.tenpay.com/1"}).action == Redirect("https://wx.tenpay.com/1")


def test_parameters_that_the_merchant_signed() -> None:
    """For JSAPI the callable returns what the page hands to WeChat as a third value."""
    params = {"appId": "wx1", "paySign": "x"}
    wrapped = wrap(lambda _: (200, '{"prepay_id":"wx2"}', params), reads="wechatpay", account="wechatpay/1900000001")
    assert answer_of(wrapped, operation()).action == AppParams(params)


def test_a_close_is_acknowledged_not_proven() -> None:
    """204 looks the same for a number that WeChat does not know: a query must show the closing."""
    answer = said(None, Kind.CLOSE, status=204)
    assert (answer.verdict, answer.named) == (Verdict.ACCEPTED, False)


@pytest.mark.parametrize("code", ["ORDER_PAID", "ORDERPAID"])
def test_a_close_that_came_too_late(code: str) -> None:
    """Closing a paid order is refused, in both spellings; the query tells the capture."""
    answer = failure(code, Kind.CLOSE)
    assert (answer.verdict, answer.code, answer.final) == (Verdict.DECLINED, code, False)


@pytest.mark.parametrize("code", ["ORDER_NOT_EXIST", "ORDERNOTEXIST"])
def test_not_found_answers_a_query_only(code: str) -> None:
    """An unknown number is "not found" to a query, in both spellings."""
    assert failure(code, Kind.QUERY, 404).verdict is Verdict.NOT_FOUND
    assert failure(code, Kind.CHARGE, 404).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("code", ["SYSTEM_ERROR", "SYSTEMERROR", "BANK_ERROR", "BANKERROR"])
def test_system_errors_are_unknown_in_both_spellings(code: str) -> None:
    """A system error may be either way; the same request may be sent again."""
    answer = failure(code, status=500)
    assert (answer.verdict, answer.cause, answer.resendable) == (Verdict.UNKNOWN, Cause.PROVIDER_ERROR, True)


def test_no_refusal_is_final() -> None:
    """The SDK does not verify the signature of errors, so a refusal does not end an attempt by itself."""
    for code in ("NOTENOUGH", "ORDER_CLOSED", "RULE_LIMIT", "PARAM_ERROR"):
        answer = failure(code)
        assert (answer.verdict, answer.final) == (Verdict.DECLINED, False)


@pytest.mark.parametrize("code", ["SOMETHING_NEW", "OUT_TRADE_NO_USED", "TRADE_ERROR"])
def test_what_may_have_been_paid_is_unknown(code: str) -> None:
    """A code nobody listed and a number that was used before are asked about."""
    assert failure(code).verdict is Verdict.UNKNOWN


def test_slow_down() -> None:
    """A frequency limit was not processed, and ends nothing."""
    answer = failure("FREQUENCY_LIMITED", status=429)
    assert (answer.cause, answer.resendable, answer.final) == (Cause.RATE_LIMITED, True, False)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("SUCCESS", Verdict.REFUNDED),
        ("PROCESSING", Verdict.PENDING),
        ("CLOSED", Verdict.REFUND_FAILED),
        ("ABNORMAL", Verdict.PENDING),
    ],
)
def test_a_refund(status: str, verdict: Verdict) -> None:
    """A refund is done, under way, closed, or for a person to look at."""
    body = {"refund_id": "503", "out_trade_no": "A1001N01", "status": status, "amount": AMOUNT}
    assert said(body, Kind.REFUND).verdict is verdict
    assert said(body, Kind.QUERY_REFUND).verdict is verdict


def test_another_refund_proves_nothing() -> None:
    """An answer about another refund number is a contradiction."""
    body = {
        "refund_id": "503",
        "out_refund_no": "R2",
        "out_trade_no": "A1001N01",
        "status": "SUCCESS",
        "amount": AMOUNT,
    }
    answer = said(body, Kind.QUERY_REFUND)
    assert (answer.verdict, answer.cause) == (Verdict.UNKNOWN, Cause.CONTRADICTION)


def test_a_closed_order_is_still_asked_about() -> None:
    """ "Closed already" comes unsigned: it is an acknowledgement, and a signed query tells."""
    assert failure("ORDER_CLOSED", Kind.CLOSE).verdict is Verdict.ACCEPTED


def test_a_forged_answer_proves_nothing() -> None:
    """The SDK raises on a signature that does not hold: that is not an answer."""
    body = b'{"out_trade_no":"A1001N01","trade_state":"CLOSED"}'
    forged = Response(200, body, {**wechat_says({})(None).headers, "Content-Type": "application/json"})
    with serving(lambda _: forged) as server, wechat_channel(server.url) as wrapped:
        assert answer_of(wrapped, operation(Kind.QUERY)).verdict is Verdict.UNKNOWN


def test_the_merchants_own_mistake_is_not_taken_for_an_answer() -> None:
    """An order without a title is refused by the SDK before it is sent, with a bare Exception: UNKNOWN, and kept."""
    with serving(None) as server, wechat_channel(server.url) as wrapped:
        answer = answer_of(wrapped, operation(title=""))
    assert answer.verdict is Verdict.UNKNOWN
    assert str(answer.error) == "description is not assigned."
