"""DBOS, run in this process on a database of its own: which looks it is given, and when."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from dbos import DBOS, WorkflowStatus
from psycopg import sql

import payfallback as pf
from payfallback._runtime.sync import Slot
from payfallback.engines.dbos import DbosRecovery
from payfallback.journal.sqlite import SqliteJournal
from shifted_clock import Shifted

WITHIN = 900.0  # seconds that a look may take
PATIENCE = 60.0  # seconds: threads that poll, on a busy machine


SCHEMA = f"dbos_looks_{os.getpid()}"
CLOCK = Shifted()  # the client's, and not DBOS's: an hour ahead of the machine's
CLOCK.ahead = 3600.0


class Shop:
    """Orders that old code has open, and a provider that says `answers` of them."""

    def __init__(self, journal: SqliteJournal) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, pf.Verdict] = {}

        def ask(attempt: pf.Attempt) -> pf.Answer:
            self.asked.append(attempt.number)
            return pf.Answer(verdict=self.answers[attempt.number], amount=attempt.amount)

        acme = pf.wrap(ask, query=ask, reads=lambda attempt, said: said, account="acme/1")
        self.payments = pf.Payments(**pf.channels({"acme": acme}), journal=journal, clock=CLOCK)

    def take_over(self, order_id: str, verdict: pf.Verdict) -> None:
        """One more order; it is due at once."""
        self.answers[f"OLD{order_id}"] = verdict
        order = pf.Order(order_id, pf.Money.of("59.00", "CNY"))
        self.payments.adopt(order, "acme", f"OLD{order_id}", sent_at=CLOCK.epoch() - 20.0)

    def is_paid(self, order_id: str) -> bool:
        """By the journal."""
        return isinstance(self.payments.status(order_id), pf.Paid)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[tuple[Shop, DbosRecovery]]:
    """A shop that DBOS recovers, with a sweep every second. DBOS is on PostgreSQL: on SQLite it needs 3.42 from Python
    3.12 on."""
    folder = tmp_path_factory.mktemp("dbos")
    shop = Shop(SqliteJournal(folder / "journal.db", allow_volatile=True, clock=CLOCK))
    database = {"system_database_url": postgres_url, "dbos_system_schema": SCHEMA}
    DBOS(config={"name": "shop", "log_level": "CRITICAL", **database})
    recovery = DbosRecovery(shop.payments, every=1, within=WITHIN)
    DBOS.launch()
    recovery.start()
    recovery.start()
    yield shop, recovery
    DBOS.destroy(destroy_registry=True)
    shop.payments.close()
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


def looks(order_id: str, *states: str) -> list[WorkflowStatus]:
    """The looks at an order that DBOS knows of."""
    found = DBOS.list_workflows(name="payfallback.resolve", status=list(states) or None)
    return [each for each in found if each.input == {"args": ("", order_id), "kwargs": {}}]


def began(postgres_url: str, look: str, ago: float) -> None:
    """Have a look begun so many seconds ago, in DBOS's own books."""
    books = sql.SQL("UPDATE {} SET started_at_epoch_ms = %s WHERE workflow_uuid = %s")
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        at = int((time.time() - ago) * 1000)
        admin.execute(books.format(sql.Identifier(SCHEMA, "workflow_status")), (at, look))


def sweeps(more: int = 2) -> None:
    """Wait until so many more began and ended."""
    begun = {each.workflow_id for each in DBOS.list_workflows(name="payfallback.sweep")}

    def ended() -> int:
        found = DBOS.list_workflows(name="payfallback.sweep", status="SUCCESS")
        return len({each.workflow_id for each in found} - begun)

    until(lambda: ended() >= more)


def until(done: Callable[[], Any]) -> None:
    """Wait for DBOS's threads, in small steps."""
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, DBOS.list_workflows()
        time.sleep(0.05)


