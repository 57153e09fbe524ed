"""What the shop's own code had sent before, and last looks that others write over."""

from __future__ import annotations

import pytest
from attack_scene import attempts
from core_world import SILENCE, Scripted, captured, client, says, settle
from long_lives import KEY, ask
from money_shop import AMOUNT, ORDER, order
from test_last_looks import DAY, HOUR, fell_back

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.policy import Account
from payfallback.testing import VirtualClock

CLOSED = says(pf.Verdict.CLOSED, named=True)
ONE = pf.Money.of("1.00", "CNY")


def ended(name: str, account: Account | None = None) -> Scripted:
    """A provider with whom what the old code sent is closed, and a new charge is paid."""
    shop = Scripted(name, close=True, close_names_trade=True).on(Kind.CHARGE, captured()).on(Kind.QUERY, CLOSED)
    shop.account = account or shop.account
    return shop.on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT, named=True))


@pytest.mark.parametrize("adopted", [[f"{ORDER}02"], [f"{ORDER}02", f"{ORDER}03"], [f"{ORDER}03", "0815"]])
def test_a_number_that_other_code_sent_is_not_sent_again(adopted: list[str]) -> None:
    """Numbers were adopted that look as the next attempts' would: an attempt takes the next one that is free."""
    clock, only = VirtualClock(), ended("only")
    payments = client({"a": only}, clock)
    for number in adopted:
        payments.adopt(order(), "a", number, sent_at=clock.epoch())
        clock.advance(10.0)
        payments.recover()
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    numbers = [each.number for each in attempts(payments.journal)]
    assert numbers[:-1] == adopted
    assert numbers[-1] not in adopted
    assert [each.number for each in only.of(Kind.CHARGE)] == numbers[-1:]


def test_a_number_is_taken_for_every_channel_of_its_account() -> None:
    """What was adopted on one channel is not sent by another one of the same account, and late money goes back."""
    clock, first = VirtualClock(), ended("shop")
    second = ended("shop", first.account)
    payments = client({"a": first, "b": second}, clock)
    payments.adopt(order(), "a", f"{ORDER}02", sent_at=clock.epoch())
    clock.advance(10.0)
    payments.recover()
    paid = payments.pay(order(), "b")
    assert isinstance(paid, pf.Paid)
    assert paid.number != f"{ORDER}02"
    first.on(Kind.QUERY, captured())
    settle(payments, clock, 3 * HOUR)
    assert [each.number for each in first.of(Kind.REFUND)] == [f"{ORDER}02"]
    assert isinstance(payments.status(ORDER), pf.Paid)


def look_is_due(behind: float) -> tuple[pf.Payments, VirtualClock, Scripted]:
    """The end of a closed attempt's watch, and recovery is so many seconds behind; the order was paid elsewhere."""
    payments, clock, first, second = fell_back()
    second.on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=ONE))
    settle(payments, clock, 2 * HOUR)
    clock.advance(ask(payments.journal.load, KEY).due - clock.epoch() + behind)
    return payments, clock, first


def test_a_refund_in_the_meantime_leaves_the_last_look_to_recovery() -> None:
    """The watch ended while no recovery ran, and the shop refunds a part: what was captured late is found."""
    payments, clock, first = look_is_due(60.0)
    first.on(Kind.QUERY, captured())
    assert payments.refund(ORDER, "r1", ONE).state == "done"
    settle(payments, clock, DAY)
    assert len(first.of(Kind.REFUND)) == 1


def test_a_report_in_the_meantime_leaves_the_last_look_to_recovery() -> None:
    """The watch ended while no recovery ran, and the shop reports that it is closed: it is asked about all the same."""
    payments, clock, first = look_is_due(60.0)
    asked = len(first.of(Kind.QUERY))
    payments.report("a", f"{ORDER}01", CLOSED)
    settle(payments, clock, DAY)
    assert len(first.of(Kind.QUERY)) == asked + 1
    assert ask(payments.journal.load, KEY).due is None


def test_a_refund_does_not_end_the_last_looks_that_nobody_answered() -> None:
    """The provider was silent when the watch ended, and the shop refunds a part: it is asked again within the hour."""
    payments, clock, first = look_is_due(1.0)
    first.on(Kind.QUERY, SILENCE, captured())
    payments.recover()
    assert payments.refund(ORDER, "r1", ONE).state == "done"
    settle(payments, clock, DAY)
    assert len(first.of(Kind.REFUND)) == 1
    assert ask(payments.journal.load, KEY).due is None
