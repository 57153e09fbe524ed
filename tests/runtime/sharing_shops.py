"""Checkouts of the front door that share their health, each with its own thread, as processes of a shop do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from gates import Heard

import payfallback as pf
from payfallback.journal.memory import MemoryJournal
from payfallback.policy import CircuitPolicy, RetryPolicy
from payfallback.ports import HealthReport, HealthSnapshot, SharedHealth
from payfallback.shared_health import open_shared_health

CIRCUIT = CircuitPolicy(failures_in_a_row=2, open_for=600.0)  # only what others say closes it in time
EVERY = 0.02
PATIENCE = 30.0  # seconds; far more than anything here takes
COUNTED = ("health.shared_lost", "health.shared_back")


class Counted:
    """A store that counts its looks, and keeps what was heard last."""

    def __init__(self, store: SharedHealth) -> None:
        self.every, self._store = store.every, store
        self.looks = 0
        self.heard = HealthSnapshot()

    def exchange(self, channels: Sequence[str], budgets: Sequence[str], told: HealthReport) -> HealthSnapshot:
        """Look, then count."""
        try:
            self.heard = self._store.exchange(channels, budgets, told)
            return self.heard
        finally:
            self.looks += 1

    def close(self) -> None:
        """Close it."""
        self._store.close()


class Shop:
    """A client with a credit channel that can be down, and another one; a context manager."""

    def __init__(
        self, url: str, prefix: str, journal: Any = None, client: Any = pf.Payments, charge: Any = None
    ) -> None:
        self.heard = Heard()
        self._charge = charge
        self.down = False
        self.calls: list[str] = []
        self.health = Counted(open_shared_health(url, prefix=prefix, every=EVERY))
        self.payments = client(
            **pf.channels(
                {"baitiao": self._provider("baitiao"), "wechat": self._provider("wechat")},
                channel={"baitiao": {"circuit": CIRCUIT, "retry": RetryPolicy(attempts=1)}},
            ),
            journal=journal or MemoryJournal(),
            observer=self.heard,
            shared_health=self.health,
        )
        self._count = 0

    def _provider(self, name: str) -> Any:
        def charge(attempt: pf.Attempt) -> pf.Answer:
            self.calls.append(name)
            if self.down and name == "baitiao":
                return pf.Answer(verdict=pf.Verdict.NOT_SENT, cause=pf.Cause.NETWORK)
            return paid(attempt)

        def paid(attempt: pf.Attempt) -> pf.Answer:
            return pf.Answer(verdict=pf.Verdict.CAPTURED, amount=attempt.amount)

        return pf.wrap(
            self._charge or charge, query=paid, close=paid, reads=lambda attempt, answer: answer, account=f"own/{name}"
        )

    def pay(self) -> list[str]:
        """One order over both channels; the channels that were called."""
        self._count += 1
        self.calls.clear()
        order = pf.Order(f"A{id(self)}{self._count}", pf.Money.of("59.00", "CNY"))
        self.payments.pay(order, "baitiao", consent=["wechat"])
        return list(self.calls)

    @property
    def state(self) -> str:
        """The credit channel's."""
        return str(self.payments._built.shared.gate.health("baitiao").state)

    @property
    def told(self) -> list[str]:
        """What was told of the sharing itself."""
        return [name for name in self.heard.names if name in COUNTED]

    def looks(self, more: int = 2) -> None:
        """Wait until it looked so many times more."""
        target = self.health.looks + more
        until(lambda: self.health.looks >= target)

    def __enter__(self) -> Shop:
        return self

    def __exit__(self, *_: object) -> None:
        self.payments.close()


def fail_twice(shop: Shop) -> None:
    """Its credit channel is down; two payments later its circuit is open."""
    shop.down = True
    assert shop.pay() == shop.pay() == ["baitiao", "wechat"]
    assert shop.pay() == ["wechat"]


def keys(shop: Shop) -> list[str]:
    """What workers call the shop's channels."""
    sharing = shop.payments._built.shared.sharing
    assert sharing is not None
    return list(sharing._keys.values())


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.002)
