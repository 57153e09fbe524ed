"""Every crash point of a payment: a process dies before or after each of its effects, and others find out the rest.

Each point is lived through with a channel that answers, with one that answers no question until the end, and with one
that ignores keys; and with a shopper who goes away, clicks again at once, or comes back after a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest
from money_shop import KINDS, ORDER, arguments, order

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.testing.crash import Crashed, When
from payfallback.testing.lab import Lab

Story = Callable[[Lab], object]

# Every kind of channel, with an absolute expiry after which "not found" is final: each end can be proven.
PROVABLE = {name: {**kind, "expiry": True, "not_found_after": 30.0} for name, kind in KINDS.items()}


def plain(lab: Lab) -> None:
    """One charge that goes through."""
    lab.client.pay(order(), "a")


def declined_then_fallback(lab: Lab) -> None:
    """Refused for good, and paid on the next channel."""
    lab.outage("a", "declined:credit_exhausted", times=1)
    lab.client.pay(order(), "a", consent=["b"])


def silence_then_close_then_fallback(lab: Lab) -> None:
    """No answer and nothing found out: closed, and paid on the next channel."""
    lab.outage("a", "user_paying", times=1)
    lab.outage("a", "reply_lost", operation="charge", times=1)
    lab.outage("a", "http_503", operation="query", times=1)
    lab.client.pay(order(), "a", consent=["b"])


def held_then_captured(lab: Lab) -> None:
    """The money is held first, then taken."""
    lab.client.pay(order(), "a")


def made_then_confirmed(lab: Lab) -> None:
    """Two steps: the payment is made at the provider, then confirmed under its id."""
    lab.client.pay(order(), "a")


def made_confirmed_and_held(lab: Lab) -> None:
    """Made, confirmed, held, then taken; the answer to the confirmation is lost."""
    lab.outage("a", "reply_lost", operation="charge", times=1)
    lab.client.pay(order(), "a", consent=["b"])


def silence_then_made_elsewhere(lab: Lab) -> None:
    """The first step falls silent, which costs nothing: another channel is charged."""
    lab.outage("a", "reply_lost", operation="create", times=1)
    lab.client.pay(order(), "a", consent=["b"])


def throttled_then_sent_again(lab: Lab) -> None:
    """Not taken for now, and sent again under the same number."""
    lab.outage("a", "rate_limited:0.5", operation="charge", times=1)
    lab.client.pay(order(), "a")


def shown_and_paid(lab: Lab) -> None:
    """A QR code is shown, the shopper pays it, and the page asks."""
    lab.client.pay(order(), "a")
    lab.shopper_pays(ORDER)
    lab.client.status(ORDER, ask=True)


def shown_and_switched(lab: Lab) -> None:
    """A QR code is shown, and the shopper takes another way."""
    lab.client.pay(order(), "a")
    lab.client.switch(order(), "b")


def shown_and_cancelled(lab: Lab) -> None:
    """A QR code is shown, and the order is given up."""
    lab.client.pay(order(), "a")
    lab.client.cancel(ORDER)


def cancelled_while_unknown(lab: Lab) -> None:
    """The charge's answer is lost, and the order is given up."""
    lab.outage("a", "reply_lost", operation="charge", times=1)
    lab.outage("a", "http_503", operation="query", times=9)
    lab.client.pay(order(), "a", within=1.0)
    lab.client.cancel(ORDER)


def paid_and_refunded(lab: Lab) -> None:
    """Paid, and given back at the merchant's wish."""
    lab.client.pay(order(), "a")
    lab.client.refund(ORDER, "r-1")


STORIES: dict[Story, str] = {
    plain: "named",
    declined_then_fallback: "named",
    silence_then_close_then_fallback: "named",
    held_then_captured: "authorising",
    made_then_confirmed: "two_steps",
    made_confirmed_and_held: "two_steps_held",
    silence_then_made_elsewhere: "two_steps",
    throttled_then_sent_again: "idempotent",
    shown_and_paid: "qr",
    shown_and_switched: "qr",
    shown_and_cancelled: "qr",
    cancelled_while_unknown: "named",
    paid_and_refunded: "named",
}
WORLDS = {
    "answering": (),
    "blind: hang": (("hang", "query"),),
    "blind: 503": (("http_503", "query"),),
    "keys ignored": (("key_ignored", None),),
}


