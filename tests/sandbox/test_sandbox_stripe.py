"""The sandbox's Stripe keeps Stripe's rules: states, test cards, holds, units, refunds, forms, events."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_shop import Shop
from sandbox_stripe_client import StripeMerchant

from payfallback.testing.sandbox import Sandbox

BACK = "https://shop.example/back"


def test_two_steps(sandbox: Sandbox, stripe: StripeMerchant) -> None:
    """Creating moves nothing; confirming does, once; the books know number, order and Stripe's id."""
    intent = stripe.made("A100101")
    assert stripe.query(intent).json()["status"] == "requires_confirmation"
    assert sandbox.captures() == []
    assert stripe.confirm(intent).json()["amount_received"] == 1250
    again = stripe.confirm(intent)
    assert (again.status_code, again.json()["error"]["code"]) == (400, "payment_intent_unexpected_state")
    [entry] = sandbox.captures("A1001")
    assert (entry.number, entry.amount, entry.currency, entry.provider_ref) == ("A100101", 1250, "USD", intent)


def test_one_step(sandbox: Sandbox, stripe: StripeMerchant) -> None:
    """With `confirm` the creation pays."""
    assert stripe.create("A100101", confirm="true").json()["status"] == "succeeded"
    assert [line.operation for line in sandbox.requests] == ["charge"]


@pytest.mark.parametrize(
    ("method", "code", "reason"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedFraudulent", "card_declined", "fraudulent"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
    ],
)
def test_cards_that_are_declined(
    sandbox: Sandbox, stripe: StripeMerchant, method: str, code: str, reason: str | None
) -> None:
    """402 with the issuer's reason; the intent can be paid again with another card."""
    intent = stripe.made("A100101", payment_method=method)
    response = stripe.confirm(intent)
    error = response.json()["error"]
    assert (response.status_code, error["type"], error["code"], error.get("decline_code")) == (
        402,
        "card_error",
        code,
        reason,
    )
    asked = stripe.query(intent).json()
    assert (asked["status"], asked["last_payment_error"]["code"]) == ("requires_payment_method", code)
    assert sandbox.captures() == []
    assert stripe.confirm(intent, payment_method="pm_card_visa").json()["status"] == "succeeded"
    assert stripe.query(intent).json()["last_payment_error"] is None


def test_three_d_secure(sandbox: Sandbox, stripe: StripeMerchant) -> None:
    """The bank's page, or the script in the shop's page; refusing there fails the authentication."""
    intent = stripe.made("A100101", payment_method="pm_card_threeDSecure2Required")
    shown = stripe.confirm(intent, return_url=BACK).json()
    assert (shown["status"], shown["next_action"]["type"]) == ("requires_action", "redirect_to_url")
    assert sandbox.refuse("stripe", "A100101") == "refused"
    assert stripe.query(intent).json()["last_payment_error"]["code"] == "payment_intent_authentication_failure"
    other = stripe.made("A100201", payment_method="pm_card_authenticationRequired")
    assert stripe.confirm(other).json()["next_action"]["type"] == "use_stripe_sdk"
    assert sandbox.pay("stripe", "A100201") == "paid"


@pytest.mark.parametrize("kind", ["klarna", "afterpay_clearpay", "affirm"])
def test_buying_on_credit(sandbox: Sandbox, stripe: StripeMerchant, kind: str) -> None:
    """It needs a page to come back to, leads over another page, and is paid there."""
    method = {"payment_method": None, "payment_method_types[0]": kind, "payment_method_data[type]": kind}
    intent = stripe.made("A100101", **method)
    assert stripe.confirm(intent).json()["error"]["param"] == "return_url"
    page = stripe.confirm(intent, return_url=BACK).json()["next_action"]["redirect_to_url"]
    assert page["return_url"] == BACK
    assert page["url"].startswith(sandbox.control_url)
    assert sandbox.pay("stripe", "A100101") == "paid"
    assert stripe.query(intent).json()["status"] == "succeeded"


