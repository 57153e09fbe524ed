"""What Stripe keeps of a PaymentIntent and of a Refund, beside the trade in the books."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from payfallback.testing.sandbox.stripe import errors
from payfallback.testing.sandbox.stripe.errors import ApiError
from payfallback.testing.sandbox.stripe.methods import Method
from payfallback.testing.sandbox.trades import State, Trade

STATUSES = {
    State.CREATED: "requires_confirmation",
    State.OPEN: "requires_payment_method",  # the shopper's browser confirms it
    State.CONFIRMING: "requires_action",
    State.PROCESSING: "processing",
    State.AUTHORIZED: "requires_capture",
    State.PAID: "succeeded",
    State.REFUSED: "requires_payment_method",
    State.CLOSED: "canceled",
}


@dataclass(slots=True, eq=False)
class Intent:
    """A PaymentIntent. `currency` in small letters, as Stripe writes it."""

    id: str
    trade: Trade
    currency: str
    secret: str = field(repr=False)
    charge_id: str
    types: list[str]
    metadata: dict[str, str]
    manual: bool = False
    method: Method | None = None
    customer: str = ""
    tried: Method | None = None  # what the shopper last tried to pay with

    @property
    def status(self) -> str:
        """Stripe's word for where it stands."""
        return STATUSES[self.trade.state]

    @property
    def error(self) -> dict[str, Any] | None:
        """Why the last try failed, until another one works."""
        trade = self.trade
        if not trade.cause or trade.state not in (State.REFUSED, State.OPEN):
            return None
        tried = self.tried or Method("pm_in_page", "card", "visa")
        if tried.type != "card":
            return errors.of_redirect(trade.cause)
        told = errors.of_card(trade.cause, tried.brand)
        return {**told, "charge": self.charge_id, "payment_method": tried.as_json()}


class Intents:
    """Every intent by its id, and the metadata of refunds by theirs."""

    def __init__(self) -> None:
        self._by_id: dict[str, Intent] = {}
        self.refund_metadata: dict[str, dict[str, str]] = {}

    def add(self, intent: Intent) -> None:
        """Keep a new one."""
        self._by_id[intent.id] = intent

    def all(self) -> list[Intent]:
        """Oldest first."""
        return list(self._by_id.values())

    def find(self, intent_id: str) -> Intent | None:
        """By its id."""
        return self._by_id.get(intent_id)

    def get(self, intent_id: str) -> Intent:
        """By its id. Raises `ApiError`."""
        found = self._by_id.get(intent_id)
        if found is None:
            raise ApiError(404, "resource_missing", f"No such payment_intent: '{intent_id}'", param="intent")
        return found
