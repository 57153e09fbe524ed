"""A journal on disk with orders that were paid long ago, and one that is still open."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from payfallback._core import events as e
from payfallback._core.fold import fold
from payfallback._core.order import key_of
from payfallback._runtime.commits import outcome_of, summary_of
from payfallback._runtime.sync import Slot
from payfallback.journal.sqlite import SqliteJournal
from payfallback.model import Money, Qr
from payfallback.ports import Commit, Journal

ACCOUNT = "jdpay/1//sandbox"
DAY = 86400.0
CONFIG = '[journal]\nurl = "sqlite:///payments.db?allow_volatile=yes"\n'


class LongAgo:
    """The clock of a journal whose orders were paid, and told, long ago."""

    def monotonic(self) -> float:
        """Seconds."""
        return time.monotonic()

    def epoch(self) -> float:
        """Epoch seconds."""
        return time.time() - 499 * DAY


def story(order_id: str, days: float) -> tuple[e.Event, ...]:
    """An order that was paid so many days ago."""
    at = time.time() - days * DAY
    return (
        e.Opened(at, order_id, "", Money(590_00, "CNY"), at + 1800.0, "switch"),
        e.Asked(at, "pay", "baitiao", (), "default"),
        e.Planned(at, 1, f"{order_id}01", "baitiao", ACCOUNT, "server"),
        e.Sending(at, 1, 1, "charge", at + 3.0),
        e.Seen(at + 1.0, 1, "charge", "captured", 1, minor=590_00, currency="CNY", provider_ref=f"R{order_id}"),
        e.Won(at + 1.0, 1),
        e.Settled(at + 1.0, f"{order_id}:paid", "paid", 1),
    )


def shown(order_id: str, days: float) -> tuple[e.Event, ...]:
    """An order whose code was shown so many days ago, and that nobody finished since."""
    at = time.time() - days * DAY
    paid = story(order_id, days)
    code = e.Seen(at + 1.0, 1, "charge", "pending", 1, action=Qr("https://pay.example/1"))
    return (*paid[:4], code, e.HandedOver(at + 1.0, 1))


def write(journal: Journal, stories: Iterable[tuple[e.Event, ...]], *, deliver: bool = True) -> None:
    """Write orders as the runtime does."""
    waiting = []
    for events in stories:
        record, slot = fold(events), Slot()
        key = key_of("", record.order_id)
        attempt = record.attempts[0]
        numbers = ((ACCOUNT, attempt.number), *([(f"ref:{key}", attempt.provider_ref)] if attempt.provider_ref else []))
        told = tuple(outcome_of(record, each) for each in events if type(each) is e.Settled)
        due = None if record.winner else time.time() + 3600.0
        commit = Commit(
            key=key, version=0, events=events, due=due, summary=summary_of(record), outcomes=told, numbers=numbers
        )
        journal.submit(commit, slot)
        waiting.append(slot)
        for each in told if deliver else ():
            waiting.append(Slot())
            journal.delivered(each.id, waiting[-1])
    assert not any(isinstance(slot.wait(), Exception) for slot in waiting)


def plant(folder: Path, *stories: tuple[e.Event, ...], deliver: bool = True) -> Path:
    """A folder with a configuration and a journal of these orders; the journal's path."""
    (folder / "payfallback.toml").write_text(CONFIG, encoding="utf-8")
    journal = SqliteJournal(folder / "payments.db", allow_volatile=True)
    write(journal, stories, deliver=deliver)
    journal.close()
    heard_long_ago(journal.path)
    return journal.path


def heard_long_ago(path: Path) -> None:
    """The shop heard each outcome when it was decided, not when the test wrote it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE outcomes SET delivered_at = at WHERE delivered_at IS NOT NULL")
