"""What Stripe can do, product by product, with where each value is said.

docs.stripe.com: /api/idempotent_requests and /error-low-level (keys), /payments/paymentintents/lifecycle (states),
/search (data freshness), /changelog/acacia/2025-02-24 (Klarna, Afterpay). [I]: inferred.
"""

from __future__ import annotations

from payfallback._values import changed, value
from payfallback.errors import ConfigError
from payfallback.policy import Capabilities

DAY = 86400.0

_CARD = Capabilities(
    starts="server",
    query_after=0.0,  # the intent is read by its id, which is current at once
    query_every=2.0,  # [I]
    close=True,
    close_after=0.0,
    close_names_trade=True,  # it answers with the intent, `canceled`, or refuses and shows it
    resend=DAY,  # keys are kept for at least 24 hours; a resend answers what the first request did
    expiry=False,  # an intent has none
    not_found_after=None,  # without its id an intent is only found by search, which lags
    creates=True,
    leaves=True,
    settle=6.0,  # design §7: a query and a cancel
    number="[0-9A-Za-z_-]{6,64}",  # metadata takes 500 characters, keys 255
    inputs=("payment_method",),
    card=("card_fingerprint", "payment_method"),
    assumptions=(
        "asked every 2 s while it is open",
        "an intent that was created and never confirmed moves no money, so nothing is lost when its id was",
        "a canceled intent stays canceled",
    ),
)
_REDIRECT = changed(
    _CARD,
    starts="shopper",  # nothing moves before the shopper agrees on the page that confirming returned
    leaves=False,  # design §7: what is shown is offered to leave, not left by itself
    inputs=(),
    card=(),
)
_IN_PAGE = changed(_REDIRECT, creates=False)  # one step: the page's script confirms


@value
class Product:
    """A way to use PaymentIntents. `method`: what is offered, empty for what the account's option says. `manual`:
    the money is only held, and a capture takes it. `in_page`: the shopper's browser confirms with the client secret."""

    capabilities: Capabilities
    method: str
    manual: bool = False
    in_page: bool = False

    @property
    def redirects(self) -> bool:
        """Whether paying always leads over a page of another company's."""
        return self.method not in ("", "card")


_PLAIN = {
    "card": Product(_CARD, "card"),
    "elements": Product(_IN_PAGE, "", in_page=True),
    "klarna": Product(_REDIRECT, "klarna"),
    "afterpay_clearpay": Product(_REDIRECT, "afterpay_clearpay"),
    "affirm": Product(_REDIRECT, "affirm"),
}


def _held(plain: Product) -> Product:
    return changed(plain, capabilities=changed(plain.capabilities, authorises=True), manual=True)


PRODUCTS = {**_PLAIN, **{f"{name}_hold": _held(plain) for name, plain in _PLAIN.items()}}


def product(name: str) -> Product:
    """By its name. Raises `ConfigError` for one that this adapter does not have."""
    found = PRODUCTS.get(name)
    if found is None:
        raise ConfigError(f"stripe has no product {name!r}", hint=f"one of {', '.join(PRODUCTS)}")
    return found
