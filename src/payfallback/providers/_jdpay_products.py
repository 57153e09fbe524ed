"""What JD Pay V2 can do, product by product. Sources: IJPay (models), JD's own demo, the jdpay gem (which quotes JD's
documentation). JD publishes no timings for V2: every one here is an assumption, and `assumptions` says so."""

from __future__ import annotations

from collections.abc import Mapping

from payfallback._values import changed
from payfallback.errors import ConfigError
from payfallback.policy import Capabilities

DAY = 86400.0
CREDIT = frozenset({"baitiao", "baitiao_pc", "baitiao_h5", "baitiao_code"})
CODES = frozenset({"baitiao_code", "jdpay_code"})  # paid with the shopper's payment code
FORMS: Mapping[str, str] = {  # paid on JD's cashier, to which the shopper's browser posts a form: where
    "baitiao_pc": "pc",
    "baitiao_h5": "h5",
    "jdpay_pc": "pc",
    "jdpay_h5": "h5",
}

_ASSUMED = (
    "JD publishes no V2 timings: asking after 3 s, and every time below, is an assumption",
    "JD publishes no V2 result codes: an unsigned refusal proves nothing, so an attempt ends only by a signed status",
    "JD has no code for an unknown number: what never arrived stays unknown until a person or JD's bill settles it",
    "revoke closes an unpaid trade for good and refunds a paid one: quoted from JD's documentation by a third party; "
    "its earliest and latest time are unknown, and which of the two it did is read from the next query",
    "a revoke is a trade of its own: its number is the attempt's with C at the end",
    "refund status 0 in progress, 1 done, 2 failed: as JD's demo pages show it",
    "sending a tradeNum again counts as a second payment, so a charge is never sent twice",
)

_BASE = Capabilities(
    query_after=3.0,  # [I] design §7
    query_every=3.0,  # [I]
    close=True,  # revoke: the jdpay gem README; RevokeModel of IJPay
    close_names_trade=False,  # its status says whether the revoke worked, not whether it closed or refunded
    close_refunds=True,  # the jdpay gem README: a paid order is refunded
    resend=None,  # facts §1.2: a tradeNum used again is a duplicate payment
    not_found_after=None,  # no code for it is known
    number="[0-9A-Za-z]{6,31}",  # facts §9, within 32; one place is left for the revoke's own number
    assumptions=_ASSUMED,
)

_CASHIER = changed(
    _BASE,
    starts="shopper",  # uniorder only creates; the shopper pays on JD's cashier
    expiry=True,  # expireTime, in seconds (JD's demo: afterwards it cannot be paid)
    expiry_min=60.0,  # [I] design §7
    expiry_default=120.0,  # [I] design §7
    leaves=False,  # design §7: what is shown is offered to leave, not left by itself
    settle=120.0,  # [I] design §7: 60-120 s with an expiry
    watch=8 * DAY,  # an order without (or with an ignored) expireTime lives 7 days (JD's demo)
    assumptions=(
        *_ASSUMED,
        "expireTime is a duration: whether JD counts it from tradeTime or from arrival is unknown, so nothing is "
        "concluded from its end; a revoke and a query follow",
        "nothing can be paid before the shopper has the QR code that uniorder returned",
    ),
)

_FORM = changed(
    _CASHIER,
    assumptions=(
        *_CASHIER.assumptions,
        "JD knows nothing of a form before a browser posts it: one that was shown and never posted stays unknown (a "
        "person is told after a day), unless `not_found_code` and `expiry_counts_from` say how JD tells and when it "
        "refuses",
        "an answer of JD's without an envelope, to the question whether the number is taken, is read as `it is not`",
    ),
)

_CODE = changed(
    _BASE,
    starts="server",
    lives=60.0,  # [I] design §7: the life of a payment code
    settle=75.0,  # [I] design §7
    inputs=("code",),
    assumptions=(*_ASSUMED, "a payment code lives 60 s, and a silent charge is decided after 75 s at the latest"),
)

_TERMS = "which way of paying the shopper takes on JD's cashier is JD's matter; installmentNum asks for the terms"
_STATED = (
    "as the account's options state, and not JD in public: JD answers `not_found_code` for an unknown number, and an "
    "order cannot be paid `expireTime` seconds after its tradeTime; not found a minute later is final"
)

_PRODUCTS = {
    "baitiao": changed(_CASHIER, plans=True, assumptions=(*_CASHIER.assumptions, _TERMS)),
    "baitiao_pc": changed(_FORM, plans=True, assumptions=(*_FORM.assumptions, _TERMS)),
    "baitiao_h5": changed(_FORM, plans=True, assumptions=(*_FORM.assumptions, _TERMS)),
    "jdpay": _CASHIER,
    "jdpay_pc": _FORM,
    "jdpay_h5": _FORM,
    "baitiao_code": changed(
        _CODE,
        assumptions=(
            *_CODE.assumptions,
            "fkmPay has no field for a number of instalments: only `full` can be asked for with a payment code",
        ),
    ),
    "jdpay_code": _CODE,
}


def capabilities(product: str, *, absent_is_told: bool = False) -> Capabilities:
    """Of one product. `absent_is_told`: the merchant states how JD answers for an unknown number, and that expireTime
    counts from tradeTime. Raises `ConfigError` for a product that JD Pay does not have."""
    found = _PRODUCTS.get(product)
    if found is None:
        raise ConfigError(f"jdpay has no product {product!r}", hint=f"one of {', '.join(_PRODUCTS)}")
    if absent_is_told and found.expiry:
        return changed(found, not_found_after=60.0, assumptions=(*found.assumptions, _STATED))  # [I] 60 s
    return found


def charged_by(product: str) -> str:
    """The service that charges. For a form it is the question whether its number is free: JD gets the form itself from
    the shopper's browser."""
    if product in FORMS:
        return "query"
    return "fkmPay" if product in CODES else "uniorder"


def takes_terms(product: str, terms: int | None) -> bool:
    """Whether a product can be asked for these terms (0: in full, None: none at all)."""
    return (product in CREDIT and product not in CODES) or not terms
