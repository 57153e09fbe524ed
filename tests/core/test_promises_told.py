"""I15 and I16: the shop hears every outcome at least once, under one id; recovery finishes and never starts."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from core_world import JournalThatFails, Scripted, Town, captured, client, on_file, settle
from money_shop import AMOUNT, KINDS, ORDER, order, shop

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import FAULTS, VirtualClock
from payfallback.testing.crash import Crashed

# ---------------------------------------------------------------- I15


def test_an_outcome_is_told_under_one_id() -> None:
    """`deliver` hands out what was decided, and not again once it was taken."""
    with shop({"a": "named"}).lab() as lab:
        lab.client.pay(order(), "a")
        told: list[pf.Outcome] = []
        assert [lab.client.deliver(told.append) for _ in range(3)] == [1, 0, 0]
        assert [(each.id, each.kind, each.amount) for each in told] == [(f"{ORDER}:paid", "paid", AMOUNT)]


def test_a_handler_that_raises_is_asked_again() -> None:
    """What a handler raises leaves its outcome for the next time, under the same id; the others are told."""
    with shop({"a": "named"}).lab() as lab:
        for n in range(3):
            lab.client.pay(pf.Order(f"A100{n}", AMOUNT), "a")
        heard: list[str] = []

        def handler(outcome: pf.Outcome) -> None:
            heard.append(outcome.id)
            if outcome.order_id == "A1001" and len(heard) < 4:
                raise OSError("the queue is away")

        with pytest.raises(OSError, match="queue"):
            lab.client.deliver(handler)
        assert lab.client.deliver(handler) == 1
        assert heard == ["A1000:paid", "A1001:paid", "A1002:paid", "A1001:paid"]


def test_the_outcome_is_decided_with_the_winner() -> None:
    """Whenever an order can be seen as paid, its outcome is there to be delivered."""
    with shop({"a": "named"}).lab() as lab:
        for at in range(1, 8):
            order_id = f"B{at:04}"
            lab.crash(at, "after")
            with suppress(Crashed):
                lab.client.pay(pf.Order(order_id, AMOUNT), "a")
            paid = any(each.name == "won" for each in lab.events(order_id))
            assert [each.kind for each in lab.outcomes if each.order_id == order_id] == ["paid"] * paid


def test_a_process_that_dies_in_its_handler_delivers_again(tmp_path: Path) -> None:
    """The outcome was being handed over when the process died: the next one hands it over again, under its id."""
    with Town({"a": "named"}, on_file(tmp_path)) as town:
        one, two, heard = town.process(), town.process(), []
        one.pay(order(), "a")

        def dies(outcome: pf.Outcome) -> None:
            heard.append(outcome.id)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            one.deliver(dies)
        assert two.deliver(lambda outcome: heard.append(outcome.id)) == 1
        assert heard == [f"{ORDER}:paid"] * 2


@pytest.mark.parametrize(
    ("fault", "do", "kinds"),
    [
        ("", "", {"paid"}),
        ("", "refund", {"paid", "refunded"}),
        ("", "cancel", {"paid"}),
        ("user_paying", "cancel", {"cancelled"}),
        ("user_paying", "", {"expired"}),
        ("wrong_amount", "", {"needs_person"}),
    ],
)
def test_every_end_is_told(fault: str, do: str, kinds: set[str]) -> None:
    """Paid, refunded, cancelled, expired or before a person: the shop hears what became of every order."""
    with shop({"a": "named"}, pay_by=60.0).lab() as lab:
        if fault:
            lab.outage("a", fault)
        lab.client.pay(order(), "a")
        if do == "refund":
            lab.client.refund(ORDER, "r-1")
        elif do:
            lab.client.cancel(ORDER)
        lab.settle()
        assert {each.kind for each in lab.deliveries} == kinds


def test_a_sale_that_the_journal_missed_is_told_when_it_is_back() -> None:
    """In `observe` the sale goes through without a journal; its outcome reaches the shop when the journal is back."""
    clock = VirtualClock()
    journal = JournalThatFails(MemoryJournal(clock))
    only = Scripted("only").on(Kind.CHARGE, captured()).on(Kind.QUERY, captured())
    payments = client({"a": only}, clock, journal, autonomy="observe")
    journal.away = True
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    journal.repair()
    settle(payments, clock, 60.0)
    told: list[str] = []
    payments.deliver(lambda outcome: told.append(outcome.kind))
    assert told == ["paid"]


# ---------------------------------------------------------------- I16


@pytest.mark.parametrize("kind", KINDS)
def test_recovery_starts_no_charge(kind: str) -> None:
    """Whatever failed, recovery sends queries, closes, captures and refunds, and never a charge."""
    for fault in FAULTS:
        with shop({"a": kind, "b": "named"}).lab() as lab:
            lab.outage("a", fault)
            lab.client.pay(order(), "a", consent=["b"])
            charges = len(lab.ledger.arrivals(ORDER, Kind.CHARGE))
            lab.settle()
            assert len(lab.ledger.arrivals(ORDER, Kind.CHARGE)) == charges, fault


def test_after_pay_by_no_charge_starts() -> None:
    """The order's time is over: neither `pay` nor `switch` charges, and the outcome is `expired`."""
    with shop({"a": "qr", "b": "named"}, pay_by=60.0).lab() as lab:
        lab.client.pay(order(), "a")
        lab.advance(120.0)
        for call in (lab.client.pay, lab.client.switch):
            with suppress(pf.OrderClosed):
                assert not isinstance(call(order(), "b"), pf.Paid)
        lab.settle()
        assert len(lab.ledger.arrivals(ORDER, Kind.CHARGE)) == 1
        assert [each.kind for each in lab.deliveries] == ["expired"]


