"""Alipay v3's error codes, per operation: what an authenticated error proves, and why.

From codes.tsv (the official SDK's error models, v3). `final` only where the source states the handling: ten codes of
`alipay.trade.pay`. Causes follow the table's hints but where they miss the cause's meaning: a limit of the merchant or
a word in the title is no regulation. Unlisted codes prove nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from payfallback._core.operations import Kind
from payfallback._values import value
from payfallback.providers.readers.alipay_codes import NOT_FOUND, STATED
from payfallback.taxonomy import Cause, Verdict


@value
class Row:
    """What one code proves about the request that it answers."""

    verdict: Verdict
    cause: Cause | None
    final: bool = False
    resendable: bool = False


_BROKEN = Row(Verdict.UNKNOWN, Cause.PROVIDER_ERROR, resendable=True)  # facts §2: the same number and parameters again
_SLOWER = Row(Verdict.DECLINED, Cause.RATE_LIMITED, resendable=True)
_ASK = Row(Verdict.UNKNOWN, Cause.AWAITING_PROVIDER)  # the trade's own state decides: a query tells
_AT_ODDS = Row(Verdict.UNKNOWN, Cause.CONTRADICTION)
_UNLISTED = Row(Verdict.UNKNOWN, Cause.UNRECOGNISED)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _rows(row: Row, names: str) -> dict[str, Row]:
    return dict.fromkeys((f"ACQ.{name}" for name in _names(names)), row)


def _refused(cause: Cause, names: str) -> dict[str, Row]:
    return _rows(Row(Verdict.DECLINED, cause), names)


# Stated; `AQC` is a typo of the official list (facts §2).
_SYSTEM: dict[str, Row] = {"ACQ.SYSTEM_ERROR": _BROKEN, "AQC.SYSTEM_ERROR": _BROKEN}

_BOTH_CHARGES: Mapping[str, Row] = {
    **_SYSTEM,
    **_rows(_ASK, "TRADE_HAS_SUCCESS"),
    **_rows(_AT_ODDS, "CONTEXT_INCONSISTENT TRADE_BUYER_NOT_MATCH"),
    **_refused(Cause.DECLINED, "TRADE_HAS_CLOSE BUYER_SELLER_EQUAL"),
    **_refused(Cause.ACCOUNT_FROZEN, "BUYER_ENABLE_STATUS_FORBID"),
    **_refused(Cause.NOT_ACTIVATED, "BUYER_NOT_EXIST"),
    **_refused(Cause.IDENTITY_UNVERIFIED, "ERROR_BUYER_CERTIFY_LEVEL_LIMIT"),
    **_refused(Cause.CREDIT_EXHAUSTED, "BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR"),
    **_refused(Cause.MERCHANT_PAUSED, "MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT"),
    **_refused(
        Cause.MERCHANT_NOT_ENABLED,
        "ACCESS_FORBIDDEN PARTNER_ERROR SELLER_BEEN_BLOCKED SECONDARY_MERCHANT_STATUS_ERROR "
        "SECONDARY_MERCHANT_ID_INVALID SECONDARY_MERCHANT_ISV_PUNISH_INDIRECT SELLER_NOT_EXIST "
        "SECONDARY_MERCHANT_ALIPAY_ACCOUNT_INVALID INVALID_RECEIVE_ACCOUNT SECONDARY_MERCHANT_ID_BLANK "
        "SECONDARY_MERCHANT_NOT_MATCH MERCHANT_STATUS_NOT_NORMAL",
    ),
    **_refused(
        Cause.MERCHANT_CONFIG,
        "INVALID_PARAMETER EXIST_FORBIDDEN_WORD TOTAL_FEE_EXCEED BEYOND_PAY_RESTRICTION "
        "BEYOND_PER_RECEIPT_RESTRICTION INVALID_STORE_ID BEYOND_PER_RECEIPT_DAY_RESTRICTION "
        "BEYOND_PER_RECEIPT_SINGLE_RESTRICTION TRADE_SETTLE_ERROR NOW_TIME_AFTER_EXPIRE_TIME_ERROR "
        "SUB_GOODS_SIZE_MAX_COUNT MERCHANT_PERM_RECEIPT_SINGLE_LIMIT MERCHANT_PERM_RECEIPT_DAY_LIMIT "
        "RISK_MERCHANT_IP_NOT_EXIST",
    ),
}

_PRECREATE: Mapping[str, Row] = {
    **_BOTH_CHARGES,
    **_refused(Cause.MERCHANT_NOT_ENABLED, "DEFAULT_SETTLE_RULE_NOT_EXIST"),
    **_rows(_ASK, "APPLY_PC_MERCHANT_CODE_ERROR"),  # this number has a QR code already, so the trade may be paid
}

_PAY: Mapping[str, Row] = {
    **_BOTH_CHARGES,
    **_rows(_ASK, "TRADE_STATUS_ERROR OVER_MAX_UNDER_WAY_DEDUCT_COUNT AUTH_ORDER_HAS_FINISHED"),
    **_refused(Cause.DECLINED, "CERT_EXPIRED PAYER_UNMATCHED USER_LOGONID_DUP AUTH_ORDER_NOT_PAID"),
    **_refused(Cause.DECLINED, "AUTH_ORDER_HAS_CLOSED"),
    **_refused(Cause.CREDIT_EXHAUSTED, "BUYER_BALANCE_NOT_ENOUGH AUTH_AMOUNT_NOT_ENOUGH"),
    **_refused(Cause.LIMIT_REDUCED, "ZM_AUTH_AMOUNT_EXCEED"),
    **_refused(Cause.CREDIT_SCORE, "BUYER_UNSUPPORT_ADVANCE ZM_CREDIT_AUTH_FAIL"),
    **_refused(Cause.ITEM_NOT_ELIGIBLE, "ORDER_UNSUPPORT_ADVANCE"),
    **_refused(Cause.RISK_REJECTED, "ZM_AUTH_RULE_LIMIT"),
    **_refused(Cause.REGULATORY, "RESTRICTED_MERCHANT_INDUSTRY"),
    **_refused(Cause.CLIENT_ENVIRONMENT, "PULL_MOBILE_CASHIER_FAIL"),
    **_refused(
        Cause.NOT_ACTIVATED, "ERROR_BALANCE_PAYMENT_DISABLE MOBILE_PAYMENT_SWITCH_OFF USER_FACE_PAYMENT_SWITCH_OFF"
    ),
    **_refused(
        Cause.AGREEMENT_OUTDATED,
        "AGREEMENT_NOT_EXIST AGREEMENT_INVALID AGREEMENT_STATUS_NOT_NORMAL AGREEMENT_ERROR",
    ),
    **_refused(
        Cause.MERCHANT_NOT_ENABLED,
        "SUB_MERCHANT_CREATE_FAIL SUB_MERCHANT_TYPE_INVALID MERCHANT_AGREEMENT_NOT_EXIST MERCHANT_AGREEMENT_INVALID "
        "CURRENCY_NOT_SUPPORT MERCHANT_UNSUPPORT_ADVANCE PLATFORM_BUSINESS_ACQUIRE_MODE_MUST_MERCHANT_ID "
        "UN_SUPPORT_TRADE_SCENE",
    ),
    **_refused(
        Cause.MERCHANT_CONFIG,
        "CARD_USER_NOT_MATCH CARD_TYPE_ERROR AMOUNT_OR_CURRENCY_ERROR CYCLE_PAY_DATE_NOT_MATCH "
        "CYCLE_PAY_SINGLE_FEE_EXCEED CYCLE_PAY_TOTAL_FEE_EXCEED CYCLE_PAY_TOTAL_TIMES_EXCEED AUTH_NO_ERROR "
        "PRODUCT_AMOUNT_LIMIT_ERROR PRE_AUTH_PROD_CODE_INCONSISTENT REQUEST_AMOUNT_EXCEED AUTH_TOKEN_IS_NOT_EXIST "
        "SMILE_PAY_MERCHANT_NOT_MATCH ROYALTY_ACCOUNT_NOT_EXIST OVER_MAX_DEDUCT_COUNT OVER_DEDUCT_PERIOD "
        "OVER_MERCHANT_DAILY_DEDUCT_AMOUNT",
    ),
    **{code: Row(Verdict.DECLINED, cause, final=True) for code, cause in STATED.items()},
}

# What became of the trade is asked afterwards: no error of a cancel or close is death by itself.
_CANCEL: Mapping[str, Row] = {
    **_SYSTEM,
    **_rows(_ASK, "TRADE_HAS_FINISHED"),
    **_refused(Cause.RISK_REJECTED, "REASON_TRADE_BEEN_FREEZEN"),
    **_refused(
        Cause.MERCHANT_CONFIG,
        "INVALID_PARAMETER SELLER_BALANCE_NOT_ENOUGH TRADE_CANCEL_TIME_OUT REASON_TRADE_REFUND_FEE_ERR "
        "CANCEL_NOT_ALLOWED",
    ),
}
_CLOSE: Mapping[str, Row] = {
    **_SYSTEM,
    **_rows(_ASK, "TRADE_STATUS_ERROR REASON_TRADE_STATUS_INVALID REASON_ILLEGAL_STATUS"),
    **_rows(Row(Verdict.UNKNOWN, Cause.AWAITING_SHOPPER), "TRADE_NOT_EXIST"),  # nobody has scanned it yet, or ever
    **_refused(Cause.MERCHANT_CONFIG, "INVALID_PARAMETER"),
}

# Refunds: every handling is inferred, so nothing is final, and the same refund number stays in use.
_REFUND: Mapping[str, Row] = {
    **_SYSTEM,
    **_rows(_BROKEN, "REFUND_CHARGE_ERROR ENTERPRISE_PAY_BIZ_ERROR"),
    **_rows(_ASK, "TRADE_STATUS_ERROR REASON_TRADE_STATUS_INVALID TRADE_HAS_CLOSE"),
    **_rows(_AT_ODDS, "DISCORDANT_REPEAT_REQUEST"),
    **_refused(Cause.RISK_REJECTED, "REASON_TRADE_BEEN_FREEZEN"),
    **_refused(Cause.NOT_ACTIVATED, "BUYER_NOT_EXIST"),
    **_refused(Cause.ACCOUNT_FROZEN, "BUYER_ENABLE_STATUS_FORBID BUYER_ERROR CUSTOMER_VALIDATE_ERROR"),
    **_refused(Cause.MERCHANT_NOT_ENABLED, "CURRENCY_NOT_SUPPORT"),
    **_refused(
        Cause.MERCHANT_CONFIG,
        "INVALID_PARAMETER SELLER_BALANCE_NOT_ENOUGH REFUND_AMT_NOT_EQUAL_TOTAL TRADE_NOT_EXIST TRADE_HAS_FINISHED "
        "REASON_TRADE_REFUND_FEE_ERR TRADE_NOT_ALLOW_REFUND REFUND_FEE_ERROR NOT_ALLOW_PARTIAL_REFUND "
        "ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND ALLOC_AMOUNT_VALIDATE_ERROR USER_NOT_MATCH_ERR TRADE_SETTLE_ERROR "
        "OVERDRAFT_ASSIGN_ACCOUNT_INVALID OVERDRAFT_AGREEMENT_NOT_MATCH REFUND_ACCOUNT_NOT_EXIST "
        "REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST REFUNDALLOC_UNAUTH_LIMIT",
    ),
}

# v3's common codes: the gateway refused before any business. All inferred.
_LIMITED = _names("app-call-limited method-call-limited app-auth-invoke-limit")
_BROKEN_GATEWAY = _names("unknow-error invalid-response-data decryption-error-unknown unknown-sub-code")
_NOT_ENABLED = _names(
    "insufficient-isv-permissions insufficient-user-permissions self-invoke-forbidden app-api-punished forbidden-api "
    "method-forbidden-batch-invoke"
)
_WRONG = _names(
    "invalid-parameter upload-fail invalid-file-extension invalid-file-size file-check-fail missing-method "
    "missing-platform invalid-platform invalid-method invalid-format missing-signature missing-app-access-token "
    "missing-signature-type missing-default-signature-type missing-signature-key invalid-signature-type "
    "invalid-signature-type-said-interface invalid-signature unsupported-expired-app-key-sign app-key-security-risk "
    "app-cert-expired app-cert-not-exist alipay-cert-not-exist missing-app-cert-sn missing-alipay-cert-sn "
    "missing-alipay-root-cert-sn invalid-alipay-root-cert-sn invalid-request-data missing-encrypt-type "
    "missing-encrypt-key invalid-encrypt-type invalid-encrypt missing-session missing-app-id invalid-app-id "
    "missing-timestamp invalid-timestamp illegal-timestamp missing-version invalid-version unsupported-version "
    "invalid-encoding invalid-charset invalid-digest-type invalid-digest invalid-app-state "
    "invalid-subscribe-relations invalid-auth-token auth-token-time-out invalid-app-auth-token "
    "invalid-app-auth-token-no-api app-auth-token-time-out not-support-app-auth access-data-time-out "
    "unsupport-operation openid-error invalid-app-method missing-app-uid illegal-json illegal-card-no "
    "invalid-partnerid no-product-reg-by-partner decryption-error decryption-error-missing-encrypt-type "
    "decryption-error-not-valid-encrypt-type decryption-error-not-valid-encrypt-key missing-signature-config "
    "sevice-not-been-subscribed-to suspected-attack invalid-auth-relations invalid-product "
    "exist-blank-sub-request-id exist-repeated-sub-request-id invalid-app-auth-relations app-unbind-partner "
    "app-invalid-oid exceed-api-balance inner-app-no-access invalid-inner-invoke-scene invalid-app-api-field-config "
    "illegal-client-ip"  # the merchant's own address
)


def is_not_found(code: str) -> bool:
    """Whether a query's error says that Alipay does not know the trade (in both spellings)."""
    return code in NOT_FOUND


