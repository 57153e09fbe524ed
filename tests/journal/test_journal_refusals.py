"""What every journal remembers of shoppers and cards: by subject, for its time, and never without bounds."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from journal_cases import START, HandClock, ask, load, new, submit

from payfallback._core.memory import Refusal
from payfallback.journal import _kept, _postgres_refusals, _refusals
from payfallback.journal._database import migrate
from payfallback.journal._rules import OF_ONE
from payfallback.journal._schema import MIGRATIONS, VERSION
from payfallback.journal.sqlite import SqliteJournal
from payfallback.ports import Journal

Opens = Callable[..., SqliteJournal]


def refusal(subject: str = "shopper::a1", scope: str = "baitiao", **more: Any) -> Refusal:
    """One refusal, kept for an hour."""
    given = {"cause": "overdue", "at": START, "until": START + 3600.0, "option": "baitiao/12", "minor": 599900}
    return Refusal(subject=subject, scope=scope, **{**given, "currency": "CNY", **more})


def remember(journal: Journal, *refusals: Refusal) -> None:
    """Keep them."""
    assert ask(journal.remember, refusals) is None


def recall(journal: Journal, *subjects: str) -> tuple[Refusal, ...]:
    """What is kept of somebody."""
    found: tuple[Refusal, ...] = ask(journal.recall, subjects or ("shopper::a1",))
    return found


def test_what_is_remembered_comes_back_whole(journal: Journal) -> None:
    """Every field, by subject, of those that were asked about and of nobody else."""
    card = refusal("card:c1", "network:visa", cause="05", at=START - 5.0, option="", minor=0, currency="")
    remember(journal, refusal(), card, refusal("shopper::b2"))
    assert recall(journal, "shopper::a1", "card:c1", "card:c1") == (card, refusal())
    assert recall(journal, "nobody") == ()


def test_it_is_forgotten_when_its_time_is_over(journal: Journal, clock: HandClock) -> None:
    """By the journal's clock, to the second."""
    remember(journal, refusal(), refusal(cause="credit_score", until=START + 7200.0))
    clock.turn(3600.0)
    assert [each.cause for each in recall(journal)] == ["credit_score"]
    clock.turn(3600.0)
    assert recall(journal) == ()


def test_one_scope_can_be_forgotten(journal: Journal) -> None:
    """The others stay."""
    remember(journal, refusal(), refusal(scope="wechat"))
    assert ask(journal.forget, "shopper::a1", "baitiao") is None
    assert [each.scope for each in recall(journal)] == ["wechat"]


def test_one_subject_has_only_so_many(journal: Journal) -> None:
    """The oldest make room: a shopper who is refused a thousand times is a shopper, not a disk."""
    for n in range(OF_ONE + 10):
        remember(journal, refusal(at=START + n))
    remember(journal, refusal("shopper::b2"))
    assert [each.at for each in recall(journal)] == [START + n for n in range(10, OF_ONE + 10)]
    assert len(recall(journal, "shopper::b2")) == 1


def test_all_together_are_only_so_many(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was kept first goes first."""
    for store in (_kept, _refusals, _postgres_refusals):
        monkeypatch.setattr(store, "IN_ALL", 20)
    for n in range(50):
        remember(journal, refusal(f"shopper::{n}"))
    assert [n for n in range(50) if recall(journal, f"shopper::{n}")] == list(range(30, 50))


def test_what_nobody_asks_about_does_not_stay_on_the_disk(open_sqlite: Opens, clock: HandClock) -> None:
    """Each write sweeps what is over."""
    journal = open_sqlite(clock=clock)
    remember(journal, *(refusal(f"shopper::{n}") for n in range(90)))
    clock.turn(3601.0)
    remember(journal, refusal("shopper::new", until=START + 9999.0))
    with closing(sqlite3.connect(journal.path)) as connection:
        assert connection.execute("SELECT subject FROM refusals").fetchall() == [("shopper::new",)]


def test_a_closed_journal_remembers_nothing(journal: Journal) -> None:
    """As with everything else, later calls are told that it is closed."""
    journal.close()
    answers: list[object] = []
    journal.remember((refusal(),), answers.append)
    journal.recall(("shopper::a1",), answers.append)
    journal.forget("shopper::a1", "baitiao", answers.append)
    assert [type(each).__name__ for each in answers] == ["JournalUnavailable"] * 3


def test_a_journal_of_the_first_release_gets_a_memory(open_sqlite: Opens, clock: HandClock) -> None:
    """It is brought forward when it is opened, with every order in it."""
    journal = open_sqlite(clock=clock)
    submit(journal, new())
    journal.close()
    with closing(sqlite3.connect(journal.path, isolation_level=None)) as connection:
        connection.execute("DROP TABLE refusals")
        connection.execute("PRAGMA user_version = 1")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert (VERSION, len(MIGRATIONS)) == (2, 2)
    again = open_sqlite(clock=clock)
    remember(again, refusal())
    assert (recall(again), load(again).version) == ((refusal(),), 1)
    with closing(sqlite3.connect(again.path, isolation_level=None)) as connection:
        migrate(connection, MIGRATIONS)
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
