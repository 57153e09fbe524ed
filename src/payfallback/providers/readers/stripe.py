"""Reads stripe-python (tried with 16.1.0), sync and async: PaymentIntents, Refunds and the SDK's exceptions.

The SDK raises one `APIConnectionError` for a refused connection and for a lost reply, and sends up to three times by
default. "Never sent" is believed only with `max_network_retries` 0: found in the SDK's own frame, or declared with
`sdk_retries_off=True`.

A PaymentIntent that was declined goes back to `requires_payment_method` and can be paid again under the same number,
so no decline is final here: it is canceled. Put the attempt's number into `metadata["attempt"]`, and evidence about
another attempt is told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payfallback._core.operations import Answer, Kind
from payfallback._values import changed
from payfallback.model import Action, ClientSecret, Qr, Redirect
from payfallback.providers.attempt import Attempt
from payfallback.providers.codes import clean_code, http_date, plain_number, retry_after
from payfallback.providers.readers.answers import failed, refused, unclear, unknown
from payfallback.providers.readers.chain import is_a
from payfallback.providers.readers.frames import stripe_retries_off
from payfallback.providers.readers.stripe_codes import ASK, DECLINES
from payfallback.providers.readers.stripe_money import money
from payfallback.taxonomy import Cause, Verdict

# codes.tsv `PaymentIntent.status`; `requires_payment_method` and `succeeded` need a second look.
_STATUSES: dict[str, tuple[Verdict, Cause | None]] = {
    "requires_payment_method": (Verdict.PENDING, Cause.AWAITING_SHOPPER),
    "requires_confirmation": (Verdict.PENDING, Cause.AWAITING_SHOPPER),
    "requires_action": (Verdict.PENDING, Cause.AWAITING_SHOPPER),
    "processing": (Verdict.PENDING, Cause.AWAITING_PROVIDER),
    "requires_capture": (Verdict.AUTHORISED, None),
    "succeeded": (Verdict.CAPTURED, None),
    "canceled": (Verdict.CLOSED, None),
}
_CONFLICT = 409
_AMOUNTS = {Verdict.CAPTURED: "amount_received", Verdict.AUTHORISED: "amount_capturable"}

# stripe-python `_refund.py`, Refund.status.
_REFUNDS: dict[str, tuple[Verdict, Cause | None]] = {
    "succeeded": (Verdict.REFUNDED, None),
    "pending": (Verdict.ACCEPTED, Cause.AWAITING_PROVIDER),
    "requires_action": (Verdict.ACCEPTED, Cause.AWAITING_SHOPPER),
    "failed": (Verdict.REFUND_FAILED, None),
    "canceled": (Verdict.REFUND_FAILED, None),
}


def read(attempt: Attempt, result: Any, *, sends_once: bool = False) -> Answer:
    """What an object of Stripe's, or an exception of its SDK, proves.

    `sends_once`: the merchant declares that `max_network_retries` is 0 for every call.
    """
    if isinstance(result, BaseException):
        return _raised(attempt, result, sends_once)
    body = _plain(result)
    answer = _object(attempt, body) if body else unknown(result)
    headers = _lower(getattr(getattr(result, "last_response", None), "headers", None))
    return changed(answer, provider_time=http_date(headers))


def _plain(result: Any) -> Mapping[str, Any]:
    """An object of the SDK as plain values; stripe-python's objects were dicts before version 15 or so."""
    if is_a(result, "stripe.StripeObject") and hasattr(result, "to_dict"):
        result = result.to_dict()
    return result if isinstance(result, Mapping) else {}


def _object(attempt: Attempt, body: Mapping[str, Any]) -> Answer:
    kind = body.get("object")
    if kind == "refund" and attempt.kind in (Kind.REFUND, Kind.QUERY_REFUND):
        return _refund(body)
    if kind == "payment_intent" and attempt.kind not in (Kind.REFUND, Kind.QUERY_REFUND):
        return _intent(attempt, body)
    return unclear(Cause.UNRECOGNISED, kind, "not what this operation is answered with")


def _intent(attempt: Attempt, body: Mapping[str, Any]) -> Answer:
    ref, status = clean_code(body.get("id")), clean_code(body.get("status"))
    if attempt.provider_ref.startswith("pi_") and ref != attempt.provider_ref:
        return unclear(Cause.CONTRADICTION, "another_payment_intent")
    number = plain_number((body.get("metadata") or {}).get("attempt"))
    error = body.get("last_payment_error")
    if status == "requires_payment_method" and error:
        return _declined(error, number=number, provider_ref=ref)
    verdict, cause = _STATUSES.get(status, (Verdict.UNKNOWN, Cause.UNRECOGNISED))
    if verdict is Verdict.CAPTURED:
        verdict, cause = _still_held(body)
    field = _AMOUNTS.get(verdict)
    return Answer(
        verdict=verdict,
        cause=cause,
        code=status,
        number=number,
        provider_ref=ref,
        named=verdict in (Verdict.CLOSED, Verdict.REFUNDED),
        amount=money(body[field], body["currency"]) if field else None,
        action=_action(body) if attempt.kind is Kind.CHARGE and cause is Cause.AWAITING_SHOPPER else None,
    )


