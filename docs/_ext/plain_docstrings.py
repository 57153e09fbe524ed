"""Reads our code for autodoc: plain docstrings, in which a line such as `name: meaning` is an item of a list and
indentation means nothing; and value classes, whose constructor is made at run time and shows no types by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from inspect import Parameter, signature
from typing import Any

from sphinx.application import Sphinx

_NAME = r"`?[a-z_][a-z_0-9]*`?"
_ITEM = re.compile(rf"{_NAME}(?:(?: /|,| and) {_NAME})*: \S")


def to_rst(lines: Sequence[str]) -> list[str]:
    """The same docstring, so that Sphinx reads it as it was meant."""
    made: list[str] = []
    inside = False
    for line in (each.strip() for each in lines):
        item = bool(_ITEM.match(line))
        if item and not inside and made and made[-1]:
            made.append("")
        inside = bool(line) and (inside or item)
        made.append(("* " if item else "  " if inside else "") + line)
    return made


def _process(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    lines[:] = to_rst(lines)


def value_signature(made: type) -> str:
    """The constructor of a value class with the types of its fields; a default that is made anew shows as `...`."""
    types = {
        name: hint for each in reversed(made.__mro__) for name, hint in vars(each).get("__annotations__", {}).items()
    }
    parts: list[str] = []
    for each in signature(made).parameters.values():
        if each.kind is Parameter.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        default = "..." if type(each.default) is object else repr(each.default)
        parts.append(f"{each.name}: {types[each.name]}" + ("" if each.default is Parameter.empty else f" = {default}"))
    return f"({', '.join(parts)})"


def _signature(
    app: Sphinx, what: str, name: str, obj: Any, options: object, args: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    return (value_signature(obj), None) if hasattr(obj, "__value_fields__") and what == "class" else (args, returns)


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-process-signature", _signature)
    return {"version": "1", "parallel_read_safe": True}
