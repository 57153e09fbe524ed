"""Stripe's side of the tests: intents, errors and signed events as its API writes them, and an adapter to read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import stripe as sdk

from payfallback._core.operations import Answer, Kind, Operation
from payfallback.model import Money, Option
from payfallback.policy import Account
from payfallback.ports import HttpRequest, HttpResponse
from payfallback.providers.stripe import Stripe

API_KEY, WEBHOOK = "sk_test_made_up_for_this_run", "whsec_made_up_for_this_run"
NOW, DATE = 1794498391.0, "Thu, 12 Nov 2026 15:46:31 GMT"
Body = dict[str, Any]


class Fixed:
    """A clock that stands."""

    def __init__(self, at: float = NOW) -> None:
        self.at = at

    def monotonic(self) -> float:
        """Seconds."""
        return self.at

    def epoch(self) -> float:
        """Epoch seconds."""
        return self.at


def adapter(**more: Any) -> Stripe:
    """An adapter of the account acct_1."""
    given: dict[str, Any] = {"secrets": [API_KEY, WEBHOOK], "clock": Fixed(), **more}
    return Stripe(Account(name="card", provider="stripe", merchant="acct_1"), **given)


def operation(kind: Kind = Kind.CHARGE, product: str = "card", **more: Any) -> Operation:
    """About order A1001 of 12.50 dollars; once it was created, under pi_1."""
    made = kind is Kind.CREATE or product.startswith("elements")
    own: dict[str, Any] = {
        "option": Option("card"),
        "number": "A100101",
        "amount": Money(1250, "USD"),
        "order_id": "A1001",
        "provider_ref": "" if made and kind in (Kind.CREATE, Kind.CHARGE) else "pi_1",
        "refund_number": "R1" if kind in (Kind.REFUND, Kind.QUERY_REFUND) else "",
        "inputs": {"payment_method": "pm_card_visa"},
        "now": NOW,
    }
    return Operation(kind=kind, product=product, **{**own, **more})


def intent(status: str, **more: Any) -> Body:
    """A PaymentIntent."""
    metadata = {"attempt": "A100101", "product": "card", "order": "A1001"}
    own = {"id": "pi_1", "object": "payment_intent", "status": status, "amount": 1250, "currency": "usd"}
    paid = {
        "amount_received": 1250 if status == "succeeded" else 0,
        "amount_capturable": 1250 if status == "requires_capture" else 0,
    }
    return {**own, **paid, "client_secret": "pi_1_secret_x", "livemode": False, "metadata": metadata, **more}


def refund(status: str, **more: Any) -> Body:
    """A Refund."""
    own = {
        "id": "re_1",
        "object": "refund",
        "status": status,
        "amount": 1250,
        "currency": "usd",
        "payment_intent": "pi_1",
    }
    return {**own, "metadata": {"attempt": "A100101", "refund": "R1"}, **more}


def error(kind: str, code: str = "", **more: Any) -> Body:
    """An error."""
    return {"error": {"type": kind, "message": "made up", **({"code": code} if code else {}), **more}}


def read(
    body: Mapping[str, Any] | bytes,
    kind: Kind = Kind.CHARGE,
    status: int = 200,
    *,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Answer:
    """What is proven when Stripe answers an operation with this."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {"content-type": "application/json", "date": DATE, **(headers or {})}
    return adapter().read(operation(kind, **more), HttpResponse(status=status, headers=told, body=raw))


def form(request: HttpRequest) -> dict[str, str]:
    """The fields of a request: of its body, or of its question."""
    text = request.body.decode() if request.method == "POST" else urlsplit(request.url).query
    pairs = parse_qsl(text, keep_blank_values=True)
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)


def event(kind: str, about: Mapping[str, Any], **more: Any) -> bytes:
    """An event as Stripe posts it."""
    own = {
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "created": int(NOW),
        "livemode": False,
        "api_version": "2025-02-24.acacia",
    }
    return json.dumps({**own, "data": {"object": about}, **more}).encode()


def signed(body: bytes, secret: str = WEBHOOK, at: float = NOW) -> dict[str, str]:
    """The header that the official SDK puts on a body."""
    return {"Stripe-Signature": sdk.WebhookSignature.generate_signature_header(body.decode(), secret, int(at))}
