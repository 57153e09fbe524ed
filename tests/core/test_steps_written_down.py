"""What the story and the observer have of each step: its request, its time, its cause, and why money goes back."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from core_world import FIRST, ORDER, QR, SILENCE, Scripted, captured, client, declined, order, pending, says, settle
from long_lives import KEY, ask

import payfallback as pf
from payfallback._core.events import Event, Seen, Sending
from payfallback._core.operations import Kind, Operation
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import VirtualClock
from payfallback.testing.crash import Crashed

CLOSES = {"close": True, "close_names_trade": True}
CLOSED = says(pf.Verdict.CLOSED, named=True)
BACK = says(pf.Verdict.REFUNDED, amount=order().amount, named=True)


class Heard:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, event: str, /, **fields: Any) -> None:
        """One event."""
        self.told.append((event, fields))

    def of(self, name: str) -> list[dict[str, Any]]:
        """What it heard under this name."""
        return [fields for event, fields in self.told if event == name]


def events(payments: pf.Payments) -> tuple[Event, ...]:
    """The order's journal."""
    found: tuple[Event, ...] = ask(payments.journal.load, KEY).events
    return found


def steps(payments: pf.Payments, seq: int = 1) -> list[tuple[str, int]]:
    """(what, request) of everything that was sent for an attempt."""
    return [(each.what, each.request) for each in events(payments) if isinstance(each, Sending) and each.seq == seq]


def answers(payments: pf.Payments, what: str) -> list[int]:
    """The requests that answers of this kind name."""
    return [each.request for each in events(payments) if isinstance(each, Seen) and each.what == what]


def test_requests_are_counted_and_have_an_end() -> None:
    """A charge and two closes: 1, 2, 3; each says how long its answer is waited for, each answer names its own."""
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    first.on(Kind.CLOSE, says(pf.Verdict.CLOSED), CLOSED)
    payments = client({"a": first, "b": Scripted("b").on(Kind.CHARGE, captured())}, VirtualClock())
    assert isinstance(payments.pay(order(), "a", consent=["b"], within=30.0), pf.Paid)
    assert steps(payments) == [("charge", 1), ("close", 2), ("close", 3)]
    assert answers(payments, "close") == [2, 3]
    sent = [each for each in events(payments) if isinstance(each, Sending) and each.what == "close"]
    assert [round(each.until - each.at, 6) for each in sent] == [each.timeout for each in first.of(Kind.CLOSE)]


def test_a_capture_is_a_request_like_others() -> None:
    """Held, then taken: the second request of the attempt, with its end, and its answer names it."""
    first = Scripted("first", authorises=True, **CLOSES).on(Kind.CHARGE, says(pf.Verdict.AUTHORISED))
    first.on(Kind.CAPTURE, captured())
    payments = client({"a": first}, VirtualClock())
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    assert steps(payments) == [("charge", 1), ("capture", 2)]
    assert answers(payments, "capture") == [2]
    sent = [each for each in events(payments) if isinstance(each, Sending) and each.what == "capture"]
    assert round(sent[0].until - sent[0].at, 6) == first.of(Kind.CAPTURE)[0].timeout


def late(scene: str) -> tuple[pf.Payments, VirtualClock, Scripted, Heard]:
    """Channel `a` was given up, in one of three ways, before its money came."""
    clock, heard = VirtualClock(), Heard()
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, pending(action=QR)).on(Kind.CLOSE, CLOSED)
    first.on(Kind.QUERY, pending()).on(Kind.REFUND, BACK)
    second = Scripted("second").on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, clock, pay_by=60.0, observer=heard)
    payments.pay(order(), "a")
    if scene == "cancelled":
        payments.cancel(ORDER)
    elif scene == "late":
        payments.switch(order(), "b")
    else:
        settle(payments, clock, 120.0)
    return payments, clock, first, heard


@pytest.mark.parametrize("why", ["cancelled", "late", "expired"])
def test_money_that_goes_back_says_why(why: str) -> None:
    """The order was cancelled, paid in another way, or its time was over: the provider and the observer hear it."""
    payments, clock, first, heard = late(why)
    first.on(Kind.QUERY, captured())
    payments.report("a", FIRST, captured())
    settle(payments, clock, 60.0)
    assert [each.reason for each in first.of(Kind.REFUND)] == [why]
    assert heard.of("surplus.found") == [{"order_id": ORDER, "number": FIRST, "why": why}]


