"""I3 to I6: one attempt at a time, the next only after the last is dead on evidence, one winner, one amount."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from core_world import (
    NEVER_SENT,
    QR,
    SILENCE,
    Scripted,
    Town,
    captured,
    client,
    contradicted,
    declined,
    meanwhile,
    on_file,
    pending,
    settle,
)
from money_shop import AMOUNT, KINDS, ORDER, order, shop

import payfallback as pf
from payfallback._core.operations import Kind, Operation
from payfallback.policy import Policy, Route, When
from payfallback.testing import EXTRAS, FAULTS, VirtualClock, check_result

# ---------------------------------------------------------------- I3: dead on evidence, then the next


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", [*FAULTS, *EXTRAS])
def test_whatever_fails_the_promises_are_kept(kind: str, fault: str) -> None:
    """Any fault, first on charging, then on everything: what was told is true then, and all is well in the end."""
    rule = {**FAULTS, **EXTRAS}[fault]
    for operation in (None, *sorted(each.value for each in rule.strikes)):
        with shop({"a": kind, "b": "named"}).lab() as lab:
            lab.outage("a", fault, operation=operation)
            told = lab.client.pay(order(), "a", consent=["b"])
            assert check_result(lab.ledger, told) == []
            lab.assert_promises_kept(settled=False)
            lab.settle()
            lab.assert_promises_kept()


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"qr"}))
def test_silence_is_not_death(kind: str) -> None:
    """While nobody can say what became of a charge, the next channel is not charged, however long it lasts."""
    with shop({"a": kind, "b": "named"}).lab(notices="off") as lab:
        lab.outage("a", "reply_lost", operation="charge")
        for operation in ("query", "close"):
            lab.outage("a", "hang", operation=operation)
        assert isinstance(lab.client.pay(order(), "a", consent=["b"], within=60.0), pf.Pending)
        assert {each.account for each in lab.ledger.arrivals(ORDER, Kind.CHARGE)} == {"provider-a/m1//production"}


def test_a_refusal_that_is_not_final_is_closed_first() -> None:
    """The same number can still be paid: it is closed before the next channel is charged."""
    with shop({"a": "named", "b": "named"}).lab() as lab:
        lab.outage("a", "declined_open:credit_exhausted")
        assert isinstance(lab.client.pay(order(), "a", consent=["b"]), pf.Paid)
        order_of = [
            (each.account[9:10], each.kind) for each in lab.ledger.arrivals(ORDER) if each.kind is not Kind.QUERY
        ]
        assert order_of == [("a", Kind.CHARGE), ("a", Kind.CLOSE), ("b", Kind.CHARGE)]


def test_an_ok_about_an_unknown_number_is_not_death() -> None:
    """A cancel that says ok about a charge still on its way does not let the next channel go."""
    with shop({"a": "acked", "b": "named"}).lab() as lab:
        lab.outage("a", "delivered_late:20", operation="charge")
        result = lab.client.pay(order(), "a", consent=["b"], within=10.0)
        assert isinstance(result, pf.Pending)
        assert len(lab.ledger.arrivals(ORDER, Kind.CLOSE)) >= 1
        lab.settle()
        lab.assert_promises_kept()


def test_the_death_and_the_next_intent_are_one_commit() -> None:
    """No moment exists at which a crash leaves the death of one and not the start of the next, or the reverse."""
    with shop({"a": "named", "b": "named"}).lab() as lab:
        lab.outage("a", "declined:overdue")
        lab.client.pay(order(), "a", consent=["b"])
        assert lab.steps.names.count("Append") == 3  # intent, death and next intent, winner


# ---------------------------------------------------------------- I4: callers join


def test_a_second_click_while_the_first_is_out_joins_it() -> None:
    """The same order clicked again in mid-charge waits, charges nothing, and says Pending when its time is up."""
    clock, told = VirtualClock(), []
    only = Scripted("only")
    payments = client({"a": only}, clock)
    only.on(Kind.CHARGE, meanwhile(lambda: told.append(payments.pay(order(), "a")), captured()))
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    assert [type(each) for each in told] == [pf.Pending]
    assert len(only.asked) == 1


def test_a_second_click_on_another_channel_joins_too() -> None:
    """Clicking another way to pay in mid-charge does not charge it."""
    clock, told = VirtualClock(), []
    first, other = Scripted("first", close=True, close_names_trade=True), Scripted("other")
    payments = client({"a": first, "b": other}, clock)
    first.on(Kind.CHARGE, meanwhile(lambda: told.append(payments.pay(order(), "b")), captured()))
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    assert isinstance(told[0], pf.Pending)
    assert other.asked == []


def test_paying_again_shows_the_same_code() -> None:
    """A reload while a QR code is shown gets that code, in any channel's name; only `switch` leaves it."""
    with shop({"a": "qr", "b": "qr"}).lab() as lab:
        first = lab.client.pay(order(), "a")
        assert isinstance(first, pf.ActionRequired)
        assert (lab.client.pay(order(), "a"), lab.client.pay(order(), "b")) == (first, first)
        assert len(lab.ledger.arrivals(ORDER, Kind.CHARGE)) == 1


