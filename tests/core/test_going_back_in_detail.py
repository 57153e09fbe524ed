"""Money on its way back: what is written down before it is sent, who is asked when, and what a lost race costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core_world import (
    AMOUNT,
    FIRST,
    NOT_FOUND,
    ORDER,
    SILENCE,
    JournalThatFails,
    Scripted,
    captured,
    client,
    contradicted,
    meanwhile,
    order,
    says,
    settle,
)
from long_lives import KEY, ask
from test_last_looks import spend

import payfallback as pf
from payfallback._core.events import Event, RefundAsked, Seen, Sending
from payfallback._core.operations import Kind, Operation
from payfallback.journal.memory import MemoryJournal
from payfallback.ports import Commit, Done, Journal
from payfallback.testing import VirtualClock

PART = pf.Money.of("20.00", "CNY")
UNDER_WAY = says(pf.Verdict.ACCEPTED)
BACK = says(pf.Verdict.REFUNDED, amount=AMOUNT, named=True)


class Overtaken:
    """A journal in which somebody else is faster, once: `act` happens before the intent to do `what` is written."""

    def __init__(self, inner: Journal, what: str) -> None:
        self.inner, self.what = inner, what
        self.act: Callable[[], object] | None = None

    def submit(self, commit: Commit, done: Done) -> None:
        """As the journal does, after the other."""
        act = self.act
        if act is not None and any(isinstance(each, Sending) and each.what == self.what for each in commit.events):
            self.act = None
            act()
        self.inner.submit(commit, done)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def events(payments: pf.Payments) -> tuple[Event, ...]:
    """The order's journal."""
    found: tuple[Event, ...] = ask(payments.journal.load, KEY).events
    return found


def sold(journal: Callable[[VirtualClock], Any] = MemoryJournal) -> tuple[pf.Payments, VirtualClock, Scripted]:
    """A paid order; refunds are under way for ever until told otherwise."""
    clock, only = VirtualClock(), Scripted("only").on(Kind.CHARGE, captured())
    only.on(Kind.REFUND, UNDER_WAY).on(Kind.QUERY_REFUND, UNDER_WAY)
    payments = client({"a": only}, clock, journal(clock), channel={"a": {"last": True}})
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    return payments, clock, only


def twice_paid() -> tuple[pf.Payments, VirtualClock, Scripted, Scripted]:
    """Two channels were paid, and `a`, which was paid late, is to give its money back."""
    payments, clock, first, second = contradicted()
    first.on(Kind.REFUND, UNDER_WAY).on(Kind.QUERY_REFUND, UNDER_WAY)
    second.on(Kind.REFUND, UNDER_WAY).on(Kind.QUERY_REFUND, UNDER_WAY)
    return payments, clock, first, second


def written(payments: pf.Payments, what: str) -> list[Sending]:
    """The intents of this kind."""
    return [each for each in events(payments) if isinstance(each, Sending) and each.what == what]


def heard(payments: pf.Payments, what: str) -> list[Seen]:
    """The evidence of this kind."""
    return [each for each in events(payments) if isinstance(each, Seen) and each.what == what]


def since(start: float, asked: list[Operation]) -> list[float]:
    """Seconds after `start` at which it was asked."""
    return [round(each.now - start, 3) for each in asked]


def test_a_surplus_is_written_down_before_it_goes_back() -> None:
    """How much, as which request, and until when an answer is waited for; the answer names the request."""
    payments, clock, first, _ = contradicted()
    before = max(each.request for each in events(payments) if isinstance(each, Sending) and each.seq == 1)
    settle(payments, clock, 60.0)
    (sent,), (asked,) = written(payments, "refund"), first.of(Kind.REFUND)
    assert (sent.amount, sent.request, sent.refund) == (AMOUNT.minor, before + 1, asked.refund_number)
    assert round(sent.until - sent.at, 6) == asked.timeout
    assert [each.request for each in heard(payments, "refund")] == [sent.request]


def test_a_refund_of_the_merchant_is_written_down_before_it_is_sent() -> None:
    """How much of the order, and until when an answer is waited for."""
    payments, _, only = sold()
    payments.refund(ORDER, "r-1", PART, within=0.3)
    (sent,), (asked,) = written(payments, "merchant_refund"), only.of(Kind.REFUND)
    assert (sent.amount, sent.request, sent.refund) == (PART.minor, 0, "r-1")
    assert round(sent.until - sent.at, 6) == asked.timeout


def test_a_surplus_that_is_sent_again_says_when_it_was_sent_first() -> None:
    """The provider lost it: it goes back under the same number, with the time of the first try."""
    payments, clock, first, _ = twice_paid()
    first.on(Kind.REFUND, SILENCE, BACK).on(Kind.QUERY_REFUND, NOT_FOUND)
    settle(payments, clock, 600.0)
    again = first.of(Kind.REFUND)
    assert len({each.refund_number for each in again}) == 1
    assert [each.refund_sent_at for each in again] == [again[0].now] * 2