def opened(story: Story, world: str, declared: Mapping[str, Mapping[str, Any]] = PROVABLE) -> Lab:
    """A lab with the story's channels, in which this goes wrong all the time."""
    payments = pf.Payments(**arguments({"a": STORIES[story], "b": "named"}, declared))
    lab: Lab = payments.lab(notices="on" if world == "answering" else "off")
    for fault, operation in WORLDS[world]:
        for channel in "ab":
            lab.outage(channel, fault, operation=operation)
    return lab


def effects(story: Story, world: str) -> int:
    """How many effects the story has in this world, when nobody dies."""
    with opened(story, world) as lab:
        story(lab)
        return len(lab.steps.names)


def gone(lab: Lab) -> None:
    """Nobody comes back."""


def again_at_once(lab: Lab) -> None:
    """The shopper clicks again while the dead process still holds its lease."""
    with suppress(pf.ProgrammingError):
        lab.client.pay(order(), "a")


def again_after_a_minute(lab: Lab) -> None:
    """The shopper clicks again when the lease is over and nobody has recovered anything."""
    lab.advance(60.0)
    with suppress(pf.ProgrammingError):
        lab.client.pay(order(), "a")


def wrong_in_the_end(lab: Lab, *, provable: bool = True) -> str:
    """Paid once and told so, or certainly not paid; what cannot be proven stands before a person, and is not paid. What
    of this is not so; a promise that is broken is raised."""
    lab.settle()
    lab.assert_promises_kept()
    if not lab.events(ORDER):
        return "charged without a journal" if lab.ledger.arrivals() else ""
    result = lab.client.status(ORDER)
    person = "needs_person" in {each.kind for each in lab.deliveries}
    if len(lab.captures(ORDER)) != isinstance(result, pf.Paid):
        return f"{len(lab.captures(ORDER))} captures, and told {result}"
    if isinstance(result, pf.Paid | pf.NotPaid) == person:
        return f"a person decides what is certain, or nobody what is not: {result}"
    return f"a person, though it can be proven: {result}" if provable and person else ""


@pytest.mark.parametrize("after", [gone, again_at_once, again_after_a_minute], ids=lambda after: after.__name__)
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_process_that_dies_anywhere_costs_nobody_money(story: Story, world: str, after: Story) -> None:
    """Whatever effect a payer died before or after, the money moves once or not at all, and everybody knows."""
    for at in range(1, effects(story, world) + 1):
        whens: tuple[When, ...] = ("before", "after")
        for when in whens:
            with opened(story, world) as lab:
                lab.crash(at, when)
                with suppress(Crashed):
                    story(lab)
                after(lab)
                assert wrong_in_the_end(lab) == "", (at, when)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_recovery_that_dies_again_and_again_costs_nobody_money(story: Story, world: str) -> None:
    """The payer dies after some effect, and then each recovery one effect later than the one before."""
    for at in range(1, effects(story, world) + 1):
        with opened(story, world) as lab:
            lab.crash(at, "after")
            with suppress(Crashed):
                story(lab)
            charges = len(lab.ledger.arrivals(ORDER, Kind.CHARGE))
            for later in range(1, 7):
                lab.advance(61.0)
                lab.crash(later, "after" if later % 2 else "before")
                with suppress(Crashed):
                    lab.client.recover()
            assert len(lab.ledger.arrivals(ORDER, Kind.CHARGE)) == charges
            lab.crash(1000, "before")  # nobody dies any more
            assert wrong_in_the_end(lab) == "", at


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_where_nothing_can_be_proven_a_person_decides(story: Story) -> None:
    """Without an expiry a request that never left cannot be told from one that is late: nothing is charged again."""
    for at in range(1, effects(story, "answering") + 1):
        with opened(story, "answering", KINDS) as lab:
            lab.crash(at, "after")
            with suppress(Crashed):
                story(lab)
            again_after_a_minute(lab)
            assert wrong_in_the_end(lab, provable=False) == "", at


def test_there_are_as_many_crash_points_as_effects() -> None:
    """The stories have well over a hundred effects between them, each with a point before and a point after it."""
    points = {(story.__name__, world): 2 * effects(story, world) for story in STORIES for world in WORLDS}
    assert all(each >= 8 for each in points.values())
    assert sum(points.values()) >= 500
