"""I11, I12 and I14: lost health and jumping clocks change what is tried and when, and nothing that is true."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress

import pytest
from core_world import QR, SILENCE, Scripted, Town, captured, client, declined, pending, settle
from money_shop import KINDS, ORDER, order, shop

import payfallback as pf
from payfallback._core.operations import Kind, Operation
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import FAULTS, VirtualClock, check_promises, check_result

# ---------------------------------------------------------------- I11: health is lost


def test_lost_health_changes_what_is_tried() -> None:
    """One process knows that the first channel fails and passes it over; a new one tries it; both pay."""
    town = Town({"a": "named", "b": "named"})
    town.faults.outage("a", "refused")
    tired = town.process()
    for n in range(8):
        tired.pay(pf.Order(f"B100{n}", order().amount), "a", consent=["b"])
    asked = len(town.ledger.arrivals())
    town.faults.lift()
    first = tired.pay(order(), "a", consent=["b"])
    fresh = town.process().pay(pf.Order("A1002", order().amount), "a", consent=["b"])
    assert [each.option for each in (first, fresh) if isinstance(each, pf.Paid)] == ["b", "a"]
    assert asked == 8


@pytest.mark.parametrize("block", range(4))
def test_a_new_process_at_every_step_keeps_the_promises(block: int) -> None:
    """Health, budgets and all memory lost before every click, in a random day: nothing is charged twice or lost."""
    for seed in range(block * 25, block * 25 + 25):
        chance = random.Random(seed)
        town = Town({name: chance.choice(list(KINDS)) for name in "ab"})
        results = [told for _ in range(6) for told in _step(town, chance)]
        town.faults.lift()
        told: list[pf.Outcome] = []
        finisher = town.process()
        for _ in range(60):
            finisher.recover()
            finisher.deliver(told.append)
            town.clock.advance(3600.0)
        history = {f"|{ORDER}": town.events(f"|{ORDER}")}
        assert check_promises(town.ledger, history, results, told) == [], f"seed {seed}"


def _step(town: Town, chance: random.Random) -> list[pf.Result]:
    """One click, in a process of its own, while something or other fails."""
    town.faults.outage(chance.choice("ab"), chance.choice(list(FAULTS)), times=chance.choice([None, 1, 2]))
    payments, choice = town.process(), chance.choice("ab")
    town.clock.advance(chance.choice([0.0, 1.0, 20.0, 400.0]))
    calls: list[Callable[[], object]] = [
        lambda: payments.pay(order(), choice, consent=["b"]),
        lambda: payments.switch(order(), choice),
        lambda: payments.status(ORDER, ask=True),
        payments.recover,
    ]
    with suppress(pf.ProgrammingError):
        result = chance.choices(calls, [5, 2, 1, 1])[0]()
        if isinstance(result, pf.Result):
            assert check_result(town.ledger, result) == []
            return [result]
    return []


def test_questions_are_asked_of_a_channel_whose_circuit_is_open() -> None:
    """The circuit stops charges; what is open on the channel is found out all the same."""
    with shop({"a": "named", "b": "named"}).lab(notices="off") as lab:
        lab.outage("a", "reply_lost", operation="charge", times=1)
        lab.outage("a", "http_503", operation="query", times=3)
        assert isinstance(lab.client.pay(order(), "a", within=1.0), pf.Pending)
        lab.outage("a", "http_503", operation="charge")
        for n in range(8):
            lab.client.pay(pf.Order(f"B100{n}", order().amount), "a", within=0.5)
        closed = lab.client.pay(pf.Order("B2000", order().amount), "a")
        assert isinstance(closed, pf.NotPaid)
        assert closed.cause is pf.Cause.CIRCUIT_OPEN
        lab.advance(15.0)
        lab.recover()
        assert isinstance(lab.client.status(ORDER), pf.Paid)


# ---------------------------------------------------------------- I12: the clock jumps

JUMPS = (-86400.0, -3600.0, -30.0, 30.0, 600.0)


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("answer", [captured(), declined(), SILENCE, pending(action=QR)], ids=lambda a: a.verdict.value)
def test_a_jump_in_mid_charge_changes_no_verdict(answer: pf.Answer, jump: float) -> None:
    """The clock is set while the charge is out: the answer proves what it proves, and `pay` still answers in time."""
    ends: list[tuple[type, float]] = []
    for seconds in (0.0, jump):
        clock = VirtualClock()
        only = Scripted("only", close=True, close_names_trade=True).on(Kind.QUERY, SILENCE)

        def charge(operation: Operation, clock: VirtualClock = clock, seconds: float = seconds) -> pf.Answer:
            clock.jump_epoch(seconds)
            return answer

        only.on(Kind.CHARGE, charge)
        result = client({"a": only}, clock, channel={"a": {"last": True}}).pay(order(), "a")
        ends.append((type(result), clock.monotonic()))
    assert ends[0][0] is ends[1][0]
    assert ends[1][1] <= 5.2


@pytest.mark.parametrize("jump", JUMPS)
def test_after_a_jump_everything_is_still_found_out(jump: float) -> None:
    """The clock is set while an attempt is unknown: recovery finds the truth, sooner or later, and charges nothing."""
    with shop({"a": "named", "b": "named"}).lab(notices="off") as lab:
        lab.outage("a", "reply_lost", operation="charge")
        lab.outage("a", "hang", operation="query")
        lab.client.pay(order(), "a", consent=["b"])
        lab.clock.jump_epoch(jump)
        lab.settle()
        assert isinstance(lab.client.status(ORDER), pf.Paid)
        assert len(lab.captures()) == 1
        lab.assert_promises_kept()


def test_a_provider_that_says_not_found_early_is_not_believed_for_our_clock() -> None:
    """Our clock runs ahead: "not found" is death only when the provider's own clock has passed the expiry."""
    with shop({"a": "expiring", "b": "named"}).lab(notices="off") as lab:
        lab.outage("a", "delivered_late:15", operation="charge")
        lab.client.pay(order(), "a", consent=["b"], within=3.0)
        lab.clock.jump_epoch(3600.0)
        lab.recover()
        assert isinstance(lab.client.pay(order(), "a", consent=["b"], within=8.0), pf.Pending)
        lab.settle()
        assert len(lab.captures()) == 1
        lab.assert_promises_kept()


