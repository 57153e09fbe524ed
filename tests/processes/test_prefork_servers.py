"""One client, built at import, under servers that fork: `gunicorn --preload`, and a Celery prefork worker."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from processes_audit import Audit
from processes_town import HERE, Town

pytestmark = pytest.mark.slow

PATIENCE = 60.0  # seconds: a real server on a busy machine
USED = pytest.mark.parametrize("used", ["", "yes"], ids=["unused by the master", "used by the master"])


def bad_day(town: Town) -> None:
    """WeChat Pay's replies are lost; JD takes its time, so that two workers' requests are on the wire together."""
    town.control.fault("wechatpay", "reply_lost", "charge")
    town.control.fault("jdpay", "slow:0.05", "charge")


def environment(town: Town, used: str) -> dict[str, str]:
    """What the server's processes are told."""
    shop = {"SHOP_CONFIG": str(town.config), "SHOP_DIARY": str(town.diary.path), "SHOP_BROKER": str(town.folder)}
    paths = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
    return {**os.environ, **shop, "SHOP_USED_BY_MASTER": used, "PYTHONPATH": paths}


@contextmanager
def server(town: Town, *command: str, used: str) -> Iterator[None]:
    """A server that runs until the block ends; what it printed is shown when it does not end well."""
    told = town.folder / "server.log"
    with told.open("w") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", *command], env=environment(town, used), cwd=HERE, stdout=log, stderr=log
        )
        try:
            yield
        finally:
            running.send_signal(signal.SIGTERM)
            code = running.wait(timeout=PATIENCE)
    assert code == 0, told.read_text()


def until(done: Callable[[], bool], town: Town) -> None:
    """Wait for real processes, in small steps."""
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, (town.folder / "server.log").read_text()
        time.sleep(0.02)


def get(address: Path, path: str) -> dict[str, Any]:
    """One request over a socket file."""
    with closing(http.client.HTTPConnection("localhost", timeout=PATIENCE)) as connection:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(address))
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.status == 200
        answer: dict[str, Any] = json.loads(response.read())
        return answer


def everybody_paid_once(town: Town, orders: set[str]) -> None:
    """By the providers' books and by the journal: each order has one capture, on the second channel, and no other."""
    audit = Audit(town)
    assert Counter(entry["number"][:-2] for entry in audit.ledger) == Counter(orders)
    assert {entry["provider"] for entry in audit.ledger} == {"jdpay"}
    # each answer came to whoever had asked, at once: workers that shared a connection would have to ask again
    assert {line["operation"] for line in audit.requests if line["provider"] == "jdpay"} == {"charge"}
    assert {order for order in audit.stored if audit.kinds(order) == {"paid"}} == orders == set(audit.stored)
    assert audit.paid_without_capture() == []
    assert audit.integrity == ["ok"]
    assert audit.promises(settled=False) == []


@USED
def test_gunicorn_preload(town: Town, used: str) -> None:
    """Two workers of one preloaded shop pay while WeChat Pay's replies are lost; both workers are asked for each
    order at once, charge it once, and tell the same."""
    bad_day(town)
    address = town.folder / "socket"
    command = ("gunicorn", "--preload", "--workers", "2", "--bind", f"unix:{address}", "served_shop_wsgi:app")
    # the same order at both workers at once, and two orders at once with the second clicks behind them, in turn
    clicked: tuple[Callable[[list[str]], list[str]], ...] = (sorted, list)
    orders: list[str] = []
    workers: set[int] = set()
    with server(town, *command, used=used), ThreadPoolExecutor(4) as clicks:
        until(address.exists, town)
        while len(orders) < 20 or len(workers) < 2:
            two = [f"GUNICORN{len(orders) + more:02}" for more in (0, 1)]
            orders += two
            told = list(clicks.map(lambda order: get(address, f"/pay/{order}"), clicked[len(orders) % 4 // 2](two * 2)))
            workers |= {line.pop("pid") for line in told}
            assert {line["told"] for line in told} == {"paid"}
            assert len({(line["order"], line["number"]) for line in told}) == 2
            assert len(orders) < 99
    everybody_paid_once(town, {*orders, *(["MASTER"] if used else [])})


@USED
def test_celery_prefork(town: Town, used: str) -> None:
    """Two processes of a Celery worker pay the orders of a queue that delivers each of them twice."""
    bad_day(town)
    (town.folder / "queue").mkdir()
    options = ("--pool", "prefork", "--concurrency", "2", "--without-gossip", "--without-mingle", "--without-heartbeat")
    with server(town, "celery", "--app", "served_shop_celery", "worker", *options, used=used):
        sender = [sys.executable, str(HERE / "served_shop_celery.py"), "15"]
        subprocess.run(sender, env=environment(town, ""), check=True, cwd=HERE, timeout=PATIENCE)
        until(lambda: len(town.diary.lines("told")) == 30 + bool(used), town)
    lines = [line for line in town.diary.lines("told") if line["order"] != "MASTER"]
    assert {line["told"] for line in lines} == {"paid"}
    assert len({line["pid"] for line in lines}) == 2
    assert len({(line["order"], line["number"]) for line in lines}) == 15
    everybody_paid_once(town, {f"CELERY{number:02}" for number in range(15)} | ({"MASTER"} if used else set()))
