"""What Alipay's authenticated JSON and notifications prove. Trade states: data/alipay.tsv."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from payfallback._core.operations import Answer, Kind, Operation
from payfallback.model import Money, Qr
from payfallback.providers._alipay_json import beijing, text_in, trade_number, yuan
from payfallback.providers._alipay_products import CODES
from payfallback.providers._alipay_requests import asked_back
from payfallback.providers.codes import clean_code, unknown
from payfallback.taxonomy import Cause, Verdict

Body = Mapping[str, Any]

_STATES: Mapping[str, tuple[Verdict, Cause | None]] = {
    "WAIT_BUYER_PAY": (Verdict.PENDING, Cause.AWAITING_SHOPPER),
    "TRADE_SUCCESS": (Verdict.CAPTURED, None),
    "TRADE_FINISHED": (Verdict.CAPTURED, None),
    "TRADE_CLOSED": (Verdict.CLOSED, None),  # unless money moved: see `trade`
}
_PAID_AMOUNTS = ("buyer_pay_amount", "receipt_amount", "invoice_amount", "point_amount", "refund_fee")


def said(operation: Operation, body: Body, *, pay_proves: bool) -> Answer:
    """What an answer to an operation proves. `pay_proves`: whether the answer of pay is taken for the payment."""
    read = _READ.get(operation.kind)
    if read is not None:
        return read(operation, body)
    if operation.kind is Kind.CHARGE:
        return _paid(body, pay_proves=pay_proves) if operation.product in CODES else _precreated(body)
    return unknown(Cause.UNRECOGNISED, operation.kind.value)


def trade(body: Body, *, account: str = "") -> Answer:
    """A trade, from a query or a notification. Captured only with its whole total (`total_amount`)."""
    state, number = text_in(body, "trade_status"), trade_number(body, "out_trade_no")
    verdict, cause = _STATES.get(state, (Verdict.UNKNOWN, Cause.UNRECOGNISED))
    if verdict is Verdict.CLOSED and was_paid(body):
        verdict = Verdict.REFUNDED  # SDK: closed unpaid in time, or refunded in full after it was paid
    if verdict is Verdict.CAPTURED and not_ours_yet(body):
        verdict, cause = Verdict.PENDING, Cause.AWAITING_PROVIDER
    moved = verdict in (Verdict.CAPTURED, Verdict.REFUNDED)
    amount = _total(body) if moved else None
    if not number or (verdict is Verdict.CAPTURED and amount is None):
        verdict, cause, amount, moved = Verdict.UNKNOWN, Cause.UNRECOGNISED, None, False
    return Answer(
        verdict=verdict,
        cause=cause,
        code=clean_code(state),
        named=verdict in (Verdict.CLOSED, Verdict.REFUNDED),
        amount=amount,
        number=number,
        account=account,
        provider_ref=trade_number(body, "trade_no"),
        paid_at=_paid_at(body) if moved else None,
        unlisted=bool(state) and state not in _STATES,
    )


def was_paid(body: Body) -> bool:
    """Whether a trade shows that money once moved: its time, where it came from, or how much."""
    bills = body.get("fund_bill_list")
    if _paid_at(body) is not None or text_in(body, "gmt_refund") or bills not in (None, "", "[]", []):
        return True
    amounts = (yuan(body, name) for name in _PAID_AMOUNTS)
    return any(amount is not None and amount.minor > 0 for amount in amounts)


def not_ours_yet(body: Body) -> bool:
    """SDK: the shopper paid and the seller has nothing (SELLER_NOT_RECEIVED), or pays later (credit_pay_mode)."""
    return text_in(body, "additional_status") == "SELLER_NOT_RECEIVED" or bool(text_in(body, "credit_pay_mode"))


def _paid_at(body: Body) -> float | None:
    """A query says `send_pay_date`, pay and notifications `gmt_payment`."""
    found = beijing(body, "send_pay_date")
    return beijing(body, "gmt_payment") if found is None else found


def _total(body: Body) -> Money | None:
    """The trade's total: more than `buyer_pay_amount` by what the platform bears (facts §9). CNY unless it says."""
    return yuan(body, "total_amount") if text_in(body, "trans_currency") in ("", "CNY") else None


