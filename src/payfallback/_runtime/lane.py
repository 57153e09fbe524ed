"""One channel's health as a plain state machine: no lock, no observer, no clock of its own but the one it is given.

The gate holds its lock around every method, and tells the observer what `news` collected after letting go of it.
"""

from __future__ import annotations

from math import inf
from typing import Any

from payfallback._core.operations import Answer
from payfallback._runtime.budget import Bucket, Line
from payfallback._runtime.circuit import Circuit
from payfallback._runtime.permits import ChannelHealth, Permit, Rejection, State
from payfallback._runtime.weight import Weight, cause_of
from payfallback._runtime.window import Window
from payfallback.policy import Channel
from payfallback.ports import Clock, Switch
from payfallback.taxonomy import Cause, Verdict

LONGEST_WAIT = 300.0  # a provider's Retry-After stops a channel for no longer than this, seconds
ASKS, ASKS_PER_SECOND = 100.0, 20.0  # queries of one channel: at once, and in the long run


class Lane:
    """What the gate knows of one channel."""

    __slots__ = (
        *("asks", "calm_below", "channel", "circuit", "clear", "held_until", "in_flight", "limit", "line", "name"),
        *("news", "retries", "since", "stop", "wait_until", "window", "_clock", "_earned", "_probe_until", "_why"),
    )

    def __init__(self, channel: Channel, clock: Clock) -> None:
        now = clock.monotonic()
        self.channel, self.name, self.limit = channel, channel.name, channel.max_in_flight
        self.circuit = Circuit(channel.name, channel.circuit, clock)
        self.window = Window(channel.circuit.window)
        self.retries = Bucket(channel.retry.budget, 0.0, now)
        self.asks = Bucket(ASKS, ASKS_PER_SECOND, now)
        self.line = Line(ASKS_PER_SECOND)
        self.calm_below = inf if channel.circuit.slow_after is None else channel.circuit.slow_after
        self.in_flight = 0
        self.wait_until = 0.0
        self.held_until = 0.0  # until then somebody else's probe is waited for
        self.stop: Switch | None = None
        self.since = clock.epoch()
        self.news: list[tuple[str, dict[str, Any]]] = []
        self.clear = True  # nothing but `limit` and the retry budget stands between a caller and a permit
        self._clock = clock
        self._earned = channel.retry.budget_per_success
        self._probe_until: float | None = None
        self._why = ""

    # ------------------------------------------------------------ admission

    def admit(self, now: float, retry: bool) -> Permit | Rejection:
        """One call more, or why not."""
        if not self.clear:
            shut = self._shut(now)
            if shut is not None:
                return shut
        if self.in_flight >= self.limit:
            return Rejection(Cause.CHANNEL_BUSY)
        if retry and not self.retries.take(now):
            return Rejection(Cause.RETRY_BUDGET)
        if not self.circuit.closed:
            self._probe(now)
        self.in_flight += 1
        return Permit(self.name, self.circuit.generation, not self.circuit.closed, now, retry)

    def _shut(self, now: float) -> Rejection | None:
        """What shuts the channel at this moment: a manual stop, the provider's Retry-After, the circuit."""
        if self.stop is not None and not self._stop_ended():
            until = self.stop.until
            return Rejection(Cause.CHANNEL_STOPPED, None if until is None else max(0.0, until - self._clock.epoch()))
        if now < self.wait_until:
            return Rejection(Cause.RATE_LIMITED, self.wait_until - now)
        self.wait_until = 0.0
        self._clarify()
        rest = self.circuit.rests()
        if rest > 0.0:
            return Rejection(Cause.CIRCUIT_OPEN, rest)
        if self._probe_until is not None and now < self._probe_until:
            return Rejection(Cause.CIRCUIT_OPEN, self._probe_until - now)
        if self.circuit.is_open and now < self.held_until:
            return Rejection(Cause.CIRCUIT_OPEN, self.held_until - now)
        return None

    def _probe(self, now: float) -> None:
        """Half-open, if it is not yet, and hand out its one permit.

        A permit that is not settled within the time of two calls is given up, so that a lost one does not shut the
        channel for good; whatever it still comes to belongs to an older generation.
        """
        if self.circuit.is_open:
            self.circuit.half_open()
            self.since = self._clock.epoch()
            self.news.append(("circuit.half_opened", {"channel": self.name}))
        elif self._probe_until is not None:
            self.circuit.renew()
        self._probe_until = now + max(2.0 * self.channel.timeout, self.channel.circuit.open_for)

    def _stop_ended(self) -> bool:
        if self.stop is None or self.stop.until is None or self._clock.epoch() < self.stop.until:
            return False
        self.obey(None)
        return True

    def _clarify(self) -> None:
        self.clear = self.stop is None and self.wait_until == 0.0 and self.circuit.closed

    # ------------------------------------------------------------ recording

    def plain(self, permit: Permit, elapsed: float) -> bool:
        """Whether this is what nearly always happens: a first try, in time, on a circuit that is calm."""
        circuit = self.circuit
        current = circuit.calm and permit.generation == circuit.generation
        return current and elapsed < self.calm_below and not permit.retry

    def succeed(self, now: float, elapsed: float) -> None:
        """Record a plain call that was accepted: the short way."""
        self.in_flight -= 1
        self.window.answered(now, elapsed)
        self.retries.add(self._earned)

    def settle(self, permit: Permit, weight: Weight, answer: Answer | None, elapsed: float, now: float) -> None:
        """What a call came to. Under an older generation it decides nothing; while it is shut, it is counted."""
        self.in_flight -= 1
        current = permit.generation == self.circuit.generation
        if current:
            self._probe_until = None
        if answer is not None:
            self._heed(answer, now)
        if weight is Weight.NEUTRAL or not (current or not self.circuit.closed):
            return
        self._count(weight, answer, elapsed, now)
        if weight is Weight.ACCEPTED and not permit.retry:
            self.retries.add(self._earned)
        if current:
            self._decide(weight, elapsed >= self.calm_below)
            self._clarify()

    def _heed(self, answer: Answer, now: float) -> None:
        """The provider asked us to wait: for as long as it said, within reason."""
        asked = answer.retry_after
        if asked is not None and 0.0 < asked < inf and answer.verdict not in _TAKEN:
            self.wait_until = max(self.wait_until, now + min(asked, LONGEST_WAIT))
            self._clarify()

    def _count(self, weight: Weight, answer: Answer | None, elapsed: float, now: float) -> None:
        if weight is Weight.FAILED and answer is not None:
            self.window.failure(now, elapsed, cause_of(answer), unsure=answer.verdict is Verdict.UNKNOWN)
        else:
            self.window.answered(now, elapsed)
        if elapsed >= self.calm_below:
            self.window.was_slow()

    def _decide(self, weight: Weight, slow: bool) -> None:
        """Let the circuit change its state. A slow success is no proof that the channel is well again."""
        half_open = self.circuit.half_opened
        failed = weight is Weight.FAILED or (half_open and slow)
        if failed:
            self.circuit.failed()
        elif not self.circuit.calm:
            self.circuit.succeeded()
        if half_open and self.circuit.closed:
            self._closed()
        elif self.circuit.is_open:
            self._opened("probe" if half_open else "in_a_row")
        elif failed or slow:
            self._trip()

    def _trip(self) -> None:
        """Open when too large a part of enough calls failed or was slow. Asked after failures and slow calls only."""
        policy, window = self.channel.circuit, self.window
        if window.calls < max(1, policy.minimum):
            return
        failing = window.failed / window.calls >= policy.failure_rate
        slow = policy.slow_after is not None and window.slow / window.calls >= policy.slow_rate
        if failing or slow:
            self.circuit.trip()
            self._opened("rate" if failing else "slow")

    def _opened(self, why: str) -> None:
        self._why, self.since = why, self._clock.epoch()
        counts = {"calls": self.window.calls, "failed": self.window.failed, "slow": self.window.slow}
        most = next((cause.value for cause in self.window.causes()), "")
        news = {"channel": self.name, "reason": why, "cause": most, "retry_after": self.circuit.rest, **counts}
        self.news.append(("circuit.opened", news))

    def _closed(self) -> None:
        self.window.clear()  # what opened it must not open it again
        now = self._clock.epoch()
        self.news.append(("circuit.closed", {"channel": self.name, "reason": self._why}))
        self._why, self.since = "", now

    def strike(self, cause: Cause, elapsed: float, now: float) -> None:
        """A failure that no permit belongs to."""
        self.window.failure(now, elapsed, cause, unsure=False)
        if not self.circuit.is_open:
            self._decide(Weight.FAILED, False)
            self._clarify()

    def learned(self, paid: bool, now: float) -> None:
        """An unknown settled. Paid: it was no failure. It never closes a circuit, which is for the probe to do."""
        if not paid:
            return
        self.window.forgive(now)
        if self.circuit.closed and not self.circuit.calm:
            self.circuit.succeeded()

    # ------------------------------------------------------------ what other workers say

    def follow(self, rest: float) -> None:
        """Another worker's circuit opened: so does this one, for so many seconds, unless its own probe is under way."""
        if self.circuit.half_opened:
            return
        was_closed = self.circuit.closed
        self.circuit.trip(rest)
        self._clarify()
        if was_closed:
            self._opened("elsewhere")

    def rejoin(self) -> None:
        """Another worker's probe found the channel well again."""
        self.held_until = 0.0
        if not self.circuit.closed:
            self.circuit.close()
            self._probe_until = None
            self._closed()
            self._clarify()

    # ------------------------------------------------------------ stops and looks

    def obey(self, stop: Switch | None) -> None:
        """A manual stop, or its end. The circuit keeps the state it has."""
        if stop == self.stop:
            return
        self.since = self._clock.epoch()
        if stop is not None:
            news = {"channel": self.name, "reason": stop.reason, "actor": stop.actor, "until": stop.until}
            self.news.append(("channel.stopped", news))
        else:
            self.news.append(("channel.resumed", {"channel": self.name}))
        self.stop = stop
        self._clarify()

    def health(self, now: float) -> ChannelHealth:
        """How it does at this moment. Changes nothing but what has left the window."""
        self.window.advance(now)
        return ChannelHealth(
            channel=self.name,
            state=self._state(),
            since=self.since,
            in_flight=self.in_flight,
            calls=self.window.calls,
            failed=self.window.failed,
            slow=self.window.slow,
            failures=self.window.causes(),
            p95=self.window.p95(now),
            retry_after=max(self.circuit.rests(), self.wait_until - now, 0.0) or None,
            reason=self.stop.reason if self.stop is not None else self._why,
        )

    def _state(self) -> State:
        if self.stop is not None:
            return "stopped"
        if self.circuit.is_open:
            return "open"
        if self.circuit.half_opened:
            return "half_open"
        return "busy" if self.in_flight >= self.limit else "closed"


_TAKEN = (Verdict.CAPTURED, Verdict.AUTHORISED, Verdict.PENDING)  # their Retry-After says when to ask, not to stop
