"""Stripe's smallest units are not always ISO 4217's minor units (docs.stripe.com/currencies).

ISK and UGX have no minor unit in ISO 4217, and Stripe takes them times 100, the last two digits zero; MGA has two
digits in ISO 4217, and Stripe takes it whole. Of currencies with three digits Stripe takes only amounts whose last
digit is zero. Everything else that Stripe charges agrees: that HUF and TWD have no digits holds for payouts only.
"""

from __future__ import annotations

from payfallback.errors import MoneyInvalid
from payfallback.model import Money, exponent_of

_DIGITS = {"ISK": 2, "UGX": 2, "MGA": 0}
_TENS = (1, 10, 100, 1000, 10000)


def smallest_units(amount: Money) -> int:
    """What to send as Stripe's `amount`. Raises `MoneyInvalid` for a part that Stripe cannot charge."""
    currency = amount.currency
    if exponent_of(currency) == 3 and amount.minor % 10:
        raise MoneyInvalid(f"Stripe takes no third digit of {currency}", hint="round to two digits: 5.12, not 5.124")
    return _scaled(amount.minor, exponent_of(currency), _digits(currency), currency)


def money(units: int, currency: str) -> Money:
    """An amount as Stripe states it. Raises `MoneyInvalid` for a part that ISO 4217 does not know."""
    iso = currency.upper()
    return Money(_scaled(units, _digits(iso), exponent_of(iso), iso), iso)


def _digits(currency: str) -> int:
    return _DIGITS.get(currency, exponent_of(currency))


def _scaled(units: int, have: int, want: int, currency: str) -> int:
    if want >= have:
        return units * _TENS[want - have]
    whole, part = divmod(units, _TENS[have - want])
    if part:
        raise MoneyInvalid(f"a part of a unit of {currency}", hint=f"Stripe charges {currency} in whole units only")
    return whole
