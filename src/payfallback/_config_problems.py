"""From what is wrong with a file to one error that says all of it: where, what was expected, what was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from payfallback._config_lines import line_of
from payfallback._config_model import ConfigFile
from payfallback._config_words import found, kind_of, near, path_of
from payfallback._core.safety import Problem, Where
from payfallback._values import changed
from payfallback.errors import ConfigError

_EXPECTED = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "an array [ … ]",
    "dict_type": "a table",
    "model_type": "a table",
}
_PATTERNS = {
    "currency": "an ISO 4217 code such as CNY",
    "id": "1 to 64 visible characters without a slash",
    "merchant": "1 to 64 visible characters without a slash",
    "app": "at most 64 visible characters without a slash",
}
_NAME = "a name: a letter, then at most 31 letters, digits, - or _"


class ConfigProblems(ConfigError):  # it is one error; its name says what it holds
    """Everything that is wrong with a configuration, in the order of the file. `line` is the first one's."""

    def __init__(self, problems: Sequence[Problem], file: str) -> None:
        first, rest = problems[0], problems[1:]
        more = "".join(f"\n{_place(file, each)}{each}" for each in rest)
        super().__init__(f"{first}{more}", file=file, line=first.line)
        self.hint = first.hint
        self.problems = tuple(problems)


def refuse(problems: Iterable[Problem], file: str, lines: Mapping[Where, int]) -> None:
    """Raise one error with every problem and its line; return when there is none."""
    placed = [changed(each, line=each.line or line_of(lines, each.where)) for each in problems]
    if placed:
        raise ConfigProblems(sorted(placed, key=lambda each: each.line or 0), file)


def _place(file: str, problem: Problem) -> str:
    return f"{file}:{problem.line}: " if problem.line else f"{file}: "


def shape_problems(error: ValidationError) -> list[Problem]:
    """Pydantic's errors as problems, in our words and without the values it hides."""
    return [_problem(each) for each in error.errors(include_url=False)]


def _problem(error: Any) -> Problem:
    where: Where = tuple(error["loc"])
    kind, context, given = error["type"], error.get("ctx", {}), error["input"]
    if kind == "configuration":
        where = (*(each for each in where if each != "[key]"), *([context["key"]] if context["key"] else []))
        return Problem(where=where, message=f"{path_of(where)}: {context['message']}", hint=context["hint"])
    if where and where[-1] == "[key]":
        named = where[:-1]
        return Problem(where=named, message=f"{path_of(named)}: expected {_NAME}")
    if kind == "extra_forbidden":
        return _unknown_key(where)
    if kind == "missing":
        return Problem(where=where, message=f"{path_of(where)}: expected, and missing", hint=_meaning(where))
    return Problem(where=where, message=f"{path_of(where)}: {_mismatch(where, kind, context, given)}")


def _mismatch(where: Where, kind: str, context: Mapping[str, Any], given: object) -> str:
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, found {kind_of(given)}"
    if kind == "literal_error":
        hint = near(given, _choices(where)) if isinstance(given, str) else ""
        return f"expected {context['expected']}, found {found(given)}" + (f" ({hint})" if hint else "")
    if kind == "string_pattern_mismatch":
        return f"expected {_PATTERNS.get(str(where[-1]), _NAME)}"
    if kind == "too_short":
        return "expected at least one entry, found none"
    limits = {"greater_than_equal": ("at least", "ge"), "less_than_equal": ("at most", "le")}
    if kind in limits:
        words, key = limits[kind]
        return f"expected {words} {context[key]:g}, found {found(given)}"
    return f"expected something else than {kind_of(given)}"


def _unknown_key(where: Where) -> Problem:
    model = model_at(where[:-1])
    known = [] if model is None else [info.alias or name for name, info in model.model_fields.items()]
    table = path_of(where[:-1]) or "the file"
    return Problem(where=where, message=f"unknown key {where[-1]!r} in {table}", hint=near(str(where[-1]), known))


def _meaning(where: Where) -> str:
    info = _field_at(where)
    return (info.description or "") if info is not None else ""


def _choices(where: Where) -> list[str]:
    info = _field_at(where)
    return [str(each) for each in get_args(_bare(info.annotation))] if info is not None else []


def _field_at(where: Where) -> Any:
    model = model_at(where[:-1])
    return None if model is None else model.model_fields.get(str(where[-1]))


def model_at(where: Where) -> type[BaseModel] | None:
    """The model of the table at a path, None when there is none."""
    kind: Any = ConfigFile
    for part in where:
        kind = _inside(kind, part)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _inside(kind: Any, part: str | int) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        info = kind.model_fields.get(str(part))
        return None if info is None else _bare(info.annotation)
    arguments = get_args(kind)
    return _bare(arguments[-1]) if get_origin(kind) in (list, dict) else None


def _bare(kind: Any) -> Any:
    """An annotation without `| None`."""
    options = [each for each in get_args(kind) if each is not type(None)]
    return options[0] if type(None) in get_args(kind) and len(options) == 1 else kind
