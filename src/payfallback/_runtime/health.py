"""The gate in front of every channel: it decides what is tried, never what is true.

Admission and recording are apart: ask for a permit, call the provider outside any lock, settle the permit. One lock
is held for microseconds, never during a call, and the observer hears what changed after it is let go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import inf
from threading import Lock
from typing import TYPE_CHECKING, Any

from payfallback._core.operations import Answer
from payfallback._runtime.budget import LONGEST_TURN
from payfallback._runtime.forks import renew_after_fork
from payfallback._runtime.permits import ChannelHealth, Permit, Rejection
from payfallback._runtime.weight import Weight, weigh
from payfallback.errors import UnknownOption
from payfallback.policy import Policy
from payfallback.ports import Clock, Observer, Switch
from payfallback.taxonomy import Cause

if TYPE_CHECKING:
    from payfallback._runtime.lane import Lane

__all__ = ["ChannelHealth", "Gate", "Permit", "Rejection"]

_NO_CHANNEL = Rejection(Cause.NO_ROUTE)
BUDGETS = ("retries", "asks")


class Gate:
    """Circuits, budgets and manual stops of every channel of a policy, for one process. Safe for threads.

    Nothing here survives the process; losing it changes which channel is tried, and nothing else. The observer is
    called outside the lock and must not raise (`telemetry.fan_out` sees to that). The first gate of a process loads
    pybreaker.

    Other workers' words come in by `follow`, `rejoin`, `hold` and `charge`, from a background thread. `outlet`, when
    set, hears what the observer hears, but only of what this process found out itself; it must neither raise nor block.
    """

    def __init__(self, policy: Policy, clock: Clock, observer: Observer | None = None) -> None:
        self._policy = policy
        self._clock = clock
        self._monotonic = clock.monotonic
        self._observer = observer
        self.outlet: Callable[[str, Mapping[str, Any]], None] | None = None
        self._lanes: dict[str, Lane] = {}
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Start afresh: calls in flight, a lock that was held and a row of failures are the parent's."""
        from payfallback._runtime.lane import Lane  # loads pybreaker, and redis and tornado where installed

        self._lock = Lock()
        stops = {name: lane.stop for name, lane in self._lanes.items()}
        self._lanes = {name: Lane(channel, self._clock) for name, channel in self._policy.channels.items()}
        for name, stop in stops.items():
            self._lanes[name].obey(stop)
            self._lanes[name].news.clear()

    def admit(self, channel: str, *, retry: bool = False) -> Permit | Rejection:
        """Leave to make one call, or why not. Never blocks, never raises. `retry` spends one of the retry budget.

        A permit must be settled exactly once, whatever becomes of the call.
        """
        lane = self._lanes.get(channel)
        if lane is None:
            return _NO_CHANNEL
        now = self._monotonic()
        with self._lock:
            if lane.clear and lane.in_flight < lane.limit and not retry:
                lane.in_flight += 1
                return Permit(channel, lane.circuit.generation, False, now)
            given = lane.admit(now, retry)
            news = _taken(lane)
        if isinstance(given, Rejection):
            refusal = {"channel": channel, "cause": given.cause.value, "retry_after": given.retry_after}
            news.append(("channel.rejected", refusal))
        self._tell(news)
        return given

    def settle(self, permit: Permit, answer: Answer | None, elapsed: float) -> None:
        """What the call came to, after `elapsed` seconds. None: it was cancelled, which says nothing.

        Counts as a failure when the taxonomy says that the answer's cause counts; a decline is a success, since the
        channel worked. Under an earlier generation of the circuit it neither opens nor closes it.
        """
        lane = self._lanes.get(permit.channel)
        if lane is None:
            return
        weight = weigh(answer)
        now = self._monotonic()
        with self._lock:
            if weight is Weight.ACCEPTED and lane.plain(permit, elapsed):
                lane.succeed(now, elapsed)
                return
            lane.settle(permit, weight, answer, elapsed, now)
            news = _taken(lane)
        self._tell(news)

    def strike(self, channel: str, cause: Cause, elapsed: float) -> None:
        """Something that counts against a channel besides what its permits came to: a surge of one trouble."""
        lane = self._lanes.get(channel)
        if lane is None:
            return
        now = self._monotonic()
        with self._lock:
            lane.strike(cause, elapsed, now)
            news = _taken(lane)
        self._tell(news)

    def learned(self, channel: str, paid: bool) -> None:
        """An unknown of this channel settled: paid, it counts as a success after all."""
        lane = self._lanes.get(channel)
        if lane is not None:
            with self._lock:
                lane.learned(paid, self._monotonic())

    def may_ask(self, channel: str) -> bool:
        """Leave to send one query: a budget of its own, which neither the circuit nor a stop takes away."""
        lane = self._lanes.get(channel)
        if lane is None:
            return False
        with self._lock:
            return lane.asks.take(self._monotonic())

    def turn(self, channel: str) -> float:
        """Stand in line for the budget of queries, after it was found spent: seconds until one's turn."""
        lane = self._lanes.get(channel)
        if lane is None:
            return LONGEST_TURN
        with self._lock:
            return lane.line.join(self._monotonic())

    def obey(self, switches: Iterable[Switch]) -> None:
        """The manual stops that hold now, all of them: what is not among them is resumed. Nothing half-opens one."""
        now = self._clock.epoch()
        stops = {each.channel: each for each in switches if (inf if each.until is None else each.until) > now}
        news: list[tuple[str, dict[str, Any]]] = []
        with self._lock:
            for name, lane in self._lanes.items():
                lane.obey(stops.get(name))
                news += _taken(lane)
        self._tell(news)

    # ------------------------------------------------------------ what other workers say

    def follow(self, channel: str, rest: float) -> None:
        """Another worker's circuit of this channel opened: open ours too, for `rest` seconds."""
        lane = self._lanes[channel]
        with self._lock:
            lane.follow(rest)
            news = _taken(lane)
        self._tell(news, ours=False)

    def rejoin(self, channel: str) -> None:
        """Another worker's probe found the channel well again: close our circuit."""
        lane = self._lanes[channel]
        with self._lock:
            lane.rejoin()
            news = _taken(lane)
        self._tell(news, ours=False)

    def hold(self, channel: str, seconds: float) -> None:
        """Another worker's probe is under way, for so long at most: an open circuit waits for what it finds. 0.0: none
        is."""
        with self._lock:
            self._lanes[channel].held_until = self._monotonic() + seconds if seconds > 0.0 else 0.0

    def spent(self) -> dict[tuple[str, str], float]:
        """What was spent of each budget since this was asked last, by (channel, budget); what was not is left out."""
        found = {}
        with self._lock:
            for name, lane in self._lanes.items():
                for budget in BUDGETS:
                    bucket = getattr(lane, budget)
                    if bucket.spent:
                        found[name, budget], bucket.spent = bucket.spent, 0.0
        return found

    def charge(self, channel: str, budget: str, tokens: float) -> None:
        """Other workers spent so much of a budget, or earned it when it is below zero."""
        with self._lock:
            getattr(self._lanes[channel], budget).charge(tokens, self._monotonic())

    # ------------------------------------------------------------ looks

    def health(self, channel: str) -> ChannelHealth:
        """How a channel does at this moment. Raises `UnknownOption` for a channel that is not configured."""
        lane = self._lanes.get(channel)
        if lane is None:
            raise UnknownOption(f"no channel {channel!r} is configured", hint=f"one of {', '.join(self._lanes)}")
        with self._lock:
            return lane.health(self._monotonic())

    def _tell(self, news: list[tuple[str, dict[str, Any]]], *, ours: bool = True) -> None:
        for event, fields in news:
            if ours and self.outlet is not None:
                self.outlet(event, fields)
            if self._observer is not None:
                self._observer(event, **fields)


def _taken(lane: Lane) -> list[tuple[str, dict[str, Any]]]:
    news = lane.news
    if news:
        lane.news = []
    return news if news else []
