"""What `wrap` refuses, and what to do about it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import partial
from math import isfinite
from typing import Any, Literal

from payfallback._core.operations import Kind
from payfallback.errors import ConfigError
from payfallback.policy import Account, Capabilities


def is_async(function: Any) -> bool:
    """Whether calling it makes a coroutine: an async function, a partial of one, an object with an async `__call__`."""
    while isinstance(function, partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


_KINDS = (Kind.CHARGE, Kind.QUERY, Kind.CLOSE, Kind.REFUND, Kind.QUERY_REFUND, Kind.CAPTURE, Kind.CREATE, Kind.PLANS)


def given(*offered: Any) -> dict[Kind, Callable[[Any], Any]]:
    """The callables that were given, in the order of `_KINDS`. All must be callable, and all sync or all async."""
    named = zip(_KINDS, offered, strict=True)
    does = {kind: function for kind, function in named if function is not None or kind is Kind.CHARGE}
    for kind, function in does.items():
        if not callable(function):
            raise ConfigError(
                f"{kind.value} is a {type(function).__name__}, not a callable",
                hint="give a function that takes an Attempt and returns what the SDK returned",
            )
    some = [kind.value for kind, function in does.items() if is_async(function)]
    if some and len(some) != len(does):
        rest = [kind.value for kind in does if kind.value not in some]
        raise ConfigError(
            f"{', '.join(some)} async, but {', '.join(rest)} not",
            hint="make all of them `async def` for AsyncPayments, or all of them plain functions",
        )
    if Kind.QUERY_REFUND in does and Kind.REFUND not in does:
        raise ConfigError("query_refund without refund", hint="give refund too, or leave query_refund out")
    return does


def seconds(*, timeout: Any, optional: Mapping[str, Any]) -> None:
    """A time is a number of seconds above zero; the optional ones may be None."""
    for name, told in {"timeout": timeout, **optional}.items():
        if told is None and name in optional:
            continue
        if not _is_finite(told) or told <= 0:
            raise ConfigError(f"{name} is {told!r}", hint="give seconds above zero, such as 3.0")


def delays(**told: Any) -> None:
    """A delay is a number of seconds, not below zero; `not_found_after` may be None."""
    for name, delay in told.items():
        if delay is None and name == "not_found_after":
            continue
        if not _is_finite(delay) or delay < 0:
            raise ConfigError(f"{name} is {delay!r}", hint="give seconds, such as 15.0, or leave it out")


def _is_finite(told: Any) -> bool:
    return isinstance(told, int | float) and not isinstance(told, bool) and isfinite(told)


def number(pattern: str) -> None:
    """The alphabet of numbers must be a regular expression that some number of ours can match."""
    try:
        re.compile(pattern)
    except (re.error, TypeError) as wrong:
        raise ConfigError(f"number {pattern!r}: {wrong}", hint='write it like "[0-9A-Za-z]{6,32}"') from None


def names(**told: Any) -> None:
    """Names of inputs come as a tuple; a lone text would be read letter by letter."""
    for field, listed in told.items():
        if not isinstance(listed, tuple) or not all(isinstance(name, str) and name for name in listed):
            raise ConfigError(f"{field} is {listed!r}", hint=f'give a tuple of names: {field}=("openid",)')


def reader(reads: Any) -> Any:
    """A reader of the merchant's own: a plain function of two arguments."""
    if not callable(reads) or is_async(reads):
        raise ConfigError(
            f"reads is {'async' if callable(reads) else f'a {type(reads).__name__}'}",
            hint='name a shipped reader ("stripe", "alipay", "wechatpay"), or give a plain function (attempt, result)',
        )
    try:
        inspect.signature(reads).bind(None, None)
    except TypeError:
        hint = "give it two positional arguments"
        raise ConfigError("the reader does not take (attempt, result)", hint=hint) from None
    except ValueError:
        return reads  # a builtin without a signature
    return reads


def starts(who: Any) -> Literal["shopper", "server"]:
    """Who sets the money in motion."""
    if who == "shopper":
        return "shopper"
    if who == "server":
        return "server"
    hint = '"shopper" if no money moves without what the charge returned, else "server"'
    raise ConfigError(f"starts is {who!r}", hint=hint)


def account(of: Any, provider: str) -> Account:
    """An account, or the short form "provider/merchant[/app[/environment]]"; without a provider, the reader's."""
    if isinstance(of, Account):
        return of
    parts = of.split("/") if isinstance(of, str) else []
    if not 1 <= len(parts) <= 4 or not all(re.fullmatch(r"[\w.:@-]{1,64}", part) for part in parts[:2]):
        hint = 'write "provider/merchant", such as "stripe/acct_1", or give an Account'
        raise ConfigError(f"account {of!r}", hint=hint)
    if len(parts) == 1:
        return Account(name=of, provider=provider, merchant=of)
    names = dict(zip(("provider", "merchant", "app", "environment"), parts, strict=False))
    return Account(name="-".join(parts[:2]), **names)


def together(declared: Capabilities, *, named_close: bool | None) -> None:
    """Declarations that make no sense without each other."""
    if not declared.close and (declared.close_after or declared.close_refunds or named_close):
        raise ConfigError(
            "close_after, close_refunds and close_names_trade speak of a close that was not given",
            hint="give `close`, or leave them out",
        )
    if declared.not_found_after is not None and not declared.query:
        raise ConfigError("not_found_after without query: nobody would ask", hint="give `query`, or leave it out")
    if declared.authorises and not declared.query:
        raise ConfigError("capture without query: a hold could not be asked about", hint="give `query` too")
