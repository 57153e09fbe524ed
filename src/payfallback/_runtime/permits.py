"""What the gate hands out: permits, rejections, and how a channel does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from payfallback._values import field, value
from payfallback.taxonomy import Cause

State = Literal["closed", "open", "half_open", "stopped", "busy"]


@value
class Permit:
    """Leave to make one call. `generation`: the circuit's state it was given under. `taken_at` is monotonic."""

    channel: str
    generation: int
    half_open: bool
    taken_at: float
    retry: bool = False


@value
class Rejection:
    """The gate refused; nothing was sent. `retry_after`: seconds until it may be asked again, where that is known."""

    cause: Cause
    retry_after: float | None = None


@value(kw_only=True)
class ChannelHealth:
    """How a channel does. Counts are of the circuit's window, durations and `retry_after` in seconds.

    `since`: epoch seconds of the last change of the circuit or of the manual stop. `reason`: why it opened (`in_a_row`,
    `rate`, `slow`, `probe`, or `elsewhere`: another worker's did) or what was given for the stop. `failures` by cause,
    most frequent first; failures that turned out to be paid are still named there, but not in `failed`.
    """

    channel: str
    state: State
    since: float
    in_flight: int
    calls: int
    failed: int
    slow: int
    failures: Mapping[Cause, int] = field(factory=dict)
    p95: float | None = None
    retry_after: float | None = None
    reason: str = ""