def test_in_the_page(sandbox: Sandbox, stripe: StripeMerchant) -> None:
    """Without a method the shopper's browser confirms; after a decline it may try again."""
    intent = stripe.made("A100101", payment_method=None)
    assert stripe.query(intent).json()["status"] == "requires_payment_method"
    assert sandbox.refuse("stripe", "A100101", "credit_exhausted") == "open"
    assert stripe.query(intent).json()["last_payment_error"]["decline_code"] == "insufficient_funds"
    assert sandbox.pay("stripe", "A100101") == "paid"


def test_held_captured_in_part_and_let_go(sandbox: Sandbox, stripe: StripeMerchant) -> None:
    """A manual intent sets the amount aside; a capture takes a part, and a cancel lets go of all of it."""
    intent = stripe.made("A100101", capture_method="manual")
    held = stripe.confirm(intent).json()
    assert (held["status"], held["amount_capturable"], sandbox.held()) == ("requires_capture", 1250, 0)
    assert stripe.capture(intent, amount_to_capture=2000).status_code == 400
    assert stripe.capture(intent, amount_to_capture=1000).json()["amount_received"] == 1000
    assert stripe.capture(intent).json()["error"]["code"] == "payment_intent_unexpected_state"
    other = stripe.made("A100201", capture_method="manual")
    stripe.confirm(other)
    assert stripe.cancel(other).json()["status"] == "canceled"
    assert sandbox.held() == 1000


def test_canceling(sandbox: Sandbox, stripe: StripeMerchant) -> None:
    """What is unpaid can be canceled once; what is paid shows itself instead."""
    intent = stripe.made("A100101")
    assert stripe.cancel(intent).json()["status"] == "canceled"
    for again in (stripe.cancel(intent), stripe.confirm(intent)):
        assert again.json()["error"]["payment_intent"]["status"] == "canceled"
    paid = stripe.cancel(stripe.paid("A100201"))
    assert (paid.status_code, paid.json()["error"]["payment_intent"]["status"]) == (400, "succeeded")
    declined = stripe.made("A100301", payment_method="pm_card_chargeDeclined")
    stripe.confirm(declined)
    assert stripe.cancel(declined).json()["status"] == "canceled"


# ---------------------------------------------------------------- refunds, questions


def test_only_the_key_makes_refunds_one(sandbox: Sandbox, stripe: StripeMerchant) -> None:
    """The same refund without a key is another refund, until nothing is left."""
    intent = stripe.paid("A100101")
    ids = {stripe.refund(intent, "k1", amount=500, metadata_refund="R1").json()["id"] for _ in range(2)}
    assert len(ids) == 1
    assert stripe.refund(intent, amount=500).json()["status"] == "succeeded"
    assert stripe.refund(intent, amount=500).status_code == 400
    assert stripe.refund(intent).json()["amount"] == 250
    assert stripe.refund(intent).json()["error"]["code"] == "charge_already_refunded"
    assert [each["amount"] for each in stripe.refunds(intent)] == [250, 500, 500]
    assert stripe.refunds(intent)[-1]["metadata"] == {"refund": "R1"}
    assert stripe.query(intent).json()["latest_charge"]["refunded"] is True
    assert sandbox.held() == 0


def test_what_was_not_paid_is_not_refunded(stripe: StripeMerchant) -> None:
    """There is nothing to give back."""
    assert stripe.refund(stripe.made("A100101")).status_code == 400
    assert stripe.refund("pi_nothing").status_code == 404


@pytest.mark.parametrize(
    ("currency", "units", "minor"),
    [("jpy", 500, 500), ("isk", 500, 5), ("ugx", 500, 5), ("mga", 500, 50000), ("kwd", 5120, 5120), ("huf", 512, 512)],
)
def test_the_books_hold_minor_units(
    sandbox: Sandbox, stripe: StripeMerchant, currency: str, units: int, minor: int
) -> None:
    """Stripe's units on the wire, ISO 4217's in the books, both ways."""
    intent = stripe.paid("A100101", amount=units, currency=currency)
    assert stripe.query(intent).json()["amount_received"] == units
    assert stripe.refund(intent).json()["amount"] == units
    assert [entry.amount for entry in (*sandbox.captures(), *sandbox.refunds())] == [minor, minor]


