"""What the journal acknowledged, written down a second time by whoever looks from outside.

It shares nothing with the journals: it counts versions and leases itself, by the world's clock, and so sees a decision
over an old state (I7), a lease given away too soon (I7), an order that nobody would look at again (I8), and a medium
that lost what it had acknowledged (I2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from payfallback._core.events import Event
from payfallback.ports import Commit
from payfallback.testing.simulator.clocks import WorldClock
from payfallback.testing.simulator.open_ends import open_ends

Blame = Callable[[str, str, str], None]
_A_MOMENT = 1e-6


class Mirror:
    """`clock`: the world's. `blame` hears of each commit and claim that should have been refused. `commits`: how many
    were acknowledged."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock, self._now = clock, clock.epoch
        self.blame: Blame | None = None
        self.commits = 0
        self._events: dict[str, list[Event]] = {}
        self._leases: dict[str, tuple[int, float]] = {}

    def events(self, key: str) -> Sequence[Event]:
        """What is durable of an order, oldest first."""
        return self._events.get(key, ())

    def put(self, key: str, events: Sequence[Event], fence: int = 0, until: float = 0.0) -> None:
        """Take it that this was acknowledged, and nothing else: for searches that go back to an earlier state."""
        self._events, self._leases = ({key: list(events)} if events else {}), {key: (fence, until)}

    def orders(self) -> tuple[str, ...]:
        """The orders that were opened."""
        return tuple(self._events)

    def committed(self, commit: Commit, receipt: Any) -> None:
        """The medium answered a commit."""
        if not getattr(receipt, "ok", False):
            return
        self.commits += 1
        events = self._events.setdefault(commit.key, [])
        if commit.version is not None:
            self._decided(commit, receipt, len(events))
        events.extend(commit.events)
        if receipt.version != len(events):
            self._accuse("I2", commit.key, f"version {receipt.version} was acknowledged; {len(events)} events were")
        if commit.version is not None and commit.due is None:
            for left in open_ends(events, self._now(), max(self._clock.errs, 2.0 * self._clock.ahead)):
                self._accuse("I8", commit.key, f"nobody will look at it again, and {left}")

    def _decided(self, commit: Commit, receipt: Any, version: int) -> None:
        fence, until = self._leases.get(commit.key, (0, 0.0))
        if commit.version != version:
            facts = f"a decision over version {commit.version} was taken at {version}"
            self._accuse("I7", commit.key, facts)
        elif until > self._now() + _A_MOMENT and commit.fence != fence:
            facts = f"a decision with fence {commit.fence} was taken; the lease is {fence}"
            self._accuse("I7", commit.key, facts)
        if commit.take_lease is not None:
            ends = self._now() + commit.take_lease if commit.take_lease else 0.0
            self._leases[commit.key] = (receipt.fence if commit.take_lease else fence, ends)

    def claimed(self, lease: float, claimed: Any) -> None:
        """The medium gave leases away."""
        for stored in claimed if isinstance(claimed, tuple) else ():
            _, until = self._leases.get(stored.key, (0, 0.0))
            left = until - self._now()
            if left > _A_MOMENT:
                self._accuse("I7", stored.key, f"a lease was given away that was held for {left:.1f} s more")
            self._leases[stored.key] = (stored.fence, self._now() + lease)

    def _accuse(self, promise: str, key: str, facts: str) -> None:
        if self.blame is not None:
            self.blame(promise, key, facts)