def test_who_listens_hears_how_an_order_was_paid() -> None:
    """The option and the merchant's number, once."""
    heard = Heard()
    payments = client({"a": Scripted("a").on(Kind.CHARGE, captured())}, VirtualClock(), observer=heard)
    payments.pay(order(), "a")
    payments.pay(order(), "a")
    assert heard.of("order.paid") == [{"order_id": ORDER, "option": "a", "number": FIRST}]


@pytest.mark.parametrize(("cause", "told"), [(None, "unrecognised"), (pf.Cause.TIMEOUT, "timeout")])
def test_who_listens_hears_that_a_person_is_needed(cause: pf.Cause | None, told: str) -> None:
    """With the attempt's number and the last cause that is known, once."""
    clock, heard = VirtualClock(), Heard()
    unknown = pf.Answer(verdict=pf.Verdict.UNKNOWN, cause=cause)
    only = Scripted("only").on(Kind.CHARGE, unknown).on(Kind.QUERY, unknown)
    payments = client({"a": only}, clock, channel={"a": {"last": True}}, observer=heard)
    payments.pay(order(), "a", within=1.0)
    settle(payments, clock, 3 * 86400.0)
    assert heard.of("order.needs_person") == [{"order_id": ORDER, "number": FIRST, "cause": told}]


def test_a_process_that_died_leaves_a_silence() -> None:
    """The request that was under way is the one that nobody answered; no question was asked, and the cause says so."""
    clock, heard = VirtualClock(), Heard()

    def dies(operation: Operation) -> pf.Answer:
        raise Crashed

    first = Scripted("first", **CLOSES).on(Kind.CHARGE, dies).on(Kind.QUERY, pending())
    journal = MemoryJournal(clock)
    with pytest.raises(Crashed):
        client({"a": first}, clock, journal).pay(order(), "a")
    payments = client({"a": first}, clock, journal, observer=heard)
    settle(payments, clock, 30.0)
    (seen,) = (each for each in events(payments) if isinstance(each, Seen) and each.source == "crash")
    assert (seen.what, seen.verdict, seen.request, seen.asked_at, seen.cause) == (
        "charge",
        "unknown",
        1,
        0.0,
        "crashed",
    )
    assert heard.of("attempt.unknown") == [{"order_id": ORDER, "number": FIRST, "cause": "crashed"}]


def test_what_other_code_left_open_is_no_crash() -> None:
    """An adopted charge waits for its provider; nobody's process died."""
    clock, heard = VirtualClock(), Heard()
    first = Scripted("first", **CLOSES).on(Kind.QUERY, SILENCE)
    payments = client({"a": first}, clock, observer=heard)
    payments.adopt(order(), "a", "OLD0000001", sent_at=clock.epoch())
    settle(payments, clock, 20.0)
    assert [each["cause"] for each in heard.of("attempt.unknown")] == ["awaiting_provider"]


def test_a_surplus_that_a_cancelled_order_gives_back_is_followed_while_the_caller_has_time() -> None:
    """The cancel finds that it was paid: the money goes back, and is asked about ever more slowly until it is there."""
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, pending(action=QR)).on(Kind.QUERY, captured())
    first.on(Kind.REFUND, says(pf.Verdict.ACCEPTED)).on(Kind.QUERY_REFUND, says(pf.Verdict.ACCEPTED))
    payments = client({"a": first, "b": Scripted("b").on(Kind.CHARGE, declined())}, VirtualClock())
    payments.pay(order(), "a")
    payments.cancel(ORDER, within=20.0)
    sent = first.of(Kind.REFUND)
    assert len(sent) == 1
    asked = [round(each.now - sent[0].now, 3) for each in first.of(Kind.QUERY_REFUND)]
    assert asked[0] == 2.0
    assert [round(after - before, 2) for before, after in pairwise(asked)][:3] == [3.0, 4.5, 6.75]
