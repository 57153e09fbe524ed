"""Stories leave the journal by age, and nothing that can still happen to their orders goes wrong because of it."""

from __future__ import annotations

import itertools

import pytest
from core_world import FIRST, Scripted, captured, client, declined, pending, says, settle
from hypothesis import given, settings
from hypothesis import strategies as st
from long_lives import KEY, Keeper, LongDay, ask
from money_shop import AMOUNT, ORDER, order, shop

import payfallback as pf
from payfallback._core.bill import hold_against
from payfallback._core.operations import Kind
from payfallback._core.remains import LEAST_AGE
from payfallback._core.remnants import Archived
from payfallback._retention.books import Books
from payfallback._retention.going import let_go
from payfallback.bills import BillLine
from payfallback.errors import OrderClosed, OrderConflict, ProgrammingError
from payfallback.testing import VirtualClock

DAY = 86400.0


@settings(max_examples=100)
@given(st.integers(0, 10**9))
def test_no_random_life_is_harmed_by_a_story_that_goes(seed: int) -> None:
    """Old codes paid, old ids paid again, refunds, crashes: with months between them, and stories gone, the providers'
    ledger shows every promise kept, and what is open is never touched."""
    day = LongDay(seed)
    wrong = day.live()
    assert not wrong, "\n".join([*map(str, wrong), *day.story])


def test_most_of_these_lives_lose_their_story() -> None:
    """The property above is about something."""
    days = [LongDay(seed) for seed in range(20)]
    for day in days:
        day.live()
    assert sum(day.gone > 0 for day in days) >= 10


def gone(payments: pf.Payments, clock: VirtualClock) -> None:
    """A hundred days pass, the outcomes are delivered, and the story goes."""
    settle(payments, clock, 10 * DAY)
    payments.deliver(lambda outcome: None)
    clock.advance(100 * DAY)
    left = let_go(Books(payments.journal, ask), clock.epoch() - LEAST_AGE, clock.epoch())
    assert (left.gone, dict(left.kept)) == (1, {})
    assert type(ask(payments.journal.load, KEY).events[0]) is Archived


def left_for_another() -> tuple[pf.Payments, VirtualClock, Scripted, Scripted]:
    """Channel `a` was closed, `b` pays the order, and the story is gone."""
    clock = VirtualClock()
    first = Scripted("first", close=True, close_names_trade=True)
    first.on(Kind.CHARGE, pending()).on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True)).on(Kind.QUERY, pending())
    first.on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT, named=True))
    second = Scripted("second").on(Kind.CHARGE, captured()).on(Kind.REFUND, says(pf.Verdict.REFUNDED, named=True))
    payments = client({"a": first, "b": second}, clock)
    payments.pay(order(), "a")
    assert isinstance(payments.switch(order(), "b"), pf.Paid)
    gone(payments, clock)
    first.on(Kind.QUERY, captured())
    return payments, clock, first, second


def test_a_paid_order_is_never_charged_again() -> None:
    """A retry that comes months late is answered as it was answered then; nothing is sent."""
    payments, _, first, second = left_for_another()
    asked = len(first.asked) + len(second.asked)
    for result in (payments.pay(order(), "a"), payments.pay(order(), "b"), payments.switch(order(), "a")):
        assert isinstance(result, pf.Paid)
        assert (result.option, result.number, result.switched_from) == ("b", f"{ORDER}02", ("a",))
    assert len(first.asked) + len(second.asked) == asked


def test_its_id_is_still_one_amount() -> None:
    """A recycled order id is refused, not taken for the old payment."""
    payments, *_ = left_for_another()
    with pytest.raises(OrderConflict, match="one id is one amount for ever"):
        payments.pay(pf.Order(ORDER, pf.Money.of("1.00", "CNY")), "a")


@pytest.mark.parametrize("how", ["cancelled", "expired", "refunded"])
def test_an_order_that_ended_otherwise_stays_closed(how: str) -> None:
    """What was given up, ran out of time or went back is refused under its id, months later as well."""
    clock = VirtualClock()
    only = Scripted("only").on(Kind.CHARGE, captured() if how == "refunded" else declined())
    only.on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT, named=True))
    payments = client({"a": only}, clock)
    payments.pay(order(), "a")
    if how == "cancelled":
        payments.cancel(ORDER)
    elif how == "refunded":
        payments.refund(ORDER, "R1")
    gone(payments, clock)
    charges = len(only.of(Kind.CHARGE))
    with pytest.raises(OrderClosed, match=f"is {how}"):
        payments.pay(order(), "a")
    assert len(only.of(Kind.CHARGE)) == charges
    if how == "refunded":
        assert payments.refund(ORDER, "R1").state == "done"
        assert len(only.of(Kind.REFUND)) == 1


def test_a_late_capture_of_an_old_code_still_goes_back() -> None:
    """The number leads to what is left of its order; the capture is refunded by itself, once, and the shop's winner
    stays."""
    payments, clock, first, _ = left_for_another()
    result = payments.report("a", FIRST, captured())
    assert isinstance(result, pf.Pending | pf.Paid)
    settle(payments, clock, 600.0)
    (refund,) = first.of(Kind.REFUND)
    assert (refund.number, refund.refund_amount) == (FIRST, AMOUNT)
    assert isinstance(payments.status(ORDER), pf.Paid)


def test_a_late_capture_on_a_channel_that_is_gone_is_for_a_person() -> None:
    """Where nobody can give it back any more, somebody is told."""
    payments, clock, *_ = left_for_another()
    payments.report("a", FIRST, captured())
    other = client({"c": Scripted("third")}, clock, payments.journal)
    settle(other, clock, 3 * DAY)
    told: list[pf.Outcome] = []
    other.deliver(told.append)
    assert [each.kind for each in told] == ["needs_person"]


