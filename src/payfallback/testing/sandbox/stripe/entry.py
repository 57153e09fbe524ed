"""Stripe's place in the sandbox."""

from __future__ import annotations

from payfallback.testing.sandbox.entry import Entry, Parts
from payfallback.testing.sandbox.exchange import Provider
from payfallback.testing.sandbox.notices import Announcer
from payfallback.testing.sandbox.stripe.intents import Intents
from payfallback.testing.sandbox.stripe.keys import make_keys
from payfallback.testing.sandbox.stripe.notice import Announcements
from payfallback.testing.sandbox.stripe.provider import Stripe


def _build(parts: Parts) -> tuple[Provider, Announcer]:
    known, intents = parts.keys.credentials, Intents()
    stripe = Stripe(known, parts.bank, parts.clock, parts.mint, intents, parts.page)
    told = Announcements(known["webhook_secret"], intents, parts.clock, parts.mint, parts.shop, parts.page)
    return stripe, told


ENTRY = Entry(
    name="stripe",
    words={"zh": "Stripe", "en": "Stripe"},
    port=8704,
    make_keys=make_keys,
    build=_build,
    refusals_are_final=False,  # in the page the shopper may try another card
    tells=frozenset({"paid", "authorized", "refused", "ended", "refunded"}),
)
