"""The durable medium, looked at from outside: who may decide, and who may take a lease."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from payfallback.journal.memory import MemoryJournal
from payfallback.ports import Clock, Commit, Done


class WatchedJournal(MemoryJournal):
    """The real journal in memory; `blame` hears of each commit and claim that should have been refused (I7)."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.blame: Callable[[str, str, str], None] | None = None

    def submit(self, commit: Commit, done: Done, *, may_block: bool = False) -> None:
        """As the journal's."""
        before = self._stored_now(commit.key) if commit.version else None
        super().submit(commit, lambda receipt: self._look(commit, before, receipt, done))

    def _look(self, commit: Commit, before: Any, receipt: Any, done: Done) -> None:
        if before is not None and getattr(receipt, "ok", False):
            if commit.version != before.version:
                self._accuse(commit.key, f"a decision over version {commit.version} was taken at {before.version}")
            elif before.lease_left > 0 and commit.fence != before.fence:
                self._accuse(commit.key, f"a decision with fence {commit.fence} was taken; the lease is {before.fence}")
        done(receipt)

    def claim(self, owner: str, lease: float, limit: int, done: Done, *, key: str | None = None) -> None:
        """As the journal's."""
        held = {each: self._stored_now(each) for each in self._open}
        super().claim(owner, lease, limit, lambda claimed: self._look_at(held, claimed, done), key=key)

    def _look_at(self, held: dict[str, Any], claimed: Any, done: Done) -> None:
        for stored in claimed if isinstance(claimed, tuple) else ():
            before = held.get(stored.key)
            if before is not None and before.lease_left > 0:
                self._accuse(stored.key, f"a lease was given away that was held for {before.lease_left:.1f} s more")
        done(claimed)

    def _stored_now(self, key: str) -> Any:
        got: list[Any] = []
        self.load(key, got.append)
        return got[0]

    def _accuse(self, key: str, facts: str) -> None:
        if self.blame is not None:
            self.blame("I7", key, facts)
