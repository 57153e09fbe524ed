"""What WeChat Pay's error codes prove: only signed ones anything, and only stated ones the end of a number."""

from __future__ import annotations

from typing import Any

import pytest
from wechatpay_counterpart import NOW, answered, operation, unsigned, wechatpay

from payfallback._core.operations import Answer, Kind
from payfallback.taxonomy import Cause, Verdict


def refused(
    code: str, status: int = 400, kind: Kind = Kind.CHARGE, product: str = "native", message: str = "made up"
) -> Answer:
    """What a signed error proves."""
    asked = operation(kind, product, refund_number="A100101R1")
    return wechatpay().read(asked, answered({"code": code, "message": message}, status))


def guessed(code: str, status: int, kind: Kind = Kind.CHARGE, **headers: str) -> Answer:
    """What the same error proves when nobody signed it."""
    asked = operation(kind, refund_number="A100101R1")
    return wechatpay().read(asked, unsigned({"code": code, "message": "made up"}, status, **headers))


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("PARAM_ERROR", Cause.MERCHANT_CONFIG),
        ("INVALID_REQUEST", Cause.MERCHANT_CONFIG),
        ("SIGN_ERROR", Cause.MERCHANT_CONFIG),
        ("SIGNERROR", Cause.MERCHANT_CONFIG),
        ("NO_AUTH", Cause.MERCHANT_NOT_ENABLED),
        ("NOAUTH", Cause.MERCHANT_NOT_ENABLED),
        ("APPID_MCHID_NOT_MATCH", Cause.MERCHANT_NOT_ENABLED),
        ("ACCOUNT_ERROR", Cause.ACCOUNT_FROZEN),
        ("RULE_LIMIT", Cause.RISK_REJECTED),
        ("RULELIMIT", Cause.RISK_REJECTED),
        ("NOTENOUGH", Cause.DECLINED),
    ],
)
def test_refusals_whose_handling_is_inferred(code: str, cause: Cause) -> None:
    """These refuse the request, in either spelling, and do not end the number."""
    answer = refused(code)
    assert (answer.verdict, answer.cause, answer.final, answer.code) == (Verdict.DECLINED, cause, False, code)


@pytest.mark.parametrize("code", ["ORDER_CLOSED", "ORDERCLOSED"])
def test_an_order_that_is_closed_is_over(code: str) -> None:
    """WeChat Pay states that a closed order needs a new number."""
    assert refused(code).final


@pytest.mark.parametrize(
    "code",
    [
        "NOTENOUGH",
        "NOTSUPORTCARD",
        "AUTHCODEEXPIRE",
        "AUTH_CODE_ERROR",
        "AUTH_CODE_INVALID",
        "ORDERREVERSED",
        "ORDER_CLOSED",
    ],
)
def test_refusals_of_a_payment_code_that_are_stated(code: str) -> None:
    """For payment codes the provider states what to do: another code, card or number, so this number is over."""
    answer = refused(code, product="codepay")
    assert (answer.verdict, answer.final) == (Verdict.DECLINED, True)


def test_a_payment_code_that_waits() -> None:
    """USERPAYING is no refusal."""
    assert refused("USERPAYING", product="codepay").verdict is Verdict.PENDING


def test_too_many_requests() -> None:
    """A limited request was refused unprocessed: it may be sent again, after the wait that was asked for."""
    limited = answered({"code": "FREQUENCY_LIMITED", "message": "slow down"}, 429)
    limited.headers["retry-after"] = "3"  # type: ignore[index]  # a dict, made by the test
    answer = wechatpay().read(operation(), limited)
    assert (answer.verdict, answer.final, answer.cause) == (Verdict.DECLINED, False, Cause.RATE_LIMITED)
    assert (answer.resendable, answer.retry_after) == (True, 3.0)
    assert refused("SOMETHING_NEW", 429).cause is Cause.RATE_LIMITED


@pytest.mark.parametrize("code", ["SYSTEM_ERROR", "SYSTEMERROR", "BANK_ERROR", "BANKERROR"])
def test_system_errors(code: str) -> None:
    """A system error proves nothing; the same order may be sent again, the same payment code may not."""
    answer = refused(code, 500)
    assert (answer.verdict, answer.cause, answer.resendable) == (Verdict.UNKNOWN, Cause.PROVIDER_ERROR, True)
    assert not refused(code, 500, product="codepay").resendable


@pytest.mark.parametrize("code", ["ORDER_PAID", "ORDERPAID", "OUT_TRADE_NO_USED", "TRADE_ERROR", "ORDER_NOT_EXIST"])
def test_codes_that_only_a_query_explains(code: str) -> None:
    """Paid, used and at odds: who paid how much under this number, only the trade itself says."""
    answer = refused(code)
    assert (answer.verdict, answer.amount, answer.resendable) == (Verdict.UNKNOWN, None, False)


def test_a_code_nobody_lists() -> None:
    """An unlisted code proves nothing."""
    answer = refused("BRAND_NEW_CODE")
    assert (answer.verdict, answer.cause) == (Verdict.UNKNOWN, Cause.UNRECOGNISED)
    assert refused("", 400).code == "HTTP400"


@pytest.mark.parametrize("code", ["PARAM_ERROR", "FREQUENCY_LIMITED", "ACCOUNT_ERROR", "ORDER_CLOSED", "NEW"])
@pytest.mark.parametrize("kind", [Kind.QUERY, Kind.QUERY_REFUND])
def test_a_failed_question_says_nothing_of_the_trade(kind: Kind, code: str) -> None:
    """The error of a question is about the question."""
    assert refused(code, 400, kind).verdict is Verdict.UNKNOWN


