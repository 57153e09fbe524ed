"""The sandbox is Stripe enough for stripe-python, the official SDK, which knows nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from sandbox_shop import Shop

from payfallback.testing.sandbox import Sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[stripe.StripeClient]:
    """The SDK's own client, pointed at the sandbox."""
    transport = stripe.RequestsClient(timeout=5)
    key, address = sandbox.credentials["stripe"]["secret_key"], {"api": sandbox.url("stripe")}
    made = stripe.StripeClient(key, base_addresses=address, http_client=transport, max_network_retries=2)
    yield made
    transport.close()


def create(client: stripe.StripeClient, number: str, **more: Any) -> stripe.PaymentIntent:
    """An intent that is not confirmed yet."""
    own: Any = {"amount": 1250, "currency": "usd", "payment_method": "pm_card_visa", "metadata": {"attempt": number}}
    return client.v1.payment_intents.create({**own, **more}, {"idempotency_key": number})


def test_the_sdk_pays_queries_and_refunds(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    """stripe-python completes a payment, asks about it, gives it back, asks about that, and reads the events."""
    with Shop() as shop:
        sandbox.notifications("stripe", "on", url=shop.url)
        intent = create(client, "A100101")
        assert intent.status == "requires_confirmation"
        assert client.v1.payment_intents.confirm(intent.id).status == "succeeded"
        asked = client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
        assert (asked.amount_received, asked.metadata["attempt"]) == (1250, "A100101")
        assert isinstance(asked.latest_charge, stripe.Charge)
        assert asked.latest_charge.paid
        back = client.v1.refunds.create({"payment_intent": intent.id, "amount": 250}, {"idempotency_key": "R1"})
        assert (back.status, client.v1.refunds.retrieve(back.id).amount) == ("succeeded", 250)
        listed = client.v1.refunds.list({"payment_intent": intent.id})
        assert [each.id for each in listed.auto_paging_iter()] == [back.id]
        secret = sandbox.credentials["stripe"]["webhook_secret"]
        arrived = (shop.next(), shop.next())
        events = [client.construct_event(each.body, each.headers["Stripe-Signature"], secret) for each in arrived]
    assert [event.type for event in events] == ["payment_intent.succeeded", "refund.updated"]
    assert events[0].data.object["id"] == intent.id
    assert sandbox.held("A100101") == 1000


def test_the_sdk_reads_every_refusal(client: stripe.StripeClient) -> None:
    """Declines, unexpected states, unknown objects and keys become the SDK's own exceptions."""
    intents = client.v1.payment_intents
    declined = create(client, "A100101", payment_method="pm_card_visa_chargeDeclinedInsufficientFunds")
    with pytest.raises(stripe.CardError) as refused:
        intents.confirm(declined.id)
    assert (refused.value.code, refused.value.error.decline_code) == ("card_declined", "insufficient_funds")
    assert intents.cancel(declined.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError, match="status of canceled"):
        intents.confirm(declined.id)
    with pytest.raises(stripe.InvalidRequestError, match="No such payment_intent"):
        intents.retrieve("pi_nothing")
    with pytest.raises(stripe.IdempotencyError):
        create(client, "A100101", amount=99)
    with pytest.raises(stripe.AuthenticationError):
        intents.retrieve("pi_nothing", options={"api_key": "sk_test_other"})


def test_the_sdk_finds_by_metadata_and_captures(client: stripe.StripeClient) -> None:
    """Search, manual capture and 3-D Secure, with the SDK's types."""
    held = create(client, "A100101", capture_method="manual")
    assert client.v1.payment_intents.confirm(held.id).status == "requires_capture"
    found = client.v1.payment_intents.search({"query": "metadata['attempt']:'A100101'"})
    assert [each.id for each in found.data] == [held.id]
    assert client.v1.payment_intents.capture(held.id).amount_received == 1250
    asked = create(client, "A100201", payment_method="pm_card_threeDSecure2Required")
    shown = client.v1.payment_intents.confirm(asked.id, {"return_url": "https://shop.example/back"})
    assert shown.next_action is not None
    assert shown.next_action.redirect_to_url is not None


def test_the_sdk_retries_what_stripe_asks_to_retry(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    """A 503 before the work is sent again by the SDK itself; one with a saved answer is not."""
    intent = create(client, "A100101")
    sandbox.fault("stripe", "http_503", operation="charge", times=1)
    assert client.v1.payment_intents.confirm(intent.id).status == "succeeded"
    other = create(client, "A100201")
    sandbox.fault("stripe", "http_503:processed", operation="charge", times=1)
    with pytest.raises(stripe.APIError):
        client.v1.payment_intents.confirm(other.id)
    doors = [line.endpoint for line in sandbox.requests]
    assert doors == ["create", "confirm", "confirm", "create", "confirm"]
    assert len(sandbox.captures()) == 2


def test_the_sdk_notices_a_forgery(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    """An event under another secret fails the SDK's own check."""
    with Shop() as shop:
        sandbox.notifications("stripe", "forged", url=shop.url)
        create(client, "A100101")
        forged = shop.next()
    secret = sandbox.credentials["stripe"]["webhook_secret"]
    with pytest.raises(stripe.SignatureVerificationError):
        client.construct_event(forged.body, forged.headers["Stripe-Signature"], secret)
