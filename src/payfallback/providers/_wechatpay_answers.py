"""What WeChat Pay APIv3's authenticated JSON proves. Trade and refund states: wechatpay-java (data/wechatpay.tsv)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payfallback._core.operations import Answer, Operation
from payfallback._values import changed
from payfallback.model import Money
from payfallback.policy import Account
from payfallback.providers._json import json_object as as_object
from payfallback.providers.codes import clean_code, clean_text, plain_number, rfc3339, unknown
from payfallback.taxonomy import Cause, Verdict

MOST = 10**13  # no trade is larger; keeps odd numbers out

# REFUND follows a payment. PAYERROR's handling is inferred, so it is no death by itself (data/wechatpay.tsv).
_STATES: Mapping[str, tuple[Verdict, Cause | None]] = {
    "SUCCESS": (Verdict.CAPTURED, None),
    "REFUND": (Verdict.REFUNDED, None),
    "NOTPAY": (Verdict.PENDING, Cause.AWAITING_SHOPPER),
    "USERPAYING": (Verdict.PENDING, Cause.AWAITING_SHOPPER),
    "ACCEPT": (Verdict.PENDING, Cause.AWAITING_PROVIDER),
    "CLOSED": (Verdict.CLOSED, None),
    "REVOKED": (Verdict.CLOSED, None),
    "PAYERROR": (Verdict.DECLINED, Cause.DECLINED),
}
# ABNORMAL is repaired by hand in the merchant console and may still succeed, so the refund stays open.
_REFUNDS: Mapping[str, tuple[Verdict, Cause | None]] = {
    "SUCCESS": (Verdict.REFUNDED, None),
    "PROCESSING": (Verdict.PENDING, Cause.AWAITING_PROVIDER),
    "ABNORMAL": (Verdict.PENDING, Cause.REFUND_STUCK),
    "CLOSED": (Verdict.REFUND_FAILED, None),
}


def json_object(body: bytes) -> Mapping[str, Any] | None:
    """A JSON object with each name once; `{}` for an empty body; None for anything else."""
    return as_object(body) if body else {}


def text_in(body: Mapping[str, Any], name: str) -> str:
    """A text field; empty where it is missing or of another type."""
    found = body.get(name)
    return found if isinstance(found, str) else ""


def trade(body: Mapping[str, Any], account: Account) -> Answer:
    """A transaction. Captured only with its whole total (`total`, not `payer_total`) and currency."""
    state, number = text_in(body, "trade_state"), plain_number(body.get("out_trade_no"))
    verdict, cause = _STATES.get(state, (Verdict.UNKNOWN, Cause.UNRECOGNISED))
    moved = verdict in (Verdict.CAPTURED, Verdict.REFUNDED)
    # `total` is what was paid; REFUND follows a refund of any part and does not say which.
    amount = money(body, "total") if verdict is Verdict.CAPTURED else None
    if not number or (verdict is Verdict.CAPTURED and amount is None):
        verdict, cause, amount = Verdict.UNKNOWN, Cause.UNRECOGNISED, None
    return Answer(
        verdict=verdict,
        cause=cause,
        code=clean_code(state),
        text=clean_text(body.get("trade_state_desc")),
        named=verdict in (Verdict.CLOSED, Verdict.REFUNDED),
        amount=amount,
        number=number,
        account=account_of(body, account),
        provider_ref=clean_code(text_in(body, "transaction_id")),
        paid_at=rfc3339(body.get("success_time")) if moved else None,
        unlisted=bool(state) and state not in _STATES,
    )


def refund(body: Mapping[str, Any], account: Account, *, state_in: str = "status") -> Answer:
    """A refund; `number` is the payment's. A notification calls its state `refund_status`."""
    state, number = text_in(body, state_in), plain_number(body.get("out_trade_no"))
    verdict, cause = _REFUNDS.get(state, (Verdict.UNKNOWN, Cause.UNRECOGNISED))
    if not number:
        verdict, cause = Verdict.UNKNOWN, Cause.UNRECOGNISED
    done = verdict is Verdict.REFUNDED
    return Answer(
        verdict=verdict,
        cause=cause,
        code=clean_code(state),
        named=done,
        amount=money(body, "refund") if done else None,
        number=number,
        account=account_of(body, account),
        provider_ref=clean_code(text_in(body, "transaction_id")),
        unlisted=bool(state) and state not in _REFUNDS,
    )


def refund_for(operation: Operation, body: Mapping[str, Any], account: Account) -> Answer:
    """The refund that was asked for, or about; an answer about another one proves nothing."""
    if text_in(body, "out_refund_no") != operation.refund_number:
        return unknown(Cause.CONTRADICTION, "out_refund_no", "the answer is about another refund")
    return refund(body, account)


def money(body: Mapping[str, Any], name: str) -> Money | None:
    """One amount of a trade or refund. WeChat Pay leaves `currency` out of some notifications; it is CNY then."""
    amounts = body.get("amount")
    if not isinstance(amounts, Mapping):
        return None
    minor, currency = amounts.get(name), amounts.get("currency", "CNY")
    return Money(minor, "CNY") if type(minor) is int and 0 <= minor < MOST and currency == "CNY" else None


def account_of(body: Mapping[str, Any], account: Account) -> str:
    """Whose trade this is, where the answer says so; else empty."""
    merchant, app = text_in(body, "mchid"), text_in(body, "appid")
    if not merchant and not app:
        return ""
    return changed(account, merchant=merchant or account.merchant, app=app or account.app).id
