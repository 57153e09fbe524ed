"""Reads wechatpayv3 (tried with 2.0.4), sync and async: it returns `(status, body)`.

The SDK verifies the signature of 2xx answers only, and does not hand on the headers of the others. So nothing that
ends an attempt is taken from a 4xx: a refusal is never final here, and an order is closed once a signed query says so.
A charge may return a third value, the action for the shopper or the parameters of `requestPayment`, which the merchant
signs: `(status, body, params)`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from payfallback._core.operations import Answer, Kind
from payfallback.model import Action, AppParams, ClientSecret, Form, Money, Qr, Redirect
from payfallback.providers.attempt import Attempt
from payfallback.providers.codes import clean_code, rfc3339
from payfallback.providers.readers.answers import failed, refused, unclear, unknown
from payfallback.taxonomy import Cause, Verdict

# Facts §3, codes.tsv `trade_state` (wechatpay-java TradeStateEnum; SUCCESS, CLOSED, REVOKED and USERPAYING are stated).
# REFUND stands for a refund of any part: what of the trade is left cannot be told from it.
_STATES: dict[str, tuple[Verdict, Cause | None]] = {
    "SUCCESS": (Verdict.CAPTURED, None),
    "NOTPAY": (Verdict.PENDING, Cause.AWAITING_SHOPPER),
    "USERPAYING": (Verdict.PENDING, Cause.AWAITING_SHOPPER),
    "ACCEPT": (Verdict.PENDING, Cause.AWAITING_PROVIDER),
    "CLOSED": (Verdict.CLOSED, None),
    "REVOKED": (Verdict.CLOSED, None),
    "PAYERROR": (Verdict.DECLINED, Cause.DECLINED),
    "REFUND": (Verdict.UNKNOWN, Cause.CONTRADICTION),
}

# codes.tsv `refund status` (wechatpay-java Status).
_REFUNDS: dict[str, tuple[Verdict, Cause | None]] = {
    "SUCCESS": (Verdict.REFUNDED, None),
    "PROCESSING": (Verdict.ACCEPTED, Cause.AWAITING_PROVIDER),
    "CLOSED": (Verdict.REFUND_FAILED, None),
    "ABNORMAL": (Verdict.UNKNOWN, Cause.REFUND_STUCK),
}

# codes.tsv `v3 *` and `micropay`; both spellings are in use (facts §3). Codes that stand nowhere here are unknown.
_REFUSALS: dict[str, Cause] = {
    "ACCOUNT_ERROR": Cause.ACCOUNT_FROZEN,
    "NOTENOUGH": Cause.CREDIT_EXHAUSTED,
    "NOTSUPORTCARD": Cause.DECLINED,
    "RULE_LIMIT": Cause.RISK_REJECTED,
    "RULELIMIT": Cause.RISK_REJECTED,
    "AUTHCODEEXPIRE": Cause.DECLINED,
    "AUTH_CODE_ERROR": Cause.DECLINED,
    "AUTH_CODE_INVALID": Cause.DECLINED,
    "ORDER_CLOSED": Cause.DECLINED,
    "ORDERCLOSED": Cause.DECLINED,
    "ORDERREVERSED": Cause.DECLINED,
    "NO_AUTH": Cause.MERCHANT_NOT_ENABLED,
    "NOAUTH": Cause.MERCHANT_NOT_ENABLED,
    "APPID_MCHID_NOT_MATCH": Cause.MERCHANT_CONFIG,
    "MCH_NOT_EXISTS": Cause.MERCHANT_CONFIG,
    "PARAM_ERROR": Cause.MERCHANT_CONFIG,
    "INVALID_REQUEST": Cause.MERCHANT_CONFIG,
    "SIGN_ERROR": Cause.MERCHANT_CONFIG,
    "SIGNERROR": Cause.MERCHANT_CONFIG,
    "OPENID_MISMATCH": Cause.MERCHANT_CONFIG,
}

_PAID = frozenset({"ORDER_PAID", "ORDERPAID"})
_CLOSED = frozenset({"ORDER_CLOSED", "ORDERCLOSED", "ORDERREVERSED"})
_NOT_FOUND = frozenset({"ORDER_NOT_EXIST", "ORDERNOTEXIST"})
_USED = _PAID | {"OUT_TRADE_NO_USED", "RESOURCE_ALREADY_EXISTS"}  # this number was taken before: ask
_NO_REFUND = frozenset({"REFUNDNOTEXIST", "RESOURCE_NOT_EXISTS"})  # the second: developers.weixin.qq.com, community
_LIMITED = frozenset({"FREQUENCY_LIMITED"})  # stated: slow down
_ASK_AGAIN = frozenset({"SYSTEM_ERROR", "SYSTEMERROR", "BANK_ERROR", "BANKERROR"})  # stated: same parameters again
_RETRYABLE = frozenset({500, 501, 503})  # stated: the same parameters, two or three times


def read(attempt: Attempt, result: Any, *, sends_once: bool = True) -> Answer:
    """What an answer of wechatpayv3, or its exception, proves. The SDK never sends by itself again."""
    if isinstance(result, BaseException):
        return failed(result, sends_once=True)
    if not isinstance(result, tuple) or len(result) not in (2, 3) or not isinstance(result[0], int):
        return unknown(result)
    status, body = result[0], _body(result[1])
    if 200 <= status < 300:
        return _said(attempt, status, body, result[2] if len(result) == 3 else None)
    if status >= 500 or body is None:
        text = f"HTTP {status}"
        return unclear(Cause.PROVIDER_ERROR, _code(body) or status, text, resendable=status in _RETRYABLE)
    return _error(attempt, _code(body), body.get("message"))


def _body(text: object) -> Mapping[str, Any] | None:
    if not text:
        return {}
    if not isinstance(text, str | bytes):
        return None
    try:
        body = json.loads(text)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _code(body: Mapping[str, Any] | None) -> str:
    return clean_code((body or {}).get("code"))


def _said(attempt: Attempt, status: int, body: Mapping[str, Any] | None, extra: object) -> Answer:
    if body is None:
        return unclear(Cause.UNRECOGNISED, f"HTTP {status}", "not JSON")
    if attempt.kind in (Kind.REFUND, Kind.QUERY_REFUND):
        return _refund(body)
    if "trade_state" in body:
        return _trade(body)
    if attempt.kind is Kind.CLOSE:
        return Answer(verdict=Verdict.ACCEPTED)  # an "ok" for an unknown number looks the same (facts §3)
    if attempt.kind is Kind.CHARGE:
        return _created(status, body, extra)
    return unclear(Cause.UNRECOGNISED, f"HTTP {status}", "without trade_state")


def _trade(body: Mapping[str, Any]) -> Answer:
    state = clean_code(body["trade_state"])
    verdict, cause = _STATES.get(state, (Verdict.UNKNOWN, Cause.UNRECOGNISED))
    return Answer(
        verdict=verdict,
        cause=cause,
        code=state,
        named=verdict is Verdict.CLOSED,
        amount=_money(body, "total") if verdict is Verdict.CAPTURED else None,
        number=str(body.get("out_trade_no") or ""),
        provider_ref=str(body.get("transaction_id") or ""),
        paid_at=rfc3339(body.get("success_time")),
    )


def _created(status: int, body: Mapping[str, Any], extra: object) -> Answer:
    action = _action(body, extra)
    if action is None and status != 202 and "prepay_id" not in body:
        return unclear(Cause.UNRECOGNISED, f"HTTP {status}", "neither a state nor something to show")
    cause = Cause.AWAITING_PROVIDER if status == 202 else Cause.AWAITING_SHOPPER
    return Answer(verdict=Verdict.PENDING, cause=cause, action=action)


def _action(body: Mapping[str, Any], extra: object) -> Action | None:
    if isinstance(extra, Qr | Redirect | Form | ClientSecret | AppParams):
        return extra
    if isinstance(extra, Mapping):
        return AppParams({str(name): str(text) for name, text in extra.items()})
    if "code_url" in body:
        return Qr(str(body["code_url"]))
    return Redirect(str(body["h5_url"])) if "h5_url" in body else None


def _refund(body: Mapping[str, Any]) -> Answer:
    status = clean_code(body.get("status"))
    verdict, cause = _REFUNDS.get(status, (Verdict.UNKNOWN, Cause.UNRECOGNISED))
    return Answer(
        verdict=verdict,
        cause=cause,
        code=status,
        amount=_money(body, "refund") if verdict is Verdict.REFUNDED else None,
        number=str(body.get("out_trade_no") or ""),
        provider_ref=str(body.get("refund_id") or ""),
    )


def _money(body: Mapping[str, Any], field: str) -> Money:
    return Money(body["amount"][field], body["amount"]["currency"])


def _error(attempt: Attempt, code: str, message: object) -> Answer:
    if code in _NOT_FOUND and attempt.kind is Kind.QUERY:
        return Answer(verdict=Verdict.NOT_FOUND, code=code)
    if code in _NO_REFUND and attempt.kind is Kind.QUERY_REFUND:
        return Answer(verdict=Verdict.NOT_FOUND, code=code)
    if code in _CLOSED and attempt.kind is Kind.CLOSE:
        return Answer(verdict=Verdict.ACCEPTED, code=code)
    if code in _PAID and attempt.kind is Kind.CLOSE:
        return refused(attempt, Cause.AWAITING_PROVIDER, code, message)
    if code == "USERPAYING":
        if attempt.kind is Kind.CHARGE:
            return Answer(verdict=Verdict.PENDING, cause=Cause.AWAITING_SHOPPER, code=code)
        return refused(attempt, Cause.AWAITING_SHOPPER, code, message)
    if code in _USED:
        return unclear(Cause.AWAITING_PROVIDER, code, message)
    if code in _LIMITED:
        return unclear(Cause.RATE_LIMITED, code, message, resendable=True)
    if code in _ASK_AGAIN:
        return unclear(Cause.PROVIDER_ERROR, code, message, resendable=True)
    cause = _REFUSALS.get(code)
    return unclear(Cause.UNRECOGNISED, code, message) if cause is None else refused(attempt, cause, code, message)
