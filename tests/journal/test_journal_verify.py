"""What `journal verify` finds: each damage is planted in a real file and in a real database, and found by its name."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from journal_cases import ACCOUNT, START, HandClock, ask
from journal_stories import archive, books, paid, retired, write

from payfallback._core import events as e
from payfallback._retention.verify import Finding, verify
from payfallback.journal.postgres import PostgresJournal
from payfallback.journal.sqlite import SqliteJournal
from payfallback.ports import Journal

Lines = list[dict[str, Any]]


class Broken:
    """A journal of two paid orders and one whose code is shown, and somebody with a hammer beside it."""

    def __init__(self, journal: Journal, run: Callable[..., list[tuple[Any, ...]]]) -> None:
        self.journal, self.run = journal, run
        write(journal, paid("A1"))
        write(journal, paid("A2"))
        shown = (*paid("A3")[:4], e.Seen(START + 1, 1, "charge", "pending", 1), e.HandedOver(START + 1, 1))
        write(journal, shown, due=START + 5)

    def edit(self, change: Callable[[Lines], object], *, version: int = 0, order: str = "A1") -> None:
        """Change the lines of an order's log, and add to its version."""
        ((log,),) = self.run("SELECT log FROM $S.orders WHERE key = $1", f"|{order}")
        lines = [json.loads(line) for line in log.splitlines()]
        change(lines)
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        self.run("UPDATE $S.orders SET log = $1 WHERE key = $2", text, f"|{order}")
        if version:
            self.run("UPDATE $S.orders SET version = version + $1 WHERE key = $2", version, f"|{order}")

    def findings(self) -> list[Finding]:
        """What is found."""
        return list(verify(books(self.journal)))

    def found(self) -> list[tuple[str, str, str]]:
        """The same, as kind, order and text."""
        return [(each.kind, each.order, each.text) for each in self.findings()]


