"""What stands under the keys of shared health, as bytes. What no worker of this version wrote is nothing."""

from __future__ import annotations

import json
import re

from payfallback.ports import CircuitNotice

VERSION = 1
LONGEST = 200  # bytes of a value; a longer one is not ours
LONGEST_NUMBER = 40  # characters
MOST_COUNTED = 1e9  # either way, as successes earn; above about 2**53 adding one to a number would not change it
MOST_LEFT = 10**12  # milliseconds; no longer life of a key is divided by anything

_ID = re.compile(r"[0-9a-f]{16}")
_WORKER = re.compile(r"[0-9a-f]{8}-[0-9a-f]{16}")


def written(word: CircuitNotice) -> bytes:
    """A word as it is stored. For how long it holds is the key's time to live."""
    document = {"v": VERSION, "opened": word.opened, "id": word.id, "worker": word.worker}
    return json.dumps(document, separators=(",", ":")).encode()


def read(raw: object, left: object) -> CircuitNotice | None:
    """The word that stands there, with `left` milliseconds to live; None for what is none."""
    rest = seconds(left)
    if not isinstance(raw, bytes) or not 0 < len(raw) < LONGEST or rest <= 0.0:
        return None
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("v") != VERSION:
        return None
    opened, name, worker = (document.get(key) for key in ("opened", "id", "worker"))
    if not isinstance(opened, bool) or not _matches(_ID, name) or not _matches(_WORKER, worker):
        return None
    return CircuitNotice(opened=opened, id=str(name), worker=str(worker), rest=rest if opened else 0.0)


def total(raw: object) -> float | None:
    """A number as it is counted there; None for what is none, or beyond what workers count to."""
    if raw == b"":
        return 0.0  # nobody has spent anything
    try:
        number = float(raw) if isinstance(raw, bytes) and len(raw) <= LONGEST_NUMBER else float("nan")
    except ValueError:
        return None
    return number if abs(number) <= MOST_COUNTED else None


def seconds(left: object) -> float:
    """What a key has to live, from milliseconds; 0.0 for one that is not there, never ends, or ends beyond measure."""
    return left / 1000.0 if isinstance(left, int) and 0 < left <= MOST_LEFT else 0.0


def name(raw: object) -> str:
    """A random name as it is written there, or nothing."""
    text = raw.decode("ascii", "replace") if isinstance(raw, bytes) else ""
    return text if _ID.fullmatch(text) else ""


def _matches(pattern: re.Pattern[str], given: object) -> bool:
    return isinstance(given, str) and pattern.fullmatch(given) is not None
