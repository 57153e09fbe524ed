"""What the library tells of its decisions: stable event names, an observer for structlog, redaction."""

from __future__ import annotations

from payfallback.telemetry.fanning import fan_out
from payfallback.telemetry.names import EVENT_NAMES, EventName
from payfallback.telemetry.observer import StructlogObserver
from payfallback.telemetry.redaction import redact, redact_text

__all__ = ["EVENT_NAMES", "EventName", "StructlogObserver", "fan_out", "redact", "redact_text"]
