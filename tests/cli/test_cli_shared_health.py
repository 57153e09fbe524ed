"""A stop typed at the desk reaches workers that share their health at once, and says when it cannot."""

from __future__ import annotations

import time
from pathlib import Path
from secrets import token_hex

import pytest
from cli_desk import Desk

import payfallback as pf
from payfallback._build import Built

CONFIG = """
version = 1
[journal]
url = "sqlite:///payments.db?allow_volatile=yes"
[shared_health]
url = "{url}"
prefix = "test-{prefix}"
every = "50ms"
[accounts.own]
provider = "wrap"
merchant = "1"
[channels.card]
account = "own"
[[routes]]
order = ["card"]
"""


def paid(attempt: pf.Attempt) -> pf.Answer:
    """Money, always."""
    return pf.Answer(verdict=pf.Verdict.CAPTURED, amount=attempt.amount)


def quiet(event: str, /, **fields: object) -> None:
    """What the worker tells is not the desk's."""


def client(folder: Path, url: str) -> pf.Payments:
    """A worker of the shop whose configuration lies here."""
    file = folder / "payfallback.toml"
    file.write_text(CONFIG.format(url=url, prefix=token_hex(6)), encoding="utf-8")
    own = pf.wrap(paid, query=paid, reads=lambda attempt, answer: answer, account="own/1")
    return pf.Payments.from_config(str(file), wrapped={"own": own}, observer=quiet)


def wait(built: Built, state: str) -> None:
    """Until the channel is so, with no call that would look."""
    end = time.monotonic() + 30.0
    while built.shared.gate.health("card").state != state:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_stop_reaches_a_worker_that_does_nothing(desk: Desk, tmp_path: Path, redis_url: str) -> None:
    """Stopped and resumed at the desk, obeyed by a worker that has no payment to make."""
    with client(tmp_path, redis_url) as payments:
        assert isinstance(payments.pay(pf.Order("A1001", pf.Money.of("59.00", "CNY"))), pf.Paid)
        assert desk.run("channels", "stop", "card", "--reason", "drill").err == ""
        wait(payments._built, "stopped")
        assert desk.run("channels", "resume", "card", "--reason", "over").err == ""
        wait(payments._built, "closed")


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "http://127.0.0.1/0"])
def test_a_stop_does_not_hang_on_it(desk: Desk, tmp_path: Path, redis_url: str, url: str) -> None:
    """Without the store, or with an address that is none, the stop is in the journal, and it is said how it spreads."""
    with client(tmp_path, redis_url) as payments:
        payments.pay(pf.Order("A1001", pf.Money.of("59.00", "CNY")))
    file = tmp_path / "payfallback.toml"
    file.write_text(file.read_text(encoding="utf-8").replace(redis_url, url), encoding="utf-8")
    stopped = desk.run("channels", "stop", "card", "--reason", "drill", "--json")
    assert (stopped.code, stopped.json["reason"]) == (0, "drill")
    assert "shared health cannot be reached" in stopped.err
    assert desk.run("channels", "list", "--json").json["stop"]["reason"] == "drill"
