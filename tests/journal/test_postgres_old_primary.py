"""An old primary that was frozen and stays up: whoever is connected to it must find the new one, readers too."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from journal_cases import load, new, submit

from payfallback.errors import JournalUnavailable
from payfallback.journal.postgres import PostgresJournal
from postgres_server import PostgresServer


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of this test's own: it is frozen as a whole."""
    server = PostgresServer()
    yield server
    server.stop()


def connected(admin: psycopg.Connection) -> set[int]:
    """The journal's connections."""
    rows = admin.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'payfallback'").fetchall()
    return {pid for (pid,) in rows}


def freeze(admin: psycopg.Connection) -> None:
    """As a switch to another primary does it: what is connected may only read from now on."""
    admin.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    admin.execute("SELECT pg_reload_conf()")


def lead_on(admin: psycopg.Connection) -> None:
    """The address leads to a server that can be written: for whoever connects anew, and for nobody else."""
    admin.execute("SET default_transaction_read_only = off")
    admin.execute("ALTER DATABASE postgres SET default_transaction_read_only = off")


def write_until_refused(journal: PostgresJournal) -> None:
    """A server takes a moment to tell its connections that it is frozen."""
    end, n = time.monotonic() + 30, 0
    while time.monotonic() < end:
        n += 1
        submit(journal, new(f"A{n}"))


def test_nobody_stays_connected_to_a_frozen_primary(server: PostgresServer) -> None:
    """A write that is refused there is written at the new one, and reads leave the old one with it."""
    with (
        closing(PostgresJournal(server.url, allow_volatile=True, patience=0.2)) as journal,
        closing(psycopg.connect(server.url, autocommit=True)) as admin,
    ):
        journal.migrate()
        assert submit(journal, new("A0")).ok
        assert load(journal, "A0").version == 1
        old = connected(admin)
        assert len(old) == 2
        freeze(admin)
        with pytest.raises(JournalUnavailable, match="25006"):
            write_until_refused(journal)
        lead_on(admin)
        assert submit(journal, new("B1")).ok
        assert load(journal, "B1").version == 1
        assert not connected(admin) & old
