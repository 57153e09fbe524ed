"""Stripe's events: signed by the official SDK's arithmetic, believed only then, and what they prove."""

from __future__ import annotations

import json
from typing import Any

import pytest
import stripe as sdk
from stripe_counterpart import NOW, WEBHOOK, Fixed, adapter, error, event, intent, refund, signed

from payfallback._core.operations import Kind, Notice
from payfallback.errors import NotAuthentic
from payfallback.model import Money
from payfallback.taxonomy import Cause, Verdict

PAID = event("payment_intent.succeeded", intent("succeeded"))
OLD_SECRET = "whsec_of_last_year"


def told(kind: str, about: Any, **more: Any) -> Notice:
    """What an event proves."""
    body = event(kind, about, **more)
    return adapter().notification(signed(body), body, "")


def test_paid() -> None:
    """A payment's event names the number, the amount and Stripe's time."""
    notice = told("payment_intent.succeeded", intent("succeeded"))
    assert (notice.kind, notice.number, notice.id) == (Kind.CHARGE, "A100101", "evt_1")
    answer = notice.answer
    assert (answer.verdict, answer.amount, answer.provider_ref) == (Verdict.CAPTURED, Money(1250, "USD"), "pi_1")
    assert answer.provider_time == NOW


@pytest.mark.parametrize(
    ("kind", "status", "verdict"),
    [
        ("payment_intent.created", "requires_confirmation", Verdict.PENDING),
        ("payment_intent.requires_action", "requires_action", Verdict.PENDING),
        ("payment_intent.processing", "processing", Verdict.PENDING),
        ("payment_intent.amount_capturable_updated", "requires_capture", Verdict.AUTHORISED),
        ("payment_intent.canceled", "canceled", Verdict.CLOSED),
    ],
)
def test_states(kind: str, status: str, verdict: Verdict) -> None:
    """The intent in the event is what counts, not the event's name."""
    notice = told(kind, intent(status))
    assert notice.answer.verdict is verdict
    assert notice.answer.action is None


def test_a_failed_try() -> None:
    """A decline is told with its reason, and is no end."""
    failed = error("card_error", "card_declined", decline_code="insufficient_funds")["error"]
    answer = told("payment_intent.payment_failed", intent("requires_payment_method", last_payment_error=failed)).answer
    assert (answer.verdict, answer.cause, answer.final) == (Verdict.DECLINED, Cause.CREDIT_EXHAUSTED, False)


