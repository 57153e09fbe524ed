"""The door for whoever looks after a journal as a whole: the same for every journal."""

from __future__ import annotations

from typing import Any

import pytest
from journal_cases import ACCOUNT, START, HandClock, add, ask, load, new, opened, seen, submit, won
from journal_stories import DAY, archive, everything, paid, retired, write

from payfallback._core import events as e
from payfallback._core.fold import fold
from payfallback._core.remnants import Archived, Ended
from payfallback._values import changed
from payfallback.errors import ProgrammingError
from payfallback.ports import Journal

LATER = 100 * DAY


@pytest.fixture
def old(journal: Journal, clock: HandClock) -> Journal:
    """A journal with an order that was paid a hundred days ago."""
    write(journal, paid("A1"))
    clock.turn(LATER)
    return journal


def test_every_order_comes_once_by_its_key(journal: Journal) -> None:
    """Whatever the size of the pages, with its events, version and columns."""
    for name in ("A3", "A1", "A5", "A2", "A4"):
        write(journal, paid(name))
    for limit in (1, 2, 5, 100):
        found = everything(journal, limit)
        assert [held.key for held in found] == ["|A1", "|A2", "|A3", "|A4", "|A5"]
    first = found[0]
    assert first.stored == load(journal)
    assert (first.version, first.due, first.problem) == (len(paid("A1")), None, "")
    assert first.summary is not None
    assert (first.summary.order_id, first.summary.state) == ("A1", "paid")


def test_an_order_without_a_decision_has_no_columns(journal: Journal) -> None:
    """Evidence that was written by itself is there all the same."""
    submit(journal, new("A1", opened(), summary=None, due=START))
    (held,) = everything(journal)
    assert (held.summary, held.due, held.version) == (None, START, 1)


def test_only_what_is_settled_and_quiet_may_go(journal: Journal, clock: HandClock) -> None:
    """Not what is due, was settled since, wants a person, is uncertain, or was never settled."""
    write(journal, paid("A1"))
    write(journal, paid("A2"), due=START + 10)
    person = e.Settled(START + 3, "A3:needs_person", "needs_person", 2)
    write(journal, (*paid("A3"), person))
    write(journal, paid("A4")[:8])
    surplus = (
        e.Seen(START + 3, 1, "query", "captured", minor=599900, currency="CNY"),
        e.Seen(START + 5, 1, "query", "captured", minor=599900, currency="CNY", asked_at=START + 4),
        e.Excess(START + 5, 1, "late"),
    )
    write(journal, (*paid("A5"), *surplus))
    clock.turn(LATER)
    assert [held.key for held in everything(journal, settled_before=START + 3)] == ["|A1"]
    assert everything(journal, settled_before=START + 2) == []


def test_a_story_goes_and_the_facts_stay(old: Journal) -> None:
    """What remains folds to the same attempts, winner, amount and outcomes; words and hashes of people are gone."""
    before = load(old)
    assert ask(archive(old).retire, [retired(old, "|A1")], START + 3) == ("|A1",)
    after = load(old)
    assert [type(event) for event in after.events] == [Archived, Ended, Ended]
    assert after.version == before.version + 3
    was, record = fold(before.events), fold(after.events)
    assert (record.winner, record.amount, record.outcomes, record.settled_at) == (
        was.winner, was.amount, was.outcomes, was.settled_at,
    )  # fmt: skip  # side by side
    assert [(a.number, a.status, a.provider_ref, a.refusal) for a in record.attempts] == [
        (a.number, a.status, a.provider_ref, a.refusal) for a in was.attempts
    ]
    assert (was.ref, record.ref) == ("a keyed hash", "")
    assert [dict(a.memo) for a in record.attempts] == [{}, {"prepay": "x1"}]
    assert not any(a.text for a in record.attempts)


def test_what_led_to_the_order_still_does(old: Journal) -> None:
    """Its numbers, its reference and its id find it; what it told is gone."""
    ask(archive(old).retire, [retired(old, "|A1")], START + 3)
    for text in ("A1", "A101", "A102", "R-A1"):
        assert ask(old.find, text) == ("|A1",)
    pairs = [(ACCOUNT, "A101"), ("ref:|A1", "R-A1"), ("order:|A1", "A1"), (ACCOUNT, "B1")]
    assert ask(archive(old).leads, pairs) == ("|A1", "|A1", "|A1", "")
    assert ask(archive(old).told, ["A1:paid"]) == {}
    (listed,) = ask(old.list, ("paid",), 10)
    assert listed.order_id == "A1"
    assert ask(old.captured, ACCOUNT, START, START + 10, "", 10) == (listed,)


def test_its_id_and_numbers_are_never_free_again(old: Journal) -> None:
    """Nobody opens an order of that id, or takes one of its numbers for another one."""
    ask(archive(old).retire, [retired(old, "|A1")], START + 3)
    assert submit(old, new("A1")).conflict == "version"
    assert submit(old, new("A2", numbers=((ACCOUNT, "A101"),))).conflict == "number"


def test_the_version_goes_on(old: Journal) -> None:
    """A writer that saw the order before it was retired is refused; evidence is taken, and counted, as ever."""
    stale = load(old).version
    ask(archive(old).retire, [retired(old, "|A1")], START + 3)
    assert submit(old, add(stale, won())).conflict == "version"
    late = e.Seen(START + LATER, 1, "notice", "captured", source="notify", minor=599900, currency="CNY")
    assert submit(old, add(None, late, due=START + LATER)).version == stale + 4
    stored = load(old)
    assert (stored.events[-1], stored.version, stored.due) == (late, stale + 4, START + LATER)
    assert submit(old, add(stale + 4, won())).ok


