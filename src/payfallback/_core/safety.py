"""What a route promises with what its channels declare: which steps can be left, and when at the latest. Pure.

Whatever stands here, nobody is charged twice: the next channel starts only on evidence. This module says beforehand
whether such evidence can ever exist, so that a route which could only wait is refused when it is configured.
"""

from __future__ import annotations

from typing import Literal

from payfallback._values import value
from payfallback.model import Option
from payfallback.policy import Capabilities, Channel, Policy, Route

AtDeadline = Literal["fall back", "offer", "pending"]
Where = tuple[str | int, ...]

WAYS_OUT = "give it a `close`, put it last in the route, or declare an `expiry` together with `not_found_after`"


@value(kw_only=True)
class Problem:
    """Something wrong with a configuration: where it stands, what was expected and found, what to do about it."""

    where: Where
    message: str
    hint: str = ""
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


@value(kw_only=True)
class Blocking:
    """How long one silent charge can hold up an order.

    seconds: from sending the charge to the moment it can be left, at the latest as far as the channel declares, when
    the provider answers what is asked after the silence within one timeout each; None: nothing it declares ends the
    wait. why: what proves it dead. at_deadline: what the shop gets when that proof is
    not there in time: the next way is tried, is offered to the shopper, or the answer is `Pending`.
    """

    seconds: float | None
    why: str
    at_deadline: AtDeadline


@value(kw_only=True)
class Step:
    """One option of a route. `silent`: no answer came. `shown`: the shopper holds its QR code, link or token; None
    where a charge shows nothing. `last`: no other channel comes after it."""

    option: Option
    last: bool
    silent: Blocking
    shown: Blocking | None


@value(kw_only=True)
class RouteBlocking:
    """A route's steps, and `worst`: seconds until its last channel could start if every step before kept silent. None:
    one of them may never be left."""

    route: str
    steps: tuple[Step, ...]
    worst: float | None


def unsafe_steps(policy: Policy) -> tuple[Problem, ...]:
    """The steps of a policy that could never be left, each with the three ways out."""
    return tuple(problem for number, route in enumerate(policy.routes) for problem in _unsafe(policy, number, route))


def _unsafe(policy: Policy, number: int, route: Route) -> list[Problem]:
    problems, seen = [], set()
    for place, option in enumerate(route.order):
        channel = policy.channel_of(option)
        where = ("routes", number, "order", place)
        if channel is None:
            problems.append(Problem(where=where, message=f"route {route.name!r}: no channel offers {option.id!r}"))
        elif channel.name not in seen and not _ends(policy, route, place) and not leavable(channel.capabilities):
            problems.append(Problem(where=where, message=_stuck(route, channel), hint=WAYS_OUT))
        seen.add(option.channel)
    return problems


def _stuck(route: Route, channel: Channel) -> str:
    return (
        f"route {route.name!r} cannot be made safe: after a charge on {channel.name!r} that nobody answered, nothing "
        f"this channel declares proves that it will not be paid, so the channels after it could never be tried"
    )


def _ends(policy: Policy, route: Route, place: int) -> bool:
    """Whether no other channel follows, or the channel declares that nothing follows it."""
    channel = policy.channels[route.order[place].channel]
    return channel.last or all(option.channel == channel.name for option in route.order[place:])


def leavable(declared: Capabilities) -> bool:
    """Whether a charge that nobody answered can be proven dead with what a channel declares (design: "dead on
    evidence"): closed and asked, closed by an answer that names the trade, expired and not found, or never shown."""
    closed = declared.close and (declared.query or declared.close_names_trade or declared.starts == "shopper")
    expired = declared.expiry and declared.query and declared.not_found_after is not None
    return closed or expired


