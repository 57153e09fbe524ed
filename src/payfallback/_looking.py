"""One look at one order: what both clients do for `resolve`, but for asking and running."""

from __future__ import annotations

from payfallback._build import Built
from payfallback._core import flow as flows
from payfallback._core.order import key_of
from payfallback._core.run import Flow, unavailable
from payfallback.errors import UnknownOrder
from payfallback.ports import Stored
from payfallback.results import Resolved

SKEW = 5.0  # seconds by which the clock of whoever said that it is time may be ahead of this one


class Looking:
    """What one `resolve` asks the journal for, what it runs, and what it came to."""

    def __init__(self, built: Built, order_id: str, merchant: str, within: float) -> None:
        self._order_id, self._built, self._clock = order_id, built, built.shared.clock
        self._tally = built.tally(within, 1)
        self.key = key_of(merchant, order_id)
        self.owner, self.lease = self._tally.owner(), self._tally.lease
        self._stored: Stored | None = None
        self._looked = False

    def found(self, stored: Stored | None) -> bool:
        """Take what the journal holds; whether it is time to look. Raises `UnknownOrder`."""
        if stored is None:
            raise UnknownOrder("the journal knows no such order", hint="check the id and, with several, the merchant")
        self._stored = stored
        return stored.due is not None and stored.due <= self._clock.epoch() + SKEW

    def flow(self, stored: Stored) -> Flow:
        """Finish what can be finished of the order whose lease was taken. Raises `JournalUnavailable`."""
        run = self._built.recovering(stored, self.owner, self._tally.left())
        record = yield from flows.recover(run)
        if run.down is not None:
            raise unavailable(run)
        self._looked = True
        self._tally.looked(stored, (record, None), run.put_off)

    def result(self) -> Resolved:
        """What it came to."""
        due, fence = (self._stored.due, self._stored.fence) if self._stored is not None else (None, 0)
        return Resolved(order_id=self._order_id, looked=self._looked, look_again=due, fence=fence)
