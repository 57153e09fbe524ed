"""A person at the command line, a shop behind a sandbox, and what both need."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from payfallback import cli
from payfallback.client import Payments
from payfallback.model import Money, Order, Shopper
from payfallback.results import Result
from payfallback.testing.sandbox import Sandbox

CODE = {"": {"code": "134567890123456789"}}


@dataclass
class Ended:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The last line of stdout."""
        return json.loads(self.out.splitlines()[-1])

    @property
    def objects(self) -> list[Any]:
        """Every line of stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


class Desk:
    """Runs commands through the entry point, in this process."""

    def __init__(self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capfd, self._monkeypatch = capfd, monkeypatch

    def run(self, *words: object) -> Ended:
        """One command."""
        self._monkeypatch.setattr(sys, "argv", ["payfallback", *map(str, words)])
        self._capfd.readouterr()
        code = cli.main()
        out, err = self._capfd.readouterr()
        return Ended(code, out, err)


def spawn(*words: object, folder: Path, **environ: str) -> subprocess.Popen[str]:
    """A command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "payfallback.cli", *map(str, words)],
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Earlier:
    """A clock of a quarter of a minute ago."""

    def monotonic(self) -> float:
        """Never jumps."""
        return time.monotonic()

    def epoch(self) -> float:
        """Seconds since 1970."""
        return time.time() - 15.0


def at_a_terminal(*words: object, folder: Path, columns: int = 120) -> tuple[int, str]:
    """A command whose stdout is a terminal so wide: its exit code, and everything that was drawn."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "payfallback.cli", *map(str, words)]
    environ = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    with subprocess.Popen(command, cwd=folder, env=environ, stdin=theirs, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        drawn = bytearray()
        with suppress(OSError):  # a terminal whose other end is closed
            while piece := os.read(ours, 65536):
                drawn += piece
    os.close(ours)
    return running.returncode, drawn.decode(errors="replace")


@dataclass
class TestShop:
    """A configured shop: its file, its providers, and a client that pays."""

    __test__ = False
    config: Path
    sandbox: Sandbox
    payments: Payments = field(repr=False)

    def in_store(self, order_id: str, yuan: str = "59.00", *, by: str = "baitiao_code", within: float = 5.0) -> Result:
        """Charge a payment code at the counter."""
        order = Order(order_id, Money.of(yuan, "CNY"), "tea", attributes={"place": "store"})
        return self.payments.pay(order, by, shopper=Shopper(inputs=CODE), within=within)

    def on_the_web(self, order_id: str, yuan: str = "5999.00") -> Result:
        """Have a QR code made by Baitiao."""
        return self.payments.pay(Order(order_id, Money.of(yuan, "CNY"), "a phone"), "baitiao/12")

    def lose_the_answer(self, order_id: str, yuan: str = "59.00", *, by: str = "baitiao_code") -> Result:
        """The provider took the money a while ago, and nobody heard of it; it is time to look at it again."""
        provider = "wechatpay" if by.startswith("wechat") else "jdpay"
        self.sandbox.notifications(provider, "off")
        self.sandbox.fault(provider, "reply_lost")
        with Payments.from_config(str(self.config), clock=Earlier()) as payments:
            order = Order(order_id, Money.of(yuan, "CNY"), "tea", attributes={"place": "store"})
            result = payments.pay(order, by, shopper=Shopper(inputs=CODE), within=0.6)
        self.sandbox.clear()
        return result