def _still_held(body: Mapping[str, Any]) -> tuple[Verdict, Cause | None]:
    """An intent stays `succeeded` whatever went back; an expanded `latest_charge` tells."""
    charge = body.get("latest_charge")
    if not isinstance(charge, Mapping) or not charge.get("amount_refunded"):
        return Verdict.CAPTURED, None
    if charge.get("refunded") is True:
        return Verdict.REFUNDED, None
    return Verdict.UNKNOWN, Cause.CONTRADICTION


def _action(body: Mapping[str, Any]) -> Action | None:
    todo = body.get("next_action") or {}
    redirect = (todo.get("redirect_to_url") or todo.get("alipay_handle_redirect") or {}).get("url")
    code = (todo.get("wechat_pay_display_qr_code") or {}).get("data")
    if redirect:
        return Redirect(str(redirect))
    if code:
        return Qr(str(code))
    secret = body.get("client_secret")
    return ClientSecret(str(secret)) if secret else None


def _refund(body: Mapping[str, Any]) -> Answer:
    status = clean_code(body.get("status"))
    verdict, cause = _REFUNDS.get(status, (Verdict.UNKNOWN, Cause.UNRECOGNISED))
    amount = money(body["amount"], body["currency"]) if verdict is Verdict.REFUNDED else None
    code = clean_code(body.get("failure_reason")) or status
    return Answer(verdict=verdict, cause=cause, code=code, amount=amount, provider_ref=clean_code(body.get("id")))


def _raised(attempt: Attempt, error: BaseException, sends_once: bool) -> Answer:
    if not is_a(error, "stripe.StripeError") or is_a(error, "stripe.APIConnectionError"):
        return failed(error, sends_once=sends_once or stripe_retries_off(error))
    headers = _lower(getattr(error, "headers", None))
    return changed(_answered(attempt, error, headers), error=error, provider_time=http_date(headers))


def _answered(attempt: Attempt, error: Any, headers: Mapping[str, str]) -> Answer:
    said = _plain(getattr(error, "error", None))
    code = clean_code(error.code or said.get("code"))
    intent = said.get("payment_intent")
    if code in ASK or is_a(error, "stripe.APIError", "stripe.RateLimitError", "stripe.IdempotencyError"):
        return _read_instead(attempt, intent) or _open(attempt, error, code, headers)
    if is_a(error, "stripe.CardError"):
        return _card(attempt, said, intent)
    if is_a(error, "stripe.AuthenticationError", "stripe.PermissionError", "stripe.InvalidRequestError"):
        return _refused_before(attempt, error, code, intent)
    return unclear(Cause.UNRECOGNISED, code or type(error).__name__)


def _read_instead(attempt: Attempt, intent: Any) -> Answer | None:
    """The intent that came with "unexpected state": `succeeded`, say, which is why it could not be canceled."""
    answer = _object(attempt, intent) if isinstance(intent, Mapping) and intent.get("status") else None
    return answer if answer is not None and answer.verdict in (Verdict.CAPTURED, Verdict.CLOSED) else None


def _open(attempt: Attempt, error: Any, code: str, headers: Mapping[str, str]) -> Answer:
    """Not processed, in flight, or nobody knows (facts §5): the same request under the same key may be sent again only
    where Stripe says so."""
    status = error.http_status or 0
    limited = is_a(error, "stripe.RateLimitError")
    advised = headers.get("stripe-should-retry")
    resendable = advised != "false" and (advised == "true" or limited or status == _CONFLICT)
    wait = retry_after(headers, attempt.now)
    return unclear(_why_open(error, status), code or status, resendable=resendable, retry_after=wait)


def _why_open(error: BaseException, status: int) -> Cause:
    if is_a(error, "stripe.RateLimitError"):
        return Cause.RATE_LIMITED
    if is_a(error, "stripe.IdempotencyError"):
        return Cause.CONTRADICTION  # the key stands for another request
    if status == _CONFLICT:
        return Cause.AWAITING_PROVIDER  # the same key is in flight
    return Cause.PROVIDER_ERROR if status >= 500 else Cause.UNRECOGNISED


def _card(attempt: Attempt, said: Mapping[str, Any], intent: Any) -> Answer:
    ref = clean_code(intent.get("id")) if isinstance(intent, Mapping) else ""
    answer = _declined(said, provider_ref=ref)
    if answer.verdict is Verdict.UNKNOWN:
        return answer
    return refused(attempt, answer.cause or Cause.DECLINED, answer.code, provider_ref=ref)


def _declined(said: Mapping[str, Any], **more: Any) -> Answer:
    """The issuer's reason where it is known, else Stripe's; a code that stands in no table proves nothing."""
    reason, code = clean_code(said.get("decline_code")), clean_code(said.get("code"))
    cause = DECLINES.get(reason) or DECLINES.get(code)
    if reason in ASK or code in ASK or cause is None:
        return unclear(Cause.UNRECOGNISED, reason or code, **more)
    return Answer(verdict=Verdict.DECLINED, cause=cause, code=reason or code, **more)


def _refused_before(attempt: Attempt, error: BaseException, code: str, intent: Any) -> Answer:
    """401, 403, 400 and 404 are refused before processing (stated). That ends the number only where no intent exists
    that could still be confirmed."""
    exists = bool(intent or attempt.provider_ref or attempt.memo)
    return refused(attempt, Cause.MERCHANT_CONFIG, code or type(error).__name__, final=not exists)


def _lower(headers: Any) -> dict[str, str]:
    """Headers by lower-case name; requests, httpx and plain dicts all have `items`."""
    return {str(name).lower(): str(text) for name, text in headers.items()} if hasattr(headers, "items") else {}
