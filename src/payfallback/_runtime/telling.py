"""What changed here and is to be told to other workers: one note a channel and kind, so that it cannot grow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from secrets import token_hex
from threading import Lock
from typing import Any

from payfallback._values import changed
from payfallback.ports import CircuitNotice, HealthReport


class Telling:
    """Notes of payment threads, which only ever wait for each other's, and the words they make. Safe for threads."""

    def __init__(self, worker: str, lasts: Mapping[str, float], monotonic: Callable[[], float]) -> None:
        """`lasts`: for how long a probe counts as under way at most, by channel."""
        self._worker, self._lasts, self._monotonic = worker, lasts, monotonic
        self._lock = Lock()
        self._circuits: dict[str, tuple[CircuitNotice, float]] = {}  # what, and the moment until which it holds
        self._open: dict[str, tuple[CircuitNotice, float]] = {}  # our openings, for a store that has forgotten them
        self._probes: dict[str, float] = {}  # until when; 0.0: it is done
        self._probing: set[str] = set()
        self._switched = False

    def opened(self, channel: str, rest: float) -> None:
        """Our circuit opened."""
        word = CircuitNotice(opened=True, id=token_hex(8), worker=self._worker, rest=rest)
        with self._lock:
            self._circuits[channel] = self._open[channel] = word, self._monotonic() + rest
            self._probed(channel)

    def half_opened(self, channel: str) -> None:
        """A probe of ours is under way."""
        with self._lock:
            self._probes[channel] = self._monotonic() + self._lasts[channel]
            self._probing.add(channel)

    def closed(self, channel: str) -> None:
        """A probe of ours succeeded."""
        word = CircuitNotice(opened=False, id=token_hex(8), worker=self._worker)
        with self._lock:
            self._open.pop(channel, None)
            self._circuits[channel] = word, float("inf")
            self._probed(channel)

    def switched(self) -> None:
        """A channel was stopped or resumed by hand."""
        with self._lock:
            self._switched = True

    def outdated(self, channel: str) -> None:
        """Somebody else's word is followed now, also instead of what we were about to say."""
        with self._lock:
            self._open.pop(channel, None)
            self._circuits.pop(channel, None)

    def _probed(self, channel: str) -> None:
        if channel in self._probing:
            self._probing.discard(channel)
            self._probes[channel] = 0.0

    def take(self, spent: Mapping[tuple[str, str], float], *, again: bool) -> HealthReport:
        """What there is to tell; it is not told twice. `again`: with our openings that still hold, told or not."""
        with self._lock:
            circuits, probes = {**(self._open if again else {}), **self._circuits}, self._probes
            self._circuits, self._probes = {}, {}
            switched, self._switched = self._switched, False
        now = self._monotonic()
        words = {
            channel: changed(word, rest=until - now) if word.opened else word
            for channel, (word, until) in circuits.items()
            if until > now
        }
        left = {channel: max(0.0, until - now) for channel, until in probes.items()}
        return HealthReport(circuits=words, probes=left, spent=spent, switched=switched)

    def keep(self, told: HealthReport) -> None:
        """It could not be told: later, unless there is newer. What was spent is our own until then."""
        now = self._monotonic()
        with self._lock:
            for channel, word in told.circuits.items():
                self._circuits.setdefault(channel, (word, now + word.rest if word.opened else float("inf")))
            for channel, left in told.probes.items():
                self._probes.setdefault(channel, now + left if left else 0.0)
            self._switched = self._switched or told.switched


def noted(telling: Telling, event: str, channel: str, fields: Mapping[str, Any]) -> bool:
    """Note one of the gate's events. False when it is none that others need."""
    match event:
        case "circuit.opened":
            telling.opened(channel, float(fields["retry_after"]))
        case "circuit.half_opened":
            telling.half_opened(channel)
        case "circuit.closed":
            telling.closed(channel)
        case "channel.stopped" | "channel.resumed":
            telling.switched()
        case _:
            return False
    return True
