"""When the server fails, or a caller errs: typed errors, and nothing acknowledged is lost."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from queue import SimpleQueue
from typing import Any

import psycopg
import pytest
from journal_cases import START, HandClock, add, ask, load, new, opened, outcome, planned, submit, won

from payfallback.errors import JournalUnavailable, ProgrammingError
from payfallback.journal.postgres import PostgresJournal
from payfallback.ports import Receipt
from postgres_server import PostgresServer

Opens = Callable[..., PostgresJournal]


@pytest.fixture
def admin(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    """Somebody else in the same database."""
    with closing(psycopg.connect(postgres_url, autocommit=True)) as connection:
        yield connection


# ---------------------------------------------------------------- the server


class Till:
    """A thread that creates orders and decides them, and notes each once it was told that it is durable."""

    def __init__(self, journal: PostgresJournal, name: str, stop: threading.Event) -> None:
        self.journal, self.name, self.stop = journal, name, stop
        self.acknowledged: list[str] = []
        self.refused = 0
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        for n in range(100_000):
            if self.stop.is_set():
                return
            name = f"{self.name}-{n}"
            try:
                created = submit(self.journal, new(name, opened(name), planned(f"{name}-1"), numbers=(("a", name),)))
                assert created == Receipt(ok=True, version=2), created
                decided = submit(self.journal, add(2, won(), order_id=name, outcomes=(outcome(f"{name}!", name),)))
                assert decided == Receipt(ok=True, version=3), decided
                self.acknowledged.append(name)
            except JournalUnavailable:
                self.refused += 1


@pytest.mark.slow
def test_a_server_that_is_killed_loses_nothing_acknowledged() -> None:
    """Its immediate shutdown and its kill -9 in the middle of commits, and its restart, over and over: each
    acknowledged order is there, whole and once, and payers that waited went on."""
    server, stop = PostgresServer({}), threading.Event()
    journal = PostgresJournal(server.url)
    journal.migrate()
    tills = [Till(journal, f"T{n}", stop) for n in range(6)]
    done = 0
    try:
        for how in (signal.SIGQUIT, signal.SIGKILL):
            while sum(len(till.acknowledged) for till in tills) < done + 60:
                assert all(till.thread.is_alive() for till in tills)
                time.sleep(0.002)
            server.kill(how)
            server.start()
            done = sum(len(till.acknowledged) for till in tills)
        stop.set()
        for till in tills:
            till.thread.join()
        names = [name for till in tills for name in till.acknowledged]
        assert len(names) > 120
        for name in names:
            assert load(journal, name).events == (opened(name), planned(f"{name}-1"), won())
        told = [each.id for each in ask(journal.undelivered, 1_000_000)]
        assert {f"{name}!" for name in names} <= set(told)
        assert len(told) == len(set(told))
        with closing(psycopg.connect(server.url)) as connection:
            wrong = connection.execute(
                """
                SELECT key FROM payfallback.orders
                WHERE version <> array_length(string_to_array(trim(trailing E'\\n' FROM log), E'\\n'), 1)
                """
            )
            assert wrong.fetchall() == []
    finally:
        stop.set()
        journal.close()
        server.stop()


@pytest.mark.parametrize("code", ["40001", "40P01", "55P03"], ids=["serialization", "deadlock", "lock timeout"])
def test_what_certainly_was_not_written_is_tried_again(
    open_postgres: Opens, schema: str, admin: psycopg.Connection[Any], code: str
) -> None:
    """Failures that PostgreSQL asks to repeat are repeated; the caller does not hear of them."""
    journal = open_postgres()
    submit(journal, new())
    admin.execute(
        f"""
        CREATE SEQUENCE {schema}.tries;
        CREATE FUNCTION {schema}.fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF nextval('{schema}.tries') < 4 THEN RAISE EXCEPTION 'not now' USING ERRCODE = '{code}'; END IF;
          RETURN NEW; END $$;
        CREATE TRIGGER fails BEFORE UPDATE ON {schema}.orders FOR EACH ROW EXECUTE FUNCTION {schema}.fails();
        """
    )
    assert submit(journal, add(1, won())) == Receipt(ok=True, version=2)
    assert admin.execute(f"SELECT last_value FROM {schema}.tries").fetchall() == [(4,)]


def test_a_full_disk_is_reported_at_once(open_postgres: Opens, schema: str, admin: psycopg.Connection[Any]) -> None:
    """What will not pass by itself is not tried again; with room again the journal goes on."""
    journal = open_postgres()
    submit(journal, new())
    admin.execute(
        f"""
        CREATE FUNCTION {schema}.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
        CREATE TRIGGER fails BEFORE UPDATE ON {schema}.orders FOR EACH ROW EXECUTE FUNCTION {schema}.full();
        """
    )
    with pytest.raises(JournalUnavailable, match=r"could not extend file \(53100\)"):
        submit(journal, add(1, won()))
    admin.execute(f"DROP TRIGGER fails ON {schema}.orders")
    assert submit(journal, add(1, won())).version == 2


# ---------------------------------------------------------------- callers


def test_one_bad_commit_spoils_only_itself(open_postgres: Opens) -> None:
    """Commits that conflict, or cannot be stored at all, are refused alone; the rest of their group is written."""
    journal = open_postgres()
    submit(journal, new("taken", numbers=(("a", "N1"),)))
    answers: dict[str, Any] = {}
    told: SimpleQueue[str] = SimpleQueue()
    commits = {
        "good": new("good"), "taken": new("taken"), "number": new("number", numbers=(("a", "N1"),)),
        "stale": add(9, won(), order_id="taken"), "surrogate": new("x", owner="\ud800", take_lease=1.0),
        "huge": new("huge", fence=2**70), "evidence": add(None, won(), order_id="taken"), "also good": new("also"),
        "amount": new("amount", summary=new("amount").summary.__class__(  # type: ignore[union-attr]  # a summary
            order_id="amount", merchant="", state="s", amount="many", currency="CNY", opened_at=START)),
        "twice": new("twice", outcomes=(outcome("o1"), outcome("o1"))),
    }  # fmt: skip  # a list of cases
    journal.pause()
    for name, commit in commits.items():
        journal.submit(commit, lambda answer, name=name: (answers.update({name: answer}), told.put(name)))
    journal.resume()
    for _ in commits:
        told.get(timeout=30)
    kinds = {
        name: (given.conflict or given.version) if isinstance(given, Receipt) else type(given)
        for name, given in answers.items()
    }
    assert kinds == {
        "good": 1, "taken": "version", "number": "number", "stale": "version", "surrogate": ProgrammingError,
        "huge": ProgrammingError, "evidence": 2, "also good": 1, "amount": ProgrammingError, "twice": "outcome",
    }  # fmt: skip  # a list of cases


def test_the_queue_is_bounded(open_postgres: Opens) -> None:
    """More than the limit does not wait: it is refused at once, and what waits is written later."""
    journal = open_postgres(limit=5)
    submit(journal, new())
    answers: SimpleQueue[Any] = SimpleQueue()
    journal.pause()
    journal.submit(new("in hand"), answers.put)
    time.sleep(0.05)
    for n in range(9):
        journal.submit(new(f"B{n}"), answers.put)
    refused = [answers.get(timeout=30) for _ in range(4)]
    assert all(isinstance(each, JournalUnavailable) for each in refused)
    journal.resume()
    assert all(answers.get(timeout=30).ok for _ in range(6))


def test_one_unreadable_order_does_not_block_recovery(
    open_postgres: Opens, clock: HandClock, schema: str, admin: psycopg.Connection[Any]
) -> None:
    """An order that cannot be read is reported when asked for, and passed over by claims; the others are recovered."""
    journal = open_postgres(clock=clock)
    for name, due in (("bad", 0), ("good", 1)):
        submit(journal, new(name, due=START + due))
    admin.execute(f"""UPDATE {schema}.orders SET log = '{{"e":"quantum","at":1}}' WHERE order_id = 'bad'""")
    clock.turn(5)
    with pytest.raises(JournalUnavailable, match="newer version"):
        load(journal, "bad")
    assert [each.key for each in ask(journal.claim, "recoverer", 30, 10)] == ["|good"]
    with pytest.raises(JournalUnavailable, match="newer version"):
        ask(journal.claim, "recoverer", 30, 1, key="|bad")


def test_what_cannot_be_read_stands_in_nobodys_way(
    open_postgres: Opens, clock: HandClock, schema: str, admin: psycopg.Connection[Any]
) -> None:
    """However many are in front, a listing and a claim reach those behind them; they are not leased, so that a newer
    process finds them free."""
    journal = open_postgres(clock=clock)
    for n in range(30):
        submit(journal, new(f"bad{n:02}", due=START + n))
    for name in ("good1", "good2"):
        submit(journal, new(name, due=START + 50))
    admin.execute(f"""UPDATE {schema}.orders SET log = '{{"e":"quantum","at":1}}' WHERE order_id LIKE 'bad%'""")
    clock.turn(60)
    assert [each.key for each in ask(journal.claim, "recoverer", 30, 1)] == ["|good1"]
    assert [each.order_id for each in ask(journal.due, 5)] == ["good2"]
    again = open_postgres(clock=clock)
    assert [each.order_id for each in ask(again.due, 5)] == ["good2"]
    assert [each.key for each in ask(again.claim, "recoverer", 30, 5)] == ["|good2"]
    left = admin.execute(f"SELECT count(*), max(fence) FROM {schema}.orders WHERE owner = ''").fetchone()
    assert (left, ask(journal.count_due)) == ((30, 0), 32)
