"""Other processes on the same orders of one PostgreSQL, in the same moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from queue import Empty, SimpleQueue
from typing import Any

import anyio
import psycopg
import pytest
from journal_cases import ACCOUNT, START, add, ask, load, new, outcome, submit, won

from payfallback.journal.postgres import PostgresJournal
from payfallback.ports import Receipt

Opens = Callable[..., PostgresJournal]


@pytest.fixture
def admin(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    """Somebody else in the same database."""
    with closing(psycopg.connect(postgres_url, autocommit=True)) as connection:
        yield connection


def test_a_number_taken_in_the_same_moment(open_postgres: Opens, schema: str, postgres_url: str) -> None:
    """Two processes write one number at once: one waits for the other, and is refused alone; its group is written."""
    journal = open_postgres()
    submit(journal, new("A1"))
    answers: SimpleQueue[Any] = SimpleQueue()
    with closing(psycopg.connect(postgres_url)) as other:
        other.execute(f"INSERT INTO {schema}.numbers VALUES('N1', '{ACCOUNT}', '|X')")
        journal.pause()
        journal.submit(new("A2", numbers=((ACCOUNT, "N1"),)), answers.put)
        journal.submit(new("A3"), answers.put)
        journal.resume()
        with pytest.raises(TimeoutError):
            wait(answers, 0.1)
        other.commit()
        assert [answers.get(timeout=30) for _ in range(2)] == [
            Receipt(ok=False, conflict="number"),
            Receipt(ok=True, version=1),
        ]
    assert ask(journal.load, "|A2") is None


def wait(answers: SimpleQueue[Any], seconds: float) -> Any:
    """The next answer, or `TimeoutError`."""
    try:
        return answers.get(timeout=seconds)
    except Empty:
        raise TimeoutError from None


def test_an_order_that_another_process_creates_in_the_same_moment(
    open_postgres: Opens, schema: str, postgres_url: str
) -> None:
    """The second is told that it is there."""
    journal = open_postgres()
    answers: SimpleQueue[Any] = SimpleQueue()
    with closing(psycopg.connect(postgres_url)) as other:
        other.execute(
            f"INSERT INTO {schema}.orders(key, version, fence, owner, lease_until, log) VALUES('|A1', 1, 0, '', 0, '')"
        )
        journal.submit(new("A1"), answers.put)
        with pytest.raises(TimeoutError):
            wait(answers, 0.1)
        other.commit()
        assert answers.get(timeout=30) == Receipt(ok=False, conflict="version")


def test_a_claim_does_not_wait_for_who_is_writing(open_postgres: Opens, schema: str, postgres_url: str) -> None:
    """Many recoverers pass over what another one is taking."""
    journal = open_postgres()
    for n in range(4):
        submit(journal, new(f"A{n}", due=START))
    with closing(psycopg.connect(postgres_url)) as other:
        other.execute(f"SELECT FROM {schema}.orders WHERE key IN ('|A0', '|A2') FOR UPDATE")
        assert [each.key for each in ask(journal.claim, "recoverer", 30, 10)] == ["|A1", "|A3"]
        other.rollback()
    assert [each.key for each in ask(journal.claim, "recoverer", 30, 10)] == ["|A0", "|A2"]


def test_two_writers_of_the_same_orders_do_not_lock_each_other_out(
    open_postgres: Opens, admin: psycopg.Connection[Any]
) -> None:
    """Groups that name the same orders in opposite order take them in one order: PostgreSQL meets no deadlock."""
    names = [f"A{n:02}" for n in range(40)]
    journals = (open_postgres(), open_postgres())
    for name in names:
        submit(journals[0], new(name))
    count = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = admin.execute(count).fetchall()
    answers: SimpleQueue[Any] = SimpleQueue()
    for _ in range(15):
        for journal in journals:
            journal.pause()
        for journal, order in zip(journals, (names, names[::-1]), strict=True):
            for name in order:
                journal.submit(add(None, won(), order_id=name), answers.put)
        for journal in journals:
            journal.resume()
        assert all(answers.get(timeout=30).ok for _ in range(80))
    for journal in journals:
        journal.close()  # a connection that ends hands in what it counted
    assert load(open_postgres(), "A07").version == 31
    assert admin.execute(count).fetchall() == before


def test_leases_go_by_the_clock_of_the_database(open_postgres: Opens, schema: str, postgres_url: str) -> None:
    """Two machines whose clocks disagree agree on every lease: neither clock is asked."""
    journal = open_postgres()
    assert submit(journal, new(owner="payer", take_lease=30.0)).fence == 1
    with closing(psycopg.connect(postgres_url)) as other:
        ((left,),) = other.execute(
            f"SELECT lease_until - extract(epoch FROM now())::float8 FROM {schema}.orders"
        ).fetchall()
    assert 25.0 < left <= 30.0
    assert 25.0 < load(journal).lease_left <= 30.0


def test_commits_and_claims_read_no_table_from_end_to_end(
    open_postgres: Opens, schema: str, admin: psycopg.Connection[Any]
) -> None:
    """The work of a commit does not grow with the journal: every look-up is by an index."""
    journal = open_postgres()
    for n in range(150):
        name = f"A{n}"
        submit(journal, new(name, numbers=((ACCOUNT, f"N{n}"),), due=START))
        submit(journal, add(1, won(), order_id=name, outcomes=(outcome(f"o{n}", name),), numbers=((ACCOUNT, f"R{n}"),)))
    journal.close()  # a connection that ends hands in what it counted
    open_postgres()
    read = admin.execute("SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE schemaname = %s", (schema,))
    assert int(read.fetchall()[0][0]) < 2000


@pytest.mark.anyio
async def test_tasks_write_and_read_at_once(open_postgres: Opens) -> None:
    """A hundred tasks of one event loop are served without blocking it, and each is woken in its own loop."""
    journal = open_postgres()
    versions = []

    async def answer(call: Callable[..., None], *given: Any) -> Any:
        token, event, answers = anyio.lowlevel.current_token(), anyio.Event(), []

        def done(result: Any) -> None:
            answers.append(result)
            anyio.from_thread.run_sync(event.set, token=token)

        call(*given, done)
        await event.wait()
        return answers[0]

    async def task(number: int) -> None:
        assert (await answer(journal.submit, new(f"T{number}"))).ok
        versions.append((await answer(journal.load, f"|T{number}")).version)

    async with anyio.create_task_group() as tasks:
        for number in range(100):
            tasks.start_soon(task, number)
    assert versions == [1] * 100
