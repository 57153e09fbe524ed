"""JSON Schemas (draft 2020-12): of the configuration, for editors; of results, for whoever reads them as JSON.

Both are derived: from the models that read the file, and from the values that make the JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from payfallback import model, results
from payfallback.model import Money

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}
_RESULTS = (results.Paid, results.ActionRequired, results.NotPaid, results.Pending)
_ACTIONS = (model.Qr, model.Redirect, model.Form, model.ClientSecret, model.AppParams)
_MONEY = {
    "type": "object",
    "properties": {
        "minor": {"type": "integer", "minimum": 0, "description": "Whole minor units: fen, cents."},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "text": {"type": "string", "description": "For people: 5999.00 CNY."},
    },
    "required": ["minor", "currency", "text"],
    "additionalProperties": False,
}


def config_schema() -> dict[str, Any]:
    """The schema of a configuration file, from the models that read it. Loads pydantic."""
    from payfallback._config_schema import schema_of_file

    return {"$schema": DIALECT, **schema_of_file(), "title": "payfallback configuration"}


def results_schema() -> dict[str, Any]:
    """The schema of what `to_json` of a result, of options and of an outcome returns."""
    shapes = {each.__name__: _result(each) for each in _RESULTS}
    shapes["Options"] = _object(results.Options, {"version": {"const": results.RESULT_VERSION}})
    shapes["Outcome"] = _object(results.Outcome)
    shapes["OptionState"] = _object(results.OptionState)
    shapes["Money"] = _MONEY
    shapes |= {each.__name__: _object(each, {"kind": {"const": each.kind}}) for each in _ACTIONS}
    return {
        "$schema": DIALECT,
        "title": "payfallback results",
        "description": "A result is told apart by `status`; #/$defs/Options and #/$defs/Outcome describe the others.",
        "oneOf": [{"$ref": f"#/$defs/{each.__name__}"} for each in _RESULTS],
        "$defs": shapes,
    }


def _result(kind: type[results.Result]) -> dict[str, Any]:
    added = {"version": {"const": results.RESULT_VERSION}, "status": {"const": kind.status}}
    return _object(kind, {**added, "message": {"type": "string", "description": "For the shopper."}})


def _object(kind: type, added: Mapping[str, Any] | None = None) -> dict[str, Any]:
    hints = get_type_hints(kind)
    names: tuple[str, ...] = tuple(getattr(kind, "__value_fields__", ()))
    properties = {**(added or {}), **{name: _of(hints[name]) for name in names}}
    return {
        "type": "object",
        "description": (kind.__doc__ or "").split("\n\n")[0].strip(),
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _of(hint: Any) -> dict[str, Any]:
    """The schema of one annotation; exactly what `results` turns such a value into."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if origin in (Union, UnionType):
        return _either([_of(each) for each in arguments])
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return {"type": "array", "items": _of(arguments[0])}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _of(arguments[1])}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [each.value for each in hint]}
    if hint is Money or hasattr(hint, "__value_fields__"):
        return {"$ref": f"#/$defs/{hint.__name__}"}
    raise TypeError(f"no schema for {hint!r}")


def _either(options: list[dict[str, Any]]) -> dict[str, Any]:
    types = [each["type"] for each in options if list(each) == ["type"]]
    rest = [each for each in options if list(each) != ["type"]]
    plain = [{"type": types if len(types) > 1 else types[0]}] if types else []
    return plain[0] if not rest else {"anyOf": [*rest, *plain]}
