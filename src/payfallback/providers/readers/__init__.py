"""Readers: what the return value of a merchant's own callable, or the exception it raised, proves.

A reader is one function, `(attempt, result) -> Answer | Verdict | None`, where `result` is what the callable returned
or the exception that it raised. None means "I do not know this", which is `UNKNOWN`. The shipped readers are loaded
by name, and none of them imports the SDK that it reads.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from payfallback._core.operations import Answer
from payfallback.errors import ConfigError
from payfallback.providers.attempt import Attempt
from payfallback.taxonomy import Verdict

Reader = Callable[[Attempt, Any], "Answer | Verdict | None"]

NAMES: tuple[str, ...] = ("alipay", "stripe", "wechatpay")
NAMES_TRADE = frozenset({"alipay", "stripe"})  # a close is answered with what it did to this trade (facts §2, §5)


def named(name: str, *, sends_once: bool) -> Reader:
    """The shipped reader of this name. `sends_once`: the merchant declares that the SDK never sends by itself again.

    Raises `ConfigError` for a name that no reader has.
    """
    if name not in NAMES:
        raise ConfigError(
            f"no reader is called {name!r}",
            hint=f"use one of {', '.join(NAMES)}, or give a function of your own",
        )
    module = import_module(f"payfallback.providers.readers.{name}")
    return partial(module.read, sends_once=sends_once)
