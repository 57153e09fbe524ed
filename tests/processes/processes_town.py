"""A shop's folder for tests with real processes: a sandbox in a process of its own, its control API, a configuration.

The town has one time: `advance` puts the providers' clock forward, and every process of the shop is told how far.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import payfallback as pf
from payfallback.testing import starter_config

HERE = Path(__file__).parent
PRICE = pf.Money.of("59.00", "CNY")  # one price for everybody, so that a capture of anything else stands out
KIOSK = '[[routes]]\nname = "kiosk"\nwhen = { attributes = { place = "kiosk" } }\n'
KIOSK += 'order = ["wechat", "baitiao_code", "wechat_code"]\n\n[[routes]]\nname = "store"'


class TownClock:
    """The machine's clocks, `ahead` of them by the seconds for which a test does not wait."""

    def __init__(self, ahead: float = 0.0) -> None:
        self.ahead = ahead

    def monotonic(self) -> float:
        """For waiting."""
        return time.monotonic() + self.ahead

    def epoch(self) -> float:
        """For what is written down."""
        return time.time() + self.ahead


class Control:
    """The sandbox's control API: its faults, its shoppers' hands, its clock, its books. At `http://HOST:PORT`, or at a
    socket file `unix:/PATH`, which can be reached from another network."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._at = urlsplit(url)

    def _ask(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        connection = HTTPConnection(self._at.netloc or "localhost", timeout=10.0)
        try:
            if self._at.scheme == "unix":
                connection.sock = socket.socket(socket.AF_UNIX)
                connection.sock.connect(self._at.path)
            connection.request(method, path, json.dumps(body) if body else None)
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        finally:
            connection.close()
        return {**answer, "status": response.status}

    def fault(self, provider: str, fault: str, operation: str = "*") -> None:
        """Make requests to a provider go wrong until `clear`."""
        answer = self._ask("POST", "/faults", provider=provider, fault=fault, operation=operation)
        assert answer["status"] == 200, answer

    def clear(self) -> None:
        """Lift every fault."""
        self._ask("DELETE", "/faults")

    def silence(self) -> None:
        """Send no notifications: nobody listens for them here, and asking must be enough."""
        for provider in ("jdpay", "wechatpay"):
            self._ask("POST", "/notifications", provider=provider, mode="off")

    def shopper_pays(self, provider: str, number: str) -> str:
        """The shopper pays what is open under a number. What state it is in then; "" for an unknown number."""
        return str(self._ask("POST", "/pay", provider=provider, number=number).get("state", ""))

    def advance(self, seconds: float) -> None:
        """Put the providers' clock forward."""
        self._ask("POST", "/clock", advance=seconds)

    def ledger(self) -> list[dict[str, Any]]:
        """Every capture and refund."""
        return list(self._ask("GET", "/ledger")["entries"])

    def requests(self) -> list[dict[str, Any]]:
        """The latest requests."""
        return list(self._ask("GET", "/requests")["requests"])


class Diary:
    """What the shop was told, one line each, by whatever process: appended in one write, so that a kill leaves whole
    lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = -1

    def write(self, **line: Any) -> None:
        """Keep one line."""
        if self._file < 0:
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(self._file, (json.dumps(line) + "\n").encode())

    def lines(self, key: str) -> list[dict[str, Any]]:
        """Every line that has this key, oldest first."""
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        return [line for line in map(json.loads, text.splitlines()) if key in line]


class Town:
    """The folder, the sandbox's process and the shop's configuration; a context manager. Its journal is a file in the
    folder, or at `journal_url`."""

    def __init__(self, folder: Path, journal_url: str = "") -> None:
        self.folder = folder
        self.config = folder / "payfallback.toml"
        self.journal = folder / "payments.db"
        self.journal_url = journal_url or f"sqlite:///{self.journal}?allow_volatile=yes"
        self.diary = Diary(folder / "diary.jsonl")
        self.ahead = 0.0

    def __enter__(self) -> Town:
        script = [sys.executable, str(HERE / "processes_sandbox.py"), str(self.folder / "sandbox-keys")]
        self._process = subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        urls = json.loads(self._process.stdout.readline())
        self.urls = {"jdpay": urls["jdpay_url"], "wechatpay": urls["wechatpay_url"]}
        self.control = Control(urls["control_url"])
        self.control.silence()
        self.write_config()
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.communicate()  # closes its stdin, which ends it
        assert self._process.returncode == 0

    def write_config(self) -> None:
        """The shop's configuration."""
        self.config.write_text(shop_config(self.urls, self.journal_url), encoding="utf-8")

    def advance(self, seconds: float) -> None:
        """Let time pass for the providers now, and for the shop's processes with their next job."""
        self.control.advance(seconds)
        self.ahead += seconds

    def payments(self) -> pf.Payments:
        """A client in this process, at the town's time. Close it."""
        return pf.Payments.from_config(str(self.config), clock=TownClock(self.ahead), observer=_deaf)


def shop_config(urls: Mapping[str, str], journal_url: str) -> str:
    """The configuration that `payfallback init` writes, and a kiosk with a QR code and payment codes."""
    return starter_config(urls, journal_url=journal_url).replace('[[routes]]\nname = "store"', KIOSK)


def _deaf(event: str, /, **fields: Any) -> None:
    """Nobody reads these processes' logs."""


def open_payments(config: str, clock: TownClock) -> pf.Payments:
    """A client for a process of the shop; nothing of it is started."""
    return pf.Payments.from_config(config, clock=clock, observer=_deaf)
