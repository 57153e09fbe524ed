"""The circuit of one channel: pybreaker's states and storage, our clock, our lock, our permits.

pybreaker keeps the state machine; it never sees a call. Its `call` would hold a lock for as long as the provider
takes, lets everyone through while half-open, and measures by the wall clock. So what a call came to is recorded
afterwards, with a function that does nothing or one that raises, and when to half-open is asked of our own clock.

This module imports pybreaker, which imports redis and tornado where they are installed: only the gate loads it.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from pybreaker import (
    STATE_CLOSED,
    STATE_HALF_OPEN,
    STATE_OPEN,
    CircuitBreaker,
    CircuitBreakerListener,
    CircuitBreakerState,
    CircuitBreakerStorage,
)

from payfallback.policy import CircuitPolicy
from payfallback.ports import Clock


class _Failed(Exception):  # it never leaves this file: it is how a failure is told to pybreaker
    pass


def _fail() -> None:
    raise _Failed


def _succeed() -> None:
    return None


class _Storage(CircuitBreakerStorage):
    """Counters in memory, and the moment of opening by the monotonic clock, whatever the wall clock did since."""

    def __init__(self, clock: Clock) -> None:
        super().__init__("payfallback")
        self._clock = clock
        self._state = STATE_CLOSED
        self._failures = self._successes = 0
        self._opened: float | None = None

    @property
    def state(self) -> str:
        """Closed, open or half-open, in pybreaker's words."""
        return self._state

    @state.setter
    def state(self, state: str) -> None:
        self._state = state

    def increment_counter(self) -> None:
        """A failure."""
        self._failures += 1

    def reset_counter(self) -> None:
        """A success, or a circuit that closed."""
        self._failures = 0

    def increment_success_counter(self) -> None:
        """A success while half-open."""
        self._successes += 1

    def reset_success_counter(self) -> None:
        """A circuit that changed its state."""
        self._successes = 0

    @property
    def counter(self) -> int:
        """Failures in a row."""
        return self._failures

    @property
    def success_counter(self) -> int:
        """Successes while half-open."""
        return self._successes

    @property
    def opened_at(self) -> datetime | None:
        """The moment of opening, as far back on today's wall clock as it is on the monotonic one."""
        if self._opened is None:
            return None
        return datetime.now(UTC) - timedelta(seconds=self._clock.monotonic() - self._opened)

    @opened_at.setter
    def opened_at(self, datetime: datetime) -> None:
        self._opened = self._clock.monotonic()  # pybreaker's wall-clock time is not wanted

    def open_for(self) -> float:
        """Seconds since it opened, monotonic."""
        return self._clock.monotonic() - self._opened if self._opened is not None else 0.0


class Circuit(CircuitBreakerListener):
    """Closed, open or half-open, with a generation that counts the changes. Not safe for threads.

    A call is recorded only by whom holds a permit of the current generation: whatever was sent under an earlier one
    says nothing about the state of now. `calm`: closed, without a failure since the last success.
    """

    def __init__(self, name: str, policy: CircuitPolicy, clock: Clock) -> None:
        self.generation = 0
        self.calm = True
        self._storage = _Storage(clock)
        self._breaker = CircuitBreaker(
            fail_max=policy.failures_in_a_row,
            reset_timeout=policy.open_for,
            state_storage=self._storage,
            listeners=[self],
            name=name,
            throw_new_error_on_trip=False,
        )
        self._open_for = self.rest = policy.open_for  # `rest`: seconds, of this opening

    @property
    def closed(self) -> bool:
        """Calls go through."""
        return self._storage.state == STATE_CLOSED

    @property
    def is_open(self) -> bool:
        """Calls are refused, also after it could be half-opened until somebody does."""
        return self._storage.state == STATE_OPEN

    @property
    def half_opened(self) -> bool:
        """One call at a time goes through, to see."""
        return self._storage.state == STATE_HALF_OPEN

    def rests(self) -> float:
        """Seconds until it may be half-opened; 0 when it may now."""
        return max(0.0, self.rest - self._storage.open_for()) if self.is_open else 0.0

    def succeeded(self) -> None:
        """A call of this generation succeeded: ends a row of failures, closes a half-open circuit."""
        self._breaker.call(_succeed)
        self.calm = self.closed

    def failed(self) -> None:
        """A call of this generation failed: lengthens the row, which may open it; opens a half-open circuit."""
        self.calm = False
        with suppress(_Failed):
            self._breaker.call(_fail)

    def trip(self, rest: float | None = None) -> None:
        """Open it, for a reason other than failures in a row; `rest`: for another time than the policy's, seconds."""
        self._breaker.open()
        if rest is not None:
            self.rest = rest

    def close(self) -> None:
        """Close it, for a reason other than a call of its own."""
        self._breaker.close()

    def half_open(self) -> None:
        """Let one call through."""
        self._breaker.half_open()

    def renew(self) -> None:
        """The permit of this generation is given up: what it still comes to does not count."""
        self.generation += 1

    def state_change(
        self, cb: CircuitBreaker, old_state: CircuitBreakerState | None, new_state: CircuitBreakerState
    ) -> None:
        """Called by pybreaker at every change."""
        self.generation += 1
        self.rest = self._open_for
        self.calm = new_state.name == STATE_CLOSED  # the storage still says the old one here
