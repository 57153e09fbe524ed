"""One decorator for every value of the library: frozen, slotted, cheap to import and to make.

`dataclasses` spends about half a millisecond of import time per class and 70 ns per field and instance; a
checkout that imports this library pays both. The decorator below compiles one `__init__` per class that fills the
slots directly, and is understood by type checkers as a frozen data class.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform, overload

T = TypeVar("T")

_MISSING: Any = object()


class _Field:
    __slots__ = ("default", "factory", "shown")

    def __init__(self, default: Any, factory: Callable[[], Any] | None, shown: bool) -> None:
        self.default, self.factory, self.shown = default, factory, shown


def field(
    *,
    default: Any = _MISSING,
    factory: Callable[[], Any] | None = None,
    repr: bool = True,  # noqa: A002  # the name that `dataclass_transform` gives its meaning
) -> Any:
    """Describe one field. `repr=False` keeps it out of `repr`: for secrets and personal data."""
    return _Field(default, factory, repr)


@overload
def value(cls: type[T], /) -> type[T]: ...
@overload
def value(*, kw_only: bool = False) -> Callable[[type[T]], type[T]]: ...


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T] | None = None, /, *, kw_only: bool = False) -> Any:
    """Turn a class with annotations into a frozen value with slots, equality, hash and repr."""
    if cls is None:
        return lambda target: _make(target, kw_only=kw_only)
    return _make(cls, kw_only=kw_only)


def _annotations(cls: type) -> dict[str, Any]:
    """The class's own annotations, without evaluating them and without importing `inspect`."""
    own: dict[str, Any] = cls.__dict__.get("__annotations__", {})  # noqa: RUF063  # `inspect` costs 10 ms of import
    return own


def _own_fields(cls: type) -> dict[str, _Field]:
    own: dict[str, _Field] = {}
    for name, annotation in _annotations(cls).items():
        if str(annotation).startswith(("ClassVar", "typing.ClassVar")):
            continue
        given = cls.__dict__.get(name, _MISSING)
        own[name] = given if isinstance(given, _Field) else _Field(given, None, True)
    return own


def _make(cls: type[T], *, kw_only: bool) -> type[T]:
    own = _own_fields(cls)
    inherited: dict[str, _Field] = {}
    for base in reversed(cls.__mro__[1:]):
        inherited.update(base.__dict__.get("__value_fields__", {}))
    fields = {**inherited, **own}
    space = {k: v for k, v in cls.__dict__.items() if k not in own and k not in ("__dict__", "__weakref__")}
    space["__slots__"] = tuple(own)
    space["__value_fields__"] = fields
    space["__match_args__"] = () if kw_only else tuple(fields)
    space.setdefault("__repr__", _repr)
    space.setdefault("__eq__", _eq)
    space.setdefault("__hash__", _hash)
    space["__setattr__"] = _refuse
    space["__delattr__"] = _refuse
    space["__reduce__"] = _reduce
    metaclass: Any = type(cls)
    made: Any = metaclass(cls.__name__, cls.__bases__, space)
    made.__qualname__ = cls.__qualname__
    made.__init__ = _compile_init(made, fields, kw_only)
    return made  # type: ignore[no-any-return]  # built at run time; its type is the decorated class's


def _compile_init(cls: type, fields: dict[str, _Field], kw_only: bool) -> Callable[..., None]:
    scope: dict[str, Any] = {"_missing": _MISSING}
    parameters, body = [], []
    for name, spec in fields.items():
        scope[f"_set_{name}"] = getattr(cls, name).__set__
        given = name
        if spec.factory is not None:
            scope[f"_new_{name}"] = spec.factory
            parameters.append(f"{name}=_missing")
            given = f"_new_{name}() if {name} is _missing else {name}"
        elif spec.default is not _MISSING:
            scope[f"_default_{name}"] = spec.default
            parameters.append(f"{name}=_default_{name}")
        else:
            parameters.append(name)
        body.append(f" _set_{name}(self, {given})")
    if "__post_init__" in cls.__dict__ or hasattr(cls, "__post_init__"):
        body.append(" self.__post_init__()")
    star = "*, " if kw_only and parameters else ""
    source = f"def __init__(self, {star}{', '.join(parameters)}):\n" + ("\n".join(body) or " pass")
    exec(source, scope)  # noqa: S102  # the names come from class annotations of this package, never from input
    init: Callable[..., None] = scope["__init__"]
    return init


def _repr(self: Any) -> str:
    shown = ", ".join(f"{k}={getattr(self, k)!r}" for k, f in self.__value_fields__.items() if f.shown)
    return f"{type(self).__name__}({shown})"


def _eq(self: Any, other: Any) -> Any:
    if type(self) is not type(other):
        return NotImplemented
    return all(getattr(self, name) == getattr(other, name) for name in self.__value_fields__)


def _hash(self: Any) -> int:
    return hash((type(self), *(getattr(self, name) for name in self.__value_fields__)))


def _refuse(self: Any, *_: object) -> None:
    raise AttributeError(f"{type(self).__name__} is a value: use payfallback's `changed` to make another one")


def _reduce(self: Any) -> tuple[Any, ...]:
    return _rebuild, (type(self), {name: getattr(self, name) for name in self.__value_fields__})


def _rebuild(cls: type[T], given: dict[str, Any]) -> T:
    return cls(**given)


def changed(old: T, /, **changes: Any) -> T:
    """A copy of a value with some fields changed."""
    kept = {name: getattr(old, name) for name in old.__value_fields__}  # type: ignore[attr-defined]  # set by `value`
    return type(old)(**{**kept, **changes})