def test_an_order_with_no_time_left_is_not_charged() -> None:
    """`pay_by` of nought seconds has passed at once."""
    with shop({"a": "named"}).lab() as lab:
        result = lab.client.pay(pf.Order(ORDER, AMOUNT, pay_by=0.0), "a")
        assert isinstance(result, pf.NotPaid)
        assert result.cause is pf.Cause.EXPIRED
        assert lab.ledger.arrivals() == ()


def test_a_charge_is_not_resent_after_pay_by() -> None:
    """A same-key resend is a charge: none after the end, also where the channel is idempotent."""
    with shop({"a": "idempotent"}, pay_by=4.0).lab(notices="off") as lab:
        lab.outage("a", "rate_limited:5", operation="charge")
        lab.client.pay(order(), "a", within=60.0)
        end = 4.0 + lab.clock.epoch() - lab.clock.monotonic()
        assert all(each.at <= end for each in lab.ledger.arrivals(ORDER, Kind.CHARGE))


def test_at_pay_by_what_is_open_is_closed() -> None:
    """Recovery closes an open attempt when the order's time is over."""
    with shop({"a": "named"}, pay_by=60.0).lab() as lab:
        lab.outage("a", "user_paying")
        lab.client.pay(order(), "a")
        for _ in range(10):
            lab.advance(10.0)
            lab.recover()
        assert len(lab.ledger.closes()) == 1
        assert isinstance(lab.client.status(ORDER), pf.NotPaid)


@pytest.mark.parametrize("over", ["cancelled", "expired", "refunded"])
def test_an_order_that_is_over_is_not_charged_again(over: str) -> None:
    """Cancelled, expired or refunded: another `pay` is refused with OrderClosed."""
    with shop({"a": "named", "b": "named"}, pay_by=60.0).lab() as lab:
        if over != "refunded":
            lab.outage("a", "declined:overdue")
        lab.client.pay(order(), "a")
        if over == "refunded":
            lab.client.refund(ORDER, "r-1")
        elif over == "cancelled":
            lab.client.cancel(ORDER)
        lab.settle()
        charges = len(lab.ledger.arrivals(ORDER, Kind.CHARGE))
        with pytest.raises(pf.OrderClosed):
            lab.client.pay(order(), "b")
        assert len(lab.ledger.arrivals(ORDER, Kind.CHARGE)) == charges
