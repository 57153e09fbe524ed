"""What would happen to one order: `payfallback explain`, as plain values. The order is that of `_core/choose.py`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from payfallback._check.report import CHECK_VERSION, times_json
from payfallback._core.routes import select_route, why_not
from payfallback._core.safety import Blocking, blocking
from payfallback._values import value
from payfallback.errors import UnknownOption
from payfallback.model import Option, Order
from payfallback.policy import Policy, Route
from payfallback.taxonomy import Cause


@value(kw_only=True)
class Tried:
    """An option that would be tried, and how long it can hold the order up."""

    option: Option
    silent: Blocking
    shown: Blocking | None


@value(kw_only=True)
class NotTried:
    """An option that would not be tried by itself, and why. `offered`: the shopper may still choose it."""

    option: Option
    cause: Cause
    why: str
    offered: bool


@value(kw_only=True)
class Explanation:
    """What would happen to an order. `route` is empty when none matches; `other_routes`: (name, why not)."""

    route: str
    autonomy: str
    share: float
    tried: tuple[Tried, ...] = ()
    passed: tuple[NotTried, ...] = ()
    other_routes: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "version": CHECK_VERSION,
            "route": self.route,
            "autonomy": self.autonomy,
            "share": self.share,
            "tried": [{"option": each.option.id, **times_json(each.silent, each.shown)} for each in self.tried],
            "passed": [
                {"option": each.option.id, "cause": each.cause.value, "why": each.why, "offered": each.offered}
                for each in self.passed
            ],
            "other_routes": [{"route": name, "why_not": why} for name, why in self.other_routes],
        }


def explain(
    policy: Policy,
    order: Order,
    choice: str | None = None,
    *,
    consent: Collection[str] = (),
    now: float,
    health: Mapping[str, Cause] | None = None,
) -> Explanation:
    """The options that `pay` would try by itself, in that order, and why not the rest.

    `choice` None takes the route's first. `consent`: the option ids that the shopper ticked beside the choice. `now`:
    epoch seconds. `health`: why a channel is passed over at the moment. Raises `UnknownOption` for a choice or consent
    that no channel offers.
    """
    route = select_route(policy, order, now)
    chosen = _option(policy, choice) if choice is not None else route.order[0] if route is not None else None
    agreed = {_option(policy, each) for each in consent}
    others = tuple((each.name, why_not(each.when, order, now)) for each in _before(policy, route))
    tried: list[Tried] = []
    passed: list[NotTried] = []
    for option in _candidates(route, chosen):
        refusal = _refusal(policy, route, option, chosen, agreed, health or {})
        if refusal is None:
            tried.append(_tried(policy, option))
        else:
            passed.append(refusal)
    return Explanation(
        route="" if route is None else route.name,
        autonomy=policy.autonomy,
        share=policy.share,
        tried=tuple(tried),
        passed=tuple(passed),
        other_routes=others,
    )


def _before(policy: Policy, route: Route | None) -> Iterator[Route]:
    for each in policy.routes:
        if each is route:
            return
        yield each


def _candidates(route: Route | None, chosen: Option | None) -> Iterator[Option]:
    if chosen is not None:
        yield chosen
    for option in route.order if route is not None else ():
        if option != chosen:
            yield option


def _refusal(
    policy: Policy,
    route: Route | None,
    option: Option,
    chosen: Option | None,
    agreed: Collection[Option],
    health: Mapping[str, Cause],
) -> NotTried | None:
    """Why an option would not be tried, None when it would."""
    if option.channel in health:
        cause = health[option.channel]
        why = f"channel {option.channel} is passed over: {cause.value.replace('_', ' ')}"
        return NotTried(option=option, cause=cause, why=why, offered=False)
    if option == chosen or route is None:
        return None
    why = ""
    if option in route.always_ask:
        why = f"route {route.name!r} always asks before it"
    elif option not in agreed:
        why = "the shopper did not agree to it beforehand"
    elif chosen is not None and policy.autonomy != "switch":
        why = f"autonomy is {policy.autonomy!r}: another way is never taken without the shopper"
    return NotTried(option=option, cause=Cause.NOT_CONSENTED, why=why, offered=True) if why else None


def _tried(policy: Policy, option: Option) -> Tried:
    channel = policy.channels[option.channel]
    shows = channel.capabilities.starts == "shopper"
    return Tried(
        option=option,
        silent=blocking(channel, within=policy.within),
        shown=blocking(channel, shown=True, within=policy.within) if shows else None,
    )


def _option(policy: Policy, text: str) -> Option:
    option = Option.parse(text)
    if policy.channel_of(option) is not None:
        return option
    known = [each.id for channel in policy.channels.values() for each in channel.options]
    matches = get_close_matches(text, known, n=1)
    raise UnknownOption(f"no channel offers {text!r}", hint=f"did you mean {matches[0]}?" if matches else "")
