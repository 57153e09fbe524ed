"""Reads the official alipay-sdk-python (tried with 3.7.1411): `execute` returns the signed part of the answer as text.

The SDK sends each request once. It raises the same `RequestException` before sending and while sending, so its own
words "connect failed" and "sign failed" are what tells; a 502 becomes a `TypeError` after the request was sent; a lost
reply surfaces as an error of `http.client` or the socket. `execute` verifies the signature unless `skip_sign` is set:
then nothing here is authenticated, so leave it off.

A charge may also return the URL that `page_execute(request, "GET")` builds, to which the shopper is sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from payfallback._core.operations import Answer, Kind
from payfallback.model import Money, Qr, Redirect
from payfallback.providers._alipay_answers import not_ours_yet, was_paid
from payfallback.providers.attempt import Attempt
from payfallback.providers.code_table import code_table
from payfallback.providers.codes import clean_code, plain_number, rfc3339
from payfallback.providers.proofs import Proof, proof
from payfallback.providers.readers.answers import failed, unclear, unknown, words
from payfallback.providers.readers.chain import is_a
from payfallback.taxonomy import Cause, Verdict

# alipay.aop.api: WebUtils.do_post raises the first when `connect()` failed, DefaultAlipayClient the second before it.
_CONNECT_FAILED = re.compile(r"\[[^\]]*\]post connect failed\. ")
_SIGN_FAILED = re.compile(r"\[[^\]]*\]request sign failed\. ")

# data/alipay.tsv: the first three are stated. TRADE_CLOSED also stands for a full refund, see `_closed`.
_STATUSES: dict[str, tuple[Verdict, Cause | None]] = {
    "WAIT_BUYER_PAY": (Verdict.PENDING, Cause.AWAITING_SHOPPER),
    "TRADE_SUCCESS": (Verdict.CAPTURED, None),
    "TRADE_FINISHED": (Verdict.CAPTURED, None),
}

# The wrapped callable is not known by name: the rows of every operation that it may be, stated ones first.
_CHARGES = ("alipay.trade.pay", "alipay.trade.precreate", "alipay.trade.create", "alipay.trade.order.pay")
_QUERIES = ("alipay.trade.query", "alipay.trade.fastpay.refund.query")
_OPERATIONS: Mapping[Kind, tuple[str, ...]] = {
    Kind.CLOSE: ("alipay.trade.cancel", "alipay.trade.close"),
    Kind.REFUND: ("alipay.trade.refund",),
    Kind.QUERY: _QUERIES,
    Kind.QUERY_REFUND: _QUERIES,
}


def read(attempt: Attempt, result: Any, *, sends_once: bool = True, pay_proves: bool = False) -> Answer:
    """What the text that `execute` returned, or its exception, proves. The SDK never sends by itself again.

    pay_proves: whether the answer of pay is taken for the payment. Alipay may roll such a payment back (opendocs
    00f7ns), so otherwise a query has to show it.
    """
    if isinstance(result, BaseException):
        return _raised(result)
    body = _body(result)
    if body is None:
        return _page(attempt, result)
    code = clean_code(body.get("code"))
    if code == "10000":
        return _said(attempt, body, pay_proves=pay_proves)
    if code == "10003" and attempt.kind is Kind.CHARGE:
        return _answer(body, Verdict.PENDING, Cause.AWAITING_SHOPPER)
    return _error(attempt, code, body)


def _raised(error: BaseException) -> Answer:
    if _says(error, _SIGN_FAILED):
        text = "the request could not be signed: look at app_private_key"
        return Answer(verdict=Verdict.NOT_SENT, cause=Cause.MERCHANT_CONFIG, text=text, error=error)
    return failed(error, sends_once=True, also=lambda link: _says(link, _CONNECT_FAILED))


def _says(error: BaseException, words: re.Pattern[str]) -> bool:
    return is_a(error, "alipay.RequestException") and words.match(str(error)) is not None


def _body(result: object) -> Mapping[str, Any] | None:
    if isinstance(result, dict):
        return result
    if not isinstance(result, str | bytes):
        return None
    try:
        body = json.loads(result)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _page(attempt: Attempt, result: object) -> Answer:
    if attempt.kind is Kind.CHARGE and isinstance(result, str) and re.match(r"https?://[^\s<>\"]+\Z", result):
        return Answer(verdict=Verdict.PENDING, cause=Cause.AWAITING_SHOPPER, action=Redirect(result))
    return unknown(result)


def _said(attempt: Attempt, body: Mapping[str, Any], *, pay_proves: bool) -> Answer:
    if attempt.kind is Kind.CLOSE:
        return _cancelled(body)
    if attempt.kind is Kind.REFUND:
        return _refunded(body, done=body.get("fund_change") == "Y", else_=Verdict.ACCEPTED)
    if attempt.kind is Kind.QUERY_REFUND:
        # No status: the refund was not received, or failed; the same out_request_no may be sent again.
        return _refunded(body, done=body.get("refund_status") == "REFUND_SUCCESS", else_=Verdict.NOT_FOUND)
    if "trade_status" in body:
        return _trade(body)
    return _charged(attempt, body, pay_proves=pay_proves)


def _charged(attempt: Attempt, body: Mapping[str, Any], *, pay_proves: bool) -> Answer:
    if attempt.kind is not Kind.CHARGE:
        return unclear(Cause.UNRECOGNISED, "10000", "without trade_status")
    if "qr_code" in body:
        return _answer(body, Verdict.PENDING, Cause.AWAITING_SHOPPER, action=Qr(str(body["qr_code"])))
    if "gmt_payment" in body and "total_amount" in body:
        if not pay_proves or not_ours_yet(body):
            return _answer(body, Verdict.PENDING, Cause.AWAITING_PROVIDER)
        return _answer(body, Verdict.CAPTURED, None, amount=_total(body), paid_at=_time(body["gmt_payment"]))
    if "trade_no" in body:
        return _answer(body, Verdict.PENDING, Cause.AWAITING_SHOPPER)
    return unclear(Cause.UNRECOGNISED, "10000", "neither paid nor something to show")


def _trade(body: Mapping[str, Any]) -> Answer:
    status = clean_code(body["trade_status"])
    if status == "TRADE_CLOSED":
        return _closed(body)
    verdict, cause = _STATUSES.get(status, (Verdict.UNKNOWN, Cause.UNRECOGNISED))
    if verdict is Verdict.CAPTURED and not_ours_yet(body):
        verdict, cause = Verdict.PENDING, Cause.AWAITING_PROVIDER
    amount = _total(body) if verdict is Verdict.CAPTURED else None
    paid_at = _time(body.get("send_pay_date")) if amount is not None else None
    return _answer(body, verdict, cause, code=status, amount=amount, paid_at=paid_at)


def _closed(body: Mapping[str, Any]) -> Answer:
    """Closed unpaid, or paid and refunded in full (facts §2). Assumption: a trade that was paid keeps a trace of it.
    Either way the merchant holds nothing, and nothing can be paid any more."""
    if was_paid(body):
        return _answer(body, Verdict.REFUNDED, None, code="TRADE_CLOSED", named=True, amount=_total(body))
    return _answer(body, Verdict.CLOSED, None, code="TRADE_CLOSED", named=True)


def _cancelled(body: Mapping[str, Any]) -> Answer:
    """Cancel's `action` says what it did; without it an "ok" proves nothing, not even that the trade exists."""
    if body.get("retry_flag") == "Y":
        return unclear(Cause.PROVIDER_ERROR, "10000", "retry_flag Y", resendable=True)
    action = body.get("action")
    if action == "close":
        return _answer(body, Verdict.CLOSED, None, code="close", named=True)
    if action == "refund":
        return _answer(body, Verdict.REFUNDED, None, code="refund", named=True)
    return _answer(body, Verdict.ACCEPTED, None)


