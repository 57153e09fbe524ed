"""Events to structlog."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from payfallback.telemetry.names import EVENT_NAMES, Level
from payfallback.telemetry.redaction import redact

_Emit = Callable[..., object]

_NUMBERS: dict[Level, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_UNLISTED: Level = "info"
_MOST = 256  # events remembered: the table's, and a few of whoever shares the observer


class StructlogObserver:
    """Events as structlog events: the name is the event, values are keys, the level stands in `EVENT_NAMES`.

    The logger `payfallback` is bound at the first event of each name, once: an unbound one costs 2 µs each time. So
    configure structlog before the first payment; it is never configured from here. While nobody has configured it,
    warnings and errors go to stderr, redacted, and the rest nowhere, as the standard library does with its logging.
    An event below a filtering logger's level costs one dictionary look-up.
    """

    __slots__ = ("_emitters",)

    def __init__(self) -> None:
        self._emitters: dict[str, _Emit | None] = {}

    def __call__(self, event: str, /, **fields: Any) -> None:
        """Log one event. One that is not in the table is logged as `info`."""
        try:
            emit = self._emitters[event]
        except KeyError:
            emit = self._emitter(event)
        if emit is not None:
            emit(event, **fields)

    def _emitter(self, event: str) -> _Emit | None:
        """What logs this event, None when its level is off; remembered as soon as structlog is configured."""
        import structlog  # loaded by the first event

        listed = EVENT_NAMES.get(event)
        level = _UNLISTED if listed is None else listed.level
        if not structlog.is_configured():
            return _last_resort(level)
        emit = _method(structlog.get_logger("payfallback").bind(), level)
        if len(self._emitters) < _MOST:
            self._emitters[event] = emit
        return emit


def _method(logger: Any, level: Level) -> _Emit | None:
    """`logger.info` and the like; None when a filtering logger drops the level whatever happens.

    A logger over the standard library's may change its level at any time: it is asked before each event. The class is
    looked at, not the logger, since some loggers pretend to have every method.
    """
    method: _Emit = getattr(logger, level)
    number = _NUMBERS[level]
    if hasattr(type(logger), "isEnabledFor"):

        def emit(event: str, /, **fields: Any) -> None:
            if logger.isEnabledFor(number):
                method(event, **fields)

        return emit
    if hasattr(type(logger), "is_enabled_for") and not logger.is_enabled_for(number):
        return None
    return method


def _last_resort(level: Level) -> _Emit | None:
    if _NUMBERS[level] < _NUMBERS["warning"]:
        return None
    import structlog

    steps: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
        structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
    ]
    logger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr), processors=steps, wrapper_class=structlog.make_filtering_bound_logger(0)
    )
    method: _Emit = getattr(logger, level)
    return method
