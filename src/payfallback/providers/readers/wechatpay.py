"""Reads wechatpayv3 (tried with 2.0.4), sync and async: it returns `(status, body)`.

The SDK verifies the signature of 2xx answers only, and does not hand on the headers of the others. So nothing that
ends an attempt is taken from a 4xx: a refusal is never final here, and an order is closed once a signed query says so.
A charge may return a third value, the action for the shopper or the parameters of `requestPayment`, which the merchant
signs: `(status, body, params)`. States and codes are those of our own adapter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payfallback._core.operations import Answer, Kind
from payfallback._values import changed
from payfallback.model import Action, AppParams, ClientSecret, Form, Qr, Redirect
from payfallback.policy import Account
from payfallback.providers._wechatpay_answers import json_object, refund, text_in, trade
from payfallback.providers._wechatpay_codes import proof_of
from payfallback.providers.attempt import Attempt
from payfallback.providers.code_table import code_table
from payfallback.providers.codes import clean_code
from payfallback.providers.readers.answers import failed, unclear, unknown, words
from payfallback.taxonomy import Cause, Verdict

_NOBODY = Account(name="", provider="", merchant="")  # `wrap` does not ask for mchid and appid, so none is compared
_RETRYABLE = frozenset({500, 501, 503})  # stated: the same parameters, two or three times (data/wechatpay.tsv, http)

# What an unsigned error says about the end of a trade: asked about, and then a signed answer tells.
_UNSIGNED = {Verdict.CLOSED: Verdict.ACCEPTED, Verdict.CAPTURED: Verdict.DECLINED}


def read(attempt: Attempt, result: Any, *, sends_once: bool = True) -> Answer:
    """What an answer of wechatpayv3, or its exception, proves. The SDK never sends by itself again."""
    if isinstance(result, BaseException):
        return failed(result, sends_once=True)
    if not isinstance(result, tuple) or len(result) not in (2, 3) or not isinstance(result[0], int):
        return unknown(result)
    status, body = result[0], _body(result[1])
    if 200 <= status < 300 and body is not None:
        return _said(attempt, status, body, result[2] if len(result) == 3 else None)
    if status >= 500 or body is None:
        code = clean_code((body or {}).get("code")) or f"HTTP_{status}"
        return unclear(Cause.PROVIDER_ERROR, code, resendable=status in _RETRYABLE)
    return _error(attempt, status, body)


def _body(text: object) -> Mapping[str, Any] | None:
    raw = text.encode() if isinstance(text, str) else text
    return json_object(raw) if isinstance(raw, bytes) else None


def _said(attempt: Attempt, status: int, body: Mapping[str, Any], extra: object) -> Answer:
    if attempt.kind in (Kind.REFUND, Kind.QUERY_REFUND):
        return _refund(attempt, body)
    if "trade_state" in body:
        return _trade(body)
    if attempt.kind is Kind.CLOSE:
        return Answer(verdict=Verdict.ACCEPTED)  # an "ok" for an unknown number looks the same (facts §3)
    if attempt.kind is Kind.CHARGE:
        return _created(status, body, extra)
    return unclear(Cause.UNRECOGNISED, f"HTTP_{status}", "without trade_state")


def _trade(body: Mapping[str, Any]) -> Answer:
    """A trade as it stands. `REFUND` stands for a refund of any part: what is left of the trade it does not say."""
    answer = changed(trade(body, _NOBODY), account="")
    if answer.verdict is Verdict.REFUNDED:
        return changed(answer, verdict=Verdict.UNKNOWN, cause=Cause.CONTRADICTION, named=False, amount=None)
    return answer


def _created(status: int, body: Mapping[str, Any], extra: object) -> Answer:
    action = _action(body, extra)
    accepted = status == 202  # stated: taken, still to be done
    if action is None and not accepted and "prepay_id" not in body:
        return unclear(Cause.UNRECOGNISED, f"HTTP_{status}", "neither a state nor something to show")
    cause = Cause.AWAITING_PROVIDER if accepted else Cause.AWAITING_SHOPPER
    return Answer(verdict=Verdict.PENDING, cause=cause, action=action)


def _action(body: Mapping[str, Any], extra: object) -> Action | None:
    if isinstance(extra, Qr | Redirect | Form | ClientSecret | AppParams):
        return extra
    if isinstance(extra, Mapping):
        return AppParams({str(name): str(text) for name, text in extra.items()})
    if "code_url" in body:
        return Qr(str(body["code_url"]))
    return Redirect(str(body["h5_url"])) if "h5_url" in body else None


def _refund(attempt: Attempt, body: Mapping[str, Any]) -> Answer:
    if text_in(body, "out_refund_no") not in ("", attempt.refund_number):
        return unclear(Cause.CONTRADICTION, "out_refund_no", "the answer is about another refund")
    return changed(refund(body, _NOBODY), account="")


def _error(attempt: Attempt, status: int, body: Mapping[str, Any]) -> Answer:
    code = clean_code(body.get("code"))
    # as a payment code, whose rows never say "send it again"
    proven = proof_of(code_table("wechatpay"), attempt.kind, "codepay", code, status)
    return Answer(
        verdict=_UNSIGNED.get(proven.verdict, proven.verdict),
        cause=proven.cause,
        code=code,
        text=words(body.get("message")),
        resendable=proven.resendable,
        unlisted=proven.unlisted,
    )