def _refunded(body: Mapping[str, Any], *, done: bool, else_: Verdict) -> Answer:
    """`fund_change` Y and `refund_status` REFUND_SUCCESS prove a refund; 10000 alone only that it was asked for."""
    if not done:
        return _answer(body, else_, Cause.AWAITING_PROVIDER)
    amount = Money.of(str(body["refund_amount"]), "CNY") if "refund_amount" in body else None
    return _answer(body, Verdict.REFUNDED, None, amount=amount)


def _answer(body: Mapping[str, Any], verdict: Verdict, cause: Cause | None, **more: Any) -> Answer:
    number, trade = plain_number(body.get("out_trade_no")), plain_number(body.get("trade_no"))
    return Answer(verdict=verdict, cause=cause, number=number, provider_ref=trade, **more)


def _time(text: object) -> float | None:
    """Alipay's times carry no zone and are Beijing's."""
    return rfc3339(f"{text}+08:00")


def _total(body: Mapping[str, Any]) -> Money:
    """The trade's total: it may exceed what the shopper paid by a discount that the platform carries (facts §9)."""
    return Money.of(str(body["total_amount"]), str(body.get("trans_currency") or "CNY"))


def _error(attempt: Attempt, code: str, body: Mapping[str, Any]) -> Answer:
    """40004 is a business error, whose `sub_code` tells; every other code is the gateway's own."""
    sub, text = clean_code(body.get("sub_code")), body.get("sub_msg") or body.get("msg")
    proven = _proof(attempt.kind, sub) if code == "40004" else _of_gateway(attempt.kind, code, sub)
    return Answer(
        verdict=proven.verdict,
        cause=proven.cause,
        code=sub or code,
        text=words(text),
        final=proven.final,
        resendable=proven.resendable,
        unlisted=proven.unlisted,
    )


def _proof(kind: Kind, sub: str) -> Proof:
    row = code_table("alipay").first((*_OPERATIONS.get(kind, _CHARGES), "v2:*"), sub) if sub else None
    return _unlisted(sub) if row is None else proof(kind, row)


def _of_gateway(kind: Kind, code: str, sub: str) -> Proof:
    """The gateway's code decides; its `sub_code` may explain a refusal, and may leave open what the code refuses."""
    table = code_table("alipay")
    row, why = table.row("v2:*", code), table.row("v2:*", sub) if sub else None
    if row is None:
        return _unlisted(code)
    return proof(kind, row if why is None or row.verdict is not Verdict.DECLINED else why)


def _unlisted(code: str) -> Proof:
    return Proof(Verdict.UNKNOWN, Cause.UNRECOGNISED, unlisted=bool(code))