def test_a_look_is_one_workflow_and_the_next_one_waits_until_it_is_due(started: tuple[Shop, DbosRecovery]) -> None:
    """The sweep finds the orders that are due. One is paid and done. The other stays open: its next look is on the
    queue already, delayed until it is due; no sweep adds another. Asked for by hand, twice, it is looked at once."""
    shop, recovery = started
    shop.take_over("PAID", pf.Verdict.CAPTURED)
    shop.take_over("OPEN", pf.Verdict.PENDING)
    until(lambda: shop.is_paid("PAID") and looks("PAID", "SUCCESS") and looks("OPEN", "DELAYED"))
    (waiting,) = looks("OPEN", "DELAYED")
    due = shop.payments.resolve("OPEN").look_again
    assert due is not None
    assert waiting.delay_until_epoch_ms == pytest.approx((due - CLOCK.ahead) * 1000.0, abs=PATIENCE * 1000.0)
    assert [each.output for each in looks("PAID")] == ["done"]
    CLOCK.ahead -= CLOCK.epoch() % 60.0  # where a minute begins, so that both are in it
    for _ in range(2):
        recovery.schedule("OPEN")
    until(lambda: len(looks("OPEN", "SUCCESS")) == 2)
    (asked,) = (each.workflow_id for each in looks("OPEN") if each.workflow_id.endswith(":asked"))
    assert float(asked.split(":")[2]) == pytest.approx(CLOCK.epoch(), abs=1800.0)
    assert {each.output for each in looks("OPEN", "SUCCESS")} == {"open"}
    assert (len(looks("PAID")), len(looks("OPEN"))) == (1, 3)
    assert [shop.asked.count(f"OLD{order}") for order in ("PAID", "OPEN")] == [1, 1]


def test_what_a_dead_worker_held_is_looked_at_when_its_lease_is_over(
    started: tuple[Shop, DbosRecovery], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal counts the looks that began, so the next sweep knows that this is another one, and does not wait."""
    monkeypatch.setattr("payfallback.engines.dbos.PATIENCE", 1e9)
    whole, tries = pf.Payments.resolve, []

    def dies_once(self: pf.Payments, order_id: str, **more: Any) -> pf.Resolved:
        tries.append(order_id)
        if tries.count("HELD") > 1 or order_id != "HELD":
            return whole(self, order_id, **more)
        claimed = Slot()
        self.journal.claim("somebody", 0.5, 1, claimed, key="|HELD")
        assert len(claimed.wait()) == 1
        raise pf.ConfigError("gone, in the middle of it")

    monkeypatch.setattr(pf.Payments, "resolve", dies_once)
    shop, _ = started
    shop.take_over("HELD", pf.Verdict.CAPTURED)
    until(lambda: shop.is_paid("HELD") and looks("HELD", "SUCCESS"))
    assert len(looks("HELD", "ERROR")) == 1
    assert tries.count("HELD") == 2


def test_a_look_that_hangs_or_dies_is_not_the_last(
    started: tuple[Shop, DbosRecovery], postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal still says that the order is due, so a later sweep names a new look. What hangs is given up, though
    not before it had twice its time; and what is over is forgotten: DBOS's tables do not grow."""
    monkeypatch.setattr("payfallback.engines.dbos.PATIENCE", 1.0)
    whole, hung = pf.Payments.resolve, []

    def dies_once(self: pf.Payments, order_id: str, **more: Any) -> pf.Resolved:
        if hung or order_id != "HANGS":
            return whole(self, order_id, **more)
        hung.append(str(DBOS.workflow_id))
        until(lambda: looks("HANGS", "CANCELLED"))
        raise pf.ConfigError("somebody is editing the configuration")

    monkeypatch.setattr(pf.Payments, "resolve", dies_once)
    shop, _ = started
    shop.take_over("HANGS", pf.Verdict.CAPTURED)
    until(lambda: hung)
    began(postgres_url, hung[0], 1.5 * WITHIN)
    sweeps()
    assert not looks("HANGS", "CANCELLED")
    began(postgres_url, hung[0], 2.5 * WITHIN)
    until(lambda: [each.workflow_id for each in looks("HANGS", "CANCELLED")] == hung)
    until(lambda: shop.is_paid("HANGS") and looks("HANGS", "SUCCESS"))
    monkeypatch.setattr("payfallback.engines.dbos.KEEP", -1.0)
    until(lambda: not looks("HANGS"))
