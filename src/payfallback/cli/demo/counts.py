"""What happens in the demo, counted as the clients tell it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

_SILENT = ("unknown", "not_sent")


class Counts:
    """Hears every decision of both clients (it is their observer) and counts. Safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._options: dict[str, str] = {}
        self.charged: Counter[str] = Counter()
        self.silent: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()
        self.paid: dict[str, str] = {}  # the channel of each order: two recoverers may tell of the same one
        self.circuits: dict[str, str] = {}
        self.events: Counter[str] = Counter()

    def __call__(self, event: str, /, **fields: Any) -> None:
        """Count one event."""
        with self._lock:
            self.events[event] += 1
            hear = _HEARD.get(event)
            if hear is not None:
                hear(self, fields)

    def _sent(self, fields: Mapping[str, Any]) -> None:
        channel = _channel(fields["option"])
        if fields["number"] not in self._options:  # a charge in two steps, or sent again, is one
            self.charged[channel] += 1
        self._options[fields["number"]] = channel

    def _answered(self, fields: Mapping[str, Any]) -> None:
        if fields["what"] == "charge":
            counter = self.silent if fields["verdict"] in _SILENT else self.refused
            if fields["verdict"] in (*_SILENT, "declined"):
                counter[self._options.get(fields["number"], "?")] += 1

    def _passed_over(self, fields: Mapping[str, Any]) -> None:
        self.passed[_channel(fields["option"])] += 1

    def _paid(self, fields: Mapping[str, Any]) -> None:
        self.paid[fields["order_id"]] = _channel(fields["option"])


def _channel(option: str) -> str:
    return option.partition("/")[0]


Heard = Callable[[Counts, Mapping[str, Any]], None]


def _state(state: str) -> Heard:
    def hear(counts: Counts, fields: Mapping[str, Any]) -> None:
        counts.circuits[fields["channel"]] = state

    return hear


_HEARD: dict[str, Heard] = {
    "attempt.sending": Counts._sent,
    "attempt.answered": Counts._answered,
    "attempt.passed_over": Counts._passed_over,
    "order.paid": Counts._paid,
    "circuit.opened": _state("open"),
    "circuit.half_opened": _state("half open"),
    "circuit.closed": _state("closed"),
}
