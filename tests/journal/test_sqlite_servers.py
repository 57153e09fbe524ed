"""One module-level journal under servers that fork: `gunicorn --preload`, and a Celery prefork worker."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from journal_cases import ask

from payfallback.journal.sqlite import SqliteJournal

HERE = Path(__file__).parent
PATIENCE = 60.0  # seconds: a real server on a busy machine


@contextmanager
def server(folder: Path, *command: str, used: str) -> Iterator[None]:
    """A server that runs until the block ends; what it printed is shown when it does not end well."""
    environment = {
        **os.environ, "JOURNAL": str(folder / "journal.db"), "BROKER": str(folder), "USED_BY_MASTER": used,
        "PYTHONPATH": str(HERE),
    }  # fmt: skip  # three lines say it
    with (folder / "server.log").open("w") as log:
        running = subprocess.Popen([sys.executable, "-m", *command], env=environment, cwd=HERE, stdout=log, stderr=log)
        try:
            yield
        finally:
            running.send_signal(signal.SIGTERM)
            code = running.wait(timeout=PATIENCE)
    assert code == 0, (folder / "server.log").read_text()


def until(done: Callable[[], bool], log: Path) -> None:
    """Wait for real processes, in small steps."""
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.02)


def get(address: Path, path: str) -> tuple[int, str]:
    """One request over a socket file."""
    with closing(http.client.HTTPConnection("localhost")) as connection:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(address))
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()


def orders(folder: Path) -> list[str]:
    """The order ids that the journal holds."""
    journal = SqliteJournal(folder / "journal.db", allow_volatile=True)
    found = [row.order_id for row in ask(journal.list, (), 1000)]
    journal.close()
    return sorted(found)


@pytest.mark.slow
@pytest.mark.parametrize("used", ["", "yes"], ids=["unused by the master", "used by the master"])
def test_gunicorn_preload(tmp_path: Path, used: str) -> None:
    """Two workers of one preloaded application write every order of theirs, and know each other's."""
    address = tmp_path / "socket"
    command = ("gunicorn", "--preload", "--workers", "2", "--bind", f"unix:{address}", "served_wsgi:app")
    workers, paid = set(), []
    with server(tmp_path, *command, used=used):
        until(address.exists, tmp_path / "server.log")
        while len(workers) < 2 or len(paid) < 40:
            name = f"G{len(paid):04}"
            status, worker = get(address, f"/{name}")
            assert status == 200
            workers.add(worker)
            paid.append(name)
            assert len(paid) < 1000
        assert get(address, "/G0000")[0] == 409
    assert orders(tmp_path) == paid + ["master"] * bool(used)


@pytest.mark.slow
@pytest.mark.parametrize("used", ["", "yes"], ids=["unused by the master", "used by the master"])
def test_celery_prefork(tmp_path: Path, used: str) -> None:
    """Two processes of a Celery worker write every order that was sent."""
    (tmp_path / "queue").mkdir()
    options = ("--pool", "prefork", "--concurrency", "2", "--without-gossip", "--without-mingle", "--without-heartbeat")
    with server(tmp_path, "celery", "--app", "served_celery", "worker", *options, used=used):
        environment = {**os.environ, "JOURNAL": str(tmp_path / "journal.db"), "BROKER": str(tmp_path)}
        sender = [sys.executable, str(HERE / "served_celery.py"), "send", "30"]
        subprocess.run(sender, env=environment, check=True, cwd=HERE, timeout=PATIENCE)
        until(lambda: len(orders(tmp_path)) == 30 + bool(used), tmp_path / "server.log")
    found = [name.split("-by-") for name in orders(tmp_path) if name != "master"]
    assert sorted(name for name, _ in found) == sorted(f"C{n}" for n in range(30))
    assert len({worker for _, worker in found}) == 2
