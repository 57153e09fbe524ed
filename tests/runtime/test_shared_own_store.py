"""A shop's own store of shared health: one that raises what it likes, and one that is slow when the client ends."""

from __future__ import annotations

import gc
import threading
from collections.abc import Sequence
from typing import Any

import anyio
import anyio.to_thread
import pytest
from gates import Heard
from sharers import Sharer
from sharing_shops import until

import payfallback as pf
from payfallback.ports import HealthReport, HealthSnapshot

PATIENCE = 60.0  # seconds; a machine may be busy
SECRET = "password=hunter2"


class OwnStore:
    """A store that raises `trouble`, and waits for `go` in each look."""

    every = 0.02

    def __init__(self, trouble: Exception | None = None) -> None:
        self.trouble, self.looks, self.closed = trouble, 0, False
        self.looking, self.go = threading.Event(), threading.Event()
        self.threads: set[int | None] = set()
        self.go.set()

    def exchange(self, channels: Sequence[str], budgets: Sequence[str], told: HealthReport) -> HealthSnapshot:
        """Nothing is told, and nothing heard."""
        self.threads.add(threading.current_thread().ident)
        self.looking.set()
        self.go.wait(PATIENCE)
        self.looks += 1
        if self.trouble is not None:
            raise self.trouble
        return HealthSnapshot()

    def close(self) -> None:
        """It may fail at that as well."""
        self.closed = True
        if self.trouble is not None:
            raise self.trouble


def given(store: OwnStore, heard: Heard | None = None) -> dict[str, Any]:
    """A client's parts; its one channel pays."""

    def charge(attempt: pf.Attempt) -> pf.Answer:
        return pf.Answer(verdict=pf.Verdict.CAPTURED, amount=attempt.amount)

    acme = pf.wrap(charge, reads=lambda attempt, answer: answer, account="acme/1")
    return {**pf.channels({"acme": acme}), "shared_health": store, "observer": Heard() if heard is None else heard}


def order(order_id: str = "A1") -> pf.Order:
    """Anything."""
    return pf.Order(order_id, pf.Money.of("59.00", "CNY"))


@pytest.mark.parametrize(
    ("trouble", "name"),
    [
        (RuntimeError(SECRET), "RuntimeError"),
        (OSError(111, SECRET), "ConnectionRefusedError"),
        (ConnectionError(SECRET), "ConnectionError"),
        (ConnectionError("AuthenticationError"), "AuthenticationError"),
    ],
)
def test_whatever_a_store_raises_it_is_gone(trouble: Exception, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Told once, by the name of what went wrong; the one thread goes on, and finds it when it is back."""
    store, heard = OwnStore(trouble), Heard()
    with pf.Payments(**given(store, heard)) as payments:
        assert isinstance(payments.pay(order()), pf.Paid)
        until(lambda: store.looks > 2)
        store.trouble = None
        until(lambda: "health.shared_back" in heard.names)
        assert [fields for event, fields in heard if event == "health.shared_lost"] == [{"error": name}]
        store.trouble = trouble
    until(lambda: store.closed)
    assert len(store.threads) == 1
    assert SECRET not in f"{heard!r}{capfd.readouterr()}"


def test_a_store_that_fails_to_close_keeps_nobody_from_closing(prefix: str) -> None:
    """Of a client that never paid, too."""
    never = OwnStore(RuntimeError(SECRET))
    Sharer("", prefix, store=never).sharing.close()
    assert never.closed


def test_a_client_that_is_forgotten_lets_go_of_its_store() -> None:
    """Nobody closed it: its thread does, before it ends, so no connection waits for the garbage collector."""
    store = OwnStore()
    client = pf.Payments(**given(store))
    client.pay(order(), "acme")
    until(lambda: store.looks > 0)
    del client
    until(lambda: gc.collect() >= 0 and store.closed)  # its thread may have it in hand for a moment
    assert store.closed


@pytest.mark.anyio
async def test_the_event_loop_goes_on_while_a_client_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that does not answer is waited for in another thread: what answers it here may be a task."""
    monkeypatch.setattr("payfallback._runtime.sharing.CLOSES_WITHIN", PATIENCE / 4)
    store = OwnStore()
    store.go.clear()
    payments = pf.AsyncPayments(**given(store))
    assert isinstance(await payments.pay(order()), pf.Paid)
    assert await anyio.to_thread.run_sync(store.looking.wait, PATIENCE)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(payments.aclose)
        await anyio.wait_all_tasks_blocked()
        assert not store.closed  # the thread is still in its look, and this task is not held up by that
        store.go.set()
    assert store.closed


@pytest.mark.anyio
async def test_a_cancelled_client_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancellation, as a server does it when it stops, leaves no thread and no store behind."""
    monkeypatch.setattr("payfallback._runtime.sharing.CLOSES_WITHIN", PATIENCE)
    store = OwnStore()
    payments = pf.AsyncPayments(**given(store))
    await payments.pay(order())
    with anyio.CancelScope() as scope:
        scope.cancel()
        await payments.aclose()
    assert store.closed
    with pytest.raises(pf.JournalUnavailable):
        await payments.status("A1")