@pytest.mark.parametrize(
    ("currency", "units"), [("isk", 550), ("ugx", 1), ("kwd", 5124), ("US", 1), ("USD", 1), ("usd", 0)]
)
def test_amounts_that_cannot_be_charged(stripe: StripeMerchant, currency: str, units: int) -> None:
    """Parts of a krona, a third digit, a currency in capitals, nothing at all."""
    assert stripe.create("A100101", units, currency=currency).status_code == 400


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"auth": ("sk_test_other", "")}, 401),
        ({"auth": ("", "")}, 401),
        ({"headers": {"stripe-account": "acct_other"}}, 403),
    ],
    ids=["other key", "no key", "other account"],
)
def test_who_asks(stripe: StripeMerchant, wrong: dict[str, Any], status: int) -> None:
    """Only the account's own secret key, as a name or as a token."""
    given: dict[str, Any] = {"url": "/v1/payment_intents", "data": {"amount": "1", "currency": "usd"}, **wrong}
    assert stripe.http.post(**given).status_code == status
    token = {"authorization": f"Bearer {stripe.keys['secret_key']}"}
    assert stripe.http.get("/v1/payment_intents/pi_no", headers=token).json()["error"]["code"] == "resource_missing"


@pytest.mark.parametrize(
    "form",
    [
        b"amount=1&currency=usd&metadata[a][b]=1",
        b"amount=1&currency=usd&metadata=1",
        b"amount=1&currency=usd&payment_method_types=card",
        b"amount=1&currency=usd&payment_method_types[]=cash",
        b"amount=1&currency=usd&payment_method=pm_card_of_nobody",
        b"amount=1&currency=usd&confirm=maybe",
        b"amount=1.5&currency=usd",
        b"currency=usd",
        b"\xff=1",
        b"x",
        b"&".join(b"metadata[k%d]=1" % place for place in range(300)),
    ],
)
def test_forms_that_are_wrong(stripe: StripeMerchant, form: bytes) -> None:
    """Whatever is wrong with a form, it is a 400 with Stripe's error."""
    sent = {"content-type": "application/x-www-form-urlencoded"}
    response = stripe.http.post("/v1/payment_intents", content=form, headers=sent)
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")


# ---------------------------------------------------------------- events


def test_events_are_signed(sandbox: Sandbox, stripe: StripeMerchant) -> None:
    """Each carries the time and an HMAC over time and body under the endpoint's secret; a forger's does not."""
    with Shop() as shop:
        sandbox.notifications("stripe", "on", url=shop.url)
        intent = stripe.paid("A100101")
        arrived = shop.next()
        stamp, _, proof = arrived.headers["Stripe-Signature"].removeprefix("t=").partition(",v1=")
        message = stamp.encode() + b"." + arrived.body
        assert hmac.new(stripe.keys["webhook_secret"].encode(), message, sha256).hexdigest() == proof
        stripe.refund(intent)
        assert b'"refund.updated"' in shop.next().body
        sandbox.notifications("stripe", "forged", url=shop.url)
        stripe.made("A100201")
        forged = shop.next()
        assert b'"succeeded"' in forged.body
        stamp, _, proof = forged.headers["Stripe-Signature"].removeprefix("t=").partition(",v1=")
        message = stamp.encode() + b"." + forged.body
        assert hmac.new(stripe.keys["webhook_secret"].encode(), message, sha256).hexdigest() != proof


PIECES = st.sampled_from(
    ["amount", "currency", "metadata", "[", "]", "=", "&", "expand", "1", "usd", "%ff", "payment_method_data", "type"]
)


@pytest.mark.parametrize("path", ["payment_intents", "payment_intents/pi_1/confirm", "refunds"])
@given(form=st.lists(PIECES, max_size=14).map("".join) | st.binary(max_size=80).map(lambda raw: raw.decode("latin-1")))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_form_breaks_it(stripe: StripeMerchant, path: str, form: str) -> None:
    """Whatever is posted is answered by Stripe's JSON, and never by a crash."""
    sent = {"content-type": "application/x-www-form-urlencoded"}
    response = stripe.http.post(f"/v1/{path}", content=form.encode("latin-1"), headers=sent)
    assert response.status_code in (200, 400, 404)
    assert response.json()
