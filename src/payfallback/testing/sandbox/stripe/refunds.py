"""What Stripe does with a request about a Refund."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from payfallback.testing.sandbox.bank import Bank, Declined
from payfallback.testing.sandbox.exchange import Call
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.stripe import forms, views
from payfallback.testing.sandbox.stripe.amounts import chargeable, minor_of
from payfallback.testing.sandbox.stripe.errors import ApiError, invalid, missing
from payfallback.testing.sandbox.stripe.intents import Intent, Intents
from payfallback.testing.sandbox.trades import Refund

Told = dict[str, Any]

_REFUND = ("amount", "charge", "metadata", "payment_intent", "reason")
_REASONS = "duplicate|fraudulent|requested_by_customer"


class Refunds:
    """Refunding and asking about it. Nothing but the idempotency key keeps two requests from being two refunds."""

    def __init__(self, bank: Bank, mint: Mint, intents: Intents) -> None:
        self._bank, self._mint, self._intents = bank, mint, intents
        self.by_name: dict[str, Callable[[Call], Told]] = {
            "refund": self.refund,
            "list_refunds": self.listed,
            "retrieve_refund": self.retrieve,
        }

    def refund(self, call: Call) -> Told:
        """Give back all that is left, or an amount. Raises `ApiError`."""
        given, struck = call.given, call.struck
        forms.only(given, _REFUND)
        forms.text(given, "reason", pattern=_REASONS)
        intent, metadata, units = self._intent(given), forms.metadata(given), forms.number(given, "amount")
        if units is not None and not chargeable(units, intent.currency):
            raise invalid("amount")
        if intent.trade.paid_at is not None and not intent.trade.refundable:
            raise ApiError(400, "charge_already_refunded", "The charge has already been refunded.", saved=True)
        amount = intent.trade.refundable if units is None else minor_of(units, intent.currency)
        ref = f"re_{self._mint.text(24)}"
        self._intents.refund_metadata[ref] = metadata
        try:
            given_back = self._bank.refund(
                intent.trade,
                metadata.get("refund") or ref,
                amount,
                ref,
                late=struck.seconds("captured_late"),
                fails="declined" in struck,
                key_ignored=True,
            )
        except Declined as declined:
            raise _refused(declined) from None
        return self._told(given_back, intent, call)

    def _intent(self, given: dict[str, Any]) -> Intent:
        intent_id, charge_id = forms.text(given, "payment_intent"), forms.text(given, "charge")
        if not intent_id and not charge_id:
            raise missing("payment_intent")
        found = self._intents.find(intent_id) if intent_id else self._by_charge(charge_id)
        if found is None:
            raise ApiError(404, "resource_missing", "No such payment.", param="payment_intent")
        return found

    def _by_charge(self, charge_id: str) -> Intent | None:
        return next((each for each in self._intents.all() if each.charge_id == charge_id), None)

    def listed(self, call: Call) -> Told:
        """The refunds of one intent, or of all, newest first."""
        wanted = call.query.get("payment_intent", "")
        intents = [self._intents.get(wanted)] if wanted else self._intents.all()
        pairs = [(given_back, intent) for intent in intents for given_back in intent.trade.refunds]
        pairs.sort(key=lambda pair: pair[0].created, reverse=True)
        most = int(call.query.get("limit", "10")) if call.query.get("limit", "10").isdecimal() else 10
        data = [self._told(*pair, call) for pair in pairs[:most]]
        return {"object": "list", "url": "/v1/refunds", "has_more": len(pairs) > len(data), "data": data}

    def retrieve(self, call: Call) -> Told:
        """By its id. Raises `ApiError`."""
        for intent in self._intents.all():
            for given_back in intent.trade.refunds:
                if given_back.ref == call.path["refund"]:
                    return self._told(given_back, intent, call)
        raise ApiError(404, "resource_missing", f"No such refund: '{call.path['refund']}'", param="id")

    def _told(self, given_back: Refund, intent: Intent, call: Call) -> Told:
        extra = 1 if "wrong_amount" in call.struck else 0
        return views.refund(given_back, intent, self._intents.refund_metadata[given_back.ref], extra)


def _refused(declined: Declined) -> ApiError:
    if declined.why == "not_paid":
        return ApiError(400, "", "This PaymentIntent does not have a successful charge to refund.", saved=True)
    return ApiError(400, "", "Refund amount is greater than unrefunded amount on charge.", saved=True, param="amount")
