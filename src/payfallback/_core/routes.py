"""Which route an order takes: the first whose condition holds. Pure; the time is an argument."""

from __future__ import annotations

from hashlib import sha256

from payfallback.model import Money, Order
from payfallback.policy import Policy, Route, When
from payfallback.taxonomy import Cause


def select_route(policy: Policy, order: Order, now: float) -> Route | None:
    """The first route that matches, None when none does. `now`: epoch seconds."""
    return next((route for route in policy.routes if matches(route.when, order, now)), None)


def in_share(order_id: str, share: float) -> bool:
    """Whether an order is among the `share` (0 to 1) of all: the same order always is, or never."""
    return share >= 1.0 or int.from_bytes(sha256(order_id.encode()).digest()[:4], "big") < share * 2**32


def matches(when: When, order: Order, now: float) -> bool:
    """Whether every condition that is given holds; an empty `When` holds for every order."""
    return why_not(when, order, now) == ""


def why_not(when: When, order: Order, now: float) -> str:
    """The first condition that does not hold, in words for the operator; empty when the route matches.

    Bounds of the amount are inclusive; `start` is, `end` is not. One of the order's categories is enough.
    """
    if when.currency and order.amount.currency != when.currency:
        return f"is for {when.currency}"
    if bounds := _amount(when, order.amount):
        return bounds
    if when.categories and not set(when.categories) & set(order.categories):
        return f"is for the categories {', '.join(when.categories)}"
    if when.regions and order.region not in when.regions:
        return f"is for the regions {', '.join(when.regions)}"
    if when.merchants and order.merchant not in when.merchants:
        return f"is for the merchants {', '.join(when.merchants)}"
    for name, wanted in when.attributes.items():
        if order.attributes.get(name) != wanted:
            return f"is for {name} = {wanted}"
    return _time(when, now)


def obstacle(when: When, order: Order, now: float) -> Cause | None:
    """The same as a cause, for the shop's page: what kind of order the route is not for. None when it matches; NO_ROUTE
    for another currency or another place of sale, of which a page says nothing."""
    if why_not(when, order, now) == "":
        return None
    if _currencies(when) - {"", order.amount.currency}:
        return Cause.NO_ROUTE
    if any(order.attributes.get(name) != wanted for name, wanted in when.attributes.items()):
        return Cause.NO_ROUTE
    if when.categories and not set(when.categories) & set(order.categories):
        return Cause.ITEM_NOT_ELIGIBLE
    if when.regions and order.region not in when.regions:
        return Cause.REGULATORY
    if when.merchants and order.merchant not in when.merchants:
        return Cause.MERCHANT_NOT_ENABLED
    if _time(when, now):
        return Cause.MERCHANT_PAUSED
    return Cause.TERM_NOT_SUPPORTED


def _currencies(when: When) -> set[str]:
    bounds = (when.at_least, when.at_most)
    return {when.currency, *(bound.currency for bound in bounds if bound is not None)}


def _amount(when: When, amount: Money) -> str:
    for bound in (when.at_least, when.at_most):
        if bound is not None and bound.currency != amount.currency:
            return f"is for {bound.currency}"
    if when.at_least is not None and amount.minor < when.at_least.minor:
        return f"starts at {when.at_least}"
    if when.at_most is not None and amount.minor > when.at_most.minor:
        return f"ends at {when.at_most}"
    return ""


def _time(when: When, now: float) -> str:
    if when.start is not None and now < when.start:
        return "has not started"
    if when.end is not None and now >= when.end:
        return "has ended"
    return ""
