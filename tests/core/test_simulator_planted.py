"""A simulator that kills no planted bug proves nothing: each of these dies within its bounded number of orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import simulator_bugs
import test_planted_bugs as rules_broken
import test_planted_money_bugs as money_lost

import payfallback._inbound as inbound
from payfallback._core import acts, evidence, flow, fold, learn, order, run
from payfallback._core import events as e
from payfallback._core.effects import Admit
from payfallback._core.rules import RULES
from payfallback._core.sending import attempt_of, channel_of, charge
from payfallback._core.state import Fact, Status
from payfallback._core.view import Act
from payfallback._runtime import commits
from payfallback.journal.memory import MemoryJournal
from payfallback.testing.simulator import CASES, Broken, live, schedule

Patch = pytest.MonkeyPatch
ENOUGH = 2000  # orders, after the named schedules; far above what any of these needs


def the_fence_is_ignored(patch: Patch) -> None:
    """Whoever comes may decide, whatever lease somebody else holds."""
    patch.setattr(MemoryJournal, "_may_decide", lambda self, commit, entry: True)


def the_version_is_ignored(patch: Patch) -> None:
    """A decision over an old state of the order is taken."""
    real = MemoryJournal._conflict

    def careless(self: Any, commit: Any, entry: Any) -> str:
        found = real(self, commit, entry)
        return "" if found == "version" and commit.version else found

    patch.setattr(MemoryJournal, "_conflict", careless)


def a_lease_is_free_for_anybody(patch: Patch) -> None:
    """A lease is given away before it has run out, as by a clock that is ahead."""
    patch.setattr(MemoryJournal, "_is_free", lambda self, key, now: key in self._orders)


def a_notification_is_acknowledged_before_it_is_stored(patch: Patch) -> None:
    """The provider hears "taken" and nothing was written down."""

    def hasty(run: Any, *given: Any, **named: Any) -> Any:
        yield from run.load()
        return run.record

    patch.setattr(inbound, "learn", hasty)


def evidence_of_another_account_counts(patch: Patch) -> None:
    """A number is enough, whoever speaks of it."""

    def anybody(record: Any, number: str, account: str, sole: bool) -> Any:
        return next((each for each in record.attempts if each.number == number), None)

    patch.setattr(learn, "_find", anybody)


def an_edited_cart_is_taken(patch: Patch) -> None:
    """The same order id with another amount is not refused."""
    patch.setattr(run, "same_payment", lambda *given, **named: None)


def nothing_is_ever_current(patch: Patch) -> None:
    """Another attempt starts whatever is open."""
    patch.setattr(order.Record, "current", property(lambda self: None))


def an_outcome_is_decided_and_not_written(patch: Patch) -> None:
    """The order settles and the shop is never told."""
    patch.setattr(commits, "_TOLD", frozenset({e.Planned, e.Seen}))


def _misread(patch: Patch, wrong: Callable[[Any], bool], fact: Fact) -> None:
    real = evidence.fact_of
    patch.setattr(fold, "fact_of", lambda record, attempt, seen: fact if wrong(seen) else real(record, attempt, seen))


def money_on_hold_is_taken_for_paid(patch: Patch) -> None:
    """Authorised is not captured."""
    _misread(patch, lambda seen: seen.verdict == "authorised", Fact.PAID)


def accepted_is_taken_for_paid(patch: Patch) -> None:
    """Pending is not captured."""
    _misread(patch, lambda seen: seen.verdict == "pending", Fact.PAID)


def what_cannot_be_read_is_taken_for_declined(patch: Patch) -> None:
    """An unsigned or unreadable answer, or a code in no table, is no refusal."""
    unread = ("malformed", "unsigned")
    _misread(patch, lambda seen: seen.what == "charge" and seen.code in unread, Fact.REFUSED)


def a_server_error_is_taken_for_declined(patch: Patch) -> None:
    """A 503 says nothing about what was done."""
    _misread(patch, lambda seen: seen.what == "charge" and seen.code == "http_503", Fact.REFUSED)


def a_refund_is_believed_when_it_was_sent(patch: Patch) -> None:
    """Accepted, or no answer at all, is taken for money that went back."""
    about = ("refund", "query_refund")
    believed = ("accepted", "unknown")
    _misread(patch, lambda seen: seen.what in about and seen.verdict in believed, Fact.RETURNED)


def the_dead_are_not_watched(patch: Patch) -> None:
    """A dead attempt that was sent is never looked at again."""
    patch.setitem(RULES, Status.DEAD, lambda record, attempt, view: None)


def our_own_gate_proves_not_sent(patch: Patch) -> None:
    """A resend that the circuit holds back is taken for a charge that never left."""

    def careless(run: Any, task: Any) -> Any:
        channel = channel_of(run, attempt_of(run, task))
        permit = yield Admit(channel.name, True)
        if getattr(permit, "cause", None) is not None:
            run.add(e.Died(run.now(), task.seq, "never_sent"))
            return True
        return (yield from charge(run, channel, task.seq, permit))

    patch.setitem(acts._SEND, Act.RESEND, careless)


def an_order_never_ends(patch: Patch) -> None:
    """Charges start after `pay_by`."""
    real = fold._opened

    def late(event: Any) -> Any:
        record = real(event)
        record.pay_by += 3600.0
        return record

    patch.setattr(fold, "_opened", late)


def a_question_is_enough(patch: Patch) -> None:
    """Before another way is tried, the old one is asked about and not closed."""
    real = flow.next_task

    def unclosed(run: Any) -> Any:
        task = real(run)
        if task is not None and task.act is Act.CLOSE and run.live:
            run.add(e.Died(run.now(), task.seq, "not_found"))
            return real(run)
        return task

    patch.setattr(flow, "next_task", unclosed)


PLANTED: tuple[Callable[[Patch], None], ...] = (
    *rules_broken.PLANTED,
    *money_lost.STORIES,
    *simulator_bugs.PLANTED,
    the_fence_is_ignored,
    the_version_is_ignored,
    a_lease_is_free_for_anybody,
    a_notification_is_acknowledged_before_it_is_stored,
    evidence_of_another_account_counts,
    an_edited_cart_is_taken,
    nothing_is_ever_current,
    an_outcome_is_decided_and_not_written,
    money_on_hold_is_taken_for_paid,
    accepted_is_taken_for_paid,
    what_cannot_be_read_is_taken_for_declined,
    a_server_error_is_taken_for_declined,
    a_refund_is_believed_when_it_was_sent,
    the_dead_are_not_watched,
    our_own_gate_proves_not_sent,
    an_order_never_ends,
    a_question_is_enough,
)

# The mistakes that a payment library is most likely to make, and the bugs that stand for them.
MUST = {
    "journal after charge": rules_broken.sent_before_it_is_durable,
    "split commit of death and start": simulator_bugs.the_next_start_is_durable_before_the_last_death,
    "dead made absorbing": money_lost.dead_is_absorbing,
    "not-found taken as dead": rules_broken.not_found_is_death,
    "no close before switching": a_question_is_enough,
    "ignored fence": the_fence_is_ignored,
    "refund under a new key": money_lost.a_refund_gets_a_new_number,
    "breaker error taken as not sent": our_own_gate_proves_not_sent,
    "unlisted code taken as declined": simulator_bugs.an_unlisted_code_is_taken_for_declined,
    "winner overwritten": money_lost.the_winner_is_overwritten,
    "notification acknowledged before it is stored": a_notification_is_acknowledged_before_it_is_stored,
    "lease by wall clock": simulator_bugs.a_lease_goes_by_the_wall_clock,
}


def test_the_likeliest_mistakes_are_planted() -> None:
    """Each of them is among the bugs, and no bug is planted twice."""
    assert set(MUST.values()) <= set(PLANTED)
    assert len(set(PLANTED)) == len(PLANTED) >= 40


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_the_simulator_kills_a_planted_bug(plant: Callable[[Patch], None], monkeypatch: Patch) -> None:
    """A rule of the money path is broken, and the named schedules or a bounded number of random orders show it."""
    plant(monkeypatch)
    assert is_killed(), f"{plant.__name__} survived {ENOUGH} orders"


def is_killed() -> bool:
    """Whether what is planted now shows, in the named schedules or in a bounded number of random orders."""
    return next(_broken(), None) is not None


def _broken() -> Iterator[Broken]:
    for name, case in CASES.items():
        yield from live(case.shop, name, case.moves).wrong
    orders = seed = 0
    while orders < ENOUGH:
        shop, moves = schedule(seed)
        life = live(shop, str(seed), moves)
        yield from life.wrong
        orders, seed = orders + life.orders, seed + 1
