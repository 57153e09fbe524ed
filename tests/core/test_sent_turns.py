"""What follows a step that came to nothing: nothing is lost, nothing is held, and what is known is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from core_world import (
    FIRST,
    NEVER_SENT,
    NOT_FOUND,
    ORDER,
    QR,
    SILENCE,
    JournalThatFails,
    Scripted,
    captured,
    client,
    meanwhile,
    order,
    pending,
)
from long_lives import KEY, ask

import payfallback as pf
from payfallback._core.events import Seen, Sending
from payfallback._core.operations import Kind, Operation
from payfallback.journal.memory import MemoryJournal
from payfallback.policy import RetryPolicy
from payfallback.ports import Commit, Done, Journal
from payfallback.testing import VirtualClock

CLOSES = {"close": True, "close_names_trade": True}
AGAIN = pf.Answer(verdict=pf.Verdict.UNKNOWN, cause=pf.Cause.PROVIDER_ERROR, resendable=True)
ANOTHER = pf.Order("A1002", order().amount)


class Slow:
    """A journal of which each commit takes this many seconds."""

    def __init__(self, inner: Journal, clock: VirtualClock) -> None:
        self.inner, self.clock, self.takes = inner, clock, 0.0

    def submit(self, commit: Commit, done: Done) -> None:
        """`done(Receipt)`, in its time."""
        self.clock.advance(self.takes)
        self.inner.submit(commit, done)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@pytest.mark.parametrize("pause", [0.0, 0.5])
@pytest.mark.parametrize("first", [SILENCE, NEVER_SENT], ids=["silent", "never left"])
def test_a_payment_that_is_heard_of_before_it_is_sent_again_is_told(first: pf.Answer, pause: float) -> None:
    """The shop reports what was paid before the second request is made, which is not sent then."""
    clock = VirtualClock()
    only = Scripted("only", resend=600.0, **CLOSES)
    payments = client({"a": only}, clock, channel={"a": {"last": True}}, backoff=lambda *_: pause)
    heard = meanwhile(lambda: payments.report("a", FIRST, captured()), NOT_FOUND if first is SILENCE else first)
    only.on(Kind.CHARGE, first if first is SILENCE else heard).on(Kind.QUERY, heard)
    assert isinstance(payments.pay(order(), "a", within=10.0), pf.Paid)
    assert len(only.of(Kind.CHARGE)) == 1


def test_a_retry_that_loses_its_race_is_made_after_it() -> None:
    """In the pause before it something is heard that settles nothing: the channel still has its retries, and pays."""
    clock = VirtualClock()
    only = Scripted("only", **CLOSES).on(Kind.CHARGE, NEVER_SENT, captured())
    payments = client({"a": only}, clock, channel={"a": {"last": True}}, backoff=lambda *_: 0.5)
    clock.call_later(0.2, lambda: payments.report("a", FIRST, SILENCE))
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    assert [(each.number, each.resend) for each in only.asked] == [(FIRST, False)] * 2


def test_a_retry_that_the_gate_refuses_is_not_waited_for_again() -> None:
    """The channel has no retries left: after the one pause the call ends, and says why the charge never left."""
    clock = VirtualClock()
    only = Scripted("only", **CLOSES).on(Kind.CHARGE, NEVER_SENT, captured())
    channel = {"a": {"last": True, "retry": RetryPolicy(budget=0.0)}}
    result = client({"a": only}, clock, channel=channel, backoff=lambda *_: 0.5).pay(order(), "a")
    assert (type(result), result.cause) == (pf.NotPaid, pf.Cause.NETWORK)
    assert (len(only.asked), clock.monotonic()) == (1, 0.5)


def test_a_repetition_that_the_gate_refuses_is_not_made() -> None:
    """The channel has no retries left: what fell silent is asked about instead, for as long as the caller has time."""
    only = Scripted("only", resend=600.0, **CLOSES).on(Kind.CHARGE, AGAIN, captured()).on(Kind.QUERY, SILENCE)
    channel = {"a": {"last": True, "retry": RetryPolicy(budget=0.0)}}
    payments = client({"a": only}, VirtualClock(), channel=channel, backoff=lambda *_: 0.5)
    assert isinstance(payments.pay(order(), "a", within=20.0), pf.Pending)
    assert len(only.of(Kind.CHARGE)) == 1
    assert len(only.of(Kind.QUERY)) > 3


def one_at_a_time(**more: Any) -> tuple[pf.Payments, VirtualClock, Scripted, Any]:
    """A channel that takes one payment at a time."""
    clock = VirtualClock()
    journal: Any = Slow(JournalThatFails(MemoryJournal(clock)), clock)
    only = Scripted("only", resend=600.0, **CLOSES).on(Kind.CHARGE, captured())
    payments = client({"a": only}, clock, journal, channel={"a": {"max_in_flight": 1, "last": True}}, **more)
    return payments, clock, only, journal


@pytest.mark.parametrize("first", [AGAIN, NEVER_SENT], ids=["silent", "never left"])
def test_a_charge_that_is_sent_again_leaves_its_place_free(first: pf.Answer) -> None:
    """Paid by the second request: the next payment finds room."""
    payments, _, only, _ = one_at_a_time(backoff=lambda *_: 0.5)
    only.on(Kind.CHARGE, first, captured()).on(Kind.QUERY, SILENCE)
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    assert isinstance(payments.pay(ANOTHER, "a"), pf.Paid)


def test_a_commit_that_took_all_the_time_sends_nothing() -> None:
    """Too late to charge: the story says that its one request never left and why, and the next payment finds room."""
    payments, _, only, journal = one_at_a_time()
    journal.takes = 3.0
    result = payments.pay(order(), "a", within=5.0)
    assert (type(result), result.cause) == (pf.NotPaid, pf.Cause.TIME_UP)
    assert only.asked == []
    (sent,) = [each for each in ask(journal.load, KEY).events if isinstance(each, Sending)]
    (told,) = [each for each in ask(journal.load, KEY).events if isinstance(each, Seen)]
    assert (told.what, told.verdict, told.request, told.cause) == ("charge", "not_sent", sent.request, "time_up")
    journal.takes = 0.0
    assert isinstance(payments.pay(ANOTHER, "a"), pf.Paid)


def test_an_intent_that_cannot_be_written_leaves_its_place_free() -> None:
    """The journal is full: nothing is sent, and when it has room again the next payment finds room as well."""
    payments, _, only, journal = one_at_a_time()
    journal.inner.failing_from = 1
    with pytest.raises(pf.JournalUnavailable):
        payments.pay(order(), "a")
    assert only.asked == []
    journal.inner.repair()
    assert isinstance(payments.pay(ANOTHER, "a"), pf.Paid)


def test_a_charge_whose_order_ran_out_of_time_leaves_its_place_free() -> None:
    """The pause before the next request is longer than the order may take: it is not sent, and the next finds room."""
    payments, _, only, _ = one_at_a_time(backoff=lambda *_: 2.0)
    only.on(Kind.CHARGE, NEVER_SENT, captured())
    brief = pf.Order(ORDER, order().amount, pay_by=1.0)
    result = payments.pay(brief, "a")
    assert (type(result), len(only.asked)) == (pf.NotPaid, 1)
    assert isinstance(payments.pay(ANOTHER, "a"), pf.Paid)


def test_an_order_whose_number_is_taken_is_told_what_to_do() -> None:
    """Ids that differ in punctuation alone make one number: the error says whose it is, and what helps."""
    payments, _, only, _ = one_at_a_time()
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    with pytest.raises(pf.NumberInvalid) as refused:
        payments.pay(pf.Order(f"{ORDER[:1]}-{ORDER[1:]}", order().amount), "a")
    assert refused.value.message == "this attempt's number already belongs to another order of the account"
    assert refused.value.hint == (
        "ids that differ only in punctuation or leading zeros share one: rename the order or set `number`"
    )
    assert len(only.asked) == 1


class Losing:
    """A journal to which another worker always writes a moment before us."""

    def __init__(self, inner: Journal) -> None:
        self.inner = inner
        self.first: Callable[[], object] = lambda: None
        self.lost = 0

    def submit(self, commit: Commit, done: Done) -> None:
        """`done(Receipt)`, and too late where the order's version counts."""
        if commit.version is not None:
            self.first()
            self.lost += 1
        self.inner.submit(commit, done)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def test_a_run_that_always_loses_leaves_the_order_to_the_others() -> None:
    """After two dozen lost races it says what is known, whatever time its caller has."""
    clock = VirtualClock()
    inner = MemoryJournal(clock)
    only = Scripted("only", **CLOSES).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    others = client({"a": only}, clock, inner, channel={"a": {"last": True}})
    others.pay(order(), "a", within=1.0)
    losing: Any = Losing(inner)
    payments = client({"a": only}, clock, losing, channel={"a": {"last": True}})
    losing.first = lambda: others.report("a", FIRST, SILENCE)
    only.on(Kind.QUERY, pending())
    assert isinstance(payments.cancel(ORDER, within=3600.0), pf.Pending)
    assert 20 < losing.lost < 40


