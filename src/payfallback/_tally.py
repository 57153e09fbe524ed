"""One `recover` call's account: what it has done, and what it may still do."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import Any

from payfallback._core.fold import fold
from payfallback._runtime.shared import Shared
from payfallback.errors import ProgrammingError
from payfallback.ports import Stored
from payfallback.results import Recovered

BATCH = 20  # orders claimed at a time
MOST_AT_ONCE = 64  # workers of one call


class Tally:
    """What one `recover` call has done and may still do. Safe for threads: `at_once` workers share it."""

    def __init__(self, shared: Shared, within: float, limit: int, at_once: int) -> None:
        if type(at_once) is not int or not 1 <= at_once <= MOST_AT_ONCE:
            raise ProgrammingError(f"at_once={at_once!r} is no number of orders", hint=f"give 1 to {MOST_AT_ONCE}")
        self._shared, self._limit = shared, limit
        self._lock, self._stopped, self._allotted = Lock(), False, 0
        self._claimed: deque[Stored] = deque()
        self._claiming = Lock()
        self._deadline = shared.clock.monotonic() + within
        self.owner = shared.env.owner  # a name for each batch: a worker never takes another's lease for its own
        self.lease = within + 15.0
        self._looked = self._settled = self._refunded = self._person = self._failed = 0
        self._held: dict[str, float] = {}  # orders that were put off, and until when

    def left(self) -> float:
        """Seconds left."""
        return self._deadline - self._shared.clock.monotonic()

    def next(self) -> Stored | None:
        """A claimed order that nobody has in hand; None when one must be claimed first, or none may be looked at."""
        with self._lock:
            return self._claimed.popleft() if self._claimed and not self._over() else None

    def batch(self) -> int:
        """How many to claim now; 0: no more."""
        with self._lock:
            size = 0 if self._over() else min(BATCH, self._limit - self._allotted)
            self._allotted += max(0, size)
            return max(0, size)

    def took(self, size: int, claimed: Sequence[Stored]) -> None:
        """What was there of a batch; of the rest, others may claim as many more."""
        with self._lock:
            self._allotted -= size - len(claimed)
            self._claimed.extend(claimed)

    def orders(self, claim: Callable[[int], Sequence[Stored]]) -> Iterator[Stored]:
        """One worker's orders, from what all of them claim. `claim` asks the journal for so many."""
        while True:
            with self._claiming:  # whoever comes meanwhile waits for what is claimed: it is for all
                stored = self.next()
                if stored is None and (size := self.batch()):
                    self.took(size, claim(size))
                    stored = self.next()
            if stored is None:
                return
            yield stored

    def stop(self) -> None:
        """No further order is looked at; what is claimed comes back when its lease ends."""
        self._stopped = True

    def _over(self) -> bool:
        return self._stopped or self.left() <= 0

    def looked(self, stored: Stored, reply: Any, put_off: float = 0.0) -> None:
        """Count one order. `put_off`: for so many seconds, because the query budget was spent."""
        record, failure = reply
        with self._lock:
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
