"""What Stripe's objects prove: PaymentIntents, Charges and Refunds, as its API, its events and its SDK show them.

Statuses: codes.tsv `PaymentIntent.status` and stripe-python `_refund.py`. Used by the adapter and by the reader of
wrapped SDKs; both read an error, or the `last_payment_error` of an intent, with a function of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from payfallback._core.operations import Answer
from payfallback._values import changed
from payfallback.errors import MoneyInvalid
from payfallback.model import Action, ClientSecret, Money, Qr, Redirect
from payfallback.providers.codes import clean_code, plain_number
from payfallback.providers.readers.stripe_money import money
from payfallback.taxonomy import Cause, Verdict

Body = Mapping[str, Any]
Declined = Callable[[Body], Answer]  # reads a `last_payment_error`

MOST = 10**12  # smallest units; no payment is larger, and odd numbers stay out
# The names under which our own numbers stand in `metadata`. Charges copy those of their intent.
ATTEMPT, REFUND, PRODUCT = "attempt", "refund", "product"

# `requires_payment_method` and `succeeded` need a second look.
_STATUSES: dict[str, tuple[Verdict, Cause | None]] = {
    "requires_payment_method": (Verdict.PENDING, Cause.AWAITING_SHOPPER),
    "requires_confirmation": (Verdict.PENDING, Cause.AWAITING_SHOPPER),
    "requires_action": (Verdict.PENDING, Cause.AWAITING_SHOPPER),
    "processing": (Verdict.PENDING, Cause.AWAITING_PROVIDER),
    "requires_capture": (Verdict.AUTHORISED, None),
    "succeeded": (Verdict.CAPTURED, None),
    "canceled": (Verdict.CLOSED, None),
}
_AMOUNTS = {Verdict.CAPTURED: "amount_received", Verdict.AUTHORISED: "amount_capturable"}

_REFUNDS: dict[str, tuple[Verdict, Cause | None]] = {
    "succeeded": (Verdict.REFUNDED, None),
    "pending": (Verdict.ACCEPTED, Cause.AWAITING_PROVIDER),
    "requires_action": (Verdict.ACCEPTED, Cause.AWAITING_SHOPPER),
    "failed": (Verdict.REFUND_FAILED, None),
    "canceled": (Verdict.REFUND_FAILED, None),
}


def intent(body: Body, declined: Declined) -> Answer:
    """A PaymentIntent. Captured only with what was received, authorised only with what can be captured."""
    status = clean_code(body.get("status"))
    told: dict[str, Any] = {"number": labelled(body, ATTEMPT), "provider_ref": clean_code(body.get("id"))}
    error = body.get("last_payment_error")
    if status == "requires_payment_method" and isinstance(error, Mapping):
        return changed(declined(error), **told)
    verdict, cause = _STATUSES.get(status, (Verdict.UNKNOWN, Cause.UNRECOGNISED))
    charge = _charge_of(body)
    if verdict is Verdict.CAPTURED:
        verdict, cause = _still_held(charge)
    amount = _moved(body, charge, verdict)
    if amount is None and verdict in _AMOUNTS:
        verdict, cause = Verdict.UNKNOWN, Cause.UNRECOGNISED  # "paid" has to say how much
    return Answer(
        verdict=verdict,
        cause=cause,
        code=status,
        named=verdict in (Verdict.CLOSED, Verdict.REFUNDED),
        amount=units(charge, "amount_refunded") if verdict is Verdict.REFUNDED else amount,
        paid_at=moment(charge, "created") if verdict is Verdict.CAPTURED else None,
        **told,
    )


def _moved(body: Body, charge: Body, verdict: Verdict) -> Money | None:
    """What was received, or can be captured. Where the intent has no such field at all, its charge says it."""
    field = _AMOUNTS.get(verdict)
    if field is None or field in body:
        return units(body, field) if field else None
    if charge.get("captured") is not (verdict is Verdict.CAPTURED):
        return None
    return units(charge, "amount_captured" if "amount_captured" in charge else "amount")


def _charge_of(body: Body) -> Body:
    """The charge of an intent, where it was asked for (`expand`); otherwise only its id stands there."""
    charge = body.get("latest_charge")
    return charge if isinstance(charge, Mapping) else {}


def _still_held(charge: Body) -> tuple[Verdict, Cause | None]:
    """An intent stays `succeeded` whatever went back; only its charge tells."""
    if not charge.get("amount_refunded"):
        return Verdict.CAPTURED, None
    if charge.get("refunded") is True:
        return Verdict.REFUNDED, None
    return Verdict.UNKNOWN, Cause.CONTRADICTION


def action(body: Body) -> Action | None:
    """What the shopper has to do with an intent that waits for them."""
    todo = _part(body, "next_action")
    redirect = _part(todo, "redirect_to_url") or _part(todo, "alipay_handle_redirect")
    if url := _text(redirect, "url"):
        return Redirect(url)
    if code := _text(_part(todo, "wechat_pay_display_qr_code"), "data"):
        return Qr(code)
    secret = _text(body, "client_secret")
    return ClientSecret(secret) if secret else None


def refund(body: Body) -> Answer:
    """A Refund."""
    status = clean_code(body.get("status"))
    verdict, cause = _REFUNDS.get(status, (Verdict.UNKNOWN, Cause.UNRECOGNISED))
    amount = units(body, "amount") if verdict is Verdict.REFUNDED else None
    if verdict is Verdict.REFUNDED and amount is None:
        verdict, cause = Verdict.UNKNOWN, Cause.UNRECOGNISED
    code = clean_code(body.get("failure_reason")) or status
    return Answer(verdict=verdict, cause=cause, code=code, amount=amount, provider_ref=clean_code(body.get("id")))


def units(body: Body, name: str) -> Money | None:
    """An amount in Stripe's smallest units; None where there is none that could be right."""
    found, currency = body.get(name), body.get("currency")
    if type(found) is not int or not 0 <= found < MOST or not isinstance(currency, str) or len(currency) != 3:
        return None
    try:
        return money(found, currency)
    except MoneyInvalid:
        return None


def labelled(body: Body, name: str) -> str:
    """One of our own numbers in an object's `metadata`; empty where it has none."""
    return plain_number(_part(body, "metadata").get(name))


def moment(body: Body, name: str) -> float | None:
    """A time as Stripe states it: whole epoch seconds."""
    found = body.get(name)
    return float(found) if type(found) is int and 0 < found < MOST else None


def _part(body: Body, name: str) -> Body:
    found = body.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(body: Body, name: str) -> str:
    found = body.get(name)
    return found if isinstance(found, str) and 0 < len(found) <= 4096 else ""
