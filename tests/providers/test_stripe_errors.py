"""What Stripe's errors prove: declines, advice, keys, limits, and answers that leave everything open."""

from __future__ import annotations

from typing import Any

import pytest
from stripe_counterpart import adapter, error, intent, operation, read

from payfallback._core.operations import Kind
from payfallback._values import changed
from payfallback.messages import shopper_text
from payfallback.ports import HttpResponse
from payfallback.providers.code_table import CodeRow, code_table
from payfallback.results import NotPaid
from payfallback.taxonomy import Cause, Verdict

HIDDEN = ["fraudulent", "lost_card", "stolen_card", "merchant_blacklist"]
VISA = {"payment_method": {"card": {"brand": "visa"}}}
MASTERCARD = {"payment_method": {"card": {"brand": "mastercard"}}}


def card(reason: str, **more: Any) -> Any:
    """A decline by the issuer."""
    return error("card_error", "card_declined", decline_code=reason, **more)


@pytest.mark.parametrize("reason", [row.code for row in code_table("stripe").rows() if row.operation == "decline_code"])
def test_no_decline_ends_an_intent(reason: str) -> None:
    """Each of the issuers' reasons is a refusal with a cause, or asked about, and never final: the intent can be paid
    again, so it is canceled first."""
    answer = read(card(reason), status=402)
    assert answer.verdict in (Verdict.DECLINED, Verdict.UNKNOWN)
    assert (answer.final, answer.unlisted, answer.code) == (False, False, reason)
    assert answer.cause is not None


def test_a_decline_shows_again_when_asked() -> None:
    """The intent keeps why its last try failed: a query proves the same as the first answer."""
    said = card("insufficient_funds", **VISA, network_decline_code="51")["error"]
    for answer in (
        read({"error": said}, status=402),
        read(intent("requires_payment_method", last_payment_error=said), Kind.QUERY),
    ):
        assert (answer.verdict, answer.cause) == (Verdict.DECLINED, Cause.CREDIT_EXHAUSTED)
        assert (answer.code, answer.network) == ("insufficient_funds", "visa:51")


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
@pytest.mark.parametrize("reason", HIDDEN)
def test_the_shopper_is_not_told_what_the_issuer_suspects(reason: str, locale: str) -> None:
    """Fraud, lost, stolen and block lists read to the shopper like a decline without a reason, in text and in JSON."""
    answer = read(card(reason), status=402)
    for status in ("not_paid", "pending"):
        assert shopper_text(status, answer.cause, locale) == shopper_text(status, Cause.DECLINED, locale)
    page = str(NotPaid(order_id="A1001", cause=answer.cause).to_json(locale)).lower()
    assert not any(word in page for word in ("fraud", "lost", "stolen", "blacklist", reason))


@pytest.mark.parametrize(
    ("more", "network"),
    [
        ({**VISA, "network_decline_code": "05"}, "visa:05"),
        ({**MASTERCARD, "network_advice_code": "03", "network_decline_code": "05"}, "mastercard:03"),
        (MASTERCARD, "mastercard:none"),
        ({"payment_method": {"card": {"brand": "amex"}}, "network_decline_code": "05"}, ""),
        ({"network_decline_code": "05"}, ""),
    ],
    ids=["visa", "mastercard", "mastercard without", "amex", "no card"],
)
def test_the_networks_own_code_is_kept(more: Any, network: str) -> None:
    """Visa's response code and Mastercard's advice go on to the card networks' retry rules."""
    assert read(card("do_not_honor", **more), status=402).network == network


def test_advice_is_kept_for_people() -> None:
    """What Stripe advises stands beside its sentence."""
    assert (
        read(card("do_not_honor", advice_code="do_not_try_again"), status=402).text
        == "made up (advice: do_not_try_again)"
    )


def test_what_the_request_said_is_not_kept() -> None:
    """Stripe's sentences repeat parameters: addresses, numbers and tokens are masked before they are written down."""
    sentence = "Invalid email address: wang@example.com for PaymentMethod 'pm_1Nab3', +8613800138000"
    answer = read(error("invalid_request_error", "email_invalid", message=sentence), Kind.CREATE, 400)
    assert answer.text.startswith("Invalid email address:")
    assert not any(told in repr(answer) for told in ("wang@", "pm_1Nab3", "138001"))


def test_an_unlisted_reason_is_reported() -> None:
    """A reason that is new is read by Stripe's own code, and looked up by somebody; a new code proves nothing."""
    new_reason = read(card("full_moon"), status=402)
    assert (new_reason.verdict, new_reason.unlisted, new_reason.final) == (Verdict.DECLINED, True, False)
    new_code = read(error("card_error", "full_moon"), status=402)
    assert (new_code.verdict, new_code.unlisted, new_code.cause) == (Verdict.UNKNOWN, True, Cause.UNRECOGNISED)


def test_a_decline_in_the_page_is_not_the_end() -> None:
    """The shopper may try another card where Stripe's script asks for it: only their wish or the time ends it."""
    metadata = {"attempt": "A100101", "product": "elements"}
    body = intent("requires_payment_method", metadata=metadata, last_payment_error=card("expired_card")["error"])
    answer = read(body, Kind.QUERY, product="elements")
    assert (answer.verdict, answer.cause, answer.code) == (Verdict.PENDING, Cause.AWAITING_SHOPPER, "expired_card")


