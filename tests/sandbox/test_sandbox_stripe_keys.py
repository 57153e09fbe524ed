"""Idempotency keys at the sandbox's Stripe: what is repeated, what is refused, and for how long."""

from __future__ import annotations

import httpx
import pytest
from sandbox_stripe_client import StripeMerchant

from payfallback.testing.sandbox import Sandbox


def test_a_key_repeats_its_answer(sandbox: Sandbox, stripe: StripeMerchant) -> None:
    """The same key is the same answer, declines too, and says so in a header."""
    first, again = (stripe.create("A100101", key="k1") for _ in range(2))
    assert first.json() == again.json()
    assert [each.headers.get("idempotent-replayed") for each in (first, again)] == [None, "true"]
    assert len(stripe.search("A100101")) == 1
    intent = stripe.made("A100201", payment_method="pm_card_chargeDeclined")
    assert [stripe.confirm(intent, key="k2").status_code for _ in range(2)] == [402, 402]


def test_a_500_is_repeated_as_well(sandbox: Sandbox, stripe: StripeMerchant) -> None:
    """Once the work began its failure is what the key stands for, although the money moved; so Stripe says not to
    retry."""
    intent = stripe.made("A100101")
    sandbox.fault("stripe", "http_503:processed", operation="charge", times=1)
    answers = [stripe.confirm(intent, key="k1") for _ in range(2)]
    assert [(each.status_code, each.headers["stripe-should-retry"]) for each in answers] == [(503, "false")] * 2
    assert stripe.query(intent).json()["status"] == "succeeded"


def test_what_never_began_is_not_kept(sandbox: Sandbox, stripe: StripeMerchant) -> None:
    """Refused parameters, limits and outages before the work leave the key free."""
    assert stripe.create("A100101", key="k1", amount_of="7").json()["error"]["code"] == "parameter_unknown"
    sandbox.fault("stripe", "rate_limited", times=1)
    assert stripe.create("A100101", key="k1").status_code == 429
    sandbox.fault("stripe", "http_503", times=1)
    assert stripe.create("A100101", key="k1").headers["stripe-should-retry"] == "true"
    assert stripe.create("A100101", key="k1").status_code == 200


def test_a_key_stands_for_one_request(stripe: StripeMerchant) -> None:
    """Other parameters, or another endpoint, under the same key are refused."""
    intent = stripe.create("A100101", key="k1").json()["id"]
    for other in (stripe.create("A100101", 99, key="k1"), stripe.confirm(intent, key="k1")):
        assert (other.status_code, other.json()["error"]["type"]) == (400, "idempotency_error")


def test_a_key_is_busy_while_its_request_is(sandbox: Sandbox, stripe: StripeMerchant) -> None:
    """A second request while the first is under way is refused with 409."""
    intent = stripe.made("A100101")
    sandbox.fault("stripe", "slow:60", operation="charge", times=1)
    with (
        StripeMerchant(sandbox.url("stripe"), stripe.keys, timeout=0.1) as impatient,
        pytest.raises(httpx.ReadTimeout),
    ):
        impatient.confirm(intent, key="k1")
    assert stripe.confirm(intent, key="k1").status_code == 409
    sandbox.advance(61)
    assert stripe.confirm(intent, key="k1").json()["status"] == "succeeded"
    assert len(sandbox.captures()) == 1


def test_a_key_lives_a_day(sandbox: Sandbox, stripe: StripeMerchant) -> None:
    """Afterwards the same key is a new request."""
    first = stripe.create("A100101", key="k1").json()["id"]
    sandbox.advance(86399)
    assert stripe.create("A100101", key="k1").json()["id"] == first
    sandbox.advance(2)
    assert stripe.create("A100101", key="k1").json()["id"] != first