def row_for(kind: Kind, by_code: bool, code: str, status: int) -> Row:
    """What an authenticated error proves. A failed question says nothing about the trade, whatever the code.

    by_code: whether the trade is charged with a payment code (pay, cancel) or a QR code (precreate, close).
    """
    if kind in (Kind.QUERY, Kind.QUERY_REFUND):
        return _of_question(code, status)
    if kind is Kind.CLOSE:
        table = _CANCEL if by_code else _CLOSE
    else:
        table = _REFUND if kind is Kind.REFUND else _PAY if by_code else _PRECREATE
    return table.get(code) or common(code, status)


def common(code: str, status: int) -> Row:
    """What a code of the gateway's, or the HTTP status alone, tells."""
    if code in _LIMITED or status == 429:
        return _SLOWER
    if code in _BROKEN_GATEWAY or code in _SYSTEM or status >= 500:
        return _BROKEN
    if code in _NOT_ENABLED:
        return Row(Verdict.DECLINED, Cause.MERCHANT_NOT_ENABLED)
    return Row(Verdict.DECLINED, Cause.MERCHANT_CONFIG) if code in _WRONG else _UNLISTED


def _of_question(code: str, status: int) -> Row:
    if is_not_found(code):
        return Row(Verdict.NOT_FOUND, Cause.AWAITING_PROVIDER)
    return Row(Verdict.UNKNOWN, (_REFUND.get(code) or _PAY.get(code) or common(code, status)).cause)
