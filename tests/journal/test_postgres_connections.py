"""When the wire to PostgreSQL is cut: a commit is never taken for done, nor for undone, without looking."""

from __future__ import annotations

import os
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from queue import SimpleQueue
from typing import Any

import psycopg
import pytest
from journal_cases import ACCOUNT, START, add, ask, load, new, outcome, seen, submit, won
from postgres_proxy import Proxy
from psycopg import conninfo

from payfallback.errors import JournalUnavailable
from payfallback.journal.postgres import PostgresJournal
from payfallback.ports import Receipt

Opens = Callable[..., PostgresJournal]
KEEPIDLE: int = getattr(socket, "TCP_KEEPIDLE", 0x10)  # macOS calls it TCP_KEEPALIVE
SIGN = b"journal_sign"  # stands in the statement that ends each group


@pytest.fixture
def wire(postgres_url: str) -> Iterator[Proxy]:
    """What can be cut."""
    with Proxy(postgres_url) as proxy:
        yield proxy


@pytest.fixture
def journal(open_postgres: Opens, wire: Proxy, schema: str) -> Iterator[PostgresJournal]:
    """A journal at the far end of the wire."""
    open_postgres()
    with closing(PostgresJournal(wire.url, schema=schema, allow_volatile=True, patience=2.0)) as opened:
        yield opened


def test_a_lost_acknowledgement_is_looked_up(journal: PostgresJournal, wire: Proxy) -> None:
    """The connection is cut between a commit and its answer: the answer is found in the database, and nothing is
    written twice."""
    submit(journal, new(owner="payer", take_lease=10))
    wire.lose_answer(SIGN)
    assert submit(journal, add(1, won(), fence=1, outcomes=(outcome(),))) == Receipt(ok=True, version=2, fence=1)
    assert wire.sprung.is_set()
    assert load(journal).version == 2
    assert [each.id for each in ask(journal.undelivered, 10)] == ["A1-paid"]


def test_a_refusal_whose_answer_was_lost_is_still_a_refusal(journal: PostgresJournal, wire: Proxy) -> None:
    """What is looked up is what was said of each commit, not only that the group was written."""
    submit(journal, new())
    wire.lose_answer(SIGN)
    assert submit(journal, add(7, won())) == Receipt(ok=False, conflict="version")
    assert wire.sprung.is_set()
    assert load(journal).version == 1


def test_a_whole_group_gets_its_lost_answers(journal: PostgresJournal, wire: Proxy) -> None:
    """Every caller of the group is told what became of its own commit."""
    submit(journal, new(numbers=((ACCOUNT, "N1"),)))
    answers: dict[str, Any] = {}
    told: SimpleQueue[str] = SimpleQueue()
    wire.lose_answer(SIGN)
    for name, commit in (
        *((f"B{n}", new(f"B{n}")) for n in range(20)),
        ("taken", new("C1", numbers=((ACCOUNT, "N1"),))), ("evidence", add(None, seen())),
    ):  # fmt: skip  # a list of commits
        journal.submit(commit, lambda answer, name=name: (answers.update({name: answer}), told.put(name)))
    for _ in range(22):
        told.get(timeout=30)
    assert wire.sprung.is_set()
    assert answers.pop("taken") == Receipt(ok=False, conflict="number")
    assert answers.pop("evidence") == Receipt(ok=True, version=2)
    assert set(answers.values()) == {Receipt(ok=True, version=1)}
    assert len(ask(journal.list, (), 100)) == 21


def test_a_statement_that_never_arrived_is_sent_again(journal: PostgresJournal, wire: Proxy) -> None:
    """The connection is cut before the server had the commit: it is looked for, not found, and written once."""
    submit(journal, new())
    wire.lose_request(SIGN)
    assert submit(journal, add(1, won())) == Receipt(ok=True, version=2)
    assert wire.sprung.is_set()
    assert load(journal).version == 2


def test_a_statement_that_arrives_late_is_shut_out(journal: PostgresJournal, wire: Proxy) -> None:
    """A commit that was kept in the network, and was written anew meanwhile, is refused when it arrives at last."""
    submit(journal, new())
    wire.keep_back(SIGN)
    assert submit(journal, add(None, seen("once"))) == Receipt(ok=True, version=2)
    assert wire.sprung.is_set()
    assert b"PF001" in wire.deliver()
    assert [getattr(event, "text", "") for event in load(journal).events] == ["", "once"]


def test_other_work_whose_answer_was_lost_is_to_be_asked_again(journal: PostgresJournal, wire: Proxy) -> None:
    """A claim that was committed unheard is reported as such; its lease protects the order until it runs out."""
    submit(journal, new(due=START))
    wire.lose_answer(b"COMMIT")
    with pytest.raises(JournalUnavailable, match="the answer was lost"):
        ask(journal.claim, "recoverer", 30, 10)
    assert wire.sprung.is_set()
    assert load(journal).owner == "recoverer"


