"""What UnionPay (ACP 5.1.0) can do, product by product, with where each value is said.

Demo: UnionPay's own demo and SDK for Java, C# and PHP (gateway, app, token and QR code products), whose comments are
what the public knows of its documentation. Timings without a source are assumptions, and `assumptions` says so.
"""

from __future__ import annotations

from collections.abc import Mapping

from payfallback._values import value
from payfallback.errors import ConfigError
from payfallback.policy import Capabilities

DAY = 86400.0
REFUNDABLE = 330 * DAY  # demo: consumption of the last 11 months
_NUMBER = "[0-9A-Za-z]{8,32}"  # demo: 8 to 40 (older ones: 32) letters and digits; a refund adds two characters


@value(kw_only=True)
class Product:
    """How a product's charge is put: its address and the three fields that name it."""

    path: str
    sub_type: str
    biz_type: str
    channel_type: str


PRODUCTS: Mapping[str, Product] = {
    "front": Product(path="frontTransReq", sub_type="01", biz_type="000201", channel_type="07"),
    "app": Product(path="appTransReq", sub_type="01", biz_type="000201", channel_type="08"),
    "code": Product(path="backTransReq", sub_type="06", biz_type="000000", channel_type="08"),
    "token": Product(path="backTransReq", sub_type="01", biz_type="000902", channel_type="07"),
}
SHOWN = frozenset({"front", "app"})  # the shopper pays on UnionPay's page or in its app

_ALL = (
    "sending a charge again under its number is never one charge: UnionPay calls it a repetition (12)",
    "beyond six questions UnionPay may say that it is asked too often (37); that says nothing about the trade",
    "01, 12 and 60 stay open, as in UnionPay's demo for payouts: they are asked about and never end a trade",
    "42, 74 and 75 say that money was taken: such a trade is for a person and is never left",
    "a refund that is sent again under its number and time is one refund (12 to the second): UnionPay calls them a key",
)
_IN_TIME = (
    "what a question after payTimeout says is final (demo); 60 s more are waited for, an assumption",
    "a payment at a bank's own page may still succeed after payTimeout; UnionPay then gives it back by itself (demo)",
    "before payTimeout a failure and an unknown number may pass (demo), so neither ends the trade",
)

_FRONT = Capabilities(
    starts="shopper",  # nothing reaches UnionPay before the shopper's browser posts the form
    query_after=300.0,  # demo: front transactions are asked about after 5, 10, 30, 60 and 120 minutes
    query_every=300.0,
    close=False,  # none is known: design §7
    resend=None,
    expiry=True,  # demo: payTimeout, absolute
    expiry_min=60.0,  # [I]
    expiry_default=900.0,  # demo: the time of payment and 15 minutes
    not_found_after=60.0,  # [I]; demo: what is said after payTimeout is final
    refund_until=REFUNDABLE,
    leaves=False,  # design §7: never by itself
    settle=960.0,  # payTimeout, and the 60 s
    watch=8 * DAY,  # demo: a late payment is given back within about 5 working days
    number=_NUMBER,
    assumptions=(
        *_ALL,
        *_IN_TIME,
        "before the form is shown its number is asked about: UnionPay is known to answer, and the number to be unused",
    ),
)

_APP = Capabilities(
    starts="shopper",  # appTransReq only returns the tn that the shopper's app needs
    query_after=300.0,
    query_every=300.0,
    close=False,
    resend=None,
    expiry=True,
    expiry_min=60.0,
    expiry_default=900.0,
    not_found_after=60.0,
    refund_until=REFUNDABLE,
    leaves=False,
    settle=960.0,
    watch=8 * DAY,
    number=_NUMBER,
    assumptions=(*_ALL, *_IN_TIME),
)

_CODE = Capabilities(
    starts="server",
    query_after=1.0,  # demo: back transactions are asked about after 1, 2, 4, 8, 16 and 32 s
    query_every=2.0,
    close=True,  # demo: the reversal (txnType 99) of a payment code, under the charge's own orderId and txnTime
    close_after=5.0,  # [I] design §7: 5-35 s
    close_names_trade=False,  # demo: 00 is done; what a question then says is not written, so one is asked
    close_refunds=True,  # a reversal gives back what was paid
    close_until=DAY,  # design §7: the same clearing day
    resend=None,
    lives=60.0,  # [I] the life of a payment code
    refund_until=REFUNDABLE,
    settle=35.0,  # [I] design §7: 5-35 s
    number=_NUMBER,
    inputs=("code",),
    assumptions=(
        *_ALL,
        "a reversal works until the end of its clearing day, and no sooner than 5 s after the charge",
        "after a reversal a question tells of the reversal (txnType 99) or of a failure; one that still tells of a "
        "paid trade is believed, and the money is asked back",
        "a payment code lives 60 s; UnionPay takes no expiry for it, so what it never heard of stays for a person",
    ),
)

_TOKEN = Capabilities(
    starts="server",
    query_after=1.0,  # demo: 1, 2, 4, 8, 16, 32 s
    query_every=2.0,
    close=False,
    resend=None,
    refund_until=REFUNDABLE,
    leaves=False,  # design §7: put it last
    settle=63.0,  # demo: the sum of its waits; later the next day's bill decides
    number=_NUMBER,
    inputs=("token",),
    assumptions=(
        *_ALL,
        "the merchant is set up without a text message at each payment: a code would have to be asked for under the "
        "attempt's own number",
        "which banks take which number of instalments is the merchant's agreement with UnionPay",
    ),
)

_CAPABILITIES = {"front": _FRONT, "app": _APP, "code": _CODE, "token": _TOKEN}


def capabilities(product: str) -> Capabilities:
    """Of one product. Raises `ConfigError` for one that this adapter does not have."""
    found = _CAPABILITIES.get(product)
    if found is None:
        raise ConfigError(f"unionpay has no product {product!r}", hint=f"one of {', '.join(_CAPABILITIES)}")
    return found


def takes_terms(product: str, terms: int | None) -> bool:
    """Whether a product can be asked for these terms (0: in full, None: none at all). Demo: a token's consumption in
    instalments, whose number has two digits."""
    return not terms or (product == "token" and 2 <= terms <= 99)
