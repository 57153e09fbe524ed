"""What a PostgreSQL journal asks of its database: durable commits, a schema of its version, and an address."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg
import pytest
from journal_cases import ACCOUNT, add, ask, load, new, seen, submit, won
from psycopg import conninfo

from payfallback.errors import ConfigError, JournalUnavailable, ProgrammingError
from payfallback.journal import check_address, migrate_journal, open_journal
from payfallback.journal._postgres_schema import MIGRATIONS, VERSION
from payfallback.journal._postgres_server import Server
from payfallback.journal.postgres import PostgresJournal

Opens = Callable[..., PostgresJournal]


@pytest.fixture
def admin(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    """The owner of the database, at work beside the journal."""
    with closing(psycopg.connect(postgres_url, autocommit=True)) as connection:
        yield connection


def both_refuse(url: str, schema: str, why: str, *, allow_volatile: bool = True) -> bool:
    """Whether neither writing nor reading works there, and both say why."""
    told = []
    with closing(PostgresJournal(url, schema=schema, allow_volatile=allow_volatile)) as journal:
        for call in (lambda: submit(journal, new()), lambda: ask(journal.load, "|A1")):
            with pytest.raises(JournalUnavailable) as refused:
                call()
            told.append(str(refused.value))
    return all(why in each for each in told)


def set_in(url: str, setting: str) -> str:
    """The address with a setting that its sessions begin with."""
    return conninfo.make_conninfo(url, options=f"-c {setting}")


# ---------------------------------------------------------------- what a server must be


def test_commits_that_a_crash_forgets_are_refused(open_postgres: Opens, postgres_url: str, schema: str) -> None:
    """With `synchronous_commit = off` nothing is written: the server would acknowledge what it may forget."""
    open_postgres()
    assert both_refuse(set_in(postgres_url, "synchronous_commit=off"), schema, "synchronous_commit is off")


def test_synchronous_commit_is_looked_at_with_every_group(
    open_postgres: Opens, postgres_url: str, schema: str, admin: psycopg.Connection[Any]
) -> None:
    """Switched off while the journal is in use, it stops the journal, and nothing of the group is written."""
    open_postgres()
    admin.execute(f"CREATE ROLE {schema} LOGIN SUPERUSER")
    try:
        url = conninfo.make_conninfo(postgres_url, user=schema)
        with closing(PostgresJournal(url, schema=schema, allow_volatile=True)) as journal:
            submit(journal, new())
            session = journal._engine.writer.session
            assert session is not None
            session.script("SET synchronous_commit = off")  # as a pooler's other client might have left it
            with pytest.raises(JournalUnavailable, match="synchronous_commit was switched off"):
                submit(journal, new("A2"))
            assert ask(journal.load, "|A2") is None
    finally:
        admin.execute(f"DROP ROLE {schema}")


def test_a_server_that_does_not_sync_is_refused(open_postgres: Opens, postgres_url: str, schema: str) -> None:
    """`fsync = off` is for tests, which say so."""
    open_postgres()
    with closing(psycopg.connect(postgres_url)) as connection:
        ((fsync,),) = connection.execute("SELECT current_setting('fsync')").fetchall()
    if fsync == "off":
        assert both_refuse(postgres_url, schema, "fsync is off", allow_volatile=False)
    else:
        with closing(PostgresJournal(postgres_url, schema=schema)) as journal:
            assert submit(journal, new()).ok


def test_another_isolation_is_refused(open_postgres: Opens, postgres_url: str, schema: str) -> None:
    """The comparisons of a commit need to see what others have committed meanwhile."""
    open_postgres()
    assert both_refuse(
        set_in(postgres_url, "default_transaction_isolation=serializable"),
        schema,
        "transactions that are read committed",
    )


def test_a_read_only_server_is_an_error_at_once(open_postgres: Opens, postgres_url: str, schema: str) -> None:
    """Nothing is written, and the server's own words say why."""
    open_postgres()
    url = set_in(postgres_url, "default_transaction_read_only=on")
    with closing(PostgresJournal(url, schema=schema, allow_volatile=True)) as journal:
        with pytest.raises(JournalUnavailable, match="read-only transaction"):
            submit(journal, new())
        assert ask(journal.load, "|A1") is None


# ---------------------------------------------------------------- the schema


def test_a_journal_that_was_not_made_is_refused(postgres_url: str, schema: str) -> None:
    """Using a journal never makes one: the shop's role need not be able to, and a mistyped name makes nothing."""
    assert both_refuse(postgres_url, schema, "there is no journal in schema 'test_")


def test_a_newer_journal_is_refused(
    open_postgres: Opens, postgres_url: str, schema: str, admin: psycopg.Connection[Any]
) -> None:
    """By those who use it, and by those who would bring it forward."""
    journal = open_postgres()
    submit(journal, new())
    journal.close()
    admin.execute(f"UPDATE {schema}.meta SET version = {VERSION + 1}")
    assert both_refuse(postgres_url, schema, f"schema {VERSION + 1}, newer than the {VERSION}")
    with pytest.raises(JournalUnavailable, match="newer than the"):
        migrate_journal(f"{postgres_url}?schema={schema}")


