"""Words for people who mend a configuration: what stands there, what is near it, where it is."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from difflib import get_close_matches

from payfallback._core.safety import Problem, Where

_PLAIN = re.compile(r"[\w.,/ +%-]{0,12}")


def found(given: object) -> str:
    """What stands there, for an error. Only short plain words are repeated: anything else might be a secret."""
    match given:
        case bool():
            return "true" if given else "false"
        case int() | float() if len(str(given)) <= 12:
            return f"the bare number {given}"
        case str() if _PLAIN.fullmatch(given):
            return f'"{given}"'
        case str():
            return "other text"
        case _:
            return kind_of(given)


def kind_of(given: object) -> str:
    """The kind of a TOML value, in words."""
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "true or false"),
        (int, "a whole number"),
        (float, "a number"),
        (str, "text"),
        (list, "an array"),
        (dict, "a table"),
        (dt.datetime, "a date and time"),
        (dt.date, "a date"),
        (dt.time, "a time"),
    )
    return next((words for kind, words in kinds if isinstance(given, kind)), "something else")


def near(given: str, known: Iterable[str]) -> str:
    """A hint that names the nearest of the known words, or all of them when they are few."""
    words = sorted(set(known))
    matches = get_close_matches(given, words, n=1, cutoff=0.6)
    if matches:
        return f"did you mean {matches[0]}?"
    return f"known: {', '.join(words)}" if 0 < len(words) <= 16 else ""


def path_of(where: Where) -> str:
    """A path as people write it: `routes[0].order[2]`."""
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def wrong(where: Where, message: str, hint: str = "") -> Problem:
    """A problem that begins with where it stands."""
    return Problem(where=where, message=f"{path_of(where)}: {message}", hint=hint)
