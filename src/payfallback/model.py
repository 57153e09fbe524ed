"""What a shop hands in: money, orders, shoppers, options, and what a shopper is shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Context, Decimal, DecimalException, DivisionByZero, Inexact, InvalidOperation, Overflow
from functools import lru_cache
from hashlib import sha256
from typing import ClassVar

from payfallback._values import field, value
from payfallback.errors import MoneyInvalid, OrderInvalid, UnknownOption

_EXPONENTS: dict[str, int] = {"CNY": 2, "USD": 2, "EUR": 2, "HKD": 2, "JPY": 0}  # the rest: iso4217, on first use


def exponent_of(currency: str) -> int:
    """Digits after the point of one currency, from ISO 4217. Raises `MoneyInvalid` for an unknown currency."""
    try:
        known = _EXPONENTS.get(currency)
    except TypeError:  # a list, for one
        raise MoneyInvalid(f"a currency is {_seen(currency)}", hint="use an ISO 4217 code such as CNY") from None
    if known is not None:
        return known
    from iso4217 import Currency  # loads the ISO table: only for currencies beyond the common five

    try:
        digits = Currency(currency).exponent
    except ValueError:
        raise MoneyInvalid(f"unknown currency {currency!r}", hint="use an ISO 4217 code such as CNY") from None
    if digits is None:
        raise MoneyInvalid(f"currency {currency!r} has no minor unit", hint="use a currency that can be paid in")
    _EXPONENTS[currency] = digits
    return digits


# Of our own: under the shop's own context, of four digits for one, an amount would be rounded without a word.
_EXACT = Context(prec=30, Emin=-99, Emax=29, traps=[InvalidOperation, Inexact, Overflow, DivisionByZero])


@value
class Money:
    """An amount in whole minor units (fen, cents) of one ISO 4217 currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise MoneyInvalid(f"minor units must be an int, not {type(self.minor).__name__}", hint="use Money.of")
        if self.minor < 0:
            raise MoneyInvalid("an amount cannot be negative")
        exponent_of(self.currency)

    @classmethod
    def of(cls, amount: str | int | Decimal, currency: str) -> Money:
        """Read major units: `Money.of("5999.00", "CNY")`. Floats and excess digits raise `MoneyInvalid`."""
        if isinstance(amount, float | bool) or not isinstance(amount, str | int | Decimal):
            raise MoneyInvalid(f"{type(amount).__name__} is not exact", hint='write the amount as "5999.00"')
        digits = exponent_of(currency)
        try:
            scaled = _EXACT.scaleb(Decimal(amount, _EXACT), digits)
        except InvalidOperation:
            raise MoneyInvalid("not a decimal amount", hint='write the amount as "5999.00"') from None
        except DecimalException:
            raise MoneyInvalid("an amount has 30 digits at most", hint='write the amount as "5999.00"') from None
        if not scaled.is_finite() or scaled != scaled.to_integral_value():
            raise MoneyInvalid(f"more digits than {currency} has", hint=f"{currency} has {digits} after the point")
        return cls(int(scaled), currency)

    def __str__(self) -> str:
        digits = exponent_of(self.currency)
        return f"{self.major} {self.currency}" if digits else f"{self.minor} {self.currency}"

    @property
    def major(self) -> str:
        """Major units as text, with every digit of the currency: `"5999.00"`."""
        digits = exponent_of(self.currency)
        if not digits:
            return str(self.minor)
        return f"{self.minor // 10**digits}.{self.minor % 10**digits:0{digits}d}"


@value
class Option:
    """A way to pay that a page can offer: a channel, and for credit its terms.

    The id is `"wechat"`, `"baitiao/12"` or `"baitiao/full"`. `terms` is the number of instalments, 0 for in full,
    None for a channel without terms.
    """

    channel: str
    terms: int | None = None

    @property
    def id(self) -> str:
        """The option id that pages send back."""
        if self.terms is None:
            return self.channel
        return f"{self.channel}/{self.terms or 'full'}"

    def __str__(self) -> str:
        return self.id

    @staticmethod
    def parse(text: str) -> Option:
        """Read an option id. Raises `UnknownOption` when it has another shape."""
        if not isinstance(text, str):
            raise UnknownOption(f"an option id is text, not a {type(text).__name__}", hint='write "baitiao/12"')
        return _parse_option(text)


