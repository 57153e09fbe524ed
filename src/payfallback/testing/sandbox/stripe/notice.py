"""Stripe's events: JSON, signed with the endpoint's secret over the time and the body.

Stripe is told the address once, in its dashboard; here with `Sandbox.notifications("stripe", "on", url=...)`.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from payfallback.testing.sandbox.bank import Happening
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.notices import Notice
from payfallback.testing.sandbox.stripe import views
from payfallback.testing.sandbox.stripe.intents import Intents
from payfallback.testing.sandbox.trades import Refund, Trade

API_VERSION = "2025-02-24.acacia"
_TYPES: dict[Happening, str] = {
    "paid": "payment_intent.succeeded",
    "authorized": "payment_intent.amount_capturable_updated",
    "refused": "payment_intent.payment_failed",
    "ended": "payment_intent.canceled",
    "refunded": "refund.updated",
}


def signature(secret: str, at: int, body: bytes) -> str:
    """What goes into `Stripe-Signature`."""
    proof = hmac.new(secret.encode(), b"%d.%s" % (at, body), sha256).hexdigest()
    return f"t={at},v1={proof}"


class Announcements:
    """Writes events."""

    def __init__(
        self,
        secret: str,
        intents: Intents,
        clock: Clock,
        mint: Mint,
        shop: Callable[[], str],
        page: Callable[[str], str],
    ) -> None:
        self._secret, self._intents, self._clock, self._mint = secret, intents, clock, mint
        self._shop, self._page = shop, page

    def notice(
        self, happening: Happening, trade: Trade, refund: Refund | None, *, forged: bool, extra: int
    ) -> Notice | None:
        """What happened, for the address that the shop gave; a forger says that it is paid, whatever it is."""
        url, known = self._shop(), self._intents.find(trade.ref)
        if not url or known is None:
            return None
        if refund is None:
            lie = "succeeded" if forged else ""
            told = views.intent(known, self._page(trade.number), extra, status=lie)
        else:
            told = views.refund(refund, known, self._intents.refund_metadata[refund.ref], extra)
        body = self._event("payment_intent.succeeded" if forged and refund is None else _TYPES[happening], told)
        secret = f"whsec_{self._mint.text(32)}" if forged else self._secret

        def render() -> tuple[Mapping[str, str], bytes]:
            sealed = signature(secret, int(self._clock.now()), body)
            return {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": sealed}, body

        return Notice("stripe", trade.number, happening, url, render, _taken)

    def _event(self, kind: str, told: dict[str, Any]) -> bytes:
        event = {
            "id": f"evt_{self._mint.text(24)}",
            "object": "event",
            "api_version": API_VERSION,
            "created": int(self._clock.now()),
            "data": {"object": told},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        return json.dumps(event, ensure_ascii=False).encode()


def _taken(status: int, body: bytes) -> bool:
    return 200 <= status < 300
