"""What Alipay's errors prove: per operation, signed and unsigned."""

from __future__ import annotations

from typing import Any

import pytest
from alipay_counterpart import NOW, alipay, answered, operation, unsigned

from payfallback._core.operations import Answer, Kind
from payfallback.taxonomy import Cause, Verdict

CODES = ("code", "huabei_code")


def refused(code: str, kind: Kind = Kind.CHARGE, product: str = "code", status: int = 400) -> Answer:
    """What a signed error proves."""
    body = {"code": code, "message": "订单 13812345678 failed", "links": [{"link": "https://x", "desc": "y"}]}
    return alipay().read(operation(kind, product, refund_number="A100101R1"), answered(body, status))


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("ACQ.TRADE_HAS_CLOSE", Cause.DECLINED),
        ("ACQ.PAYMENT_AUTH_CODE_INVALID", Cause.DECLINED),
        ("ACQ.PAYMENT_FAIL", Cause.DECLINED),
        ("ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH", Cause.CREDIT_EXHAUSTED),
        ("ACQ.NO_PAYMENT_INSTRUMENTS_AVAILABLE", Cause.CREDIT_EXHAUSTED),
        ("ACQ.ERROR_BUYER_CERTIFY_LEVEL_LIMIT", Cause.IDENTITY_UNVERIFIED),
        ("ACQ.BUYER_NOT_MAINLAND_CERT", Cause.IDENTITY_UNVERIFIED),
        ("ACQ.NOT_CERTIFIED_USER", Cause.IDENTITY_UNVERIFIED),
        ("ACQ.PAYMENT_REQUEST_HAS_RISK", Cause.RISK_REJECTED),
        ("ACQ.NOT_SUPPORT_PAYMENT_INST", Cause.CLIENT_ENVIRONMENT),
    ],
)
def test_stated_refusals_end_the_number(code: str, cause: Cause) -> None:
    """Where Alipay states what a code of pay means for the number, it is final; in any other place it is not."""
    answer = refused(code)
    assert (answer.verdict, answer.cause, answer.final, answer.code) == (Verdict.DECLINED, cause, True, code)
    assert answer.provider_time == NOW
    assert "13812345678" not in answer.text
    for kind, product in ((Kind.CHARGE, "qr"), (Kind.CLOSE, "code"), (Kind.CLOSE, "qr"), (Kind.REFUND, "code")):
        assert not refused(code, kind, product).final
    assert refused(code, Kind.QUERY).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("code", "product", "cause"),
    [
        ("ACQ.BUYER_BALANCE_NOT_ENOUGH", "code", Cause.CREDIT_EXHAUSTED),
        ("ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR", "qr", Cause.CREDIT_EXHAUSTED),
        ("ACQ.ZM_AUTH_AMOUNT_EXCEED", "code", Cause.LIMIT_REDUCED),
        ("ACQ.ZM_CREDIT_AUTH_FAIL", "huabei_code", Cause.CREDIT_SCORE),
        ("ACQ.ORDER_UNSUPPORT_ADVANCE", "code", Cause.ITEM_NOT_ELIGIBLE),
        ("ACQ.ZM_AUTH_RULE_LIMIT", "code", Cause.RISK_REJECTED),
        ("ACQ.BUYER_ENABLE_STATUS_FORBID", "huabei_qr", Cause.ACCOUNT_FROZEN),
        ("ACQ.USER_FACE_PAYMENT_SWITCH_OFF", "code", Cause.NOT_ACTIVATED),
        ("ACQ.AGREEMENT_INVALID", "code", Cause.AGREEMENT_OUTDATED),
        ("ACQ.ACCESS_FORBIDDEN", "huabei_qr", Cause.MERCHANT_NOT_ENABLED),
        ("ACQ.DEFAULT_SETTLE_RULE_NOT_EXIST", "qr", Cause.MERCHANT_NOT_ENABLED),
        ("ACQ.MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT", "qr", Cause.MERCHANT_PAUSED),
        ("ACQ.RESTRICTED_MERCHANT_INDUSTRY", "code", Cause.REGULATORY),
        ("ACQ.TOTAL_FEE_EXCEED", "qr", Cause.MERCHANT_CONFIG),
        ("invalid-signature", "qr", Cause.MERCHANT_CONFIG),
        ("forbidden-api", "code", Cause.MERCHANT_NOT_ENABLED),
    ],
)
def test_inferred_refusals_are_closed_first(code: str, product: str, cause: Cause) -> None:
    """A refusal whose handling Alipay does not state refuses this request, and does not end the number."""
    answer = refused(code, product=product)
    assert (answer.verdict, answer.cause, answer.final) == (Verdict.DECLINED, cause, False)


