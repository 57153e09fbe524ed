"""Recovery on an engine: DBOS on a real PostgreSQL, and a real Celery worker, with processes that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dbos import DBOSClient, WorkflowStatus
from engines_parts import PATIENCE, advance, all_is_well, die_paying, paid_once, pay_unseen, told_time, until
from processes_audit import ask
from processes_town import HERE, Town

import payfallback as pf

pytestmark = pytest.mark.slow

ORDERS = tuple(f"ENGINE{number}" for number in range(6))


# ---------------------------------------------------------------- DBOS


class Executor:
    """An executor of the DBOS application, in a process of its own."""

    def __init__(self, town: Town, database: str, schema: str, name: str) -> None:
        self.log = town.folder / f"{name}.log"
        script = str(HERE / "engines_executor.py")
        arguments = [script, str(town.config), str(told_time(town)), database, schema, name]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, *arguments], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )

    def ready(self) -> None:
        """Wait until it works."""
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n", self.log.read_text()

    def kill(self) -> None:
        """`kill -9`."""
        self.process.kill()
        self.process.communicate()


@contextmanager
def executors(town: Town, database: str, schema: str) -> Iterator[tuple[Executor, Executor]]:
    """Two of them, that work; what is left of them in the end is killed."""
    both = Executor(town, database, schema, "one"), Executor(town, database, schema, "two")
    try:
        yield both
    finally:
        for each in both:
            each.kill()


@contextmanager
def written_by_dbos(database: str, schema: str) -> Iterator[DBOSClient]:
    """What DBOS has written down."""
    client = DBOSClient(system_database_url=database, dbos_system_schema=schema)
    try:
        yield client
    finally:
        client.destroy()


def looks(client: DBOSClient, *states: str, by: str | None = None) -> list[WorkflowStatus]:
    """The looks at orders, in these states, that this executor began."""
    return client.list_workflows(name="payfallback.resolve", status=list(states) or None, executor_id=by)


def held_by(payments: pf.Payments, executor: Executor) -> int:
    """How many orders a process holds the lease of: it is in the middle of a look at them."""
    stored = [ask(payments.journal.load, f"|{order}") for order in ORDERS]
    return sum(each.owner.startswith(f"{executor.process.pid}-") for each in stored)


def test_another_executor_takes_over_what_a_killed_one_began(postgres_town: Town, postgres_url: str) -> None:
    """Two DBOS executors look at orders that were paid unseen. One of them is killed in the middle of its looks, and
    the other finishes them. When the killed one is back, DBOS gives it its old work again, and nothing comes of it:
    each order was captured once, and DBOS knows of none what became of it."""
    town, schema = postgres_town, f"dbos_{os.getpid()}"
    with executors(town, postgres_url, schema) as (one, two), town.payments() as payments:
        pay_unseen(town, ORDERS)
        town.control.fault("wechatpay", "hang", "query")
        one.ready()
        two.ready()
        advance(town)
        until(lambda: held_by(payments, one) > 0, one.log)
        one.kill()
        town.control.clear()
        until(lambda: held_by(payments, two) == 0, two.log)  # its looks at a silent provider come to their ends
        advance(town)
        until(lambda: paid_once(town, payments, ORDERS), two.log)
        with written_by_dbos(postgres_url, schema) as client:
            assert looks(client, "PENDING", by="one")
            back = Executor(town, postgres_url, schema, "one")
            try:
                until(lambda: not looks(client, "PENDING", "ENQUEUED"), back.log)
            finally:
                back.kill()
            ended = looks(client, "SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
        all_is_well(town, payments, ORDERS)
    assert {(each.status, each.output) for each in ended} <= {("SUCCESS", "done"), ("SUCCESS", "open")}
    assert {each.input["args"] for each in ended if each.input} == {("", order) for order in ORDERS}


# ---------------------------------------------------------------- Celery


@contextmanager
def celery_worker(town: Town) -> Iterator[tuple[int, Path]]:
    """A worker with two processes, and beat in it, until the block ends; its pid, and the file that it prints to."""
    (town.folder / "queue").mkdir()
    told_time(town)
    paths = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
    environment = {
        **os.environ, "SHOP_FOLDER": str(town.folder), "SHOP_CONFIG": str(town.config), "PYTHONPATH": paths
    }  # fmt: skip  # two lines say it
    options = ("--beat", "--concurrency", "2", "--without-gossip", "--without-mingle", "--without-heartbeat")
    command = [sys.executable, "-m", "celery", "--app", "engines_celery", "worker", "--pool", "prefork", *options]
    told = town.folder / "celery.log"
    with told.open("w") as log:
        running = subprocess.Popen(command, env=environment, cwd=HERE, stdout=log, stderr=log)
        try:
            yield running.pid, told
        finally:
            running.send_signal(signal.SIGTERM)
            code = running.wait(timeout=PATIENCE)
    assert code == 0, told.read_text()


def test_a_celery_worker_finishes_what_a_killed_payer_left(town: Town) -> None:
    """A payer dies while JD keeps its answers to itself. The processes of a Celery worker, each with a client that was
    made after it was forked, find every order paid; none was charged again."""
    with celery_worker(town) as (worker, log), town.payments() as payments:
        die_paying(town, ORDERS)
        advance(town)
        until(lambda: paid_once(town, payments, ORDERS), log)
        all_is_well(town, payments, ORDERS)
    assert [path.name for path in town.folder.glob("made-by-*")] == [f"made-by-child-of-{worker}"]