def test_what_came_to_it_meanwhile_stays(old: Journal) -> None:
    """An order of another version, of one that is due, and one that somebody holds keep their stories."""
    given = retired(old, "|A1")
    assert ask(archive(old).retire, [retired(old, "|A1", version=9)], START + 3) == ()
    assert ask(archive(old).retire, [given], START + 2) == ()
    assert ask(archive(old).retire, [changed(given, key="|B1")], START + 3) == ()
    (claimed,) = ask(old.claim, "worker", 30, 1, key="|A1")
    assert ask(archive(old).retire, [given], START + 3) == ()
    assert submit(old, add(claimed.version, won(), fence=claimed.fence, take_lease=0, due=START + 1)).ok
    assert ask(archive(old).retire, [retired(old, "|A1")], START + 3) == ()
    assert load(old).events[: len(paid("A1"))] == paid("A1")


def test_a_lease_that_ran_out_keeps_nothing(old: Journal, clock: HandClock) -> None:
    """A worker that died long ago is at work on nothing; its lease goes as well."""
    ask(old.claim, "worker", 30, 1, key="|A1")
    clock.turn(31)
    assert ask(archive(old).retire, [retired(old, "|A1")], START + 3) == ("|A1",)
    assert load(old).owner == ""


def test_an_outcome_that_nobody_heard_keeps_the_story(journal: Journal, clock: HandClock) -> None:
    """Once it is delivered, the story may go, with time. Whatever times stand in it, its worker's clock may have been
    years behind: when the shop heard of it is the journal's own time."""
    write(journal, paid("A1"), deliver=False)
    clock.turn(LATER)
    given = retired(journal, "|A1")
    assert ask(archive(journal).told, ["A1:paid", "A9:paid"]) == {"A1:paid": None}
    assert ask(archive(journal).retire, [given], START + 3) == ()
    assert len(ask(journal.undelivered, 10)) == 1
    ask(journal.delivered, "A1:paid")
    assert ask(archive(journal).told, ["A1:paid"]) == {"A1:paid": START + LATER}
    clock.turn(LATER)
    assert ask(archive(journal).retire, [given], START + LATER) == ()
    assert ask(archive(journal).retire, [given], START + LATER + 1) == ("|A1",)
    assert ask(archive(journal).told, ["A1:paid"]) == {}


def test_a_batch_goes_as_far_as_it_may(journal: Journal, clock: HandClock) -> None:
    """One order that stays keeps none of the others; what is gone is not found again."""
    for name in ("A1", "A2", "A3"):
        write(journal, paid(name))
    clock.turn(LATER)
    batch = [retired(journal, "|A1"), retired(journal, "|A2", version=1), retired(journal, "|A3")]
    assert sorted(ask(archive(journal).retire, batch, START + 3)) == ["|A1", "|A3"]
    assert [held.key for held in everything(journal, settled_before=START + 3)] == ["|A2"]
    assert ask(archive(journal).retire, batch, START + 3) == ()


@pytest.mark.parametrize("age", [0.0, 89 * DAY, float("nan")])
def test_a_young_story_stays_whoever_asks(old: Journal, age: float) -> None:
    """By the journal's own clock: nothing of the last 90 days can go, and an age that is none is refused."""
    with pytest.raises(ProgrammingError, match="less than 90 days"):
        ask(archive(old).retire, [retired(old, "|A1")], START + LATER - age)
    assert load(old).events == paid("A1")


def test_a_notification_for_a_number_that_nobody_knows_is_found(journal: Journal) -> None:
    """Until an order has its number."""
    write(journal, paid("A1"))
    ask(journal.keep, ACCOUNT, "A101", "charge", {"known": True})
    for number in ("N1", "N2", "N3"):
        ask(journal.keep, ACCOUNT, number, "charge", {"known": False})
    strays = _strays(journal)
    assert [(each.kind, each.name, each.account) for each in strays] == [
        ("notification", number, ACCOUNT) for number in ("N1", "N2", "N3")
    ]
    submit(journal, new("A2", numbers=((ACCOUNT, "N2"),)))
    assert [each.name for each in _strays(journal)] == ["N1", "N3"]


def _strays(journal: Journal) -> list[Any]:
    found: list[Any] = []
    after: str | None = ""
    while after is not None:
        step = ask(archive(journal).strays, after, 2)
        found += step.found
        after = step.after
    return found


def test_a_whole_journal_has_no_flaws(old: Journal) -> None:
    """The database finds nothing wrong with it, before and after a story went."""
    ask(archive(old).retire, [retired(old, "|A1")], START + 3)
    submit(old, add(None, seen()))
    assert ask(archive(old).flaws) == ()
    assert _strays(old) == []


def test_an_empty_batch_and_an_empty_journal_are_fine(journal: Journal) -> None:
    """There is nothing to do, and nothing to find."""
    assert everything(journal) == []
    assert (ask(archive(journal).leads, ()), dict(ask(archive(journal).told, ()))) == ((), {})
    assert ask(archive(journal).retire, (), START - 200 * DAY) == ()
