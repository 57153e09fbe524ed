"""Stripe's smallest units, currency by currency, as its own page lists them."""

from __future__ import annotations

import pytest
from stripe_counterpart import adapter, form, intent, operation, read, refund

from payfallback._core.operations import Kind
from payfallback.errors import MoneyInvalid
from payfallback.model import Money, exponent_of
from payfallback.taxonomy import Verdict

ZERO = ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
TWO = ["USD", "EUR", "CNY", "HKD", "HUF", "TWD"]  # HUF and TWD are without decimals in payouts only
THREE = ["BHD", "JOD", "KWD", "OMR", "TND"]
WRITTEN = [
    *((currency, "500", "500") for currency in ZERO),
    *((currency, "5.12", "512") for currency in TWO),
    *((currency, "5.120", "5120") for currency in THREE),
    ("ISK", "5", "500"),
    ("UGX", "5", "500"),
    ("MGA", "500.00", "500"),
]


def sent(amount: Money, kind: Kind = Kind.CREATE) -> str:
    """The amount of a request."""
    asked = operation(kind, amount=amount, refund_amount=amount if kind is Kind.REFUND else None)
    return form(adapter().request(asked))["amount"]


@pytest.mark.parametrize(("currency", "major", "units"), WRITTEN, ids=[each[0] for each in WRITTEN])
def test_amounts_are_written_in_stripes_units_and_read_back(currency: str, major: str, units: str) -> None:
    """What is sent for a charge and a refund is what comes back as the same money."""
    amount = Money.of(major, currency)
    assert (sent(amount), sent(amount, Kind.REFUND)) == (units, units)
    told = {"currency": currency.lower(), "amount": int(units), "amount_received": int(units)}
    assert read(intent("succeeded", **told), amount=amount).amount == amount
    assert read(refund("succeeded", currency=currency.lower(), amount=int(units)), Kind.REFUND).amount == amount


def test_iso_and_stripe_differ_in_three_currencies() -> None:
    """ISK and UGX have no minor unit and are sent with two; MGA has two and is sent whole."""
    assert [exponent_of(currency) for currency in ("ISK", "UGX", "MGA")] == [0, 0, 2]
    assert [sent(Money.of("7", currency)) for currency in ("ISK", "UGX", "MGA")] == ["700", "700", "7"]


@pytest.mark.parametrize("currency", THREE)
def test_the_third_digit_has_to_be_zero(currency: str) -> None:
    """An amount that Stripe's partners cannot move is refused before it is sent."""
    with pytest.raises(MoneyInvalid, match="third digit"):
        sent(Money.of("5.124", currency))


def test_a_part_of_an_ariary_cannot_be_charged() -> None:
    """Stripe takes MGA whole."""
    with pytest.raises(MoneyInvalid):
        sent(Money.of("7.20", "MGA"))


@pytest.mark.parametrize("currency", ["isk", "ugx"])
def test_a_part_that_iso_does_not_know_is_no_payment(currency: str) -> None:
    """A capture of a hundredth of a krona cannot be right."""
    assert read(intent("succeeded", currency=currency, amount_received=550)).verdict is Verdict.UNKNOWN