@pytest.fixture
def sqlite(tmp_path: Path, clock: HandClock) -> Iterator[Broken]:
    """In a file."""

    def run(sql: str, *given: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as hammer:
            return hammer.execute(_numbered(sql, "", "?"), given).fetchall()

    with closing(SqliteJournal(tmp_path / "journal.db", clock=clock, allow_volatile=True)) as journal:
        yield Broken(journal, run)


@pytest.fixture
def postgres(
    open_postgres: Callable[..., PostgresJournal], postgres_url: str, schema: str, clock: HandClock
) -> Iterator[Broken]:
    """In a database."""
    journal = open_postgres(clock=clock)
    with closing(psycopg.connect(postgres_url, autocommit=True)) as hammer:

        def run(sql: str, *given: Any) -> list[tuple[Any, ...]]:
            done = hammer.execute(_numbered(sql, f"{schema}.", "%s"), given)
            return [] if done.description is None else done.fetchall()

        yield Broken(journal, run)


def _numbered(sql: str, schema: str, mark: str) -> str:
    return sql.replace("$S.", schema).replace("$1", mark).replace("$2", mark)


@pytest.fixture(params=["sqlite", "postgres"])
def broken(request: pytest.FixtureRequest) -> Broken:
    """Each of them."""
    made: Broken = request.getfixturevalue(request.param)
    return made


def test_a_whole_journal_is_whole(broken: Broken, clock: HandClock) -> None:
    """Orders that are paid, open and retired are as they should be."""
    clock.turn(100 * 86400.0)
    ask(archive(broken.journal).retire, [retired(broken.journal, "|A2")], START + 3)
    assert broken.findings() == []


def line(name: str, **fields: Any) -> dict[str, Any]:
    """A forged event."""
    return {"e": name, "at": START, **fields}


IMPOSSIBLE: dict[str, tuple[Callable[[Lines], object], int, str]] = {
    "an event is missing, and the version was mended": (
        lambda log: log.pop(6), -1, "event 7 (seen): it answers request 1 of attempt 2, of which 0 were sent",
    ),
    "two events changed places": (
        lambda log: log.insert(7, log.pop(8)), 0, "event 8 (won): attempt 2 is not captured",
    ),
    "a step that the table does not have": (
        lambda log: log.append(line("excess", seq=1, why="late")), 1,
        "event 11 (excess): an attempt that is dead cannot become excess",
    ),
    "a second attempt while one is open": (
        lambda log: log[4].update(verdict="pending", final=False),
        0, "event 6 (planned): attempt 2 begins while attempt 1 is pending",
    ),
    "an attempt after the order was paid": (
        lambda log: log.append(line("planned", seq=3, number="A103", option="a", account=ACCOUNT, starts="server")), 1,
        "event 11 (planned): attempt 3 begins though attempt 2 pays the order",
    ),
    "a second winner": (lambda log: log.append(line("won", seq=1)), 1, "event 11 (won): attempt 2 has won already"),
    "an attempt that never was": (lambda log: log.append(line("died", seq=7, reason="not_found")), 1, "no attempt 7"),
    "a request that was counted before": (
        lambda log: log.append(line("sending", seq=2, request=1, what="close", until=START)), 1, "request 1 after 1",
    ),
    "an outcome told twice": (
        lambda log: log.append(line("settled", outcome_id="A1:paid", kind="paid", seq=2)), 1, "'paid' was told already",
    ),
    "a refund that nobody asked for": (
        lambda log: log.append(line("sending", seq=2, request=0, what="merchant_refund", until=START, refund="R9")),
        1, "nobody asked for refund R9",
    ),
    "a beginning in the middle": (
        lambda log: log.insert(3, dict(log[0])), 1, "event 4 (opened): it cannot stand here",
    ),
    "an end in the middle": (
        lambda log: log.append(line(
            "ended", seq=3, number="A103", option="wechat", account=ACCOUNT, starts="server", planned_at=START,
            status="captured",
        )), 1, "event 11 (ended): it belongs to the beginning",
    ),
    "no beginning": (lambda log: log.pop(0), -1, "event 1 (asked): an order begins by being opened"),
}  # fmt: skip  # what, how, and what is said


def test_what_cannot_have_happened_is_found(sqlite: Broken) -> None:
    """The events of an order are held against the transition table, one by one, in their order."""
    for place, (change, version, _) in enumerate(IMPOSSIBLE.values()):
        write(sqlite.journal, paid(f"B{place:02}"))
        sqlite.edit(change, version=version, order=f"B{place:02}")
    found = [(order, text) for kind, order, text in sqlite.found() if kind == "impossible"]
    assert [order for order, _ in found] == [f"B{place:02}" for place in range(len(IMPOSSIBLE))]
    for (damage, (_, _, said)), (_, text) in zip(IMPOSSIBLE.items(), found, strict=True):
        assert said in text, damage


def test_a_gap_is_found(broken: Broken) -> None:
    """A lost event, and a version that is not the number of events."""
    broken.edit(lambda log: log.pop(1))
    broken.edit(lambda log: None, version=3, order="A2")
    assert broken.found() == [
        ("gap", "A1", "its version is 10, but there are 9 events"),
        ("gap", "A2", "its version is 13, but there are 10 events"),
    ]


def test_a_forged_step_is_found_in_either_database(broken: Broken) -> None:
    """And it is no longer asked what the columns should say of such an order."""
    broken.edit(lambda log: log.append(line("excess", seq=1, why="late")), version=1)
    assert [(kind, order) for kind, order, _ in broken.found()] == [("impossible", "A1")]


def test_an_event_that_nobody_can_read_is_found(broken: Broken) -> None:
    """It is damaged, or of a newer version; the other orders are looked at all the same."""
    broken.run("UPDATE $S.orders SET log = log || $1 WHERE key = $2", "nonsense\n", "|A1")
    broken.run("UPDATE $S.orders SET log = log || $1 WHERE key = $2", '{"e":"split","at":1}\n', "|A2")
    broken.run("UPDATE $S.orders SET version = version + 1 WHERE key = '|A3'")
    damaged, newer, gap = broken.found()
    assert (damaged[:2], newer[:2], gap[:2]) == (("unreadable", "A1"), ("unreadable", "A2"), ("gap", "A3"))
    assert ("cannot be read" in damaged[2], "newer version" in newer[2]) == (True, True)


def test_columns_that_differ_are_found(broken: Broken) -> None:
    """Finance and `status` would be wrong; of an order that is due only what never changes is compared."""
    broken.run("UPDATE $S.orders SET amount = 1, state = 'open' WHERE key = '|A1'")
    broken.run("UPDATE $S.orders SET number = 'A101', provider_ref = '', paid_at = NULL WHERE key = '|A2'")
    broken.run("UPDATE $S.orders SET currency = 'USD', state = 'paid' WHERE key = '|A3'")
    differ = "its columns differ from its events: "
    assert broken.found() == [
        ("columns", "A1", f"{differ}state, amount"),
        ("columns", "A2", f"{differ}number, provider_ref, paid_at"),
        ("columns", "A3", f"{differ}currency"),
    ]


def test_evidence_that_nobody_decided_on_yet_is_no_difference(broken: Broken) -> None:
    """While an order is due its columns may wait for whoever decides."""
    broken.run("UPDATE $S.orders SET state = 'open', cause = 'x' WHERE key = '|A3'")
    assert broken.findings() == []


def test_a_lost_number_is_found(broken: Broken) -> None:
    """A number, a reference or an id that leads nowhere, or to somebody else's order."""
    broken.run("DELETE FROM $S.numbers WHERE number IN ('A101', 'A1')")
    broken.run("UPDATE $S.numbers SET order_key = '|A2' WHERE number = 'R-A1'")
    assert broken.found() == [
        ("number", "A1", "its own id leads nowhere"),
        ("number", "A1", "A101 leads nowhere"),
        ("number", "A1", "R-A1 leads to |A2"),
    ]


def test_a_lost_order_is_found_by_what_it_left(broken: Broken) -> None:
    """Its numbers and its outcome belong to nobody now."""
    broken.run("DELETE FROM $S.orders WHERE key = '|A1'")
    kinds = [(each.kind, each.order, each.damage) for each in broken.findings()]
    assert kinds == [("stray", "|A1", True)] * 5
    assert "outcome A1:paid belongs to |A1, which is not there" in {text for _, _, text in broken.found()}


def test_a_lost_outcome_is_found(broken: Broken) -> None:
    """The shop may never have heard that the order is paid."""
    broken.run("DELETE FROM $S.outcomes WHERE id = 'A2:paid'")
    ((kind, order, text),) = broken.found()
    assert (kind, order) == ("outcome", "A2")
    assert "A2:paid is not there" in text


def test_a_notification_that_nobody_claims_is_for_a_person(broken: Broken) -> None:
    """It is no damage: somebody was paid under a number that the journal does not know."""
    ask(broken.journal.keep, ACCOUNT, "N1", "charge", {"verdict": "captured"})
    (found,) = broken.findings()
    assert (found.kind, found.order, found.damage) == ("stray", "N1", False)
    assert "adopt" in found.todo


def test_an_order_that_nobody_will_look_at_is_found(broken: Broken) -> None:
    """An open attempt without a time is forgotten, whoever is to blame."""
    broken.run("UPDATE $S.orders SET due = NULL WHERE key = '|A3'")
    found = {each.kind: each for each in broken.findings()}
    assert found["forgotten"].text == "attempt 1 is pending, and nobody will look at it"
    assert (found["forgotten"].key, "--wake" in found["forgotten"].todo) == ("|A3", True)


def test_a_lease_without_an_end_is_for_a_person(broken: Broken) -> None:
    """A clock that jumped ahead gave a worker an order for days, and recovery passes it over."""
    broken.run("UPDATE $S.orders SET owner = 'w1', lease_until = $1 WHERE key = '|A3'", START + 10 * 86400)
    (found,) = broken.findings()
    assert (found.kind, found.order, found.damage) == ("lease", "A3", False)


def test_a_torn_index_of_the_file_is_found(sqlite: Broken, tmp_path: Path) -> None:
    """SQLite's own check of its pages is part of it."""
    ((root,),) = sqlite.run("SELECT rootpage FROM sqlite_master WHERE name = 'orders_state'")
    ((size,),) = sqlite.run("PRAGMA page_size")
    sqlite.run("PRAGMA wal_checkpoint(TRUNCATE)")
    with (tmp_path / "journal.db").open("r+b") as file:
        file.seek((root - 1) * size)
        page = file.read(size)
        file.seek((root - 1) * size)
        file.write(page.replace(b"paid", b"pbid", 1))
    sqlite.journal.close()
    with closing(SqliteJournal(tmp_path / "journal.db", allow_volatile=True)) as journal:
        found = list(verify(books(journal)))
    assert {each.kind for each in found} == {"file"}
    assert "orders_state" in found[0].text