def test_an_older_journal_waits_for_its_migration(
    open_postgres: Opens, postgres_url: str, schema: str, admin: psycopg.Connection[Any]
) -> None:
    """It is not changed behind its owner's back."""
    open_postgres()
    admin.execute(f"UPDATE {schema}.meta SET version = {VERSION - 1}")
    assert both_refuse(postgres_url, schema, "this version needs")


def test_a_journal_is_brought_forward_once(
    open_postgres: Opens, postgres_url: str, schema: str, admin: psycopg.Connection[Any]
) -> None:
    """Four who try at once: one does it, everything in the journal is kept, and the others find it done."""
    journal = open_postgres()
    submit(journal, new())
    steps = (*MIGRATIONS, ("ALTER TABLE $S.orders ADD COLUMN note text NOT NULL DEFAULT 'new'",))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: Server(postgres_url, schema).migrate(steps), range(4)))
    found = admin.execute(f"SELECT order_id, version, note FROM {schema}.orders").fetchall()
    assert found == [("A1", 1, "new")]


def test_a_migration_is_all_or_nothing(
    open_postgres: Opens, postgres_url: str, schema: str, admin: psycopg.Connection[Any]
) -> None:
    """When a step fails the journal is as it was, and this version goes on with it."""
    journal = open_postgres()
    submit(journal, new())
    steps = (*MIGRATIONS, ("CREATE TABLE $S.more(x integer)", "INSERT INTO $S.nowhere VALUES(1)"))
    with pytest.raises(JournalUnavailable, match="nowhere"):
        Server(postgres_url, schema).migrate(steps)
    assert admin.execute(f"SELECT to_regclass('{schema}.more')").fetchall() == [(None,)]
    assert submit(journal, add(1, won())).ok


def test_two_schemas_are_two_journals(open_postgres: Opens, postgres_url: str, schema: str) -> None:
    """The address names the schema, and what migrates it makes it."""
    submit(open_postgres(), new())
    other = f"{postgres_url}?schema={schema}_other&allow_volatile=yes"
    migrate_journal(other)
    migrate_journal(other)
    with closing(open_journal(other)) as journal:
        assert ask(journal.load, "|A1") is None
        assert submit(journal, new()).ok
    with closing(psycopg.connect(postgres_url, autocommit=True)) as connection:
        connection.execute(f"SET client_min_messages = warning; DROP SCHEMA {schema}_other CASCADE")


# ---------------------------------------------------------------- addresses


def test_an_address_is_checked_without_connecting() -> None:
    """A configuration is checked where no database can be reached."""
    check_address("postgresql://shop@192.0.2.1/payments?sslmode=verify-full&schema=shop")
    with pytest.raises(ConfigError, match="no plain name"):
        check_address("postgresql://shop@192.0.2.1/payments?schema=Robert'); DROP")


def test_a_password_is_never_repeated() -> None:
    """Neither in an error nor by `repr`."""
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        open_journal("postgresql://shop:s3cr3t@db:port/payments?nonsense=s3cr3t")
    assert "s3cr3t" not in f"{caught.value!r} {caught.value}"
    journal = open_journal("postgresql://shop:s3cr3t@127.0.0.1:1/payments")
    with closing(journal):
        assert "s3cr3t" not in repr(journal)


def test_without_psycopg_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """psycopg is an extra; nobody who keeps a file needs it."""
    for name in [each for each in sys.modules if each.startswith("payfallback.journal._postgres_")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "payfallback.journal.postgres")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match="needs psycopg") as caught:
        open_journal("postgresql://shop@db/payments")
    assert "payfallback[postgres]" in caught.value.hint


def test_nobody_listens(schema: str) -> None:
    """A server that is not there is tried for a while, and then reported."""
    with closing(PostgresJournal("postgresql://shop@127.0.0.1:1/payments", schema=schema, patience=0.1)) as journal:
        with pytest.raises(JournalUnavailable, match="cannot be written"):
            submit(journal, new())
        with pytest.raises(JournalUnavailable, match="cannot be read"):
            load(journal)


def test_a_text_that_postgresql_cannot_hold_is_evidence_all_the_same(open_postgres: Opens) -> None:
    """A NUL in a provider's reference stands there as its picture, and leads to the order; half a character is
    refused."""
    journal = open_postgres()
    submit(journal, new())
    assert submit(journal, add(None, seen("a\x00b"), numbers=((ACCOUNT, "R\x001"),))).ok
    assert ask(journal.find, "R\x001") == ("|A1",)
    assert load(journal).events[1] == seen("a\x00b")
    for call in (lambda: ask(journal.load, "\ud800"), lambda: ask(journal.keep, ACCOUNT, "\ud800", "charge", {})):
        with pytest.raises(ProgrammingError):
            call()
