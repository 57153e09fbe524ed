"""A structlog processor that masks secrets and personal data, wherever in an event they stand."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from types import TracebackType
from typing import Any

from payfallback.telemetry.secrets import MASK, is_secret
from payfallback.telemetry.texts import LONGEST, redact_text, redacted

__all__ = ["redact", "redact_text"]

OWN_NUMBERS = frozenset({"number", "order_id", "order"})  # a tenth of all long numbers pass for a card: these are ours
DEEPEST, MOST = 6, 1000  # levels of containers, and values in all, that are looked at and kept
LONGEST_EVENT = 32 * 1024  # characters of all texts of an event

_META = frozenset({"_record", "_from_structlog"})  # structlog's own, for the standard library's formatter
_UNPRINTABLE = "[unprintable]"
_SHORTEST = 10**10  # numbers below are shorter than any that is masked


def redact(logger: Any, method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask what is secret or personal in every key and value. Never raises; bounded in depth, number and length.

    Put it last before the renderer. Values under a secret name are masked whole; texts and numbers by their shape
    (see `redact_text`); digits under `number`, `order_id` and `order` are left alone. An exception in `exc_info`
    becomes a masked text under `exception`. What is neither text, number nor container becomes its masked `repr`.
    """
    walk = _Walk()
    clean: dict[str, Any] = {}
    for name, value in event_dict.items():
        if name in _META:
            clean[name] = value
            continue
        try:
            if name == "exc_info" and value:
                clean["exception"] = redact_text(_formatted(value))
            else:
                clean[walk.name(name)] = walk.under(name, value, 0)
        except Exception:  # noqa: BLE001  # somebody else's __repr__ or __iter__: a log line must not stop a payment
            clean[walk.name(name) if isinstance(name, str) else _UNPRINTABLE] = _UNPRINTABLE
    return clean


class _Walk:
    """One pass over one event."""

    __slots__ = ("_characters", "_left")

    def __init__(self) -> None:
        self._left = MOST
        self._characters = LONGEST_EVENT

    def name(self, name: object) -> str:
        """A key."""
        return name if isinstance(name, str) and len(name) < 11 else self._text(str(name))

    def _text(self, text: str, *, digits: bool = True) -> str:
        self._characters -= min(len(text), LONGEST)
        return redacted(text, digits=digits) if self._characters >= 0 else "[too much]"

    def under(self, name: object, value: Any, depth: int) -> Any:
        """A value under a name."""
        if isinstance(name, str):
            if is_secret(name) and not _says_nothing(value):
                return MASK
            if name in OWN_NUMBERS and isinstance(value, str):
                return self._text(value, digits=False)
            if name in OWN_NUMBERS and type(value) is int:
                return value
        return self.value(value, depth)

    def value(self, value: Any, depth: int) -> Any:
        """A value under no name in particular."""
        self._left -= 1
        if value is None or isinstance(value, bool | date | time | timedelta):
            return value
        if self._left < 0:
            return "[too much]"
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, int | float | Decimal):
            return _number(value)
        return self._container(value, depth)

    def _container(self, value: Any, depth: int) -> Any:
        if isinstance(value, Enum):
            return self.value(value.value, depth)
        if isinstance(value, bytes | bytearray | memoryview):
            return self._text(bytes(value[: 2 * LONGEST]).decode("utf-8", "replace"))
        if isinstance(value, BaseException):
            return f"{type(value).__name__}: {self._text(str(value))}"
        if not isinstance(value, Mapping | list | tuple | set | frozenset):
            return self._text(repr(value))
        if depth >= DEEPEST:
            return "[too deep]"
        if isinstance(value, Mapping):
            return self._mapping(value, depth + 1)
        return self._sequence(value, depth + 1)

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        clean: dict[str, Any] = {}
        for name, each in value.items():
            if self._left <= 0:
                clean["…"] = "[too much]"
                break
            clean[self.name(name)] = self.under(name, each, depth)
        return clean

    def _sequence(self, value: Any, depth: int) -> list[Any] | tuple[Any, ...]:
        clean: list[Any] = []
        for each in value:
            if self._left <= 0:
                clean.append("[too much]")
                break
            clean.append(self.value(each, depth))
        return tuple(clean) if isinstance(value, tuple) else clean


def _number(value: int | float | Decimal) -> Any:
    """A number, or its masked text. Of a float only the whole part counts: its other digits are no one's number."""
    if isinstance(value, int):
        if -_SHORTEST < value < _SHORTEST:
            return value
        text = str(value) if value.bit_length() < 512 else "[too long]"
    else:
        text = str(value) if isinstance(value, Decimal) else repr(value).partition(".")[0]
    clean = redact_text(text)
    return value if clean == text != "[too long]" else clean


def _formatted(given: Any) -> str:
    """The traceback of what structlog takes as `exc_info`: True, an exception, or the usual three."""
    kind: type[BaseException] | None
    error: BaseException | None
    where: TracebackType | None
    if isinstance(given, BaseException):
        kind, error, where = type(given), given, given.__traceback__
    elif isinstance(given, tuple):
        kind, error, where = given
    else:
        kind, error, where = sys.exc_info()
    return "".join(traceback.format_exception(kind, error, where, limit=-30)).rstrip()


def _says_nothing(value: Any) -> bool:
    """Whether a secret is only said to be there or not."""
    return value is None or isinstance(value, bool) or (isinstance(value, str) and not value)
