"""Events and outcomes as compact lines of JSON, and back.

One event is one line of ASCII: `{"e":"won","at":1.5,"seq":1}`. Fields that hold their default are left out; a reader
ignores fields that it does not know, so an older version reads what a newer one wrote as long as it knows the event.
What an older version could misread, an unknown event, cause or action, it refuses.

A client secret and app parameters are never written in clear: without a sealing key only their kind is kept, and they
come back empty.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from payfallback._core.events import EVENTS, Event, Seen
from payfallback._values import changed
from payfallback.journal._actions import without_secret
from payfallback.journal._fields import Reader, Writer, reader_of, writer_of
from payfallback.journal._sealing import Seal
from payfallback.journal._unreadable import damaged, newer
from payfallback.results import Outcome

_NAMES: dict[type, str] = {event: event.name for event in EVENTS}  # type: ignore[attr-defined]  # all have a `name`
_WRITERS: dict[type, Writer] = {event: writer_of(event, f'{{"e":"{name}",') for event, name in _NAMES.items()}
_READERS: dict[str, Reader] = {name: reader_of(event) for event, name in _NAMES.items()}
_write_outcome = writer_of(Outcome, "{")
_read_outcome = reader_of(Outcome)


class Codec:
    """Reads and writes the events of orders. `seal` holds the sealing keys; without one, secrets are dropped.

    `key` is the order's key: what is sealed for one order opens for no other. Safe for threads.
    """

    __slots__ = ("_seal",)

    def __init__(self, seal: Seal | None = None) -> None:
        self._seal = seal

    def encode(self, events: Iterable[Event], key: str) -> str:
        """The events' lines. Raises `TypeError` or `ValueError` for a value that is not what its field declares."""
        seal = self._seal
        lines = [_WRITERS[type(event)](event, seal, key) for event in events]
        lines.append("")
        return "\n".join(lines)

    def decode(self, lines: str, key: str) -> tuple[Event, ...]:
        """The events of those lines. Raises `JournalUnavailable` for what a newer version wrote or nobody can read."""
        try:
            rows = json.loads(f"[{lines.rstrip().replace(chr(10), ',')}]")
            return tuple([self._event(row, key) for row in rows])
        except (ValueError, TypeError, KeyError, AttributeError) as problem:
            raise damaged(key) from problem

    def _event(self, row: dict[str, Any], key: str) -> Event:
        name = row.pop("e")
        read = _READERS.get(name)
        if read is None:
            raise newer(f"event {name!r}")
        made: Event = read(row, self._seal, key)
        return made


def without_secrets(event: Event) -> Event:
    """The event as it comes back from a journal that has no sealing key."""
    if type(event) is not Seen or event.action is None:
        return event
    kept = without_secret(event.action)
    return event if kept is event.action else changed(event, action=kept)


def encode_outcome(outcome: Outcome) -> str:
    """An outcome as one line of JSON."""
    return _write_outcome(outcome, None, "")


def decode_outcome(line: str) -> Outcome:
    """The outcome of that line. Raises `JournalUnavailable` as `Codec.decode` does."""
    try:
        made: Outcome = _read_outcome(json.loads(line), None, "")
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise damaged("an outcome") from problem
    return made
