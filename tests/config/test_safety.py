"""A route is refused when it could only wait, and says beforehand how long each of its steps can block an order."""

from __future__ import annotations

from typing import Any

import pytest

from payfallback._core.safety import blocking, left_at_latest, route_blocking, unsafe_steps
from payfallback.model import Option
from payfallback.policy import Account, Capabilities, Channel, Policy, Route

ACCOUNT = Account(name="a", provider="p", merchant="m")


def channel(name: str = "first", terms: tuple[int, ...] = (), last: bool = False, **declared: Any) -> Channel:
    """A channel with a timeout of 3 s that declares nothing but what is given."""
    capabilities = Capabilities(**{"query": False, **declared})
    return Channel(name=name, account=ACCOUNT, capabilities=capabilities, terms=terms, last=last)


def policy(*channels: Channel, order: tuple[str, ...] = ("first", "second")) -> Policy:
    """One route over these channels and a second one that can do nothing."""
    known = {each.name: each for each in (channel("second"), *channels)}
    return Policy(channels=known, routes=(Route(name="r", order=tuple(map(Option.parse, order))),))


LEAVABLE: dict[str, dict[str, Any]] = {
    "closed and asked": {"close": True, "query": True},
    "closed by name": {"close": True, "close_names_trade": True},
    "expired and not found": {"expiry": True, "query": True, "not_found_after": 60.0},
    "nothing moves unseen, and it can be closed": {"starts": "shopper", "close": True},
}
STUCK: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a query only": {"query": True},
    "a close that says nothing, and no query": {"close": True},
    "an expiry without a horizon": {"expiry": True, "query": True},
    "an expiry that nobody can ask about": {"expiry": True, "not_found_after": 60.0},
    "a horizon without an expiry": {"query": True, "not_found_after": 60.0},
    "shown, and it cannot be closed": {"starts": "shopper", "query": True},
}


@pytest.mark.parametrize("declared", LEAVABLE.values(), ids=LEAVABLE.keys())
def test_a_channel_that_can_be_proven_dead_may_stand_first(declared: dict[str, Any]) -> None:
    """Each way to prove an unanswered charge dead makes a route safe."""
    assert unsafe_steps(policy(channel(**declared))) == ()


@pytest.mark.parametrize("declared", STUCK.values(), ids=STUCK.keys())
def test_a_channel_that_cannot_is_refused(declared: dict[str, Any]) -> None:
    """Whatever leaves an unanswered charge open for ever is refused, with the three ways out."""
    (problem,) = unsafe_steps(policy(channel(**declared)))
    assert problem.where == ("routes", 0, "order", 0)
    assert "'r' cannot be made safe" in problem.message
    assert "'first'" in problem.message
    assert (
        problem.hint
        == "give it a `close`, put it last in the route, or declare an `expiry` together with `not_found_after`"
    )


def test_the_last_channel_need_not_be_left() -> None:
    """What nothing follows may be as silent as it likes."""
    assert unsafe_steps(policy(channel(), order=("first",))) == ()


def test_terms_of_one_last_channel_are_one_place() -> None:
    """A ladder of terms at the end of a route is its last place, since leaving it leads nowhere else."""
    safe = channel(close=True, query=True)
    ladder = channel("credit", terms=(12, 6, 0))
    assert unsafe_steps(policy(safe, ladder, order=("first", "credit/12", "credit/6", "credit/full"))) == ()
    assert len(unsafe_steps(policy(safe, ladder, order=("credit/12", "credit/6", "first")))) == 1


def test_a_channel_declared_last_ends_the_route_wherever_it_stands() -> None:
    """`last` means that nothing is tried after it by itself, so it need not be left."""
    assert unsafe_steps(policy(channel(last=True))) == ()


def test_an_option_that_no_channel_offers_is_refused() -> None:
    """A policy made in code is held to the same names as a file."""
    (problem,) = unsafe_steps(policy(channel(close=True, query=True), order=("first", "third")))
    assert problem.where == ("routes", 0, "order", 1)
    assert str(problem) == problem.message == "route 'r': no channel offers 'third'"


def test_a_problem_is_told_with_what_to_do_about_it() -> None:
    """The hint stands behind the message in brackets."""
    (problem,) = unsafe_steps(policy(channel()))
    assert str(problem) == f"{problem.message} ({problem.hint})"


# Design: "the fastest safe switch", with a timeout of 3 s. (declared, shown) -> (seconds, at the deadline)
FORMS: dict[str, tuple[dict[str, Any], bool, float | None, str]] = {
    "a QR code that never came": ({"starts": "shopper", "close": True, "query": True}, False, 3.0, "fall back"),
    "canceled by name": ({"close": True, "close_names_trade": True, "query": True}, False, 6.0, "pending"),
    "a code that may refuse to be reversed": (
        {"close": True, "query": True, "query_after": 5.0, "close_after": 15.0, "settle": 75.0},
        False,
        75.0,
        "pending",
    ),
    "a shown QR code that can be closed": (
        {"starts": "shopper", "close": True, "query": True, "leaves": False},
        True,
        9.0,
        "offer",
    ),
    "a shown page with an expiry": (
        {"starts": "shopper", "query": True, "expiry": True, "expiry_default": 60.0, "not_found_after": 10.0},
        True,
        75.0,
        "offer",
    ),
    "an agreement that cannot be closed": ({"query": True, "leaves": False}, False, None, "pending"),
    "a transaction settled by its own answer": ({"query": True, "settle": 63.0}, False, 63.0, "pending"),
    "too old to be closed": (
        {"close": True, "query": True, "close_after": 30.0, "close_until": 20.0},
        False,
        None,
        "pending",
    ),
}