def test_a_creation_that_was_refused_made_nothing() -> None:
    """A new code of a 400 leaves a charge open, but not the first step, in which no money can move."""
    body = error("invalid_request_error", "full_moon")
    charged, created = read(body, Kind.CHARGE, 400), read(body, Kind.CREATE, 400)
    assert (charged.verdict, charged.unlisted) == (Verdict.UNKNOWN, True)
    assert (created.verdict, created.cause, created.unlisted) == (Verdict.DECLINED, Cause.MERCHANT_CONFIG, True)
    assert read(error("idempotency_error"), Kind.CREATE, 400).verdict is Verdict.UNKNOWN


# ---------------------------------------------------------------- what leaves the payment open


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("code", ["", "card_declined", "parameter_missing"])
def test_server_errors_are_indeterminate(status: int, code: str) -> None:
    """From 500 on nothing is known, whatever the body says, and a repetition would only repeat it."""
    answer = read(error("api_error", code), status=status)
    assert (answer.verdict, answer.cause, answer.resendable) == (Verdict.UNKNOWN, Cause.PROVIDER_ERROR, False)


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (409, error("idempotency_error", "idempotency_key_in_use"), Cause.AWAITING_PROVIDER),
        (409, error("invalid_request_error"), Cause.AWAITING_PROVIDER),
        (429, error("invalid_request_error", "rate_limit"), Cause.RATE_LIMITED),
        (429, error("invalid_request_error", "lock_timeout"), Cause.AWAITING_PROVIDER),
    ],
    ids=["key in use", "conflict", "rate limit", "lock"],
)
def test_what_may_be_sent_again(status: int, body: Any, cause: Cause) -> None:
    """In flight or never begun: the same request under the same key is right, unless Stripe says it is not."""
    again = read(body, status=status, headers={"retry-after": "7"})
    assert (again.verdict, again.cause, again.resendable, again.retry_after) == (Verdict.UNKNOWN, cause, True, 7.0)
    assert not read(body, status=status, headers={"stripe-should-retry": "false"}).resendable


def test_stripes_advice_to_retry_wins() -> None:
    """`Stripe-Should-Retry: true` makes even a 500 one to send again, but never a request without a key."""
    body, told = error("api_error"), {"stripe-should-retry": "true"}
    assert read(body, status=500, headers=told).resendable
    assert read(body, Kind.REFUND, 500, headers=told).resendable
    assert not read(body, Kind.CLOSE, 500, headers=told).resendable


def test_a_key_with_other_parameters_is_a_contradiction() -> None:
    """The key stands for another request: what that one did is asked about, and it is not sent again."""
    answer = read(error("idempotency_error"), Kind.CREATE, 400)
    assert (answer.verdict, answer.cause, answer.resendable) == (Verdict.UNKNOWN, Cause.CONTRADICTION, False)


def test_an_error_that_is_not_stripes() -> None:
    """A proxy's error proves nothing."""
    assert read(b"<h1>403</h1>", status=403).verdict is Verdict.UNKNOWN
    assert read({"message": "Forbidden"}, status=403).verdict is Verdict.UNKNOWN


# ---------------------------------------------------------------- refused before processing


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, error("invalid_request_error", "parameter_missing")),
        (401, error("invalid_request_error")),
        (403, error("invalid_request_error")),
        (404, error("invalid_request_error", "resource_missing")),
    ],
)
def test_refused_for_the_merchants_reasons(status: int, body: Any) -> None:
    """A wrong key or parameter is a refusal that the merchant has to hear of; asking, it says nothing of the trade."""
    answer = read(body, Kind.CREATE, status)
    assert (answer.verdict, answer.cause, answer.resendable) == (Verdict.DECLINED, Cause.MERCHANT_CONFIG, False)
    assert read(body, Kind.QUERY, status).verdict is Verdict.UNKNOWN
    assert read(body, Kind.QUERY_REFUND, status).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("succeeded", Verdict.CAPTURED),
        ("canceled", Verdict.CLOSED),
        ("requires_capture", Verdict.AUTHORISED),
        ("processing", Verdict.UNKNOWN),
    ],
)
@pytest.mark.parametrize("kind", [Kind.CHARGE, Kind.CLOSE, Kind.CAPTURE])
def test_unexpected_state_shows_the_state(kind: Kind, status: str, verdict: Verdict) -> None:
    """ "It cannot be canceled, it was paid": the intent that comes with the error is the answer."""
    answer = read(
        error("invalid_request_error", "payment_intent_unexpected_state", payment_intent=intent(status)), kind, 400
    )
    assert (answer.verdict, answer.provider_ref) == (verdict, "pi_1")


def test_another_intents_state_is_not_ours() -> None:
    """An error that shows another intent proves nothing."""
    shown = intent("succeeded", id="pi_2")
    answer = read(
        error("invalid_request_error", "payment_intent_unexpected_state", payment_intent=shown), Kind.CLOSE, 400
    )
    assert (answer.verdict, answer.provider_ref) == (Verdict.UNKNOWN, "")


def test_the_merchants_own_rows_come_first() -> None:
    """A row of the configuration replaces the table's."""
    row = code_table("stripe").row("decline_code", "do_not_honor")
    assert row is not None
    own = [changed(row, cause=Cause.CREDIT_SCORE)]
    body = b'{"error":{"type":"card_error","code":"card_declined","decline_code":"do_not_honor"}}'
    answer = adapter(codes=own).read(operation(), HttpResponse(status=402, body=body))
    assert answer.cause is Cause.CREDIT_SCORE
    assert isinstance(row, CodeRow)
