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
from payfallback.providers._stripe_codes import declined, row_of
from payfallback.providers._stripe_objects import action, intent, refund
from payfallback.providers.attempt import Attempt
from payfallback.providers.code_table import code_table
from payfallback.providers.codes import clean_code, http_date, retry_after
from payfallback.providers.readers.answers import failed, refused, unclear, unknown
from payfallback.providers.readers.chain import is_a
from payfallback.providers.readers.frames import stripe_retries_off
from payfallback.taxonomy import Cause, Verdict

_CONFLICT = 409


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
        return refund(body)
    if kind == "payment_intent" and attempt.kind not in (Kind.REFUND, Kind.QUERY_REFUND):
        return _intent(attempt, body)
    return unclear(Cause.UNRECOGNISED, kind, "not what this operation is answered with")


def _intent(attempt: Attempt, body: Mapping[str, Any]) -> Answer:
    answer = intent(body, _declined)
    if attempt.provider_ref.startswith("pi_") and answer.provider_ref != attempt.provider_ref:
        return unclear(Cause.CONTRADICTION, "another_payment_intent")
    waits = answer.verdict is Verdict.PENDING and answer.cause is Cause.AWAITING_SHOPPER
    return changed(answer, action=action(body)) if attempt.kind is Kind.CHARGE and waits else answer


def _raised(attempt: Attempt, error: BaseException, sends_once: bool) -> Answer:
    if not is_a(error, "stripe.StripeError") or is_a(error, "stripe.APIConnectionError"):
        return failed(error, sends_once=sends_once or stripe_retries_off(error))
    headers = _lower(getattr(error, "headers", None))
    return changed(_answered(attempt, error, headers), error=error, provider_time=http_date(headers))


def _answered(attempt: Attempt, error: Any, headers: Mapping[str, str]) -> Answer:
    said = _plain(getattr(error, "error", None))
    code = clean_code(error.code or said.get("code"))
    intent = said.get("payment_intent")
    if _asks(said, code) or is_a(error, "stripe.APIError", "stripe.RateLimitError", "stripe.IdempotencyError"):
        return _read_instead(attempt, intent) or _open(attempt, error, code, headers)
    if is_a(error, "stripe.CardError"):
        return _card(attempt, said, intent)
    if is_a(error, "stripe.AuthenticationError", "stripe.PermissionError", "stripe.InvalidRequestError"):
        return _refused_before(attempt, error, code, intent)
    return unclear(Cause.UNRECOGNISED, code or type(error).__name__)


def _asks(said: Mapping[str, Any], code: str) -> bool:
    """Whether the trade may have gone either way, so that it has to be retrieved first."""
    row, _ = row_of(code_table("stripe"), {"code": code, "decline_code": said.get("decline_code")}, 400)
    return row is not None and row.verdict is Verdict.UNKNOWN


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
    answer = changed(_declined(said), provider_ref=ref)
    asks = attempt.kind in (Kind.QUERY, Kind.QUERY_REFUND)
    return changed(answer, verdict=Verdict.UNKNOWN) if asks else answer


def _declined(said: Mapping[str, Any]) -> Answer:
    return declined(code_table("stripe"), said)


def _refused_before(attempt: Attempt, error: BaseException, code: str, intent: Any) -> Answer:
    """401, 403, 400 and 404 are refused before processing (stated). That ends the number only where no intent exists
    that could still be confirmed."""
    exists = bool(intent or attempt.provider_ref or attempt.memo)
    return refused(attempt, Cause.MERCHANT_CONFIG, code or type(error).__name__, final=not exists)


def _lower(headers: Any) -> dict[str, str]:
    """Headers by lower-case name; requests, httpx and plain dicts all have `items`."""
    return {str(name).lower(): str(text) for name, text in headers.items()} if hasattr(headers, "items") else {}