def test_a_code_that_cannot_be_written_down_as_shown_is_not_shown() -> None:
    """Others are faster each time that it is to be written: the shopper hears that it is open, and gets no code."""
    clock = VirtualClock()
    losing: Any = Losing(MemoryJournal(clock))
    only = Scripted("only", starts="shopper", **CLOSES).on(Kind.QUERY, SILENCE)
    others = client({"a": only}, clock, losing.inner, channel={"a": {"last": True}})
    payments = client({"a": only}, clock, losing, channel={"a": {"last": True}})

    def charge(operation: Operation) -> pf.Answer:
        losing.first = lambda: others.report("a", FIRST, SILENCE)
        return pending(action=QR)

    only.on(Kind.CHARGE, charge)
    assert isinstance(payments.pay(order(), "a", within=3600.0), pf.Pending)
    assert 20 < losing.lost < 40
    assert len(only.of(Kind.CHARGE)) == 1


def test_a_run_of_many_steps_ends_and_lets_the_order_go() -> None:
    """Nobody answers for hours: the call ends before its time, and whoever comes next finds the order free."""
    clock = VirtualClock()
    only = Scripted("only").on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    payments = client({"a": only}, clock, channel={"a": {"last": True}}, pay_by=86400.0)
    assert isinstance(payments.pay(order(), "a", within=36000.0), pf.Pending)
    assert 0.0 < clock.monotonic() < 36000.0
    assert ask(payments.journal.load, KEY).lease_left == 0.0