def test_an_old_order_can_be_refunded() -> None:
    """The merchant gives money back after a year: the refund has its number, and the same id stays the same refund."""
    payments, _, _, second = left_for_another()
    part = pf.Money.of("9.00", "CNY")
    assert payments.refund(ORDER, "R1", part).state == "done"
    assert payments.refund(ORDER, "R1", part).state == "done"
    (sent,) = second.of(Kind.REFUND)
    assert (sent.number, sent.refund_number, sent.refund_amount) == (f"{ORDER}02", f"{ORDER}02M1", part)
    assert sent.provider_ref == ask(payments.journal.load, KEY).events[2].provider_ref


def test_the_trace_says_where_the_story_is() -> None:
    """Found by its id and its numbers, it tells what it came to."""
    payments, *_ = left_for_another()
    for text in (ORDER, FIRST, f"{ORDER}02"):
        lines = [line.text for line in payments.trace(text).lines]
        assert "was taken out of the journal" in lines[0]
        assert lines[1:] == [
            f"attempt 1 on a under {FIRST} ended: dead (awaiting_shopper)",
            f"attempt 2 on b under {ORDER}02 ended: captured",
        ]


def test_a_story_that_is_not_told_to_the_shop_stays() -> None:
    """An outcome that nobody acknowledged keeps it, and the count says so."""
    with shop({"a": "named"}).lab() as lab:
        lab.client.pay(order(), "a")
        lab.advance(100 * DAY)
        left = Keeper(lab).let_go()
        assert (left.gone, dict(left.kept)) == (0, {"the shop has not heard its outcome": 1})


@pytest.mark.parametrize("days", [0, 89])
def test_an_age_that_is_too_short_is_refused(days: int) -> None:
    """Before anything is looked at: a provider may still change its word."""
    with shop({"a": "named"}).lab() as lab, pytest.raises(ProgrammingError, match="less than 90 days"):
        Keeper(lab).let_go(days * DAY)


def test_a_dry_run_changes_nothing() -> None:
    """It counts what would go."""
    with shop({"a": "named"}).lab() as lab:
        lab.client.pay(order(), "a")
        lab.settle()
        lab.advance(100 * DAY)
        before = ask(lab.client.journal.load, KEY)
        now = lab.clock.epoch()
        left = let_go(Keeper(lab).books, now - LEAST_AGE, now, dry=True)
        assert (left.gone, left.events) == (1, before.version)
        assert ask(lab.client.journal.load, KEY) == before


def test_what_happened_to_an_old_order_lately_keeps_its_story() -> None:
    """Age counts from the last thing that happened, not from the day it was paid."""
    with shop({"a": "named"}).lab() as lab:
        lab.client.pay(order(), "a")
        lab.settle()
        lab.advance(85 * DAY)
        lab.client.refund(ORDER, "R1", pf.Money.of("1.00", "CNY"))
        lab.settle()
        lab.advance(10 * DAY)
        keeper = Keeper(lab)
        assert dict(keeper.let_go().kept) == {"something happened since": 1}
        lab.advance(81 * DAY)
        assert keeper.let_go().gone == 1


def test_many_orders_go_in_bounded_batches() -> None:
    """However many they are, a few hundred are in memory at a time, and each goes once."""
    with shop({"a": "named"}).lab() as lab:
        for number in range(450):
            lab.client.pay(pf.Order(f"B{number:04}", AMOUNT), "a")
        lab.settle()
        lab.advance(100 * DAY)
        keeper = Keeper(lab)
        sizes: list[int] = []
        now = lab.clock.epoch()
        left = let_go(keeper.books, now - LEAST_AGE, now, write=lambda orders, told: sizes.append(len(orders)))
        assert (left.gone, sizes) == (450, [200, 200, 50])
        assert list(itertools.chain(*keeper.books.pages(settled_before=now))) == []


def test_a_bill_that_was_contradicted_is_no_news_years_later() -> None:
    """The bill showed a capture that the provider then denied. The story stays, so the same bill, read again, is known:
    nothing is disputed anew, and nobody is called."""
    clock = VirtualClock()
    first = Scripted("first", close=True, close_names_trade=True).on(Kind.CHARGE, pending()).on(Kind.QUERY, pending())
    first.on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))
    payments = client({"a": first, "b": Scripted("second").on(Kind.CHARGE, captured())}, clock)
    payments.pay(order(), "a")
    payments.switch(order(), "b")
    settle(payments, clock, 600.0)
    account = first.account.id
    line = BillLine(row=1, what="paid", number=FIRST, amount=AMOUNT, at=clock.epoch())

    def read() -> str:
        built = payments._built
        found: str = payments._driver.run(hold_against(built.run_of_key("reconcile", KEY), line, account)).met
        return found

    assert read() == "learned"
    first.on(Kind.QUERY, says(pf.Verdict.DECLINED, final=True, cause=pf.Cause.DECLINED))
    settle(payments, clock, 10 * DAY)
    assert read() == "contradicted"
    payments.deliver(lambda outcome: None)
    clock.advance(100 * DAY)
    left = let_go(Books(payments.journal, ask), clock.epoch() - LEAST_AGE, clock.epoch())
    assert (left.gone, dict(left.kept)) == (0, {"a bill and the provider contradict each other": 1})
    assert read() == "contradicted"
    assert ask(payments.journal.load, KEY).due is None
