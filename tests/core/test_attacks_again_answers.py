"""Answers that no journal can hold, from readers that are the shop's own code."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from attack_scene import Door, paid_notice, told
from core_world import FIRST, SILENCE, Scripted, captured, client, on_file, pending, settle
from long_lives import KEY, ask
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.events import Seen
from payfallback._core.operations import Answer, Kind, Notice
from payfallback.journal.memory import MemoryJournal
from payfallback.ports import Commit, Done, Journal
from payfallback.testing import VirtualClock

DAY = 86400.0
LAST: dict[str, Any] = {"channel": {"a": {"last": True}, "b": {"last": True}}}
NOTHING: Any = None  # what `response.get("code_url")` is when it is not there
FLAWED: dict[str, dict[str, Any]] = {
    "a number in the memo": {"memo": {"trade": 20261122}},
    "a number that names it": {"memo": {5: "trade"}},
    "a list": {"memo": ["trade"]},
    "no number": {"paid_at": math.nan},
    "no end": {"paid_at": math.inf},
    "a bool": {"paid_at": True},
    "half a character": {"provider_ref": "\ud800"},
}
SHOWN: dict[str, Any] = {
    "qr": pf.Qr(NOTHING),
    "redirect": pf.Redirect(NOTHING),
    "form": pf.Form("https://pay.example/1", NOTHING),
    "bytes": pf.Form("https://pay.example/1", {"token": NOTHING}),
    "secret": pf.ClientSecret(NOTHING),
    "app": pf.AppParams(NOTHING),
}


def says_always(answer: pf.Answer) -> Scripted:
    """A provider whose reader makes this of whatever it is asked."""
    return Scripted("first", close=True, close_names_trade=True).on(Kind.CHARGE, answer).on(Kind.QUERY, answer)


@pytest.mark.parametrize("flaw", FLAWED.values(), ids=FLAWED)
def test_an_answer_that_no_journal_can_hold_is_no_proof(flaw: dict[str, Any], tmp_path: Path) -> None:
    """It is written down as unknown, the order is asked about, and a day later a person hears of it."""
    clock, first = VirtualClock(), says_always(captured(**flaw))
    with client({"a": first}, clock, on_file(tmp_path)(clock), **LAST) as payments:
        result = payments.pay(order(), "a", within=1.0)
        assert isinstance(result, pf.Pending)
        assert result.cause is pf.Cause.UNRECOGNISED
        settle(payments, clock, DAY + 7200.0)
        assert len(first.of(Kind.QUERY)) > 5
        assert told(payments) == ["needs_person"]


def test_an_order_is_paid_when_its_reader_is_mended(tmp_path: Path) -> None:
    """The reader gave what no journal can hold, and is mended: the next question settles the order."""
    clock, first = VirtualClock(), says_always(captured(provider_ref="\ud800"))
    with client({"a": first}, clock, on_file(tmp_path)(clock), **LAST) as payments:
        payments.pay(order(), "a", within=1.0)
        first.on(Kind.QUERY, captured())
        settle(payments, clock, 60.0)
        assert isinstance(payments.status(ORDER), pf.Paid)


@pytest.mark.parametrize("action", SHOWN.values(), ids=SHOWN)
def test_a_shopper_is_not_shown_what_is_not_there(action: Any) -> None:
    """A reader took a field of a response that has none: it is no action, and the charge is found out about."""
    clock = VirtualClock()
    result = client({"a": says_always(pending(action=action))}, clock, **LAST).pay(order(), "a", within=1.0)
    assert isinstance(result, pf.Pending)
    assert result.cause is pf.Cause.UNRECOGNISED


def test_a_kind_of_text_is_text(tmp_path: Path) -> None:
    """Parsers hand out texts of classes of their own: a payment with one in its memo is paid."""

    class Parsed(str):
        __slots__ = ()

    clock, first = VirtualClock(), says_always(captured(memo={Parsed("trade"): Parsed("20261122")}))
    with client({"a": first}, clock, on_file(tmp_path)(clock), **LAST) as payments:
        assert isinstance(payments.pay(order(), "a"), pf.Paid)
        kept = [each.memo for each in ask(payments.journal.load, KEY).events if type(each) is Seen]
        assert kept == [{"trade": "20261122"}]


class Careless(Door):
    """A door whose reader puts a number where a text belongs."""

    def notification(self, headers: Mapping[str, str], body: bytes, query: str) -> Notice:
        """Paid."""
        return Notice(number=FIRST, answer=Answer(verdict=pf.Verdict.CAPTURED, amount=AMOUNT, memo={"trade": NOTHING}))


def test_a_notification_that_no_journal_can_hold_is_taken_and_asked_about(tmp_path: Path) -> None:
    """It is acknowledged, as the provider would send the same again, and a question settles the order."""
    clock, first = VirtualClock(), says_always(SILENCE)
    with client({"a": first}, clock, on_file(tmp_path)(clock), **LAST) as payments:
        payments.pay(order(), "a", within=1.0)
        served = client({"a": Careless(first.account, first.capabilities(""))}, clock, payments.journal, **LAST)
        ack = served.notify("a", {}, paid_notice(FIRST))
        assert (ack.status, ack.handled, ack.order_id) == (200, True, ORDER)
        first.on(Kind.QUERY, captured())
        settle(payments, clock, 60.0)
        assert isinstance(payments.status(ORDER), pf.Paid)


class Choosy:
    """A journal that cannot hold evidence with a memo, and counts what it is offered."""

    def __init__(self, inner: Journal) -> None:
        self.inner, self.offered, self.away = inner, 0, False

    def submit(self, commit: Commit, done: Done) -> None:
        """`done(Receipt)`, `ProgrammingError` or `JournalUnavailable`."""
        if any(type(each) is Seen and each.memo for each in commit.events):
            self.offered += 1
            done(pf.ProgrammingError("this cannot be journalled: TypeError"))
        elif self.away:
            done(pf.JournalUnavailable("the disk is full"))
        else:
            self.inner.submit(commit, done)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def test_evidence_that_a_journal_refuses_for_good_is_not_offered_again() -> None:
    """It is told once, later calls are not slower for it, and recovery asks the provider instead."""
    clock, heard = VirtualClock(), list[tuple[str, str]]()
    first, second = says_always(captured(memo={"trade": "1"})), Scripted("second").on(Kind.CHARGE, captured())
    journal: Any = Choosy(MemoryJournal(clock))

    def listen(event: str, /, **fields: Any) -> None:
        heard.append((event, str(fields["order_id"])))

    payments = client({"a": first, "b": second}, clock, journal, observer=listen, **LAST)
    assert isinstance(payments.pay(order(), "a", within=1.0), pf.Pending)
    assert [each for each in heard if each[0] == "journal.evidence_refused"] == [("journal.evidence_refused", KEY)]
    offered = journal.offered
    assert isinstance(payments.pay(pf.Order("B2002", AMOUNT), "b"), pf.Paid)
    assert journal.offered == offered
    first.on(Kind.QUERY, captured())
    settle(payments, clock, 60.0)
    assert isinstance(payments.status(ORDER), pf.Paid)


def test_a_sale_without_the_journal_that_it_refuses_for_good_is_kept_for_a_person() -> None:
    """In `observe` a sale went on without the journal, which cannot hold its evidence: its number is kept."""
    clock, heard = VirtualClock(), list[str]()
    first, journal = says_always(captured(memo={"trade": "1"})), Choosy(MemoryJournal(clock))
    more: Any = {"autonomy": "observe", "observer": lambda event, /, **fields: heard.append(event), **LAST}
    payments = client({"a": first}, clock, journal, **more)
    journal.away = True
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    kept: list[Any] = []
    journal.kept(first.account.id, FIRST, kept.append)
    assert [body["verdict"] for body in kept[0]] == ["captured"]
    assert heard.count("order.needs_person") == 1