@lru_cache(4096)
def _parse_option(text: str) -> Option:
    found = re.fullmatch(r"([A-Za-z][A-Za-z0-9_-]*)(?:/(full|[1-9][0-9]?))?", text)
    if not found:
        raise UnknownOption(f"{text!r} is not an option id", hint='write "wechat", "baitiao/12" or "baitiao/full"')
    channel, terms = found.groups()
    return Option(channel, None if terms is None else 0 if terms == "full" else int(terms))


LONGEST_PAY_BY = 366 * 86400.0  # seconds; no epoch second is so small


@value
class Order:
    """What must be paid, once: one id, one amount, for ever. A changed price is a new id (支付单号).

    `pay_by` is in seconds from the first call, 366 days at most; after it no charge starts. None takes the configured
    default.
    `categories`, `region`, `merchant` and `attributes` choose a route; none of them is sent to a provider.
    """

    id: str
    amount: Money
    title: str = ""
    pay_by: float | None = None
    categories: tuple[str, ...] = ()
    region: str = ""
    merchant: str = ""
    attributes: Mapping[str, str] = field(factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not re.fullmatch(r"[!-~]{1,64}", self.id):
            raise OrderInvalid(
                f"an order id is 1 to 64 visible ASCII characters, not {_seen(self.id)}",
                hint="most providers take 26 letters and digits and less: see `check` for each channel",
            )
        amount: object = self.amount
        if not isinstance(amount, Money):
            raise MoneyInvalid(f"an order's amount is {_seen(amount)}", hint='write pf.Money.of("59.99", "CNY")')
        if not isinstance(self.merchant, str) or not re.fullmatch(r"[0-9A-Za-z._-]{0,64}", self.merchant):
            raise OrderInvalid(
                f"a merchant is up to 64 letters, digits, dots, dashes and underscores, not {_seen(self.merchant)}"
            )
        if self.amount.minor <= 0:
            raise MoneyInvalid("an order's amount must be above zero")
        lasts: object = self.pay_by
        if lasts is None:
            return
        if isinstance(lasts, bool) or not isinstance(lasts, int | float) or not lasts <= LONGEST_PAY_BY:
            raise OrderInvalid(
                f"pay_by is {lasts!r}" if isinstance(lasts, float) else f"pay_by is {_seen(lasts)}",
                hint="seconds from the first call, a year at most: 1800.0, not a moment such as time.time() + 1800",
            )

    @property
    def fingerprint(self) -> str:
        """Identity of the payment: merchant, id, amount and currency. Consent and choice are not part of it."""
        return fingerprint(self.merchant, self.id, self.amount)


def _seen(given: object) -> str:
    return repr(given[:32]) if isinstance(given, str) else f"of type {type(given).__name__}"


def fingerprint(merchant: str, order_id: str, amount: Money) -> str:
    """The hash that must be equal for two calls to mean the same payment."""
    text = f"{merchant}\x1f{order_id}\x1f{amount.minor}\x1f{amount.currency}"
    return sha256(text.encode()).hexdigest()[:32]


@value
class Shopper:
    """Who pays. Nothing here is journalled but a keyed hash of `ref`, and nothing shows in `repr`.

    `inputs` holds what a channel needs, by channel or for all under `""`: `{"wechat": {"openid": "..."}}`.
    """

    ref: str = field(default="", repr=False)
    ip: str = field(default="", repr=False)
    device: str = field(default="", repr=False)
    return_url: str = field(default="", repr=False)
    inputs: Mapping[str, Mapping[str, str]] = field(factory=dict, repr=False)

    def inputs_for(self, channel: str) -> Mapping[str, str]:
        """What this shopper gave for one channel."""
        return {**self.inputs.get("", {}), **self.inputs.get(channel, {})}


@value
class Qr:
    """Show this text as a QR code."""

    kind: ClassVar[str] = "qr"
    code: str


@value
class Redirect:
    """Send the shopper's browser here."""

    kind: ClassVar[str] = "redirect"
    url: str


@value
class Form:
    """Post these fields from the shopper's browser."""

    kind: ClassVar[str] = "form"
    url: str
    fields: Mapping[str, str]


@value
class ClientSecret:
    """Hand this to the provider's script in the page. It is a secret: not logged, not journalled in clear."""

    kind: ClassVar[str] = "client_secret"
    secret: str = field(repr=False)


@value
class AppParams:
    """Hand these to the provider's app or in-app browser (JSAPI)."""

    kind: ClassVar[str] = "app_params"
    params: Mapping[str, str] = field(repr=False)


Action = Qr | Redirect | Form | ClientSecret | AppParams
