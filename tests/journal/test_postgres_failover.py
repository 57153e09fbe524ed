"""When the database moves to its standby: what was acknowledged is there, and payers go on by themselves."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from journal_cases import ask, load, new, submit

from payfallback.errors import JournalUnavailable
from payfallback.journal.postgres import PostgresJournal
from postgres_server import PostgresServer

Pair = tuple[PostgresServer, PostgresServer]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A primary that waits for its standby, and the standby."""
    primary = PostgresServer({})
    standby = PostgresServer({}, standby_of=primary)
    with closing(psycopg.connect(primary.url, autocommit=True)) as admin:
        admin.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        admin.execute("SELECT pg_reload_conf()")
        end = time.monotonic() + 20
        while not admin.execute("SELECT FROM pg_stat_replication WHERE sync_state = 'sync'").rowcount:
            assert time.monotonic() < end
            time.sleep(0.02)
    yield primary, standby
    standby.stop()
    primary.stop()


@pytest.mark.slow
def test_payers_follow_the_database_to_its_standby(pair: Pair) -> None:
    """An address with both hosts finds the one that can be written; a standby is refused until it is promoted."""
    primary, standby = pair
    both = f"postgresql://shop@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/postgres"
    with closing(PostgresJournal(both)) as journal:
        journal.migrate()
        for n in range(20):
            assert submit(journal, new(f"A{n}")).ok
        primary.kill(signal.SIGKILL)
        with closing(PostgresJournal(both, patience=0.2)) as hasty:
            for call in (lambda: submit(hasty, new("B1")), lambda: load(hasty, "A1")):
                with pytest.raises(JournalUnavailable, match="this server is a standby"):
                    call()
        with closing(psycopg.connect(standby.url, autocommit=True)) as admin:
            admin.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
            admin.execute("SELECT pg_promote()")
        assert submit(journal, new("A20")).ok
        assert sorted(each.order_id for each in ask(journal.list, (), 100)) == sorted(f"A{n}" for n in range(21))
