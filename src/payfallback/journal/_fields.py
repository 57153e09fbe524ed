"""Compiles, for one value class, the function that writes it as JSON and the one that reads it.

Writing is on the path of every payment: a compiled writer takes about a microsecond where `json.dumps` of a dict
takes five. How a field is written follows from its annotation; an annotation that is not in the table is refused when
this module is imported, so a new kind of field cannot slip into the journal unread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from payfallback._values import fields_of
from payfallback.errors import MoneyInvalid
from payfallback.journal._actions import read_action, write_action
from payfallback.journal._sealing import Seal
from payfallback.journal._unreadable import newer
from payfallback.model import Money
from payfallback.taxonomy import Cause

Writer = Callable[[Any, Seal | None, str], str]
Reader = Callable[[dict[str, Any], Seal | None, str], Any]


def writer_of(cls: type, opening: str) -> Writer:
    """Compile `write(value, seal, key) -> str`. `opening` is the text before the first field."""
    required, optional = [], []
    for name, spec in _fields(cls).items():
        template = f'"{name}":{_WRITTEN[_kind(cls, name)]}'
        if spec.factory is None and type(spec.default) is object:  # the bare mark of a field without default
            required.append(template.replace("@", f"x.{name}"))
            continue
        default = spec.factory() if spec.factory is not None else spec.default
        unlike = "v is not None" if default is None else "v" if not default else f"v != {default!r}"
        optional.append(f" v = x.{name}\n if {unlike}: s += f',{template.replace('@', 'v')}'")
    start = opening.replace("{", "{{") + ",".join(required)
    source = "\n".join(["def write(x, seal, key):", f" s = f'{start}'", *optional, " return s + '}'"])
    scope: dict[str, Any] = dict(_SCOPE)
    exec(source, scope)  # noqa: S102  # made of the annotations of this package's own classes, never of input
    made: Writer = scope["write"]
    return made


def reader_of(cls: type) -> Reader:
    """Make `read(row, seal, key) -> value`: unknown fields are ignored, missing ones take their default."""
    known = frozenset(_fields(cls))
    special = [(name, _READ[_kind(cls, name)]) for name in known if _kind(cls, name) in _READ]

    def read(row: dict[str, Any], seal: Seal | None, key: str) -> Any:
        if not known.issuperset(row):
            row = {name: given for name, given in row.items() if name in known}
        for name, convert in special:
            if name in row:
                row[name] = convert(row[name], seal, key)
        return cls(**row)

    return read


def _fields(cls: type) -> Mapping[str, Any]:
    found: Mapping[str, Any] = fields_of(cls)
    return found


def _kind(cls: type, name: str) -> str:
    annotation = str(cls.__annotations__[name])
    if annotation.startswith("Literal[") or annotation == "OutcomeKind":  # one of a few words
        return "str"
    if annotation not in _WRITTEN:
        raise TypeError(f"{cls.__name__}.{name}: the journal does not know how to write {annotation}")
    return annotation


def _number(given: object) -> str:
    """A float's field that holds something else: an int is written as it is; what JSON cannot hold is refused."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise TypeError(f"expected a number, not {type(given).__name__}")
    if given - given != 0:
        raise ValueError("expected a finite number")
    return int.__repr__(given) if isinstance(given, int) else float.__repr__(given)


def _pairs(given: Mapping[str, str]) -> str:
    return "{" + ",".join([f"{quoted(name)}:{quoted(text)}" for name, text in given.items()]) + "}"


def _texts(given: tuple[str, ...]) -> str:
    return "[" + ",".join([quoted(text) for text in given]) + "]"


def _read_money(given: Any, seal: Seal | None, key: str) -> Money:
    try:
        return Money(*given)
    except MoneyInvalid as problem:
        raise ValueError(problem.message) from None


def _read_texts(given: Any, seal: Seal | None, key: str) -> tuple[str, ...]:
    return tuple(given)


def _read_cause(given: Any, seal: Seal | None, key: str) -> Cause | None:
    try:
        return None if given is None else Cause(given)
    except ValueError:
        raise newer(f"cause {given!r}") from None


_FLOAT = "{real(@) if type(@) is float and @ - @ == 0.0 else number(@)}"
# By annotation: the piece of an f-string, quoted with ', that writes the value `@`.
_WRITTEN = {
    "str": "{quoted(@)}",
    "int": "{@:d}",
    "int | None": "{@:d}",
    "float": _FLOAT,
    "float | None": _FLOAT,
    "bool": '{"true" if @ else "false"}',
    "Money": "[{@.minor:d},{quoted(@.currency)}]",
    "tuple[str, ...]": "{texts(@)}",
    "Mapping[str, str]": "{pairs(@)}",
    "Action | None": "{action(@, seal, key)}",
    "Cause | None": "{quoted(@.value)}",
}
_READ: dict[str, Callable[[Any, Seal | None, str], Any]] = {
    "Money": _read_money,
    "tuple[str, ...]": _read_texts,
    "Action | None": read_action,
    "Cause | None": _read_cause,
}
_SCOPE = {
    "quoted": quoted,
    "real": lru_cache(512)(float.__repr__),  # the events of a commit share their time, and repr costs 0.4 us
    "number": _number,
    "texts": _texts,
    "pairs": _pairs,
    "action": write_action,
}
