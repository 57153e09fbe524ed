"""Reading Stripe's forms, `metadata[order]=1` and `expand[]=x`, as a tree; and the parameters of an endpoint."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import parse_qsl

from payfallback.testing.sandbox.stripe.errors import ApiError, invalid, missing

MOST = 200  # fields of one form
_NAME = re.compile(r"[a-z_]{1,60}(?:\[[0-9A-Za-z_.-]{0,60}\]){0,4}")


def parse(body: bytes) -> dict[str, Any]:
    """The form of a POST. Raises `ApiError`."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=MOST)
    except ValueError:
        raise ApiError(400, "", "The request body could not be read as a form.") from None
    return tree(pairs)


def tree(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Nested as the names say; what is numbered, or has empty brackets, is kept under its number."""
    found: dict[str, Any] = {}
    for name, text in pairs:
        if not _NAME.fullmatch(name):
            raise ApiError(400, "parameter_unknown", "Received unknown parameter.", param=name[:60])
        first, *rest = re.split(r"[\[\]]+", name.removesuffix("]")) if "[" in name else [name]
        place, path = found, [first, *rest]
        for step in path[:-1]:
            inner = place.setdefault(step, {})
            if not isinstance(inner, dict):
                raise invalid(first)
            place = inner
        last = path[-1] or str(len(place))
        place[last] = text
    return found


def only(given: dict[str, Any], known: Collection[str]) -> None:
    """Raises `ApiError` for a parameter that this endpoint does not take."""
    strange = sorted(set(given) - set(known) - {"expand"})
    if strange:
        raise ApiError(400, "parameter_unknown", f"Received unknown parameter: {strange[0]}", param=strange[0])


def text(given: dict[str, Any], name: str, *, required: bool = False, pattern: str = r"(?s).{0,5000}") -> str:
    """A text, empty when it is absent and not required."""
    found = given.get(name, "")
    if found == "" and required:
        raise missing(name)
    if not isinstance(found, str) or (found and not re.fullmatch(pattern, found)):
        raise invalid(name)
    return found


def number(given: dict[str, Any], name: str) -> int | None:
    """Whole smallest units above 0, None when it is absent."""
    found = given.get(name)
    if found is None:
        return None
    if not isinstance(found, str) or not re.fullmatch(r"[1-9][0-9]{0,11}", found):
        raise invalid(name)
    return int(found)


def flag(given: dict[str, Any], name: str) -> bool:
    """True or false, false when it is absent."""
    found = given.get(name, "false")
    if found not in ("true", "false"):
        raise invalid(name)
    return bool(found == "true")


def listed(given: dict[str, Any], name: str) -> list[str]:
    """Several texts, in their order."""
    found = given.get(name, {})
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise invalid(name)
    return list(found.values())


def metadata(given: dict[str, Any]) -> dict[str, str]:
    """What the merchant keeps with an object: up to 50 names of 40 characters, texts of 500."""
    found = given.get("metadata", {})
    fits = isinstance(found, dict) and len(found) <= 50
    if not fits or not all(
        len(key) <= 40 and isinstance(each, str) and len(each) <= 500 for key, each in found.items()
    ):
        raise invalid("metadata")
    return dict(found)
