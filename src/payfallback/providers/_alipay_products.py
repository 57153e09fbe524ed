"""What Alipay can do, product by product, with where each value is said.

SDK: the models of the official v3 SDK (alipay-sdk-php-all), whose comments are the documentation. opendocs:
opendocs.alipay.com, open/00f7ns, 00f7nv (payment codes), 05osuz (order codes), 02ekfq to 02ekft (query, refund), as
quoted by public notes of September 2026. Pages: the models of alipay-sdk-java-all, AlipayTradePagePayModel and
AlipayTradeWapPayModel.
"""

from __future__ import annotations

from payfallback._values import changed
from payfallback.errors import ConfigError
from payfallback.policy import Capabilities

DAY = 86400.0
CREDIT = frozenset({"huabei_code", "huabei_qr", "huabei_page", "huabei_wap"})
CODES = frozenset({"code", "huabei_code"})  # paid with the shopper's payment code
PAGES = frozenset({"page", "wap", "huabei_page", "huabei_wap"})  # paid on Alipay's page, which the browser opens
INSTALMENTS = frozenset({3, 6, 12})  # facts §2: any other number is an error

_CLOSED = (
    "a trade that is closed after it was paid keeps its payment time or its sources of money (fund_bill_list); without "
    "either it was closed unpaid",
    "a charge that arrives after time_expire is refused, and not found 15 s after it is final",
    "an error answer may come without a signature; then it proves nothing and the trade is asked about",
)
_HUABEI = (
    "the number of instalments is asked for; whether the shopper paid that way is for the trade's details to say",
    "below 100 yuan instalments are not recommended, and Alipay may refuse them",
)

_CODE = Capabilities(
    starts="server",
    query_after=3.0,  # [I] design §7: 3-5 s; opendocs 00f7ns: 5 s when the shopper has to type a password
    query_every=3.0,  # opendocs 00f7nv: every 3 s; facts §2: every 3-5 s
    close=True,  # alipay.trade.cancel
    close_after=0.0,  # facts §2: at once after the last query
    close_names_trade=True,  # SDK: `action` says close or refund, and is left out for a trade that was not found
    close_refunds=True,  # SDK: a paid trade is refunded
    close_until=DAY,  # open.alitrip.com: a trade that was paid within 24 hours; afterwards TRADE_CANCEL_TIME_OUT
    resend=60.0,  # facts §2: out_trade_no is the idempotency key; [I] as long as a payment code lives
    expiry=True,  # SDK: time_expire, absolute
    expiry_min=75.0,  # SDK: at least 1 minute; [I] 15 s for the way there
    expiry_default=120.0,  # [I] design §7: 60-120 s
    not_found_after=15.0,  # [I]
    refund_until=365 * DAY,  # opendocs 00f7nr: 12 months
    settle=180.0,  # [I] design §7: 6 s when cancel names the trade, else 75 s to 3 min
    number="[0-9A-Za-z_]{6,64}",  # SDK: at most 64 letters, digits and underscores
    inputs=("code",),
    assumptions=(
        *_CLOSED,
        "asked first 3 s after a charge that nobody answered",
        "the same charge may be sent again for 60 s, the life of a payment code",
        "what pay answers may be rolled back (opendocs 00f7ns): a query has to show it, unless `paid_by` is `answer`",
    ),
)

_QR = Capabilities(
    starts="shopper",  # precreate only returns a QR code; nothing moves before the shopper scans it
    query_after=3.0,  # [I] design §7
    query_every=3.0,  # opendocs 05osuz: every 3-5 s
    close=True,  # alipay.trade.close
    close_after=0.0,
    close_names_trade=True,  # SDK: closes the unpaid trade whose numbers it answers, and refuses any other state
    resend=None,  # opendocs 05osvb: a number gets a QR code only once
    expiry=True,  # SDK: time_expire, absolute; without it a QR code lives 2 hours
    expiry_min=75.0,  # [I] as for payment codes
    expiry_default=120.0,  # [I] design §7: 60-120 s
    not_found_after=15.0,  # [I]
    refund_until=365 * DAY,
    leaves=False,  # design §7: what is shown is offered to leave, not left by itself
    settle=150.0,  # design §7: the expiry, [I] with the horizon and two questions
    number="[0-9A-Za-z_]{6,64}",
    assumptions=(
        *_CLOSED,
        "before the shopper scans the code the trade does not exist, and cannot be closed: only its expiry ends it",
    ),
)

# The charge is an address that we sign; Alipay hears of it when the shopper's browser opens it (`_alipay_pages`).
_PAGE = changed(
    _QR,
    assumptions=(
        *_CLOSED,
        "before the shopper signs in on the page the trade does not exist, and cannot be closed: only its expiry ends "
        "it",
        "an address that is opened after time_expire, or after its trade was closed, is refused",
        "that Alipay does not know the number yet is said with a signature, unless `redirect_needs` is `answer`",
    ),
)

_IN_FULL = {"code": _CODE, "qr": _QR, "page": _PAGE, "wap": _PAGE}
_PRODUCTS = {
    **_IN_FULL,
    **{f"huabei_{name}": changed(each, assumptions=(*each.assumptions, *_HUABEI)) for name, each in _IN_FULL.items()},
}


def capabilities(product: str) -> Capabilities:
    """Of one product. Raises `ConfigError` for one that this adapter does not have."""
    found = _PRODUCTS.get(product)
    if found is None:
        raise ConfigError(f"alipay has no product {product!r}", hint=f"one of {', '.join(_PRODUCTS)}")
    return found


def takes_terms(product: str, terms: int | None) -> bool:
    """Whether a product can be asked for these terms (0: in full, None: none at all)."""
    return terms in INSTALMENTS if product in CREDIT else not terms