def test_what_is_said_of_a_surplus_is_dated_by_the_question() -> None:
    """An answer is as old as its question, and every question has time to be answered."""
    payments, clock, first, _ = twice_paid()
    settle(payments, clock, 60.0)
    asked = first.of(Kind.QUERY_REFUND)
    assert asked
    assert [each.asked_at for each in heard(payments, "query_refund")] == [each.now for each in asked]
    assert all(each.timeout >= 1.0 for each in asked)


def test_what_is_said_of_a_refund_is_dated_by_the_question() -> None:
    """The first answer is the sending's own, each further one is as old as its question."""
    payments, clock, only = sold()
    payments.refund(ORDER, "r-1", within=0.3)
    settle(payments, clock, 60.0)
    asked = only.of(Kind.QUERY_REFUND)
    assert asked
    assert [each.asked_at for each in heard(payments, "merchant_refund")] == [0.0, *(each.now for each in asked)]


def test_a_refund_is_followed_while_the_caller_has_time() -> None:
    """It is under way, and is asked about until it is done."""
    payments, _, only = sold()
    only.on(Kind.QUERY_REFUND, UNDER_WAY, BACK)
    assert payments.refund(ORDER, "r-1", within=20.0).state == "done"


def test_each_refund_of_an_order_is_asked_about_at_the_same_pace() -> None:
    """First after two seconds, then ever more slowly: the second part of an order as the first, and the third."""
    payments, clock, only = sold()
    paces = []
    for name in ("r-1", "r-2", "r-3"):
        start, before = clock.epoch(), len(only.of(Kind.QUERY_REFUND))
        payments.refund(ORDER, name, pf.Money.of("10.00", "CNY"), within=15.0)
        paces.append(since(start, only.of(Kind.QUERY_REFUND)[before:]))
    assert paces == [[2.0, 5.0, 9.5]] * 3


def test_who_loses_a_race_sends_the_refund_all_the_same() -> None:
    """Another part is asked for elsewhere while this refund is written down: it is sent in the same call."""
    journal: list[Overtaken] = []

    def overtaken(clock: VirtualClock) -> Overtaken:
        journal.append(Overtaken(MemoryJournal(clock), "merchant_refund"))
        return journal[0]

    payments, clock, only = sold(overtaken)
    only.on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=PART))
    other = client({"a": only}, clock, journal[0].inner, channel={"a": {"last": True}})
    journal[0].act = lambda: other.refund(ORDER, "r-2", PART, within=0.05)
    assert payments.refund(ORDER, "r-1", PART, within=5.0).state == "done"
    assert [each.refund for each in events(payments) if isinstance(each, RefundAsked)] == ["r-1", "r-2"]


def test_a_refund_that_was_answered_is_known_when_the_journal_comes_back() -> None:
    """The journal goes away while recovery gives a surplus back: the answer is kept, and nobody is asked again."""
    clock = VirtualClock()
    journal = JournalThatFails(MemoryJournal(clock))
    first = Scripted("first", close=True, close_names_trade=True)
    first.on(Kind.CHARGE, says(pf.Verdict.PENDING)).on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))

    def goes_away() -> None:
        journal.away = True

    first.on(Kind.QUERY, captured()).on(Kind.REFUND, meanwhile(goes_away, BACK)).on(Kind.QUERY_REFUND, UNDER_WAY)
    second = Scripted("second").on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, clock, journal)  # type: ignore[arg-type]  # a journal by shape
    first.on(Kind.QUERY, says(pf.Verdict.PENDING))
    payments.pay(order(), "a")
    assert isinstance(payments.switch(order(), "b"), pf.Paid)
    first.on(Kind.QUERY, captured())
    payments.report("a", FIRST, captured())
    while not journal.away:
        clock.advance(5.0)
        payments.recover()
    journal.repair()
    settle(payments, clock, 600.0)
    assert [each.verdict for each in heard(payments, "refund")] == ["refunded"]
    assert not first.of(Kind.QUERY_REFUND)


def test_refunds_whose_question_has_to_wait_wait_for_their_turn() -> None:
    """The budget is spent: neither refund is asked about, and the order has its turn in seconds, not at once."""
    payments, clock, only = sold()
    for name in ("r-1", "r-2"):
        payments.refund(ORDER, name, PART, within=0.3)
    clock.advance(60.0)
    spend(payments, "a")
    payments.recover()
    assert not only.of(Kind.QUERY_REFUND)
    assert 0.0 < ask(payments.journal.load, KEY).due - clock.epoch() <= 10.0


def test_a_surplus_whose_question_has_to_wait_waits_for_its_turn() -> None:
    """The order is looked at again in seconds, and what another channel has to say is asked at once."""
    payments, clock, first, second = twice_paid()
    clock.advance(10.0)
    payments.recover()
    payments.refund(ORDER, "r-1", within=0.3)
    clock.advance(60.0)
    seen = len(first.of(Kind.QUERY_REFUND))
    spend(payments, "a")
    payments.recover()
    assert len(first.of(Kind.QUERY_REFUND)) == seen
    assert second.of(Kind.QUERY_REFUND)
    assert 0.0 < ask(payments.journal.load, KEY).due - clock.epoch() <= 10.0
