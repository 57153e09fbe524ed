"""JSON as a provider must have meant it: one object, each name once, nothing that JSON does not know."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any


def json_object(body: bytes, *, as_written: bool = False) -> dict[str, Any] | None:
    """The object in a body; None for anything else. `as_written`: numbers stay the text that they are written with."""
    number = str if as_written else None
    try:
        found = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_without_repeats,
            parse_int=number,
            parse_float=number,
            parse_constant=_refuse,
        )
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _without_repeats(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    names = sorted(name for name, _ in pairs)
    if any(a == b for a, b in pairwise(names)):
        raise ValueError("a name comes twice")
    return dict(pairs)
