"""What JD's aggregate payment can do, product by product. JD publishes little of it: the kit that public repositories
quote, and one page (getScanUrl). What is not said there is an assumption, and `assumptions` says so."""

from __future__ import annotations

from collections.abc import Mapping

from payfallback._values import changed
from payfallback.errors import ConfigError
from payfallback.policy import Capabilities

DAY = 86400.0
TOOLS: Mapping[str, str] = {"jdpay_code": "JDPAY", "wechat_code": "WX", "alipay_code": "ALIPAY"}  # piType: JD's kit

_ASSUMED = (
    "JD publishes no list of error codes: a signed refusal without a trade's status proves nothing",
    "closing is not published (the kit has its fields and no address): an attempt ends only by a signed payStatus",
    "payStatus REFUND is read as the trade's money gone back, all of it",
    "asking after 3 s and every 3 s, and every other time",
    "order and refund numbers are letters and digits",
)

_BASE = Capabilities(
    query_after=3.0,  # [I]
    query_every=3.0,  # [I]
    close=False,
    resend=None,  # not said for payment codes
    not_found_after=None,  # no code for an unknown number is published
    number="[0-9A-Za-z]{6,32}",  # getScanUrl: at most 32 characters
    assumptions=_ASSUMED,
)

_CODE = changed(
    _BASE,
    starts="server",
    lives=60.0,  # [I] design §7: the life of a payment code
    settle=75.0,  # [I] design §7
    expiry=True,  # deadlineTime, absolute (JD's kit)
    expiry_min=60.0,  # [I]
    expiry_default=60.0,  # [I]
    inputs=("code",),
    assumptions=(
        *_ASSUMED,
        "deadlineTime: JD's kit calls it the time until which the trade may be paid; what arrives later is refused",
    ),
)

_QR = changed(
    _BASE,
    starts="shopper",  # getScanUrl only returns an address
    expiry=True,  # expireTime, in seconds, after which it cannot be paid
    expiry_min=60.0,  # [I]
    expiry_default=120.0,  # [I] design §7
    leaves=False,  # design §7: what is shown is offered to leave, not left by itself
    settle=120.0,  # [I]
    watch=8 * DAY,  # [I] as JD Pay V2: an order whose expireTime is ignored may live 7 days
    assumptions=(
        *_ASSUMED,
        "expireTime is a duration: from when it counts is not said, so nothing is concluded from its end",
        "nothing can be paid before the shopper has the address that getScanUrl returned",
    ),
)

_STATED = (
    "as the account's options state, and not JD in public: JD answers `not_found_code` for an unknown number; not "
    "found a minute after deadlineTime is final"
)

_PRODUCTS = {"qr": _QR, **dict.fromkeys(TOOLS, _CODE)}


def capabilities(product: str, *, absent_is_told: bool) -> Capabilities:
    """Of one product. `absent_is_told`: the merchant states how JD answers for an unknown number. Raises `ConfigError`
    for a product that this adapter does not have."""
    found = _PRODUCTS.get(product)
    if found is None:
        raise ConfigError(f"jdpay_aggregate has no product {product!r}", hint=f"one of {', '.join(_PRODUCTS)}")
    if absent_is_told and product in TOOLS:
        return changed(found, not_found_after=60.0, assumptions=(*found.assumptions, _STATED))  # [I] 60 s
    return found
