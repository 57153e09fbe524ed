"""What stripe-python's objects and exceptions prove, read from real answers over loopback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from faulty_server import serving
from wrapped_sdks import answer_of, operation, stripe_channel, stripe_says

from payfallback._core.operations import Answer, Kind
from payfallback.errors import MoneyInvalid
from payfallback.model import ClientSecret, Money, Qr, Redirect
from payfallback.providers.readers.stripe_money import money, smallest_units
from payfallback.taxonomy import Cause, Verdict


def intent(status: str, **more: Any) -> dict[str, Any]:
    """A PaymentIntent as the API returns it."""
    own = {"id": "pi_1", "object": "payment_intent", "status": status, "amount": 1250, "currency": "cny"}
    return {**own, "client_secret": "pi_1_secret_x", "metadata": {"attempt": "A1001N01"}, **more}


def error(kind: str, **more: Any) -> dict[str, Any]:
    """An error as the API returns it."""
    return {"error": {"type": kind, "message": "made up", **more}}


def said(body: Mapping[str, Any], kind: Kind = Kind.CHARGE, status: int = 200, ref: str = "", **headers: str) -> Answer:
    """What is proven when Stripe answers this."""
    asked = operation(kind, provider_ref=ref or ("" if kind is Kind.CHARGE else "pi_1"), refund_number="R1")
    with serving(stripe_says(body, status, **headers)) as server, stripe_channel(server.url) as wrapped:
        return answer_of(wrapped, asked)


# ---------------------------------------------------------------- objects


def test_succeeded_is_captured_with_what_was_received() -> None:
    """A succeeded intent is a capture of the received amount, under the number in its metadata."""
    answer = said(intent("succeeded", amount_received=1250))
    assert answer.verdict is Verdict.CAPTURED
    assert answer.amount == Money(1250, "CNY")
    assert (answer.number, answer.provider_ref) == ("A1001N01", "pi_1")


def test_a_capture_of_a_part_says_so() -> None:
    """When less was received than was asked for, the answer carries what was received."""
    assert said(intent("succeeded", amount_received=1000)).amount == Money(1000, "CNY")


def test_a_hold_is_authorised() -> None:
    """An intent that requires a capture holds the money."""
    answer = said(intent("requires_capture", amount_capturable=1250, amount_received=0))
    assert (answer.verdict, answer.amount) == (Verdict.AUTHORISED, Money(1250, "CNY"))


@pytest.mark.parametrize("kind", [Kind.QUERY, Kind.CLOSE])
def test_canceled_is_dead(kind: Kind) -> None:
    """A canceled intent names itself and cannot be paid any more."""
    answer = said(intent("canceled"), kind)
    assert (answer.verdict, answer.named) == (Verdict.CLOSED, True)


def test_processing_waits_for_stripe() -> None:
    """A processing intent is the provider's turn."""
    answer = said(intent("processing"), Kind.QUERY)
    assert (answer.verdict, answer.cause) == (Verdict.PENDING, Cause.AWAITING_PROVIDER)


@pytest.mark.parametrize(
    ("todo", "action"),
    [
        (
            {"type": "redirect_to_url", "redirect_to_url": {"url": "https://3ds.example/1"}},
            Redirect("https://3ds.example/1"),
        ),
        ({"type": "wechat_pay_display_qr_code", "wechat_pay_display_qr_code": {"data": "wx1"}}, Qr("wx1")),
        ({"type": "use_stripe_sdk", "use_stripe_sdk": {}}, ClientSecret("pi_1_secret_x")),
    ],
    ids=["redirect", "qr", "script"],
)
def test_a_required_action_is_handed_on(todo: dict[str, Any], action: object) -> None:
    """What the shopper must do comes with the pending answer."""
    answer = said(intent("requires_action", next_action=todo))
    assert (answer.verdict, answer.cause) == (Verdict.PENDING, Cause.AWAITING_SHOPPER)
    assert answer.action == action


def test_a_created_intent_is_confirmed_in_the_page() -> None:
    """An intent that nobody confirmed yet waits for the shopper, whose page gets its client secret."""
    answer = said(intent("requires_payment_method"))
    assert (answer.verdict, answer.action) == (Verdict.PENDING, ClientSecret("pi_1_secret_x"))
    assert "pi_1_secret_x" not in repr(answer)


def test_a_declined_intent_is_not_dead() -> None:
    """After a decline the same intent can be paid again, so the refusal is not final."""
    failed = {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds"}
    answer = said(intent("requires_payment_method", last_payment_error=failed), Kind.QUERY)
    assert (answer.verdict, answer.cause, answer.final) == (Verdict.DECLINED, Cause.CREDIT_EXHAUSTED, False)


def test_an_unknown_status_is_unknown() -> None:
    """A status that this library does not know proves nothing."""
    assert said(intent("requires_moonlight")).verdict is Verdict.UNKNOWN


def test_another_intent_proves_nothing() -> None:
    """An answer about another intent than the attempt's is a contradiction, even when it was paid."""
    answer = said(intent("succeeded", amount_received=1250), Kind.QUERY, ref="pi_2")
    assert (answer.verdict, answer.cause) == (Verdict.UNKNOWN, Cause.CONTRADICTION)


def test_a_refunded_intent_is_not_paid() -> None:
    """A succeeded intent whose expanded charge went back is refunded; a part of it is nothing to decide on."""
    gone = {"object": "charge", "amount_refunded": 1250, "refunded": True}
    part = {"object": "charge", "amount_refunded": 250, "refunded": False}
    assert said(intent("succeeded", amount_received=1250, latest_charge=gone), Kind.QUERY).verdict is Verdict.REFUNDED
    assert said(intent("succeeded", amount_received=1250, latest_charge=part), Kind.QUERY).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("status", "verdict"),
    [("succeeded", Verdict.REFUNDED), ("pending", Verdict.ACCEPTED), ("failed", Verdict.REFUND_FAILED)],
)
def test_a_refund(status: str, verdict: Verdict) -> None:
    """A refund is done, under way or failed as its status says."""
    body = {"id": "re_1", "object": "refund", "status": status, "amount": 1250, "currency": "cny"}
    assert said(body, Kind.REFUND).verdict is verdict


