"""The first route whose condition holds is taken."""

from __future__ import annotations

from typing import Any

import pytest

from payfallback._core.routes import matches, select_route, why_not
from payfallback.model import Money, Option, Order
from payfallback.policy import Policy, Route, When

YUAN_100, YUAN_500 = Money.of("100.00", "CNY"), Money.of("500.00", "CNY")
NOON = 1_800_000_000.0


def order(amount: str = "200.00", currency: str = "CNY", **more: Any) -> Order:
    """An order of 200 yuan, unless it is told otherwise."""
    return Order("A1", Money.of(amount, currency), **more)


CONDITIONS: dict[str, tuple[When, Order, str]] = {
    "everything": (When(), order(), ""),
    "currency": (When(currency="USD"), order(), "is for USD"),
    "at least, exactly": (When(currency="CNY", at_least=YUAN_100), order("100.00"), ""),
    "below": (When(currency="CNY", at_least=YUAN_100), order("99.99"), "starts at 100.00 CNY"),
    "at most, exactly": (When(currency="CNY", at_most=YUAN_500), order("500.00"), ""),
    "above": (When(currency="CNY", at_most=YUAN_500), order("500.01"), "ends at 500.00 CNY"),
    "an amount of another currency": (When(at_least=YUAN_100), order("200.00", "USD"), "is for CNY"),
    "one category of several": (When(categories=("books", "food")), order(categories=("food", "toys")), ""),
    "no category": (When(categories=("books",)), order(), "is for the categories books"),
    "region": (When(regions=("CN-SH",)), order(region="CN-BJ"), "is for the regions CN-SH"),
    "merchant": (When(merchants=("m1",)), order(merchant="m2"), "is for the merchants m1"),
    "attributes": (When(attributes={"a": "1", "b": "2"}), order(attributes={"a": "1"}), "is for b = 2"),
    "all attributes": (When(attributes={"a": "1"}), order(attributes={"a": "1", "b": "2"}), ""),
    "too early": (When(start=NOON + 1), order(), "has not started"),
    "at its start": (When(start=NOON), order(), ""),
    "at its end": (When(end=NOON), order(), "has ended"),
}


@pytest.mark.parametrize(("when", "given", "why"), CONDITIONS.values(), ids=CONDITIONS.keys())
def test_all_that_is_given_must_hold(when: When, given: Order, why: str) -> None:
    """Each condition decides by itself, bounds included, and says why it does not hold."""
    assert why_not(when, given, NOON) == why
    assert matches(when, given, NOON) is (why == "")


def test_the_first_match_wins() -> None:
    """Of two routes that match, the one written first is taken; an order that none matches has none."""
    large = Route(name="large", order=(Option("card"),), when=When(currency="CNY", at_least=YUAN_500))
    yuan = Route(name="yuan", order=(Option("card"),), when=When(currency="CNY"))
    policy = Policy(channels={}, routes=(large, yuan))
    taken = [select_route(policy, order(amount), NOON) for amount in ("600.00", "200.00")]
    assert [route.name for route in taken if route is not None] == ["large", "yuan"]
    assert select_route(policy, order("200.00", "EUR"), NOON) is None
