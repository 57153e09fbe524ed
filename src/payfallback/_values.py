"""One decorator for every value of the library: frozen, slotted, cheap to import and to make.

`dataclasses` spends about half a millisecond of import time per class and 70 ns per field and instance; a
checkout that imports this library pays both. The decorator below compiles one `__init__` per class that fills the
slots directly, and is understood by type checkers as a frozen data class.

Setting a slot past the class's own `__setattr__` costs 40 ns, and an ordinary assignment 6. So a value with many fields
is filled while it is of a twin class, which is not frozen, and takes its own class last: nobody has seen it before.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar, dataclass_transform, overload

T = TypeVar("T")

_MISSING: Any = object()
_SMALL = 3  # fields; below this the twin costs more than it saves
# Both: one C function sets and deletes, and a class with either of them in Python loses it.
_TWIN: dict[str, Any] = {"__slots__": (), "__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
_set_class: Callable[[Any, type], None] = object.__dict__["__class__"].__set__


_FIELDS = "__value_fields__"


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


def fields_of(cls: type) -> dict[str, Any]:
    """The fields of a value class, by name, in their order. Raises `AttributeError` for any other class."""
    found: dict[str, Any] = getattr(cls, _FIELDS)
    return found


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
    scope: dict[str, Any] = {"_missing": _MISSING, "_own": cls, "_set_class": _set_class}
    parameters, careful, quick = [], [], []
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
        careful.append(f"_set_{name}(self, {given})")
        quick.append(f"self.{name} = {given}")
    body = careful
    if len(fields) >= _SMALL:
        scope["_twin"] = type(cls)(cls.__name__, (cls,), _TWIN)
        filled = ["_set_class(self, _twin)", *quick, "self.__class__ = _own"]
        # an undecorated subclass may have another layout, and then no twin fits it
        body = ["if self.__class__ is _own:", *_indented(filled), "else:", *_indented(careful)]
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    star = "*, " if kw_only and parameters else ""
    source = [f"def __init__(self, {star}{', '.join(parameters)}):", *_indented(body or ["pass"])]
    exec("\n".join(source), scope)  # noqa: S102  # the names come from class annotations of this package, never from input
    init: Callable[..., None] = scope["__init__"]
    return init


_KEPT: dict[type, Callable[[Any], dict[str, Any]]] = {}


def _compile_kept(cls: Any) -> Callable[[Any], dict[str, Any]]:
    """What reads all fields of a value into the arguments of another one; made when the first one is changed."""
    scope: dict[str, Any] = {}
    fields = ", ".join(f"{name!r}: self.{name}" for name in cls.__value_fields__)
    exec(f"def kept(self): return {{{fields}}}", scope)  # noqa: S102  # field names of this package's own classes
    kept = _KEPT[cls] = scope["kept"]
    return kept  # type: ignore[no-any-return]  # made on the line above


def _indented(lines: list[str]) -> list[str]:
    return [f" {line}" for line in lines]


@dataclass_transform(field_specifiers=(field,))
def draft(cls: type[T]) -> type[T]:
    """Turn a class with annotations into one with slots, whose instances are worked on; `copied` makes another one.

    As with a value, fields without a default are arguments, and `__post_init__` is called last. Those with a default
    are no arguments: they are changed later. No equality but identity.
    """
    fields = _own_fields(cls)
    space = {k: v for k, v in cls.__dict__.items() if k not in fields and k not in ("__dict__", "__weakref__")}
    space["__slots__"] = tuple(fields)
    metaclass: Any = type(cls)
    made: Any = metaclass(cls.__name__, cls.__bases__, space)
    made.__qualname__ = cls.__qualname__
    scope: dict[str, Any] = {"_new": made.__new__, "_cls": made}
    given = [name for name, spec in fields.items() if spec.default is _MISSING and spec.factory is None]
    init = [f"def __init__(self, {', '.join(given)}):", *(f" self.{name} = {name}" for name in given)]
    for name, spec in fields.items():
        if name not in given:
            scope[f"_of_{name}"] = spec.default if spec.factory is None else spec.factory
            init.append(f" self.{name} = _of_{name}" + ("" if spec.factory is None else "()"))
    if hasattr(made, "__post_init__"):
        init.append(" self.__post_init__()")
    copy = [
        "def _copied(self):",
        " new = _new(_cls)",
        *(f" new.{name} = self.{name}" for name in fields),
        " return new",
    ]
    exec("\n".join([*init, *copy]), scope)  # noqa: S102  # names of this package's own classes
    made.__init__, made._copied = scope["__init__"], scope["_copied"]
    return made  # type: ignore[no-any-return]  # built at run time; its type is the decorated class's


def copied(old: T, /) -> T:
    """Another draft with the same fields, to change."""
    new: T = old._copied()  # type: ignore[attr-defined]  # set by `draft`
    return new


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


E = TypeVar("E", bound=type[Enum])


def direct(cls: E) -> E:
    """Make an enum's members plain attributes of it. On Python 3.11 reading one is a call otherwise, which costs 75 ns,
    and a payment reads some forty."""
    for name, member in cls.__members__.items():
        type.__setattr__(cls, name, member)
    return cls


def changed(old: T, /, **changes: Any) -> T:
    """A copy of a value with some fields changed."""
    cls = type(old)
    kept = (_KEPT.get(cls) or _compile_kept(cls))(old)
    kept.update(changes)
    return cls(**kept)