@pytest.mark.parametrize(("declared", "shown", "seconds", "then"), FORMS.values(), ids=FORMS.keys())
def test_blocking_follows_from_what_is_declared(
    declared: dict[str, Any], shown: bool, seconds: float | None, then: str
) -> None:
    """The latest time at which a charge can be left is computed from its channel's own figures."""
    blocked = blocking(channel(**declared), shown=shown)
    assert (blocked.seconds, blocked.at_deadline) == (seconds, then)
    assert blocked.why


def test_more_patience_falls_back_where_less_is_pending() -> None:
    """Whether `pay` itself can still fall back depends on how long it may take."""
    named = channel(close=True, close_names_trade=True)
    assert blocking(named, within=5.0).at_deadline == "pending"
    assert blocking(named, within=8.0).at_deadline == "fall back"


def test_an_attempt_says_when_it_can_be_left() -> None:
    """From the moment it was sent, and from the moment at which somebody wants to leave."""
    closable = channel(close=True, query=True, close_after=15.0)
    assert left_at_latest(closable, 1000.0, None) == 1000.0 + 15.0 + 3.0 + 3.0
    assert left_at_latest(closable, 1000.0, None, now=1100.0) == 1106.0
    assert left_at_latest(channel(query=True), 1000.0, None) is None


def test_an_attempt_goes_by_the_expiry_it_was_sent_with() -> None:
    """The expiry in the journal counts, not the one configured since; without one it never runs out by itself."""
    expiring = channel(expiry=True, query=True, not_found_after=10.0, expiry_default=120.0)
    assert left_at_latest(expiring, 1000.0, 1060.0) == 1060.0 + 10.0 + 2.0 + 3.0
    assert left_at_latest(expiring, 1000.0, None) is None


def test_a_route_adds_up() -> None:
    """The worst time of a route is that of every step before its last channel together."""
    ladder = channel("credit", terms=(12, 6), starts="shopper", close=True, query=True)
    code = channel("code", close=True, query=True, settle=75.0)
    whole = policy(ladder, code, order=("credit/12", "credit/6", "code", "second"))
    told = route_blocking(whole, whole.routes[0])
    assert [step.option.id for step in told.steps] == ["credit/12", "credit/6", "code", "second"]
    assert [step.last for step in told.steps] == [False, False, False, True]
    assert told.worst == 3.0 + 3.0 + 75.0
    assert told.steps[0].shown is not None
    assert told.steps[2].shown is None


def test_a_step_that_is_never_left_makes_the_worst_unbounded() -> None:
    """A route that can wait for ever says so."""
    whole = policy(channel(query=True))
    assert route_blocking(whole, whole.routes[0]).worst is None
    assert route_blocking(whole, whole.routes[0]).route == "r"


WORDS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing was shown to the shopper, so nothing can be paid": ({"starts": "shopper", "close": True}, "fall back"),
    "its close names the trade that it ended": ({"close": True, "close_names_trade": True}, "pending"),
    "it is closed, and a query then shows that": ({"close": True, "query": True}, "pending"),
    "it expires, and is not found after that": ({"expiry": True, "query": True, "not_found_after": 60.0}, "pending"),
    "by then a query gets the provider's final answer": ({"query": True, "settle": 63.0}, "pending"),
    "nothing it declares proves a charge dead; only the provider's own answer ends the wait": ({}, "pending"),
}


@pytest.mark.parametrize(("why", "form"), WORDS.items(), ids=lambda given: given[:20] if isinstance(given, str) else "")
def test_an_operator_reads_what_proves_a_charge_dead(why: str, form: tuple[dict[str, Any], str]) -> None:
    """The proof stands beside the seconds, in words."""
    blocked = blocking(channel(**form[0]))
    assert (blocked.why, blocked.at_deadline) == (why, form[1])


def test_the_configured_expiry_counts() -> None:
    """An operator's shorter expiry ends the wait sooner than the channel's own."""
    declared = {"expiry": True, "query": True, "not_found_after": 10.0, "expiry_default": 120.0}
    usual = channel(**declared)
    shorter = Channel(name="first", account=ACCOUNT, capabilities=usual.capabilities, expiry=60.0)
    assert [blocking(each).seconds for each in (usual, shorter)] == [135.0, 75.0]


def test_a_close_that_begins_in_time_is_in_time() -> None:
    """`close_until` bounds when the close is sent, not when it is answered."""
    assert blocking(channel(close=True, query=True, close_after=10.0, close_until=10.0)).seconds == 16.0


def test_a_route_goes_by_the_policy_s_patience() -> None:
    """Whether a step falls back within `pay` depends on how long the policy lets it take; what is shown is offered."""
    named, code = channel(close=True, close_names_trade=True), channel("code", starts="shopper", close=True, query=True)
    known = {each.name: each for each in (named, code, channel("second"))}
    route = Route(name="r", order=tuple(map(Option.parse, ("first", "code", "second"))))
    patient, hasty = (Policy(channels=known, routes=(route,), within=within) for within in (8.0, 5.0))
    told = [route_blocking(each, route).steps for each in (patient, hasty)]
    assert [steps[0].silent.at_deadline for steps in told] == ["fall back", "pending"]
    shown = told[0][1].shown
    assert shown is not None
    assert (shown.seconds, shown.at_deadline) == (9.0, "offer")
