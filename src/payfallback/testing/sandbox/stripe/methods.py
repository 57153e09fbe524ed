"""The payment methods that Stripe offers for tests (docs.stripe.com/testing), and what each of them does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from payfallback.testing.sandbox.stripe import forms
from payfallback.testing.sandbox.stripe.errors import ApiError, invalid

REDIRECTS = ("klarna", "afterpay_clearpay", "affirm")
TYPES = ("card", *REDIRECTS)


@dataclass(frozen=True, slots=True)
class Method:
    """A way to pay. `declines`: the issuer's reason for refusing, empty when it pays. `asks`: for 3-D Secure."""

    id: str
    type: str
    brand: str = ""
    declines: str = ""
    asks: bool = False

    @property
    def redirects(self) -> bool:
        """Whether the shopper leaves for another page."""
        return self.asks or self.type in REDIRECTS

    def as_json(self) -> dict[str, Any]:
        """As an object of the API, the part that matters here."""
        card = {"card": {"brand": self.brand, "last4": "4242", "country": "US"}} if self.type == "card" else {}
        return {"id": self.id, "object": "payment_method", "type": self.type, "livemode": False, **card}


_REASONS = {
    "": "generic_decline",
    "InsufficientFunds": "insufficient_funds",
    "LostCard": "lost_card",
    "StolenCard": "stolen_card",
    "ExpiredCard": "expired_card",
    "IncorrectCvc": "incorrect_cvc",
    "ProcessingError": "processing_error",
    "VelocityLimitExceeded": "card_velocity_exceeded",
    "Fraudulent": "fraudulent",
}
_DECLINED = "chargeDeclined"
_ASKING = ("threeDSecure2Required", "threeDSecureRequired", "authenticationRequired")


def known(method_id: str) -> Method:
    """One of the test methods. Raises `ApiError`."""
    name = method_id.removeprefix("pm_card_")
    brand = next((each for each in ("visa", "mastercard", "amex", "unionpay") if name.startswith(each)), "visa")
    rest = name.removeprefix(brand).removeprefix("_")
    reason = _REASONS.get(rest.removeprefix(_DECLINED)) if rest.startswith(_DECLINED) else ""
    if name == method_id or reason is None or (rest and not reason and rest not in _ASKING):
        raise ApiError(400, "resource_missing", f"No such PaymentMethod: '{method_id}'", param="payment_method")
    return Method(method_id, "card", brand, reason, asks=rest in _ASKING)


def named(given: dict[str, Any], new_id: str) -> Method | None:
    """The method that a request names or describes; None where it does neither."""
    if method_id := forms.text(given, "payment_method"):
        return known(method_id)
    described = given.get("payment_method_data")
    if described is None:
        return None
    kind = described.get("type") if isinstance(described, dict) else None
    if kind not in REDIRECTS:
        raise invalid("payment_method_data[type]")
    return Method(new_id, str(kind))
