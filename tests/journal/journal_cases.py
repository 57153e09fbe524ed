"""What the journal's tests share: a clock to turn by hand, orders to write, and waiting for an answer."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from payfallback._core.events import Event, Opened, Planned, Seen, Won
from payfallback.model import Money
from payfallback.ports import Commit, Journal, Receipt, Stored, Summary
from payfallback.results import Outcome

START = 1_790_000_000.0
ACCOUNT = "jdpay/1102/app/production"


class HandClock:
    """Both clocks stand still until they are turned."""

    def __init__(self) -> None:
        self.now = START

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self.now - START

    def epoch(self) -> float:
        """Seconds since 1970."""
        return self.now

    def turn(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


def ask(call: Callable[..., None], *args: Any, **kwargs: Any) -> Any:
    """Call the journal and wait for its answer; what it reports as an error is raised."""
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    call(*args, answers.put, **kwargs)
    answer = answers.get(timeout=30)
    if isinstance(answer, Exception):
        raise answer
    assert answers.empty()
    return answer


def opened(order_id: str = "A1", minor: int = 599900) -> Opened:
    """The first event of an order."""
    return Opened(START, order_id, "", Money(minor, "CNY"), START + 1800, "switch")


def planned(number: str = "A101", seq: int = 1) -> Planned:
    """An attempt."""
    return Planned(START, seq, number, "baitiao/12", ACCOUNT, "server")


def seen(text: str = "") -> Seen:
    """Evidence."""
    return Seen(START, 1, "query", "pending", text=text)


def won() -> Won:
    """A decision."""
    return Won(START, 1)


def summary(order_id: str = "A1", state: str = "sending", **fields: Any) -> Summary:
    """The columns of an order."""
    given = {"merchant": "", "amount": 599900, "currency": "CNY", "opened_at": START, "since": START, **fields}
    return Summary(order_id=order_id, state=state, **given)


def outcome(name: str = "A1-paid", order_id: str = "A1") -> Outcome:
    """What the shop is told."""
    return Outcome(id=name, order_id=order_id, kind="paid", amount=Money(599900, "CNY"), at=START)


def new(order_id: str = "A1", *events: Event, **fields: Any) -> Commit:
    """The commit that creates an order; its key is its id with a bar before it."""
    given = {"summary": summary(order_id), **fields}
    return Commit(key=f"|{order_id}", version=0, events=events or (opened(order_id),), **given)


def add(version: int | None, *events: Event, order_id: str = "A1", **fields: Any) -> Commit:
    """A commit that appends to an order; version None: evidence."""
    return Commit(key=f"|{order_id}", version=version, events=events, **fields)


def submit(journal: Journal, commit: Commit) -> Receipt:
    """Commit, and wait for the receipt."""
    receipt: Receipt = ask(journal.submit, commit)
    return receipt


def load(journal: Journal, order_id: str = "A1") -> Stored:
    """An order that is there."""
    stored = ask(journal.load, f"|{order_id}")
    assert isinstance(stored, Stored)
    return stored


def run_program(name: str, *args: object, seconds: float = 120) -> Any:
    """Run one of this folder's programs in a process of its own; its last line of output is JSON."""
    command = [sys.executable, "-W", "error", str(Path(__file__).with_name(name)), *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])