@pytest.mark.parametrize("kind", ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"])
def test_a_refund_of_ours(kind: str) -> None:
    """A refund's event names our refund number and the payment's."""
    notice = told(kind, refund("failed" if kind == "refund.failed" else "succeeded"))
    assert (notice.kind, notice.number, notice.refund_number) == (Kind.REFUND, "A100101", "R1")
    assert notice.answer.verdict is (Verdict.REFUND_FAILED if kind == "refund.failed" else Verdict.REFUNDED)


def test_a_refund_made_in_the_dashboard() -> None:
    """It has no number of ours: it is told for the payment that it belongs to."""
    notice = told("refund.created", refund("succeeded", metadata={}))
    assert (notice.kind, notice.number, notice.refund_number) == (Kind.REFUND, "pi_1", "")


def test_a_charge_that_went_back() -> None:
    """All of it is a refunded payment; a part of it is no decision."""
    charge = {"object": "charge", "payment_intent": "pi_1", "metadata": {"attempt": "A100101"}, "currency": "usd"}
    whole = told("charge.refunded", {**charge, "amount_refunded": 1250, "refunded": True})
    assert (whole.kind, whole.number, whole.answer.verdict) == (Kind.CHARGE, "A100101", Verdict.REFUNDED)
    assert whole.answer.amount == Money(1250, "USD")
    part = told("charge.refunded", {**charge, "amount_refunded": 250, "refunded": False})
    assert (part.kind, part.answer.verdict) == (Kind.REFUND, Verdict.UNKNOWN)


def test_an_intent_of_other_code_is_told_by_its_id() -> None:
    """A payment that was adopted has no number of ours in its metadata."""
    assert told("payment_intent.succeeded", intent("succeeded", metadata={})).number == "pi_1"


# ---------------------------------------------------------------- signatures


def test_the_sdk_believes_what_we_believe() -> None:
    """The official SDK accepts the same header and body, and refuses the same change to it."""
    headers = signed(PAID)
    parts = dict(part.split("=") for part in headers["Stripe-Signature"].split(","))
    sdk.WebhookSignature.verify_header(PAID, headers["Stripe-Signature"], WEBHOOK, tolerance=None)
    assert int(parts["t"]) == int(NOW)
    changed = PAID.replace(b"1250", b"9250")
    with pytest.raises(sdk.SignatureVerificationError):
        sdk.WebhookSignature.verify_header(changed, headers["Stripe-Signature"], WEBHOOK, tolerance=None)
    with pytest.raises(NotAuthentic):
        adapter().notification(headers, changed, "")


def test_while_a_secret_is_rolled_both_are_right() -> None:
    """Several secrets verify, and of several signatures one has to hold."""
    ours = adapter(secrets=["sk_test_x_made_up", OLD_SECRET, WEBHOOK])
    assert ours.notification(signed(PAID, OLD_SECRET), PAID, "").number == "A100101"
    proofs = [signed(PAID, secret)["Stripe-Signature"].split(",")[1] for secret in ("whsec_of_another", WEBHOOK)]
    header = {"stripe-signature": f"t={int(NOW)},{proofs[0]},v0={'0' * 64},{proofs[1]}"}
    assert ours.notification(header, PAID, "").number == "A100101"


@pytest.mark.parametrize(("age", "believed"), [(299, True), (301, False), (-299, True), (-301, False)])
def test_old_and_early_events_are_refused(age: float, believed: bool) -> None:
    """Within 300 s of our clock, both ways."""
    ours = adapter(clock=Fixed(NOW + age))
    if believed:
        assert ours.notification(signed(PAID), PAID, "").number == "A100101"
    else:
        with pytest.raises(NotAuthentic, match=r"30[01] s"):
            ours.notification(signed(PAID), PAID, "")


GOOD = signed(PAID)["Stripe-Signature"]
PROOF = GOOD.split("v1=")[1]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "garbage",
        f"t={int(NOW)}",
        f"v1={PROOF}",
        f"t={int(NOW) + 1},v1={PROOF}",
        f"t={int(NOW)},t={int(NOW)},v1={PROOF}",
        f"t={int(NOW)}.0,v1={PROOF}",
        f"t={int(NOW)},v0={PROOF}",
        f"t={int(NOW)},v1={PROOF[:-1]}",
        f"t={int(NOW)},v1={PROOF.upper()}",
        f"t={int(NOW)},v1={'é' * 64}",
        signed(PAID, "whsec_of_another")["Stripe-Signature"],
    ],
)
def test_signatures_that_do_not_hold(header: str) -> None:
    """A header that is missing, cut, of another scheme or under another secret proves nothing."""
    with pytest.raises(NotAuthentic):
        adapter().notification({"Stripe-Signature": header}, PAID, "")


def test_without_a_webhook_secret_nothing_is_believed() -> None:
    """An account without one cannot verify, and says what to do."""
    with pytest.raises(NotAuthentic, match="whsec_"):
        adapter(secrets=["sk_test_x_made_up"]).notification(signed(PAID), PAID, "")


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b'{"object":"event"}',
        json.dumps({"object": "v2.core.event", "type": "x"}).encode(),
        event("customer.created", {"object": "customer", "id": "cus_1"}),
        event("charge.succeeded", {"object": "charge", "payment_intent": "pi_1"}),
        event("payment_intent.succeeded", {"object": "charge"}),
        event("payment_intent.succeeded", {"object": "payment_intent"}),
        event("payment_intent.succeeded", intent("succeeded"), account="acct_9"),
    ],
    ids=["null", "no data", "thin", "customer", "charge", "another kind", "no number", "another account"],
)
def test_authentic_and_about_nothing_of_ours(body: bytes) -> None:
    """A signature alone makes no payment."""
    with pytest.raises(NotAuthentic, match="authentic, but"):
        adapter().notification(signed(body), body, "")


def test_a_connected_account_is_told_apart() -> None:
    """With `stripe_account` only its events are ours."""
    ours = adapter(options={"stripe_account": "acct_9"})
    body = event("payment_intent.succeeded", intent("succeeded"), account="acct_9")
    assert ours.notification(signed(body), body, "").number == "A100101"
    with pytest.raises(NotAuthentic, match="another account"):
        ours.notification(signed(PAID), PAID, "")


def test_the_answer_to_stripe() -> None:
    """2xx ends it; anything else asks for another one."""
    assert [adapter().acknowledge(handled)[0] for handled in (True, False)] == [200, 500]
