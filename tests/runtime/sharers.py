"""A worker that shares its health: a gate on a clock that stands still, and looks that the test makes itself."""

from __future__ import annotations

from typing import Any

from gates import Checkout

from payfallback._runtime.sharing import Sharing
from payfallback.ports import SharedHealth
from payfallback.shared_health import open_shared_health

CIRCUIT = {"failures_in_a_row": 3, "open_for": 15.0}


class Sharer(Checkout):
    """A checkout whose gate hears of others, and tells them, at each `look`."""

    def __init__(
        self, url: str, prefix: str, host: str = "web-1", *, store: SharedHealth | None = None, **more: Any
    ) -> None:
        """`store`: instead of one at that address."""
        super().__init__(**{"circuit": CIRCUIT, **more})
        self.rereads = 0
        store = store or open_shared_health(url, prefix=prefix)
        self.sharing = Sharing(store, self.gate, self.policy, self.clock, self.heard, self._reread, host)

    def _reread(self) -> None:
        self.rereads += 1

    def look(self) -> bool:
        """What the thread does again and again."""
        return self.sharing.look()

    @property
    def rest(self) -> float:
        """Seconds until the channel may be tried again."""
        return self.gate.health("baitiao").retry_after or 0.0


def look(*workers: Sharer) -> None:
    """Everybody looks, one after the other."""
    for each in workers:
        assert each.look()
