"""Whatever arrives in Stripe's name: no exception, and nothing is proven by what is not its JSON, or not signed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stripe_counterpart import adapter, event, intent, operation, refund, signed

from payfallback._core.operations import Kind
from payfallback.errors import NotAuthentic
from payfallback.ports import HttpResponse
from payfallback.providers.stripe import Stripe
from payfallback.taxonomy import Verdict

ADAPTER: Stripe = adapter()
KINDS = st.sampled_from([kind for kind in Kind if kind is not Kind.PLANS])
PRODUCTS = st.sampled_from(["card", "card_hold", "elements", "klarna"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
HEADERS = st.dictionaries(
    st.sampled_from(["stripe-signature", "stripe-should-retry", "date", "retry-after"]), st.text(max_size=60)
)
STATUSES = st.integers(100, 599)
NAMES = st.sampled_from(
    [
        *("object", "id", "status", "amount", "amount_received", "amount_capturable", "currency", "metadata", "data"),
        *("last_payment_error", "latest_charge", "next_action", "client_secret", "livemode", "error", "has_more"),
        *("created", "payment_intent", "type", "code", "decline_code", "payment_method", "refunded", "amount_refunded"),
    ]
)


@given(st.binary(max_size=300) | JSON.map(lambda found: json.dumps(found).encode()), HEADERS, STATUSES, KINDS, PRODUCTS)
@settings(max_examples=250)
def test_any_bytes(body: bytes, headers: dict[str, str], status: int, kind: Kind, product: str) -> None:
    """Bytes from anywhere are UNKNOWN as an answer, and no notification."""
    answer = ADAPTER.read(operation(kind, product), HttpResponse(status=status, headers=headers, body=body))
    assert answer.verdict in (Verdict.UNKNOWN, Verdict.NOT_FOUND)
    assert not answer.final
    with pytest.raises(NotAuthentic):
        ADAPTER.notification(headers, body, "")


@given(st.dictionaries(NAMES, JSON, max_size=5), st.sampled_from([intent, refund]), KINDS, PRODUCTS, STATUSES)
@settings(max_examples=300)
def test_an_object_with_any_field_replaced(
    odd: dict[str, Any], made: Any, kind: Kind, product: str, status: int
) -> None:
    """An intent or a refund with odd values in it never raises, and never pays more or other money than it says."""
    body = {**made("succeeded"), **odd}
    answer = ADAPTER.read(operation(kind, product), HttpResponse(status=status, body=json.dumps(body).encode()))
    if answer.verdict is Verdict.CAPTURED:
        assert answer.amount is not None
        assert type(body["amount_received"]) is int
        assert answer.provider_ref == body["id"]
    assert not answer.final


@given(st.dictionaries(NAMES, JSON, max_size=6), KINDS, STATUSES)
@settings(max_examples=200)
def test_any_error(said: dict[str, Any], kind: Kind, status: int) -> None:
    """An error of any shape proves at most a refusal, and never the end of a number or money that moved."""
    body = json.dumps({"error": said}).encode()
    answer = ADAPTER.read(operation(kind), HttpResponse(status=status, body=body))
    assert answer.verdict in (Verdict.UNKNOWN, Verdict.DECLINED)
    assert answer.verdict is Verdict.UNKNOWN or 300 <= status < 500
    assert not answer.final


@given(st.dictionaries(NAMES, JSON, max_size=6), st.text(max_size=30), st.sampled_from([intent, refund]))
@settings(max_examples=150)
def test_any_signed_event(odd: dict[str, Any], kind: str, made: Any) -> None:
    """A signed event of any shape is a notice about a number, or refused."""
    about = {**made("succeeded"), **odd}
    for name in (kind, "payment_intent.succeeded", "refund.updated", "charge.refunded"):
        body = event(name, about)
        try:
            notice = ADAPTER.notification(signed(body), body, "")
        except NotAuthentic:
            continue
        assert notice.number
        assert notice.answer.verdict is not Verdict.CAPTURED or notice.answer.amount is not None
