"""I13 and I17: paid means this amount, in this currency, on this account, under this number."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import SILENCE, Scripted, captured, client, declined, says, settle
from money_shop import AMOUNT, ORDER, order, shop

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback._values import changed
from payfallback.policy import Account
from payfallback.testing import VirtualClock

NUMBER = f"{ORDER}01"
WRONG = {
    "a fen too much": pf.Money(AMOUNT.minor + 1, "CNY"),
    "a fen too little": pf.Money(AMOUNT.minor - 1, "CNY"),
    "yuan taken for fen": pf.Money(59, "CNY"),
    "another currency": pf.Money(AMOUNT.minor, "USD"),
}


def shop_of_one(**declared: Any) -> tuple[pf.Payments, VirtualClock, Scripted]:
    """One channel and its provider."""
    clock = VirtualClock()
    only = Scripted("first", **{"close": True, "close_names_trade": True, **declared})
    return client({"a": only}, clock, channel={"a": {"last": True}}), clock, only


def outcomes(payments: pf.Payments) -> list[tuple[str, pf.Cause | None]]:
    """What the shop hears."""
    told: list[tuple[str, pf.Cause | None]] = []
    payments.deliver(lambda outcome: told.append((outcome.kind, outcome.cause)))
    return told


@pytest.mark.parametrize("amount", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("source", ["charge", "query", "report"])
def test_another_amount_is_for_a_person(source: str, amount: pf.Money) -> None:
    """Captured with another amount or currency, whoever says so: never Paid; a person is told, nothing is undone."""
    payments, clock, only = shop_of_one()
    wrong = captured(amount)
    only.on(Kind.CHARGE, wrong if source == "charge" else SILENCE).on(Kind.QUERY, wrong)
    results = [payments.pay(order(), "a", within=1.0)]
    if source == "report":
        results.append(payments.report("a", NUMBER, wrong))
    settle(payments, clock, 300.0)
    results.append(payments.status(ORDER))
    assert {type(each) for each in results} == {pf.Pending}
    assert outcomes(payments) == [("needs_person", pf.Cause.AMOUNT_MISMATCH)]
    assert only.of(Kind.REFUND) == []
    assert results[-1].cause is pf.Cause.AMOUNT_MISMATCH


def test_another_amount_charges_no_other_channel() -> None:
    """Money that is held under another amount stops the order: no fallback, no switch."""
    with shop({"a": "named", "b": "named"}).lab() as lab:
        lab.outage("a", "wrong_amount:1")
        lab.client.pay(order(), "a", consent=["b"])
        assert isinstance(lab.client.switch(order(), "b"), pf.Pending)
        lab.settle()
        assert {each.account[9:10] for each in lab.ledger.arrivals(ORDER, Kind.CHARGE)} == {"a"}
        lab.assert_promises_kept()


def test_a_right_amount_seen_later_pays_after_all() -> None:
    """The first answer was wrong, and the question asked afterwards names the order's amount: paid."""
    payments, clock, only = shop_of_one()
    only.on(Kind.CHARGE, captured(WRONG["a fen too much"])).on(Kind.QUERY, captured())
    payments.pay(order(), "a", within=1.0)
    settle(payments, clock, 60.0)
    assert isinstance(payments.status(ORDER), pf.Paid)


def test_a_returned_amount_frees_the_order() -> None:
    """The provider gave the wrong amount back by itself: nothing is held, and another way may be tried."""
    payments, clock, only = shop_of_one()
    wrong = WRONG["a fen too much"]
    only.on(Kind.CHARGE, captured(wrong)).on(Kind.QUERY, captured(wrong))
    payments.pay(order(), "a", within=1.0)
    settle(payments, clock, 60.0)
    only.on(Kind.QUERY, says(pf.Verdict.REFUNDED, amount=AMOUNT, named=True))
    settle(payments, clock, 7200.0)
    assert isinstance(payments.status(ORDER), pf.NotPaid)


# ---------------------------------------------------------------- I17


FOREIGN: dict[str, dict[str, str]] = {
    "another number": {"number": "Z999901"},
    "another merchant": {"account": "first/m2//production"},
    "another environment": {"account": "first/m1//sandbox"},
}


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize(
    "verdict", [captured(), declined(), says(pf.Verdict.CLOSED, named=True)], ids=lambda a: a.verdict.value
)
@pytest.mark.parametrize("source", ["charge", "query", "close", "report"])
def test_evidence_of_another_trade_proves_nothing(source: str, verdict: pf.Answer, foreign: dict[str, str]) -> None:
    """An answer that speaks of another number or account neither pays the order nor lets another channel go."""
    told = changed(verdict, named=True, **foreign)
    clock = VirtualClock()
    first = Scripted("first", close=True, close_names_trade=True).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    second = Scripted("second").on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, clock)
    if source != "report":
        first.on(Kind(source), told)
    results = [payments.pay(order(), "a", consent=["b"])]
    if source == "report":
        results.append(payments.report("a", NUMBER, told))
    settle(payments, clock, 300.0)
    results.append(payments.status(ORDER))
    assert {type(each) for each in results} == {pf.Pending}
    assert second.asked == []


def test_a_report_on_another_account_finds_nothing() -> None:
    """The number is known, and the channel it is reported on belongs to another account."""
    clock = VirtualClock()
    first, second = Scripted("first").on(Kind.CHARGE, SILENCE), Scripted("second")
    payments = client({"a": first, "b": second}, clock, channel={"a": {"last": True}, "b": {"last": True}})
    payments.pay(order(), "a")
    with pytest.raises(pf.UnknownOrder):
        payments.report("b", NUMBER, captured())
    assert isinstance(payments.status(ORDER), pf.Pending)


def test_an_attempt_whose_account_is_gone_is_asked_of_nobody() -> None:
    """The channel now belongs to another merchant: its open attempt is not asked about there, and stays open."""
    payments, clock, only = shop_of_one()
    only.on(Kind.CHARGE, SILENCE).on(Kind.QUERY, captured())
    only.on(Kind.QUERY, SILENCE)
    payments.pay(order(), "a", within=1.0)
    other = Scripted("first").on(Kind.QUERY, captured())
    other.account = Account(name="first", provider="first", merchant="m2")
    moved = client({"a": other}, clock, payments.journal)
    settle(moved, clock, 90_000.0)
    assert other.asked == []
    assert isinstance(moved.status(ORDER), pf.Pending)
    assert [kind for kind, _ in outcomes(moved)] == ["needs_person"]
