"""Bugs for the simulator to find: leases, keys, bills, adopted payments, and what stands in one commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from payfallback import _reconciling
from payfallback._core import bill, decide, evidence, fold, rules, sending, turns
from payfallback._core import events as e
from payfallback._core.state import Fact, Status
from payfallback._runtime import commits, shared
from payfallback._values import changed
from payfallback.testing.simulator.process import Process
from payfallback.testing.simulator.shops import WATCH

Patch = pytest.MonkeyPatch


def an_unlisted_code_is_taken_for_declined(patch: Patch) -> None:
    """A code that is in no table is no refusal."""
    real = evidence.fact_of

    def hasty(record: Any, attempt: Any, seen: Any) -> Any:
        unlisted = seen.what == "charge" and seen.code == "code_of_tomorrow"
        return Fact.REFUSED if unlisted else real(record, attempt, seen)

    patch.setattr(fold, "fact_of", hasty)


def the_next_start_is_durable_before_the_last_death(patch: Patch) -> None:
    """The death of one attempt and the start of the next are two commits, the start first."""

    def split(run: Any, *events: Any) -> Any:
        deaths = [each for each in run.pending if type(each) in (e.Seen, e.Died)]
        run.pending = [each for each in run.pending if each not in deaths]
        run.add(*events)
        saved = yield from run.flush(lease=run.lease)
        run.pending += deaths
        return saved

    patch.setattr(sending, "intend", split)


def a_lease_goes_by_the_wall_clock(patch: Patch) -> None:
    """Each process judges by its own clock whether a lease has run out."""
    real = Process.begin

    def begin(self: Any) -> None:
        real(self)
        medium, clock, claim = self.link._medium, self.clock, self.link._medium.claim

        def by_its_own_clock(*given: Any, **named: Any) -> None:
            real_now, medium._now = medium._now, clock.epoch
            try:
                claim(*given, **named)
            finally:
                medium._now = real_now

        self.link.claim = by_its_own_clock

    patch.setattr(Process, "begin", begin)


def adopted_payments_were_never_sent(patch: Patch) -> None:
    """A caller that goes away in the commit of an adoption takes what other code sent for unsent."""
    real = commits.never_sent

    def careless(append: Any, at: float) -> Any:
        events = tuple(each for each in append.events if type(each) is not e.Planned)
        return real(changed(append, events=events), at)

    patch.setattr(shared, "never_sent", careless)


def a_key_never_ends(patch: Patch) -> None:
    """A charge is sent again under its number however old its key is."""

    def always(*given: Any) -> Any:
        record, attempt, view, channel = given
        young = changed(channel, capabilities=changed(channel.capabilities, resend=1e9))
        return resend_at(record, attempt, view, young) if channel.capabilities.resend else None

    resend_at = rules._resend_at
    patch.setattr(rules, "_resend_at", always)


def a_bill_is_read_and_forgotten(patch: Patch) -> None:
    """What a bill proves is counted and not taken in."""

    def deaf(run: Any, *given: Any, **named: Any) -> Any:
        return None
        yield

    patch.setattr(bill, "learn", deaf)


def a_number_charged_twice_matches_twice(patch: Patch) -> None:
    """The reader of a bill does not see that a provider charged one number twice."""
    patch.setattr(_reconciling.Reconciling, "_once", lambda self, line: None)


def the_last_look_is_left_out(patch: Patch) -> None:
    """When the watch over a dead attempt ends nobody asks any more, though a look was due."""
    real = rules.RULES[Status.DEAD]

    def early(record: Any, attempt: Any, view: Any) -> Any:
        since = max(attempt.first_sent or 0.0, attempt.expires_at or 0.0)
        return None if view.now >= since + WATCH else real(record, attempt, view)

    patch.setitem(rules.RULES, Status.DEAD, early)


def an_order_is_dropped_while_something_is_open(patch: Patch) -> None:
    """A paid order has no time at which its other attempts are looked at."""
    real = decide.due
    patch.setattr(turns, "due", lambda record, *rest, **more: None if record.winner else real(record, *rest, **more))


PLANTED: tuple[Callable[[Patch], None], ...] = (
    an_unlisted_code_is_taken_for_declined,
    the_next_start_is_durable_before_the_last_death,
    a_lease_goes_by_the_wall_clock,
    adopted_payments_were_never_sent,
    a_key_never_ends,
    a_bill_is_read_and_forgotten,
    a_number_charged_twice_matches_twice,
    the_last_look_is_left_out,
    an_order_is_dropped_while_something_is_open,
)
