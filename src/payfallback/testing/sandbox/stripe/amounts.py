"""Stripe's smallest units and the books' minor units (ISO 4217), from Stripe's page on currencies.

ISK and UGX have no decimals and are still written with two, both zero; MGA is counted whole, where ISO 4217 gives it
two digits. Amounts of currencies with three decimals end in zero. All others are the same in both.
"""

from __future__ import annotations

_THREE = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
_TIMES_100 = frozenset({"isk", "ugx"})
_WHOLE = "mga"


def chargeable(units: int, currency: str) -> bool:
    """Whether an amount can be charged in this currency."""
    if currency in _TIMES_100:
        return units % 100 == 0
    return units % 10 == 0 if currency in _THREE else True


def is_currency(text: str) -> bool:
    """Three small letters; which of them exist is not checked."""
    return len(text) == 3 and text.isascii() and text.isalpha() and text.islower()


def minor_of(units: int, currency: str) -> int:
    """What the books hold for so many of Stripe's units."""
    if currency in _TIMES_100:
        return units // 100
    return units * 100 if currency == _WHOLE else units


def units_of(minor: int, currency: str) -> int:
    """What Stripe says for an amount of the books."""
    if currency in _TIMES_100:
        return minor * 100
    return minor // 100 if currency == _WHOLE else minor
