"""One `recover` call's account: what it has done, and what it may still do."""

from __future__ import annotations

from typing import Any

from payfallback._core.fold import fold
from payfallback._runtime.shared import Shared
from payfallback.ports import Stored
from payfallback.results import Recovered


class Tally:
    """What one `recover` call has done and may still do."""

    def __init__(self, shared: Shared, within: float, limit: int) -> None:
        self._shared, self._limit = shared, limit
        self._deadline = shared.clock.monotonic() + within
        self.owner = shared.env.owner()
        self.lease = within + 15.0
        self._looked = self._settled = self._refunded = self._person = self._failed = 0
        self._looks = 0
        self._held: dict[str, float] = {}  # orders that were put off, and until when

    def left(self) -> float:
        """Seconds left."""
        return self._deadline - self._shared.clock.monotonic()

    def more(self) -> bool:
        """Whether another batch may be claimed."""
        return self.left() > 0 and self._looks < self._limit

    def batch(self, size: int) -> int:
        """How many to claim."""
        return min(size, self._limit - self._looks)

    def looked(self, stored: Stored, reply: Any, put_off: float = 0.0) -> None:
        """Count one order. `put_off`: for so many seconds, because the query budget was spent."""
        record, failure = reply
        self._looks += 1
        if put_off:
            self._held[stored.key] = self._shared.clock.monotonic() + put_off
        else:
            self._looked += 1
            self._held.pop(stored.key, None)
        if failure is not None or record is None:
            self._failed += 1
            return
        before = fold(stored.events)
        new = set(record.outcomes) - set(before.outcomes)
        self._settled += bool(new & {"paid", "expired", "cancelled"})
        self._person += "needs_person" in new
        self._refunded += _returned(record) - _returned(before)
        if self._shared.observer is not None:
            self._shared.observer("recovery.looked", order_id=record.order_id, outcomes=sorted(new))

    def result(self, left: int) -> Recovered:
        """The account. An order that was put off for long enough by now is due again: the journal has counted it."""
        now = self._shared.clock.monotonic()
        return Recovered(
            looked=self._looked,
            settled=self._settled,
            refunded=self._refunded,
            needs_person=self._person,
            failed=self._failed,
            left=left,
            held=sum(until > now for until in self._held.values()),
        )


def _returned(record: Any) -> int:
    return sum(attempt.status.value == "refunded" for attempt in record.attempts)
