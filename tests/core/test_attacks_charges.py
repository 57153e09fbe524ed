"""When a charge may leave the house: old keys, ended orders, weak answers, journals that refuse."""

from __future__ import annotations

import pytest
from attack_scene import Fakes, Refusing, attempts, told
from core_world import NEVER_SENT, Scripted, captured, client, declined, says, settle
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import VirtualClock

HOUR = 3600.0
EITHER = {"channel": {"a": {"last": True}, "b": {"last": True}}, "autonomy": "observe"}


@pytest.mark.parametrize("pay_by", [1800.0, 300.0], ids=["the key is forgotten", "the order's time is over"])
def test_an_unknown_charge_is_not_resent_when_it_is_old(pay_by: float) -> None:
    """Its answer came too late and look-ups lag: ten minutes on, another click asks and sends nothing anew."""
    fakes = Fakes(a={"resend": 60.0})
    payments = fakes.process(pay_by=pay_by)
    fakes.faults.outage("a", "slow:10", operation="charge", times=1)
    fakes.faults.outage("a", "appears_late:2000", operation="charge", times=1)
    assert isinstance(payments.pay(order(), "a", within=3.4), pf.Pending)
    for _ in range(6):
        fakes.clock.advance(100.0)
        payments.recover()
    assert isinstance(payments.pay(order(), "a", within=4.0), pf.Pending)
    assert fakes.charges() == ["A100101"]
    assert len(fakes.ledger.captures(ORDER)) == 1


def test_no_retry_begins_after_the_orders_time() -> None:
    """The order ends within the pause before a retry: the retry is not sent."""
    fakes = Fakes(a={})
    payments = fakes.process(backoff=lambda channel, resend: 2.0)
    fakes.faults.outage("a", "refused", operation="charge", times=1)
    result = payments.pay(pf.Order(ORDER, AMOUNT, pay_by=1.0), "a", within=5.0)
    assert isinstance(result, pf.NotPaid)
    assert fakes.ledger.entries() == ()


@pytest.mark.parametrize("word", [pf.Verdict.ACCEPTED, pf.Verdict.NOT_FOUND, pf.Verdict.UNKNOWN])
def test_a_refused_resend_does_not_unsend_the_first_request(word: pf.Verdict) -> None:
    """A charge was answered without saying what became of it; a resend never left: the next channel is not charged."""
    clock = VirtualClock()
    first = Scripted("first", resend=600.0, close=True).on(Kind.CHARGE, says(word), NEVER_SENT)
    first.on(Kind.QUERY, lambda operation: says(pf.Verdict.NOT_FOUND, provider_time=clock.world()))
    second = Scripted("second").on(Kind.CHARGE, captured())
    more = {"backoff": lambda channel, resend: 0.1 * resend, "channel": {"a": {"timeout": 1.0}}}
    payments = client({"a": first, "b": second}, clock, **more)
    for within in (30.0, 10.0):
        assert isinstance(payments.pay(order(), "a", consent=["b"], within=within), pf.Pending)
        clock.advance(2.0)
    assert second.of(Kind.CHARGE) == []


def test_a_paid_order_is_not_charged_again_when_the_journal_only_reads() -> None:
    """In `observe` the disk is full and the order reads as paid: another channel is not charged."""
    fakes = Fakes(a={}, b={})
    journal = Refusing(fakes.journal)
    payments = fakes.process(journal, **EITHER)
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    journal.refuses = lambda commit: True
    assert isinstance(payments.pay(order(), "b"), pf.Paid)
    journal.repair()
    settle(payments, fakes.clock, 4 * HOUR)
    assert fakes.charges() == ["A100101"]
    assert told(payments) == ["paid"]


def test_a_sale_without_the_journal_reaches_the_order_it_belongs_to() -> None:
    """In `observe` an order that was declined is sold while commits fail: it is paid and told when they work again."""
    fakes = Fakes(a={}, b={})
    journal = Refusing(fakes.journal)
    payments = fakes.process(journal, **EITHER)
    fakes.faults.outage("a", "declined:credit_exhausted", operation="charge", times=1)
    assert isinstance(payments.pay(order(), "a"), pf.NotPaid)
    journal.refuses = lambda commit: commit.version != 0
    assert isinstance(payments.pay(order(), "b"), pf.Paid)
    journal.repair()
    settle(payments, fakes.clock, 4 * HOUR)
    result = payments.status(ORDER)
    assert isinstance(result, pf.Paid)
    assert [each.number for each in fakes.ledger.held(ORDER)] == [result.number]
    assert told(payments) == ["paid"]


def test_a_sale_without_the_journal_is_never_taken_for_another_attempt() -> None:
    """Two processes make the same next attempt, one of them without the journal: its sale is kept for a person."""
    clock, first, second = VirtualClock(), Scripted("first"), Scripted("second").on(Kind.CHARGE, captured())
    first.on(Kind.CHARGE, declined())
    inner = MemoryJournal(clock)
    journal = Refusing(inner)
    blind, other = (client({"a": first, "b": second}, clock, each, **EITHER) for each in (journal, inner))
    blind.pay(order(), "a")
    journal.refuses = lambda commit: commit.version != 0
    assert isinstance(blind.pay(order(), "b"), pf.Paid)
    journal.repair()
    other.pay(order(), "a")
    blind.recover()
    kept: list[object] = []
    inner.kept(second.account.id, "A100102", kept.append)
    assert [each.account for each in attempts(inner)] == [first.account.id] * 2
    assert kept != [()]


def test_a_clock_that_was_set_back_makes_no_storm_of_questions() -> None:
    """Our clock is set back while a close is unanswered: a waiting call asks the provider a handful of times."""
    fakes = Fakes(latency=0.02, a={"close": True})
    payments = fakes.process()
    fakes.faults.outage("a", "hang", operation="charge")
    fakes.faults.outage("a", "http_503", operation="close")
    payments.pay(order(), "a", within=3.5)
    payments.cancel(ORDER, within=5.0)
    fakes.clock.jump_epoch(-30.0)
    before = len(fakes.ledger.arrivals(ORDER, Kind.QUERY))
    payments.cancel(ORDER, within=5.0)
    assert len(fakes.ledger.arrivals(ORDER, Kind.QUERY)) - before <= 8