def test_paying_a_paid_order_again_is_paid() -> None:
    """Another click after the end says Paid, with the same number, and charges nothing."""
    with shop({"a": "named", "b": "named"}).lab() as lab:
        first = lab.client.pay(order(), "a")
        assert [lab.client.pay(order(), choice) for choice in ("a", "b")] == [first, first]
        assert isinstance(lab.client.switch(order(), "b"), pf.Paid)
        assert len(lab.captures()) == 1


@pytest.mark.parametrize("choices", ["aa", "ab"], ids=["same channel", "another channel"])
def test_threads_that_click_at_once(choices: str) -> None:
    """Eight threads paying one order at the same moment move the money once."""
    clock, begin, told = VirtualClock(), threading.Barrier(8), []
    providers = {name: Scripted(name, close=True, close_names_trade=True).on(Kind.CHARGE, captured()) for name in "ab"}
    payments = client(providers, clock)

    def click(choice: str) -> None:
        begin.wait()
        told.append(payments.pay(order(), choice))

    threads = [threading.Thread(target=click, args=(choices[n % 2],)) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(len(each.of(Kind.CHARGE)) for each in providers.values()) == 1
    assert {type(each) for each in told} <= {pf.Paid, pf.Pending}
    assert isinstance(payments.status(ORDER), pf.Paid)


@pytest.mark.parametrize("second", ["a", "b"], ids=["same channel", "another channel"])
def test_two_processes_join_on_one_file(tmp_path: Path, second: str) -> None:
    """A second process that is asked to pay what the first one is paying charges nothing."""
    with Town({"a": "named", "b": "named"}, on_file(tmp_path)) as town:
        two, told = town.process(), []

        def charge(operation: Operation) -> pf.Answer:
            told.append(two.pay(order(), second))
            return captured()

        scripted = Scripted("provider-a", close=True, close_names_trade=True).on(Kind.CHARGE, charge)
        town.providers["a"] = scripted
        one = town.process()
        assert isinstance(one.pay(order(), "a"), pf.Paid)
        assert isinstance(told[0], pf.Pending)
        assert isinstance(two.status(ORDER), pf.Paid)
        assert len(scripted.of(Kind.CHARGE)) == 1
        assert town.ledger.arrivals() == ()


# ---------------------------------------------------------------- I5: one winner, and true words


@pytest.mark.parametrize(
    "told", [SILENCE, pending(), pending(action=QR), declined(final=False)], ids=["silence", "pending", "qr", "refused"]
)
def test_not_paid_is_never_said_of_what_is_open(told: pf.Answer) -> None:
    """While an attempt can still be paid, nobody hears that it was not."""
    clock = VirtualClock()
    only = Scripted("only", starts="shopper" if told.action else "server").on(Kind.CHARGE, told)
    payments = client({"a": only}, clock, channel={"a": {"last": True}})
    for result in (payments.pay(order(), "a"), payments.status(ORDER), payments.pay(order(), "a")):
        assert isinstance(result, pf.Pending | pf.ActionRequired)


def test_the_winner_stays() -> None:
    """A late capture of an older attempt, confirmed by its provider, does not become what pays the order."""
    payments, clock, _, _ = contradicted()
    settle(payments, clock, 120.0)
    result, told = payments.status(ORDER), []
    assert isinstance(result, pf.Paid)
    assert (result.option, result.number) == ("b", f"{ORDER}02")
    payments.deliver(lambda outcome: told.append(outcome.id))
    assert told == [f"{ORDER}:paid"]


# ---------------------------------------------------------------- I6: one id, one amount


@pytest.mark.parametrize("amount", [pf.Money.of("59.01", "CNY"), pf.Money.of("59.00", "USD")], ids=str)
@pytest.mark.parametrize("call", ["pay", "switch"])
def test_another_amount_under_the_same_id_is_refused(call: str, amount: pf.Money) -> None:
    """The cart was edited and the id kept: OrderConflict, and nothing more is sent."""
    with shop({"a": "qr", "b": "named"}).lab() as lab:
        lab.client.pay(order(), "a")
        asked = len(lab.ledger.arrivals())
        with pytest.raises(pf.OrderConflict):
            getattr(lab.client, call)(pf.Order(ORDER, amount), "b")
        assert len(lab.ledger.arrivals()) == asked


def test_another_amount_is_refused_after_the_end_too() -> None:
    """A paid order does not become another payment."""
    with shop({"a": "named"}).lab() as lab:
        lab.client.pay(order(), "a")
        with pytest.raises(pf.OrderConflict):
            lab.client.pay(pf.Order(ORDER, pf.Money.of("1.00", "CNY")), "a")


def test_a_refund_id_keeps_its_amount() -> None:
    """The same refund id with another amount is refused; with the same one it is the same refund."""
    with shop({"a": "named"}).lab() as lab:
        lab.client.pay(order(), "a")
        first = lab.client.refund(ORDER, "r-1", pf.Money.of("10.00", "CNY"))
        assert lab.client.refund(ORDER, "r-1", pf.Money.of("10.00", "CNY")) == first
        with pytest.raises(pf.OrderConflict):
            lab.client.refund(ORDER, "r-1", pf.Money.of("11.00", "CNY"))
        assert [each.amount.minor for each in lab.refunds()] == [1000]


def _two_merchants() -> tuple[pf.Payments, dict[str, Scripted]]:
    providers = {name: Scripted(name).on(Kind.CHARGE, captured()) for name in ("north", "south")}
    made = pf.channels(providers)["policy"]
    routes = tuple(
        Route(name=name, order=(pf.Option(name),), when=When(merchants=(name,))) for name in ("north", "south")
    )
    return pf.Payments(Policy(channels=made.channels, routes=routes), providers), providers


def test_the_same_id_of_another_merchant_is_another_order() -> None:
    """Two merchants number their orders alike: both are paid, once each."""
    payments, providers = _two_merchants()
    for name in ("north", "south"):
        result = payments.pay(pf.Order(ORDER, AMOUNT, merchant=name))
        assert isinstance(result, pf.Paid)
        assert result.option == name
    assert [len(each.asked) for each in providers.values()] == [1, 1]


def test_two_orders_never_share_a_number() -> None:
    """Ids that differ only in punctuation make one number: the second is refused, and nothing is sent for it."""
    clock, only = VirtualClock(), Scripted("only").on(Kind.CHARGE, captured())
    payments = client({"a": only}, clock)
    payments.pay(pf.Order("A-1001", AMOUNT), "a")
    with pytest.raises(pf.NumberInvalid):
        payments.pay(pf.Order("A1001", AMOUNT), "a")
    assert len(only.asked) == 1


def test_a_number_that_is_taken_is_passed_over_in_a_fallback() -> None:
    """The fallback's number belongs to another order: nothing is raised after the send, and nothing is forgotten."""
    clock = VirtualClock()
    providers = {name: Scripted(name).on(Kind.CHARGE, declined()) for name in "ac"}
    providers["b"] = Scripted("b").on(Kind.CHARGE, captured())
    payments = client(providers, clock, channel={name: {"last": True} for name in "abc"})
    assert isinstance(payments.pay(pf.Order("A1001", AMOUNT), "a", consent=["b"]), pf.Paid)
    assert isinstance(payments.pay(pf.Order("A-1001", AMOUNT), "c", consent=["b"]), pf.NotPaid)
    assert isinstance(payments.status("A-1001"), pf.NotPaid)
    assert len(providers["b"].asked) == 1


def test_a_provider_that_repeats_its_reference_stops_no_payment() -> None:
    """Two payments under one provider's reference: both are paid, and the reference leads to both."""
    clock, only = VirtualClock(), Scripted("only").on(Kind.CHARGE, captured(provider_ref="T-1"))
    payments = client({"a": only}, clock)
    told = [payments.pay(pf.Order(name, AMOUNT), "a") for name in ("A1001", "A1002")]
    assert [type(each) for each in told] == [pf.Paid, pf.Paid]


def test_every_retry_carries_the_same_number_and_amount() -> None:
    """A charge that was never sent goes out again under its own number."""
    clock, only = VirtualClock(), Scripted("only").on(Kind.CHARGE, NEVER_SENT, NEVER_SENT, captured())
    client({"a": only}, clock, backoff=lambda *_: 0.1).pay(order(), "a")
    assert [(each.number, each.amount) for each in only.asked] == [(f"{ORDER}01", AMOUNT)] * 3