@pytest.mark.parametrize("code", ["ACQ.SYSTEM_ERROR", "AQC.SYSTEM_ERROR", "unknow-error", "unknown-sub-code"])
@pytest.mark.parametrize("kind", [Kind.CHARGE, Kind.CLOSE, Kind.REFUND])
@pytest.mark.parametrize("product", ["code", "qr"])
def test_system_errors(code: str, kind: Kind, product: str) -> None:
    """The result may be either way: asked about, and the same request may be sent again. Alipay's typo is met."""
    answer = refused(code, kind, product)
    assert (answer.verdict, answer.cause, answer.resendable) == (Verdict.UNKNOWN, Cause.PROVIDER_ERROR, True)


@pytest.mark.parametrize(
    ("code", "kind", "product", "cause"),
    [
        ("ACQ.TRADE_HAS_SUCCESS", Kind.CHARGE, "code", Cause.AWAITING_PROVIDER),
        ("ACQ.TRADE_STATUS_ERROR", Kind.CHARGE, "code", Cause.AWAITING_PROVIDER),
        ("ACQ.APPLY_PC_MERCHANT_CODE_ERROR", Kind.CHARGE, "qr", Cause.AWAITING_PROVIDER),
        ("ACQ.CONTEXT_INCONSISTENT", Kind.CHARGE, "qr", Cause.CONTRADICTION),
        ("ACQ.TRADE_BUYER_NOT_MATCH", Kind.CHARGE, "code", Cause.CONTRADICTION),
        ("ACQ.TRADE_HAS_FINISHED", Kind.CLOSE, "code", Cause.AWAITING_PROVIDER),
        ("ACQ.TRADE_STATUS_ERROR", Kind.CLOSE, "qr", Cause.AWAITING_PROVIDER),
        ("ACQ.REASON_ILLEGAL_STATUS", Kind.CLOSE, "qr", Cause.AWAITING_PROVIDER),
        ("ACQ.TRADE_NOT_EXIST", Kind.CLOSE, "qr", Cause.AWAITING_SHOPPER),
        ("ACQ.TRADE_HAS_CLOSE", Kind.REFUND, "qr", Cause.AWAITING_PROVIDER),
        ("ACQ.DISCORDANT_REPEAT_REQUEST", Kind.REFUND, "qr", Cause.CONTRADICTION),
        ("ACQ.BUYER_BALANCE_NOT_ENOUGH", Kind.CHARGE, "qr", Cause.UNRECOGNISED),
        ("ACQ.SOMETHING_NEW", Kind.CHARGE, "code", Cause.UNRECOGNISED),
        ("ACQ.SOMETHING_NEW", Kind.REFUND, "code", Cause.UNRECOGNISED),
        ("", Kind.CLOSE, "code", Cause.UNRECOGNISED),
    ],
)
def test_what_only_the_trade_can_tell(code: str, kind: Kind, product: str, cause: Cause) -> None:
    """A number that was used, a trade in another state, and every code that is not listed: asked about."""
    answer = refused(code, kind, product)
    assert (answer.verdict, answer.cause) == (Verdict.UNKNOWN, cause)


@pytest.mark.parametrize(
    ("code", "kind", "product", "cause"),
    [
        ("ACQ.SELLER_BALANCE_NOT_ENOUGH", Kind.REFUND, "qr", Cause.MERCHANT_CONFIG),
        ("ACQ.TRADE_NOT_EXIST", Kind.REFUND, "qr", Cause.MERCHANT_CONFIG),
        ("ACQ.BUYER_ERROR", Kind.REFUND, "code", Cause.ACCOUNT_FROZEN),
        ("ACQ.REASON_TRADE_BEEN_FREEZEN", Kind.REFUND, "qr", Cause.RISK_REJECTED),
        ("ACQ.TRADE_CANCEL_TIME_OUT", Kind.CLOSE, "code", Cause.MERCHANT_CONFIG),
        ("ACQ.REASON_TRADE_BEEN_FREEZEN", Kind.CLOSE, "huabei_code", Cause.RISK_REJECTED),
    ],
)
def test_refused_refunds_and_cancels(code: str, kind: Kind, product: str, cause: Cause) -> None:
    """A refund or cancel that is refused is not final: it is mended, and tried again under the same number."""
    answer = refused(code, kind, product)
    assert (answer.verdict, answer.cause, answer.final) == (Verdict.DECLINED, cause, False)