def _paid(body: Body, *, pay_proves: bool) -> Answer:
    """The answer of pay. With a time the payment was made, but it may be rolled back: a query has to show it."""
    number, amount, paid_at = trade_number(body, "out_trade_no"), _total(body), _paid_at(body)
    if not number:
        return unknown(Cause.UNRECOGNISED, "pay", "names no trade")
    made = paid_at is not None and amount is not None
    proven = made and pay_proves and not not_ours_yet(body)
    return Answer(
        verdict=Verdict.CAPTURED if proven else Verdict.PENDING,
        cause=None if proven else Cause.AWAITING_PROVIDER if made else Cause.AWAITING_SHOPPER,
        amount=amount if proven else None,
        number=number,
        provider_ref=trade_number(body, "trade_no"),
        paid_at=paid_at if proven else None,
    )


def _precreated(body: Body) -> Answer:
    code, number = text_in(body, "qr_code"), trade_number(body, "out_trade_no")
    if not number or not re.fullmatch(r"https?://[!-~]{1,1000}", code):
        return unknown(Cause.UNRECOGNISED, "precreate", "nothing that the shopper could pay with")
    return Answer(verdict=Verdict.PENDING, cause=Cause.AWAITING_SHOPPER, number=number, action=Qr(code))


def _query(operation: Operation, body: Body) -> Answer:
    return trade(body)


def _closed(operation: Operation, body: Body) -> Answer:
    number, ref = trade_number(body, "out_trade_no"), trade_number(body, "trade_no")
    if not number:
        return unknown(Cause.UNRECOGNISED, "close", "names no trade")
    if operation.product in CODES:
        return _cancelled(body, number, ref)
    named = bool(ref)  # SDK: it closes the unpaid trade with this number of Alipay's, or answers with an error
    verdict = Verdict.CLOSED if named else Verdict.ACCEPTED
    return Answer(verdict=verdict, code="close", named=named, number=number, provider_ref=ref)


def _cancelled(body: Body, number: str, ref: str) -> Answer:
    """`action` says what a cancel did; without it Alipay found no trade, and the charge may still be on its way."""
    if text_in(body, "retry_flag") == "Y":
        return unknown(Cause.PROVIDER_ERROR, "retry_flag", resendable=True)
    action = text_in(body, "action")
    verdict = {"close": Verdict.CLOSED, "refund": Verdict.REFUNDED}.get(action, Verdict.ACCEPTED)
    named = verdict is not Verdict.ACCEPTED
    return Answer(verdict=verdict, code=clean_code(action), named=named, number=number, provider_ref=ref)


def _refunded(operation: Operation, body: Body) -> Answer:
    """`fund_change` Y: this refund moved money. `refund_fee` is the sum of all refunds of the trade so far."""
    number, fee = trade_number(body, "out_trade_no"), yuan(body, "refund_fee")
    if not number:
        return unknown(Cause.UNRECOGNISED, "refund", "names no trade")
    done = text_in(body, "fund_change") == "Y"
    if done and fee is not None and fee.minor < asked_back(operation).minor:
        return unknown(Cause.CONTRADICTION, "refund_fee", "less went back than was asked for")
    return Answer(
        verdict=Verdict.REFUNDED if done else Verdict.ACCEPTED,
        cause=None if done else Cause.AWAITING_PROVIDER,
        code="fund_change=Y" if done else "fund_change=N",
        named=done,
        number=number,
        provider_ref=trade_number(body, "trade_no"),
    )


def _refund_found(operation: Operation, body: Body) -> Answer:
    """No status means that Alipay did not get the refund, or that it failed: the same one may be sent again."""
    state, number = text_in(body, "refund_status"), trade_number(body, "out_trade_no")
    if not state:
        return Answer(verdict=Verdict.NOT_FOUND, cause=Cause.AWAITING_PROVIDER, number=number)
    if state != "REFUND_SUCCESS" or not number:
        return unknown(Cause.UNRECOGNISED, state)
    if trade_number(body, "out_request_no") != operation.refund_number:
        return unknown(Cause.CONTRADICTION, "out_request_no", "the answer is about another refund")
    amount, ref = yuan(body, "refund_amount"), trade_number(body, "trade_no")
    return Answer(
        verdict=Verdict.REFUNDED, code=clean_code(state), named=True, amount=amount, number=number, provider_ref=ref
    )


_READ: Mapping[Kind, Callable[[Operation, Body], Answer]] = {
    Kind.QUERY: _query,
    Kind.CLOSE: _closed,
    Kind.REFUND: _refunded,
    Kind.QUERY_REFUND: _refund_found,
}
