"""The schema: what finance may read, and how an older file is brought forward."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from journal_cases import ACCOUNT, START, add, load, new, submit, summary, won

from payfallback.errors import ConfigError
from payfallback.journal._database import migrate
from payfallback.journal._schema import MIGRATIONS, VERSION
from payfallback.journal.sqlite import SqliteJournal

Opens = Callable[..., SqliteJournal]
NEXT = (*MIGRATIONS, ("ALTER TABLE orders ADD COLUMN note TEXT NOT NULL DEFAULT 'new'", "CREATE TABLE extra(x)"))


def connect(path: Path) -> sqlite3.Connection:
    """A plain connection in autocommit."""
    return sqlite3.connect(path, isolation_level=None, timeout=10, check_same_thread=False)


def tables(connection: sqlite3.Connection) -> set[str]:
    """The tables of a database."""
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_finance_reads_one_view(open_sqlite: Opens) -> None:
    """`finance_orders` has one row an order, with documented columns; it can be read while payments go on."""
    journal = open_sqlite()
    submit(journal, new())
    paid = summary(
        "A1", "paid", merchant="m", option="baitiao/12", account=ACCOUNT, number="A101", provider_ref="R1",
        paid_at=START + 1, settled_at=START + 2, refunded=100,
    )  # fmt: skip  # two lines say it
    submit(journal, add(1, won(), summary=paid))
    with closing(sqlite3.connect(f"{journal.path.as_uri()}?mode=ro", uri=True)) as finance:
        finance.row_factory = sqlite3.Row
        (row,) = finance.execute("SELECT * FROM finance_orders").fetchall()
    assert dict(row) == {
        "order_id": "A1", "state": "paid", "amount_minor": 599900, "currency": "CNY", "option": "baitiao/12",
        "account": ACCOUNT, "number": "A101", "provider_ref": "R1", "opened_at": START, "paid_at": START + 1,
        "settled_at": START + 2, "refunded_minor": 100, "merchant": "m",
    }  # fmt: skip  # the documented columns in their order
    assert submit(journal, add(2, won())).ok


def test_an_older_journal_is_brought_forward(open_sqlite: Opens) -> None:
    """A later schema changes a file of this one in place, and everything in it is kept."""
    journal = open_sqlite()
    submit(journal, new())
    journal.close()
    with closing(connect(journal.path)) as connection:
        migrate(connection, NEXT)
        assert connection.execute("SELECT order_id, version, note FROM orders").fetchall() == [("A1", 1, "new")]
        assert "extra" in tables(connection)


def test_a_journal_that_was_brought_forward_is_newer(open_sqlite: Opens) -> None:
    """This version refuses it from its header on, before touching it."""
    journal = open_sqlite()
    submit(journal, new())
    journal.close()
    with closing(connect(journal.path)) as connection:
        migrate(connection, NEXT)
        assert int.from_bytes(journal.path.read_bytes()[60:64], "big") == VERSION + 1
    with pytest.raises(ConfigError, match="newer than the"):
        open_sqlite()


def test_a_migration_is_all_or_nothing(open_sqlite: Opens) -> None:
    """When a step fails the file is as it was, and the old version goes on with it."""
    journal = open_sqlite()
    submit(journal, new())
    broken = (*NEXT, ("CREATE TABLE more(x)", "INSERT INTO nowhere VALUES(1)"))
    with closing(connect(journal.path)) as connection:
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            migrate(connection, broken)
        assert tables(connection).isdisjoint({"extra", "more"})
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert submit(journal, add(1, won())).ok


def test_two_processes_migrate_once(open_sqlite: Opens) -> None:
    """Whoever comes second finds the work done."""
    journal = open_sqlite()
    submit(journal, new())
    journal.close()

    def migrating(_: int) -> None:
        with closing(connect(journal.path)) as connection:
            migrate(connection, NEXT)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrating, range(4)))
    with closing(connect(journal.path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION + 1,)


def test_a_migration_is_not_repeated(open_sqlite: Opens) -> None:
    """A file of this version, or a newer one, is left as it is."""
    journal = open_sqlite()
    submit(journal, new())
    with closing(connect(journal.path)) as connection:
        migrate(connection, MIGRATIONS)
        migrate(connection, ())
    assert load(journal).version == 1