def test_the_providers_clock_is_kept() -> None:
    """The answer's Date header tells the provider's time."""
    assert said(intent("processing"), Kind.QUERY).provider_time == 1794411991.0


# ---------------------------------------------------------------- exceptions


def test_a_decline_of_the_card() -> None:
    """A 402 carries the issuer's reason and the intent that is still open."""
    body = error("card_error", code="card_declined", decline_code="fraudulent", payment_intent=intent("canceled"))
    answer = said(body, status=402)
    assert (answer.verdict, answer.cause, answer.code) == (Verdict.DECLINED, Cause.RISK_REJECTED, "fraudulent")
    assert (answer.final, answer.provider_ref) == (False, "pi_1")


@pytest.mark.parametrize("code", ["moon_card", "payment_method_provider_timeout"])
def test_a_code_that_does_not_say_no_is_unknown(code: str) -> None:
    """An error code that no table lists, or that says the provider timed out, is not a decline."""
    assert said(error("card_error", code=code), status=402).verdict is Verdict.UNKNOWN


def test_a_duplicate_is_looked_at_first() -> None:
    """An issuer that saw the same amount a moment ago may have paid it: that decline is not believed."""
    answer = said(error("card_error", code="card_declined", decline_code="duplicate_transaction"), status=402)
    assert answer.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("status", "kind"), [(401, "invalid_request_error"), (403, "api_error"), (400, "invalid_request_error")]
)
def test_refused_before_processing(status: int, kind: str) -> None:
    """A wrong key, a missing permission and wrong parameters are refused before anything happens, and page someone."""
    answer = said(error(kind), status=status)
    assert (answer.verdict, answer.cause, answer.final) == (Verdict.DECLINED, Cause.MERCHANT_CONFIG, True)


def test_a_refused_confirmation_leaves_the_intent_open() -> None:
    """When the intent existed before, a refused request does not end it."""
    assert said(error("invalid_request_error"), status=401, ref="pi_1").final is False


def test_a_refused_question_says_nothing_about_the_trade() -> None:
    """A query that Stripe refuses leaves the attempt where it was."""
    answer = said(error("invalid_request_error", code="resource_missing"), Kind.QUERY, status=404)
    assert (answer.verdict, answer.cause) == (Verdict.UNKNOWN, Cause.MERCHANT_CONFIG)


def test_rate_limited() -> None:
    """A 429 was not processed: the same request may be sent again after the time it asks for."""
    answer = said(error("rate_limit_error"), status=429, **{"Retry-After": "7"})
    assert (answer.verdict, answer.cause) == (Verdict.UNKNOWN, Cause.RATE_LIMITED)
    assert (answer.resendable, answer.retry_after) == (True, 7.0)


@pytest.mark.parametrize(
    ("status", "kind", "cause"),
    [
        (500, "api_error", Cause.PROVIDER_ERROR),
        (409, "api_error", Cause.AWAITING_PROVIDER),
        (400, "idempotency_error", Cause.CONTRADICTION),
    ],
)
def test_nobody_knows(status: int, kind: str, cause: Cause) -> None:
    """A server error, a key in flight and a key used for something else leave the charge open."""
    answer = said(error(kind), status=status)
    assert (answer.verdict, answer.cause) == (Verdict.UNKNOWN, cause)


def test_a_cancel_that_came_too_late_tells_the_capture() -> None:
    """Stripe refuses to cancel what is paid, and sends the paid intent along."""
    paid = intent("succeeded", amount_received=1250)
    body = error("invalid_request_error", code="payment_intent_unexpected_state", payment_intent=paid)
    answer = said(body, Kind.CLOSE, status=400)
    assert (answer.verdict, answer.amount) == (Verdict.CAPTURED, Money(1250, "CNY"))


def test_an_error_with_an_open_intent_is_still_an_error() -> None:
    """Of the intents that come with an error only what is over is believed."""
    body = error("api_error", payment_intent=intent("requires_payment_method"))
    assert said(body, status=500).verdict is Verdict.UNKNOWN


# ---------------------------------------------------------------- money


@pytest.mark.parametrize(
    ("units", "currency", "minor"),
    [(1250, "cny", 1250), (500, "jpy", 500), (500, "isk", 5), (500, "ugx", 5), (5, "mga", 500), (5120, "kwd", 5120)],
)
def test_stripes_units_become_minor_units_and_back(units: int, currency: str, minor: int) -> None:
    """Where Stripe's smallest unit is not ISO 4217's, the amount is still the same money."""
    amount = Money(minor, currency.upper())
    assert money(units, currency) == amount
    assert smallest_units(amount) == units


def test_a_part_that_does_not_exist_is_refused() -> None:
    """Stripe cannot charge a fraction of an ariary, nor report one of a króna."""
    with pytest.raises(MoneyInvalid):
        smallest_units(Money(550, "MGA"))
    with pytest.raises(MoneyInvalid):
        money(550, "isk")


def test_a_capture_in_an_impossible_amount_is_unknown() -> None:
    """An amount that the currency cannot have is read as nothing."""
    assert said(intent("succeeded", currency="isk", amount_received=1)).verdict is Verdict.UNKNOWN
