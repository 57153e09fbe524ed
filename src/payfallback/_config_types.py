"""The kinds of values a configuration holds: durations, times, amounts, terms, addresses, references.

Each reads one TOML value strictly, says what it expected and what it found, and shows itself in the JSON Schema.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from payfallback._config_secrets import REFERENCE, Resolver, Unresolved
from payfallback._config_words import found, kind_of, near
from payfallback.policy import LONGEST_WITHIN
from payfallback.taxonomy import Cause

JOURNALS = ("sqlite", "postgresql", "memory")  # the kinds that `payfallback.journal` opens
HEALTH = ("rediss://", "redis://", "unix://")  # what `payfallback.shared_health` connects to

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_LONGEST = 366 * 86400.0
_AMOUNT = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_PASSWORD = re.compile(r"://[^/@]*:[^/@]+@")
_OPTION = re.compile(r"[?&](ssl_)?password=[^&]")  # where redis-py takes one, too
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def wrong(message: str, hint: str = "", key: str = "") -> PydanticCustomError:
    """An error of one value, in our words. `key`: which key of a table it is about."""
    return PydanticCustomError("configuration", "{message}", {"message": message, "hint": hint, "key": key})


def _duration(given: object) -> float:
    match = _DURATION.fullmatch(given) if isinstance(given, str) else None
    if match is None:
        raise wrong(f'expected a duration in quotes such as "3s", found {found(given)}', "units: ms, s, m, h, d")
    seconds = float(match[1]) * _UNITS[match[2]]
    if not 0 < seconds <= _LONGEST:
        raise wrong(f"expected a duration above zero and at most 366d, found {found(given)}")
    return seconds


def written(seconds: float) -> str:
    """A duration as the file writes it."""
    unit = next((unit for unit in ("d", "h", "m", "s", "ms") if seconds >= _UNITS[unit]), "ms")
    return f"{seconds / _UNITS[unit]:g}{unit}"


def _moment(given: object) -> float:
    if isinstance(given, dt.datetime) and given.tzinfo is not None:
        return given.timestamp()
    naive = isinstance(given, dt.datetime | dt.date | dt.time)
    told = "a time without an offset, which means another moment on every machine" if naive else found(given)
    raise wrong(f"expected a time with its offset, found {told}", "write it as 2026-12-31T00:00:00+08:00")


def _amount(given: object) -> str:
    if isinstance(given, int | float) and not isinstance(given, bool):
        why = "a bare number does not say whether it counts yuan or fen, and may not be exact"
        raise wrong(f'expected an amount in quotes such as "100.00", found {found(given)}', why)
    if not isinstance(given, str) or not _AMOUNT.fullmatch(given):
        raise wrong(f'expected an amount in major units, in quotes, such as "100.00", found {found(given)}')
    return given


def _cause(given: str) -> str:
    known = [cause.value for cause in Cause]
    if given not in known:
        raise wrong(f"no cause {given!r}", near(given, known))
    return given


def _terms(given: object) -> int:
    if given == "full":
        return 0
    if isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= 99:
        return given
    raise wrong(f'expected a number of instalments from 1 to 99, or "full", found {found(given)}')


def _secret(given: object, info: ValidationInfo) -> SecretStr:
    return SecretStr(_referred(given, info, secret=True))


def _public(given: object, info: ValidationInfo) -> str:
    return _referred(given, info, secret=False)


def _referred(given: object, info: ValidationInfo, *, secret: bool) -> str:
    if not isinstance(given, str) or not REFERENCE.fullmatch(given):
        told = "something written out" if isinstance(given, str) else kind_of(given)
        raise wrong(
            f"expected a reference, ${{env:NAME}} or ${{file:path}}, found {told}",
            "keys and secrets never stand in the configuration file",
        )
    resolver = _resolver(info)
    return _resolved(resolver.secret if secret else resolver.text, given)


def _text(given: object, info: ValidationInfo) -> object:
    if not isinstance(given, str):
        return given
    return _resolved(_resolver(info).text, given)


def _resolver(info: ValidationInfo) -> Resolver:
    resolver = info.context
    if not isinstance(resolver, Resolver):
        raise TypeError("the models read files only through payfallback.config.load")
    return resolver


def _resolved(read: Callable[[str], str], text: str) -> str:
    try:
        return read(text)
    except Unresolved as problem:
        raise wrong(problem.message, problem.hint) from None


def _address(given: str) -> str:
    try:
        parts = urlsplit(given)
    except ValueError:
        raise wrong("expected an address, found something in brackets that is none") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise wrong("expected an address that starts with https://")
    if parts.username is not None or parts.password is not None:
        raise wrong("expected an address without user name and password")
    return given


def _without_password(given: object, info: ValidationInfo) -> object:
    if isinstance(given, str) and _PASSWORD.search(REFERENCE.sub("", given)):
        raise wrong("expected no password in the address", "write it as ${env:NAME}, the whole address or that part")
    return _text(given, info)


def _journal(given: object, info: ValidationInfo) -> object:
    address = _without_password(given, info)
    if not isinstance(address, str):
        return address
    scheme = address.partition(":")[0] if ":" in address else ""
    if scheme.partition("+")[0] not in JOURNALS:
        told = f'found "{scheme}:"' if scheme.isalpha() else "found another text"
        raise wrong(f"expected an address such as sqlite:///payments.db, {told}", near(scheme, JOURNALS))
    return address


def _health(given: object, info: ValidationInfo) -> object:
    if isinstance(given, str) and _OPTION.search(REFERENCE.sub("", given)):
        raise wrong("expected no password in the address", "write it as ${env:NAME}, the whole address or that part")
    address = _without_password(given, info)
    if isinstance(address, str) and not address.startswith(HEALTH):
        raise wrong("expected an address such as rediss://redis.internal:6379/0", "one of " + ", ".join(HEALTH))
    return address


def _interval(seconds: float) -> float:
    if not 0.02 <= seconds <= 10.0:
        raise wrong(f'expected from "20ms" to "10s", found "{written(seconds)}"')
    return seconds


def _of_a_call(seconds: float) -> float:
    if seconds > LONGEST_WITHIN:
        raise wrong(f'expected "1d" at most, found "{written(seconds)}"')
    return seconds


def _one_or_more(given: object) -> object:
    return [given] if isinstance(given, str) else given


def _notify(given: str) -> str:
    if set(_PLACEHOLDER.findall(given)) - {"channel"}:
        raise wrong("expected no placeholder but {channel}")
    return _address(given)


def encrypted(address: str) -> bool:
    """Whether nobody on the way can read what is sent there: https, or this machine itself."""
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.hostname in _LOOPBACK


_REFERENCE_SCHEMA = {"type": "string", "pattern": r"^\$\{(env|file):[^{}]+\}$"}

Duration = Annotated[
    float,
    BeforeValidator(_duration),
    WithJsonSchema(
        {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$", "examples": ["250ms", "3s", "30m"]}
    ),
]
Moment = Annotated[float, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
CauseName = Annotated[
    str, AfterValidator(_cause), WithJsonSchema({"type": "string", "enum": [cause.value for cause in Cause]})
]
Amount = Annotated[
    str,
    BeforeValidator(_amount),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$", "examples": ["100.00"]}),
]
Terms = Annotated[
    int,
    BeforeValidator(_terms),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 99}, {"const": "full"}]}),
]
Secret = Annotated[SecretStr, BeforeValidator(_secret), WithJsonSchema(_REFERENCE_SCHEMA)]
Secrets = Annotated[
    list[Secret],
    BeforeValidator(_one_or_more),
    WithJsonSchema({"anyOf": [_REFERENCE_SCHEMA, {"type": "array", "items": _REFERENCE_SCHEMA}]}),
]
PublicKey = Annotated[str, BeforeValidator(_public), WithJsonSchema(_REFERENCE_SCHEMA)]
Text = Annotated[str, BeforeValidator(_text)]
Code = Annotated[str, Field(pattern=r"^[!-~]( ?[!-~]){0,63}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,31}$")]
Identifier = Annotated[Text, Field(pattern=r"^[!-.0-~]{1,64}$")]
Address = Annotated[Text, AfterValidator(_address)]
NotifyAddress = Annotated[Text, AfterValidator(_notify)]
JournalAddress = Annotated[str, BeforeValidator(_journal)]
HealthAddress = Annotated[str, BeforeValidator(_health)]
CallTime = Annotated[Duration, AfterValidator(_of_a_call)]
HealthInterval = Annotated[Duration, AfterValidator(_interval)]