def test_commits_that_shared_a_transaction_with_other_work_get_their_lost_answers(
    journal: PostgresJournal, wire: Proxy
) -> None:
    """In one group with a claim: the commit's answer is found, only the claim's is not."""
    submit(journal, new())
    answers: SimpleQueue[Any] = SimpleQueue()
    with writer_held(journal):
        journal.submit(add(1, won()), answers.put)
        journal.keep(ACCOUNT, "N9", "charge", {"a": 1}, answers.put)
        wire.lose_answer(b"COMMIT")
    told = [answers.get(timeout=30) for _ in range(2)]
    assert wire.sprung.is_set()
    assert told[0] == Receipt(ok=True, version=2)
    assert isinstance(told[1], JournalUnavailable)
    assert ask(journal.kept, ACCOUNT, "N9") == ({"a": 1},)


class writer_held:  # noqa: N801  # reads as a function does
    """Keep the writer busy, so that what is handed in meanwhile becomes one group."""

    def __init__(self, journal: PostgresJournal) -> None:
        self._journal = journal

    def __enter__(self) -> None:
        self._journal.pause()

    def __exit__(self, *exc: object) -> None:
        time.sleep(0.05)
        self._journal.resume()


def test_a_silent_network_is_given_up(journal: PostgresJournal, wire: Proxy) -> None:
    """When nothing comes back at all, reading and writing end in their time, and go on when the network does."""
    with closing(PostgresJournal(wire.url, schema=journal.schema, allow_volatile=True, patience=0.2)) as hasty:
        submit(hasty, new())
        load(hasty)
        wire.silence()
        answers: SimpleQueue[Any] = SimpleQueue()
        hasty.submit(new("A2"), answers.put)
        hasty.load("|A1", answers.put)
        for _ in range(2):
            assert isinstance(answers.get(timeout=30), JournalUnavailable)
        wire.thaw()
        assert submit(hasty, add(1, won())).ok
        assert load(hasty).version == 2


def test_a_read_survives_a_cut(journal: PostgresJournal, wire: Proxy) -> None:
    """Reading again is always safe."""
    submit(journal, new())
    load(journal)
    wire.cut()
    assert load(journal).version == 1


def test_idle_connections_that_were_closed_harm_nobody(open_postgres: Opens, postgres_url: str, schema: str) -> None:
    """The server, or a pooler, may close what is idle: the next call connects anew."""
    open_postgres()
    url = conninfo.make_conninfo(postgres_url, application_name=schema)
    with closing(PostgresJournal(url, schema=schema, allow_volatile=True)) as journal:
        submit(journal, new())
        load(journal)
        with closing(psycopg.connect(postgres_url, autocommit=True)) as admin:
            ended = admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", (schema,)
            )
            assert ended.fetchall() == [(True,), (True,)]
        assert submit(journal, add(1, won())).version == 2
        assert load(journal).version == 2


def _kept(own: socket.socket) -> bool:
    return own.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0


def idle_seconds_of(url: str) -> set[int]:
    """After how many idle seconds this process's connections to that server are asked whether they live."""
    port, found = int(conninfo.conninfo_to_dict(url)["port"]), set()
    for descriptor in range(3, 4096):
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                with socket.socket(fileno=os.dup(descriptor)) as own:
                    if own.family == socket.AF_INET and own.getpeername()[1] == port:
                        found.add(own.getsockopt(socket.IPPROTO_TCP, KEEPIDLE) if _kept(own) else 0)
    return found


@pytest.mark.parametrize(("given", "seconds"), [({}, 30), ({"keepalives_idle": 77}, 77)])
def test_idle_connections_are_kept_alive(
    open_postgres: Opens, wire: Proxy, schema: str, given: dict[str, int], seconds: int
) -> None:
    """A firewall that forgets idle connections does not get to; the address may say how often it is asked."""
    open_postgres()
    with closing(
        PostgresJournal(conninfo.make_conninfo(wire.url, **given), schema=schema, allow_volatile=True)
    ) as journal:
        submit(journal, new())
        load(journal)
        assert idle_seconds_of(wire.url) == {seconds}


def test_a_database_that_lost_something_acknowledged_is_not_written_on(
    journal: PostgresJournal, wire: Proxy, postgres_url: str, schema: str
) -> None:
    """After a failover to a standby that was behind, the writer stops, and says why."""
    for name in ("A1", "A2"):
        submit(journal, new(name))
    with closing(psycopg.connect(postgres_url, autocommit=True)) as standby:
        standby.execute(f"UPDATE {schema}.writers SET seq = seq - 1")
    wire.cut()
    for _ in range(2):
        with pytest.raises(JournalUnavailable, match="lost what it had acknowledged"):
            submit(journal, new("A3"))