# ---------------------------------------------------------------- I14: bounded, and resolved when faults stop


@pytest.mark.parametrize("kind", KINDS)
def test_a_day_of_outage_is_resolved_when_it_ends(kind: str) -> None:
    """A channel that answers nothing for hours: a bounded number of requests, and then everything is settled."""
    with shop({"a": kind, "b": "named"}).lab(notices="off") as lab:
        lab.outage("a", "reply_lost", operation="charge")
        lab.client.pay(order(), "a", consent=["b"])
        lab.outage("a", "http_503")
        for _ in range(6 * 60):
            lab.advance(60.0)
            lab.recover()
        assert len(lab.ledger.arrivals(ORDER)) <= 60
        lab.settle()
        lab.assert_promises_kept()


def test_many_unknown_orders_are_asked_about_at_a_bounded_rate() -> None:
    """Five hundred open orders do not become five hundred questions at one moment."""
    clock = VirtualClock()
    only = Scripted("only", close=True).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    payments = client({"a": only}, clock, MemoryJournal(clock), channel={"a": {"last": True, "max_in_flight": 600}})
    for n in range(500):
        with suppress(pf.PayfallbackError):
            payments.pay(pf.Order(f"B{n:05}", order().amount), "a", within=0.06)
    taken = len(only.of(Kind.CHARGE))
    asked = len(only.of(Kind.QUERY))
    clock.advance(60.0)
    payments.recover()
    assert len(only.of(Kind.QUERY)) - asked <= 130
    only.on(Kind.QUERY, captured())
    settle(payments, clock, 120.0 + 3 * 3600.0)
    told: list[str] = []
    while payments.deliver(lambda outcome: told.append(outcome.kind)):
        pass
    assert told.count("paid") == taken
