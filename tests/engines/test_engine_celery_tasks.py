"""The Celery tasks, run in this process: what is sent, what is repeated, and what is not."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

import payfallback as pf
from payfallback.engines.celery import CeleryTasks, celery_tasks
from payfallback.journal.sqlite import SqliteJournal
from payfallback.testing import VirtualClock

PATIENCE = 60.0  # seconds; a machine may be busy
ORDERS = ("CELERY1", "CELERY2")


class Shop:
    """Two orders that old code has open, in a journal on the disk, and a provider that says `answer`."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.folder = VirtualClock(), folder
        self.made: list[pf.Payments] = []
        self.asked: list[str] = []
        self.answer = pf.Verdict.CAPTURED
        with self.payments() as payments:
            for order_id in ORDERS:
                order = pf.Order(order_id, pf.Money.of("59.00", "CNY"))
                payments.adopt(order, "acme", f"OLD{order_id}", sent_at=self.clock.epoch() - 60.0)
        self.clock.advance(30.0)

    def payments(self) -> pf.Payments:
        """One more client."""

        def ask(attempt: pf.Attempt) -> pf.Answer:
            self.asked.append(attempt.number)
            return pf.Answer(verdict=self.answer, amount=attempt.amount)

        acme = pf.wrap(ask, query=ask, reads=lambda attempt, said: said, account="acme/1")
        journal = SqliteJournal(self.folder / "journal.db", clock=self.clock, allow_volatile=True)
        more: dict[str, Any] = {"clock": self.clock, "sleep": self.clock.sleep}
        self.made.append(pf.Payments(**pf.channels({"acme": acme}), journal=journal, **more))
        return self.made[-1]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop whose orders are due."""
    made = Shop(tmp_path)
    yield made
    for each in made.made:
        each.close()


def tasks_of(make: Callable[[], pf.Payments], **more: Any) -> tuple[Celery, CeleryTasks]:
    """An application whose tasks run where they are sent."""
    app = Celery("shop", broker="memory://", task_always_eager=True)
    return app, celery_tasks(app, make, **more)


def test_a_sweep_sends_each_order_that_is_due(shop: Shop) -> None:
    """Each is looked at once, by the one client of this process; the next sweep finds nothing to do."""
    before = len(shop.made)
    _, tasks = tasks_of(shop.payments)
    for _ in range(2):
        assert tasks.sweep.delay().successful()
    assert sorted(shop.asked) == [f"OLD{order}" for order in ORDERS]
    assert len(shop.made) == before + 1
    assert all(isinstance(shop.made[-1].status(order), pf.Paid) for order in ORDERS)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")  # that is what is tried here
def test_a_process_of_the_pool_makes_a_client_of_its_own(shop: Shop) -> None:
    """A task that ran in the parent, before the fork, leaves its client to the parent."""
    _, tasks = tasks_of(shop.payments)
    tasks.sweep.delay()
    before = len(shop.made)
    child = os.fork()
    if child == 0:
        tasks.sweep.delay()
        os._exit(len(shop.made) - before)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert tasks.sweep.delay().successful()
    assert len(shop.made) == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")  # that is what is tried here
def test_a_fork_in_the_middle_of_making_a_client_holds_up_nobody(shop: Shop) -> None:
    """Another thread of the parent makes its client just then: the child does not wait for that thread, which it has
    not, and makes one of its own."""
    parent, making, go = os.getpid(), threading.Event(), threading.Event()

    def make() -> pf.Payments:
        if os.getpid() == parent:
            making.set()
            assert go.wait(PATIENCE)
        return shop.payments()

    _, tasks = tasks_of(make)
    thread = threading.Thread(target=tasks.sweep.delay)
    thread.start()
    assert making.wait(PATIENCE)
    child = os.fork()
    if child == 0:
        signal.alarm(int(PATIENCE))  # ends a child that waits
        paid = tasks.resolve.delay(ORDERS[0]).successful()
        os._exit(0 if paid and shop.asked == [f"OLD{ORDERS[0]}"] else 1)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    go.set()
    thread.join(PATIENCE)
    assert ended == 0
    assert shop.asked == [f"OLD{ORDERS[1]}"]


def test_two_clients_in_one_application_have_tasks_of_their_own(shop: Shop, tmp_path: Path) -> None:
    """Each sweep sends the orders of its own client, under names that begin as it was told."""
    (tmp_path / "eu").mkdir()
    other = Shop(tmp_path / "eu")
    app, tasks = tasks_of(shop.payments)
    others = celery_tasks(app, other.payments, name="payfallback.eu")
    assert (others.sweep.name, others.resolve.name) == ("payfallback.eu.sweep", "payfallback.eu.resolve")
    assert [entry["task"] for entry in {**tasks.beat, **others.beat}.values()] == [tasks.sweep.name, others.sweep.name]
    others.sweep.delay()
    assert (len(other.asked), len(shop.asked)) == (2, 0)
    tasks.sweep.delay()
    assert (len(other.asked), len(shop.asked)) == (2, 2)
    for each in other.made:
        each.close()


def test_a_sweep_sends_no_more_than_its_batch(shop: Shop) -> None:
    """The rest waits in the journal."""
    _, tasks = tasks_of(shop.payments, batch=1)
    tasks.sweep.delay()
    assert len(shop.asked) == 1
    tasks.sweep.delay()
    assert len(shop.asked) == 2


def test_a_message_that_comes_twice_asks_nobody(shop: Shop) -> None:
    """A broker delivers at least once; nothing is charged, and nothing asked again before its time."""
    shop.answer = pf.Verdict.PENDING
    _, tasks = tasks_of(shop.payments)
    for _ in range(3):
        tasks.resolve.delay(ORDERS[0])
    assert shop.asked == [f"OLD{ORDERS[0]}"]


def test_an_order_that_is_gone_is_no_error(shop: Shop) -> None:
    """Its message may be of another journal, or of one that was restored from a backup since."""
    _, tasks = tasks_of(shop.payments)
    assert tasks.resolve.delay("NOBODY").successful()


def test_a_journal_that_is_away_is_tried_again_and_not_for_ever(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look is repeated a few times, and then left to the next sweep; anything else fails at once."""
    tries: list[str] = []

    def away(self: pf.Payments, order_id: str, **more: Any) -> pf.Resolved:
        tries.append(order_id)
        raise pf.JournalUnavailable("the database is away")

    _, tasks = tasks_of(shop.payments)
    monkeypatch.setattr(pf.Payments, "resolve", away)
    assert isinstance(tasks.resolve.delay(ORDERS[0]).result, pf.JournalUnavailable)
    assert tries == [ORDERS[0]] * 4


def test_beat_sends_sweeps_that_do_not_pile_up(shop: Shop) -> None:
    """Messages are worth nothing once a later sweep has sent the same, and keep no result."""
    _, tasks = tasks_of(shop.payments, every=10)
    (entry,) = tasks.beat.values()
    assert (entry["task"], entry["schedule"]) == (tasks.sweep.name, 10.0) == ("payfallback.sweep", 10.0)
    assert entry["options"]["expires"] == 60.0
    assert tasks.sweep.ignore_result
    assert tasks.resolve.ignore_result
    assert tasks.resolve.acks_late