def blocking(channel: Channel, *, shown: bool = False, within: float = 5.0) -> Blocking:
    """How long a charge on this channel can block its order: after silence, or once it was `shown` to the shopper.

    `within`: seconds in which `pay` answers. What is shown is never left automatically.
    """
    declared = channel.capabilities
    if declared.starts == "shopper" and not shown:
        why = "nothing was shown to the shopper, so nothing can be paid"
        return Blocking(seconds=channel.timeout, why=why, at_deadline=_in_time(channel.timeout, within))
    expires_in = _expiry_of(channel)
    seconds, why = _proof(channel, silence=channel.timeout, expires_in=expires_in)
    if seconds is None:
        return Blocking(seconds=None, why=why, at_deadline="pending")
    asks = shown or not declared.leaves
    return Blocking(seconds=seconds, why=why, at_deadline="offer" if asks else _in_time(seconds, within))


def _in_time(seconds: float, within: float) -> AtDeadline:
    return "fall back" if seconds <= within else "pending"


def _expiry_of(channel: Channel) -> float | None:
    if not channel.capabilities.expiry:
        return None
    return channel.capabilities.expiry_default if channel.expiry is None else channel.expiry


def _proof(channel: Channel, *, silence: float, expires_in: float | None) -> tuple[float | None, str]:
    """The earliest of the channel's proofs of death, at its latest, in seconds after the charge was sent.

    `settle` is what the provider documents for the whole of it (a payment code that the shopper is still confirming
    refuses to be closed), so it bounds the computed time from below.
    """
    declared = channel.capabilities
    ways = _ways(channel, silence=silence, expires_in=expires_in)
    if ways:
        seconds, why = min(ways)
        return (seconds if declared.settle is None else max(seconds, declared.settle)), why
    if declared.query and declared.settle is not None:
        return max(declared.settle, silence), "by then a query gets the provider's final answer"
    return None, "nothing it declares proves a charge dead; only the provider's own answer ends the wait"


def _ways(channel: Channel, *, silence: float, expires_in: float | None) -> list[tuple[float, str]]:
    declared, call = channel.capabilities, channel.timeout
    closed = max(silence, declared.close_after) + call
    ways: list[tuple[float, str]] = []
    if declared.close and (declared.close_until is None or closed - call <= declared.close_until):
        if declared.close_names_trade:
            ways.append((closed, "its close names the trade that it ended"))
        if declared.query:
            ways.append((max(closed, declared.query_after) + call, "it is closed, and a query then shows that"))
    if expires_in is not None and declared.query and declared.not_found_after is not None:
        ended = max(expires_in + declared.not_found_after, silence) + declared.query_every + call
        ways.append((ended, "it expires, and is not found after that"))
    return ways


def left_at_latest(
    channel: Channel, sent_at: float, expires_at: float | None, *, now: float | None = None
) -> float | None:
    """When an attempt that was sent (and shown, where it shows something) can be left at the latest; epoch seconds.

    `expires_at`: the absolute expiry that went with the charge. `now`: the moment from which somebody wants to leave
    it; without it, the moment its call ended. None: nothing the channel declares ends the wait.
    """
    silence = channel.timeout if now is None else max(channel.timeout, now - sent_at)
    expires_in = expires_at - sent_at if expires_at is not None and channel.capabilities.expiry else None
    seconds, _ = _proof(channel, silence=silence, expires_in=expires_in)
    return None if seconds is None else sent_at + seconds


def route_blocking(policy: Policy, route: Route) -> RouteBlocking:
    """Each step's blocking time, and how long a route can take to reach its last channel."""
    steps = tuple(_step(policy, route, place) for place, option in enumerate(route.order) if policy.channel_of(option))
    before = [step.silent.seconds for step in steps if not step.last]
    times = [seconds for seconds in before if seconds is not None]
    return RouteBlocking(route=route.name, steps=steps, worst=sum(times) if len(times) == len(before) else None)


def _step(policy: Policy, route: Route, place: int) -> Step:
    option = route.order[place]
    channel = policy.channels[option.channel]
    silent = blocking(channel, within=policy.within)
    shows = channel.capabilities.starts == "shopper"
    shown = blocking(channel, shown=True) if shows else None
    return Step(option=option, last=_ends(policy, route, place), silent=silent, shown=shown)
