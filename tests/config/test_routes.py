"""The first route whose condition holds is taken."""

from __future__ import annotations

from typing import Any

import pytest

from payfallback._core.routes import matches, obstacle, select_route, why_not
from payfallback.model import Money, Option, Order
from payfallback.policy import Policy, Route, When
from payfallback.taxonomy import Cause

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


LISTS: dict[str, tuple[When, str]] = {
    "categories": (When(categories=("books", "food")), "is for the categories books, food"),
    "regions": (When(regions=("CN-SH", "CN-BJ")), "is for the regions CN-SH, CN-BJ"),
    "merchants": (When(merchants=("m1", "m3")), "is for the merchants m1, m3"),
}


@pytest.mark.parametrize(("when", "why"), LISTS.values(), ids=LISTS.keys())
def test_a_list_is_told_whole(when: When, why: str) -> None:
    """An operator reads everything that the route would have taken."""
    assert why_not(when, order(), NOON) == why


def test_a_route_is_taken_in_its_time() -> None:
    """A campaign's route stands before the usual one, and is passed over before its start and from its end on."""
    campaign = Route(name="campaign", order=(Option("card"),), when=When(start=NOON, end=NOON + 60.0))
    usual = Route(name="usual", order=(Option("card"),))
    policy = Policy(channels={}, routes=(campaign, usual))
    taken = [select_route(policy, order(), at) for at in (NOON - 1.0, NOON, NOON + 59.0, NOON + 60.0)]
    assert [route.name for route in taken if route is not None] == ["usual", "campaign", "campaign", "usual"]


OBSTACLES: dict[str, tuple[When, Order, Cause | None]] = {
    "it matches": (When(currency="CNY", categories=("books",), end=NOON + 1), order(categories=("books",)), None),
    "currency": (When(currency="USD"), order(), Cause.NO_ROUTE),
    "a bound's currency": (When(at_least=YUAN_100), order(currency="USD"), Cause.NO_ROUTE),
    "another bound's currency": (When(at_most=YUAN_100), order(currency="USD"), Cause.NO_ROUTE),
    "place of sale": (When(attributes={"till": "1"}), order(attributes={"till": "2"}), Cause.NO_ROUTE),
    "the right place": (
        When(attributes={"till": "1"}, regions=("A",)),
        order(attributes={"till": "1"}),
        Cause.REGULATORY,
    ),
    "goods": (When(categories=("books",)), order(categories=("food",)), Cause.ITEM_NOT_ELIGIBLE),
    "region": (When(regions=("CN-SH",)), order(region="CN-BJ"), Cause.REGULATORY),
    "merchant": (When(merchants=("m1",)), order(merchant="m2"), Cause.MERCHANT_NOT_ENABLED),
    "time": (When(end=NOON), order(), Cause.MERCHANT_PAUSED),
    "amount": (When(at_least=YUAN_500), order(), Cause.TERM_NOT_SUPPORTED),
}


@pytest.mark.parametrize(("when", "given", "cause"), OBSTACLES.values(), ids=OBSTACLES.keys())
def test_a_page_is_told_what_kind_of_order_a_route_is_for(when: When, given: Order, cause: Cause | None) -> None:
    """The first thing that a shopper could understand; of another currency or place of sale a page says nothing."""
    assert obstacle(when, given, NOON) is cause