@pytest.mark.parametrize("code", ["ACQ.TRADE_NOT_EXIST", "TRADE_NOT_EXIST"])
@pytest.mark.parametrize("product", ["code", "qr"])
def test_not_found(code: str, product: str) -> None:
    """A trade that nobody has scanned yet does not exist; both spellings are met. Signed or not, it counts only with
    Alipay's own time, past the absolute expiry."""
    for kind in (Kind.QUERY, Kind.QUERY_REFUND):
        answer = refused(code, kind, product)
        assert (answer.verdict, answer.final, answer.provider_time) == (Verdict.NOT_FOUND, False, NOW)
    bare = unsigned({"code": code}, 400, date="Tue, 11 Nov 2025 16:03:00 GMT")
    answer = alipay().read(operation(Kind.QUERY, product), bare)
    assert (answer.verdict, answer.provider_time) == (Verdict.NOT_FOUND, 1762876980.0)
    for kind in (Kind.CHARGE, Kind.CLOSE, Kind.REFUND, Kind.QUERY_REFUND):
        asked = operation(kind, product, refund_number="A100101R1")
        assert alipay().read(asked, bare).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("status", "body", "cause", "again"),
    [
        (400, {"code": "ACQ.PAYMENT_REQUEST_HAS_RISK"}, Cause.UNRECOGNISED, False),
        (400, {"code": "ACQ.SYSTEM_ERROR"}, Cause.PROVIDER_ERROR, True),
        (400, {"code": "invalid-app-id"}, Cause.MERCHANT_CONFIG, False),
        (401, {"code": "insufficient-isv-permissions"}, Cause.MERCHANT_NOT_ENABLED, False),
        (429, {"code": "app-call-limited"}, Cause.RATE_LIMITED, True),
        (502, b"<html>Bad Gateway</html>", Cause.PROVIDER_ERROR, True),
        (200, {"out_trade_no": "A100101", "trade_status": "TRADE_SUCCESS"}, Cause.UNRECOGNISED, False),
        (302, b"", Cause.UNRECOGNISED, False),
    ],
)
def test_unsigned_errors_prove_nothing(status: int, body: Any, cause: Cause, again: bool) -> None:
    """Alipay's gateway refuses without a signature, and so could anybody: its code is kept for people."""
    for kind in (Kind.CHARGE, Kind.REFUND, Kind.QUERY, Kind.CLOSE):
        asked = operation(kind, "code", refund_number="A100101R1")
        answer = alipay().read(asked, unsigned(body, status))
        assert (answer.verdict, answer.cause, answer.final) == (Verdict.UNKNOWN, cause, False)
        assert answer.resendable == (again and kind in (Kind.CHARGE, Kind.REFUND))


def test_slow_down() -> None:
    """A limited request was not processed; it may be sent again after the wait that Alipay asks for."""
    body = {"code": "method-call-limited", "message": "slow"}
    good = answered(body, 429)
    response = type(good)(status=429, headers={**good.headers, "retry-after": "7"}, body=good.body)
    answer = alipay().read(operation(), response)
    assert (answer.verdict, answer.cause, answer.final) == (Verdict.DECLINED, Cause.RATE_LIMITED, False)
    assert (answer.resendable, answer.retry_after) == (True, 7.0)


@pytest.mark.parametrize(("kind", "again"), [(Kind.CHARGE, True), (Kind.REFUND, True), (Kind.QUERY, False)])
def test_accepted_and_not_processed(kind: Kind, again: bool) -> None:
    """202 asks for the same request once more; it proves nothing, whatever the body says."""
    body = {"out_trade_no": "A100101", "trade_status": "TRADE_SUCCESS", "total_amount": "5999.00"}
    answer = alipay().read(operation(kind, "code", refund_number="A100101R1"), answered(body, 202))
    assert (answer.verdict, answer.resendable) == (Verdict.UNKNOWN, again)