def test_not_found() -> None:
    """A trade that WeChat Pay does not know (yet), with the time by its own clock."""
    for code in ("ORDER_NOT_EXIST", "ORDERNOTEXIST"):
        answer = refused(code, 404, Kind.QUERY)
        assert (answer.verdict, answer.provider_time) == (Verdict.NOT_FOUND, NOW)
    assert refused("RESOURCE_NOT_EXISTS", 404, Kind.QUERY_REFUND).verdict is Verdict.NOT_FOUND
    assert refused("RESOURCE_NOT_EXISTS", 404, Kind.QUERY).verdict is Verdict.UNKNOWN


def test_an_unsigned_not_found_counts_for_a_query_alone() -> None:
    """A 404 that nobody signed may say "not found" to a query, with the time of its Date header, and nothing else."""
    date = {"date": "Wed, 12 Nov 2025 00:00:00 GMT"}
    answer = guessed("ORDER_NOT_EXIST", 404, Kind.QUERY, **date)
    assert (answer.verdict, answer.provider_time) == (Verdict.NOT_FOUND, 1762905600.0)
    assert guessed("ORDER_NOT_EXIST", 400, Kind.QUERY).verdict is Verdict.UNKNOWN
    assert guessed("RESOURCE_NOT_EXISTS", 404, Kind.QUERY).verdict is Verdict.UNKNOWN
    for kind in (Kind.CHARGE, Kind.CLOSE, Kind.REFUND, Kind.QUERY_REFUND):
        assert guessed("ORDER_NOT_EXIST", 404, kind).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("status", "code", "cause"),
    [
        (401, "", Cause.MERCHANT_CONFIG),
        (400, "SIGN_ERROR", Cause.MERCHANT_CONFIG),
        (429, "FREQUENCY_LIMITED", Cause.RATE_LIMITED),
        (400, "PARAM_ERROR", Cause.API_FAILURE),
        (200, "", Cause.API_FAILURE),
        (204, "", Cause.API_FAILURE),
        (502, "", Cause.PROVIDER_ERROR),
    ],
)
@pytest.mark.parametrize("kind", [Kind.CHARGE, Kind.CLOSE, Kind.REFUND])
def test_unsigned_errors_prove_nothing(kind: Kind, status: int, code: str, cause: Cause) -> None:
    """An error that nobody signed is UNKNOWN, with its code and its probable cause for people."""
    answer = guessed(code, status, kind)
    assert (answer.verdict, answer.cause, answer.code) == (Verdict.UNKNOWN, cause, code or f"HTTP{status}")


@pytest.mark.parametrize(("status", "again"), [(500, True), (501, True), (503, True), (502, False), (504, False)])
def test_which_server_errors_may_be_sent_again(status: int, again: bool) -> None:
    """WeChat Pay states 500, 501 and 503; the others are asked about."""
    assert guessed("", status).resendable is again
    asked = operation(product="codepay")
    assert not wechatpay().read(asked, unsigned(b"<html>", status)).resendable


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("ORDER_PAID", Verdict.CAPTURED),
        ("ORDERPAID", Verdict.CAPTURED),
        ("ORDER_CLOSED", Verdict.CLOSED),
        ("USERPAYING", Verdict.DECLINED),
        ("INVALID_REQUEST", Verdict.DECLINED),
        ("SYSTEM_ERROR", Verdict.UNKNOWN),
        ("TRADE_ERROR", Verdict.UNKNOWN),
    ],
)
def test_a_refused_close(code: str, verdict: Verdict) -> None:
    """A close that is refused as paid or closed names no trade's data: nothing is over by it, and it is asked about."""
    answer = refused(code, 400, Kind.CLOSE)
    assert (answer.verdict, answer.named, answer.final, answer.amount) == (verdict, False, False, None)


@pytest.mark.parametrize(
    ("code", "verdict", "resendable"),
    [
        ("NOT_ENOUGH", Verdict.DECLINED, False),
        ("TRADE_OVERDUE", Verdict.DECLINED, False),
        ("REFUND_EXCEED", Verdict.DECLINED, False),
        ("FREQUENCY_LIMITED", Verdict.DECLINED, True),
        ("BIZERR_NEED_RETRY", Verdict.UNKNOWN, True),
        ("RESOURCE_ALREADY_EXISTS", Verdict.UNKNOWN, False),
        ("SYSTEM_ERROR", Verdict.UNKNOWN, True),
    ],
)
def test_refused_refunds(code: str, verdict: Verdict, resendable: bool) -> None:
    """No refund is given up by an inferred code: its number stays in use."""
    answer = refused(code, 400, Kind.REFUND)
    assert (answer.verdict, answer.resendable, answer.final) == (verdict, resendable, False)


@pytest.mark.parametrize("signed", [True, False])
def test_words_are_kept_without_personal_data(signed: bool) -> None:
    """What the provider says is kept on one line, cut, with long numbers masked."""
    words = "卡 6225-8812-3456-6178\n手机 13812346396 " + "x" * 500
    body: dict[str, Any] = {"code": "PARAM_ERROR" + "_" * 99, "message": words}
    response = answered(body, 400) if signed else unsigned(body, 400)
    answer = wechatpay().read(operation(), response)
    assert answer.text.startswith("卡 * 手机 * xxx")
    assert (len(answer.text), len(answer.code)) == (200, 64)
