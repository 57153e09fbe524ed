"""What can be made to go wrong, and for which requests: one vocabulary for all providers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any

from payfallback.testing.sandbox.errors import SandboxError

# create: the first of two steps, which moves no money. capture: taking what was set aside. bill: the daily bill.
OPERATIONS = ("create", "charge", "capture", "query", "close", "refund", "query_refund", "plans", "bill")
_ANY = OPERATIONS
_TELLS_AN_AMOUNT = ("create", "charge", "capture", "query", "refund", "query_refund")

# fault -> the operations that have a form for it
FORMS: dict[str, tuple[str, ...]] = {
    "refused": _ANY,
    "http_503": _ANY,
    "slow": _ANY,
    "hang": _ANY,
    "reply_lost": _ANY,
    "rate_limited": _ANY,
    "flapping": _ANY,
    "malformed": _ANY,
    "unsigned": _ANY,
    "captured_late": ("charge", "refund"),
    "declined": ("charge", "refund"),
    "appears_late": ("charge", "query"),
    "wrong_amount": _TELLS_AN_AMOUNT,
    "key_ignored": ("create", "charge", "refund"),
    "close_refused": ("close",),
}
_SECONDS = {"slow": 2.5, "captured_late": 2.0, "appears_late": 2.0, "rate_limited": 1.0}  # the default parameters
_WORDS = {"http_503": "processed", "hang": "processed", "unsigned": "wrong"}  # what else a parameter may say


@dataclass(slots=True)
class Rule:
    """One fault that was asked for. It strikes matching requests after the first `after`, at most `times` of them,
    until `until` (the providers' clock)."""

    id: int
    provider: str
    fault: str
    argument: str
    operation: str
    times: int | None
    until: float | None
    after: int
    seen: int = field(default=0)
    struck: int = field(default=0)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__slots__}

    def wants(self, provider: str, operation: str, endpoint: str) -> bool:
        """Whether a request is of the kind this rule is about."""
        named = self.operation in ("*", operation, endpoint)
        return named and self.provider == provider and operation in FORMS[self.fault]

    def strikes(self) -> bool:
        """Count one matching request; say whether the fault happens to it."""
        self.seen += 1
        if self.seen <= self.after or (self.times is not None and self.struck >= self.times):
            return False
        self.struck += 1
        return self.fault != "flapping" or self.struck % 2 == 1


class Struck:
    """The faults that one request meets."""

    __slots__ = ("_arguments",)

    def __init__(self, arguments: dict[str, str]) -> None:
        self._arguments = arguments

    def __contains__(self, fault: str) -> bool:
        return fault in self._arguments

    @property
    def names(self) -> tuple[str, ...]:
        """For the log."""
        return tuple(self._arguments)

    def seconds(self, fault: str) -> float | None:
        """The parameter of a fault in seconds, None when the request does not meet it."""
        if fault not in self._arguments:
            return None
        return float(self._arguments[fault] or _SECONDS[fault])

    def word(self, fault: str) -> str | None:
        """The parameter of a fault as it was given, None when the request does not meet it."""
        return self._arguments.get(fault)


class Faults:
    """The rules in force. Safe for threads.

    `providers` maps each provider to its endpoints, and each endpoint to the operation it is.
    """

    def __init__(self, providers: Mapping[str, Mapping[str, str]], now: Callable[[], float]) -> None:
        self._providers, self._now = providers, now
        self._rules: list[Rule] = []
        self._ids = count(1)
        self._lock = Lock()

    def add(
        self, provider: str, fault: str, operation: str, times: int | None, for_seconds: float | None, after: int
    ) -> Rule:
        """Put a fault in force. Raises `SandboxError` for a fault, operation or parameter that has no form."""
        name, argument = _parse(fault)
        self._check(provider, name, operation, times, for_seconds, after)
        until = None if for_seconds is None else self._now() + for_seconds
        rule = Rule(next(self._ids), provider, name, argument, operation, times, until, after)
        with self._lock:
            self._rules.append(rule)
        return rule

    def _check(
        self, provider: str, name: str, operation: str, times: int | None, for_seconds: float | None, after: int
    ) -> None:
        if provider not in self._providers:
            raise SandboxError(f"no provider {provider!r}: the sandbox has {', '.join(self._providers)}")
        endpoints = self._providers[provider]
        if operation != "*" and endpoints.get(operation, operation) not in OPERATIONS:
            raise SandboxError(f"no operation {operation!r}: there are {', '.join((*OPERATIONS, *endpoints))}")
        if operation != "*" and endpoints.get(operation, operation) not in FORMS[name]:
            raise SandboxError(f"{name} has no form for {operation}: it has for {', '.join(FORMS[name])}")
        if name == "refused" and (operation != "*" or times is not None or after):
            raise SandboxError("a refused connection has no operation to count: give only for_seconds, or clear it")
        if (times is not None and times < 1) or (for_seconds is not None and for_seconds <= 0) or after < 0:
            raise SandboxError("times must be at least 1, for_seconds above 0, after at least 0")

    def clear(self, provider: str | None = None) -> None:
        """Lift the faults of one provider, or all."""
        with self._lock:
            self._rules = [] if provider is None else [r for r in self._rules if r.provider != provider]

    def rules(self) -> list[Rule]:
        """The rules in force, oldest first."""
        now = self._now()
        with self._lock:
            self._rules = [rule for rule in self._rules if rule.until is None or rule.until > now]
            return self._rules.copy()

    def refusing(self, provider: str) -> bool:
        """Whether connections to a provider are to be refused now."""
        return any(rule.provider == provider and rule.fault == "refused" for rule in self.rules())

    def meet(self, provider: str, operation: str, endpoint: str) -> Struck:
        """Count one request and say what happens to it. `operation` is the common name, `endpoint` the provider's."""
        if not self._rules:
            return Struck({})
        matching = [rule for rule in self.rules() if rule.wants(provider, operation, endpoint)]
        with self._lock:
            return Struck({rule.fault: rule.argument for rule in matching if rule.strikes()})


def _parse(text: str) -> tuple[str, str]:
    name, _, argument = text.partition(":")
    if name not in FORMS:
        raise SandboxError(f"no fault {name!r}: there are {', '.join(FORMS)}")
    if name == "declined":
        if not re.fullmatch(r"[a-z_]{1,40}", argument):
            raise SandboxError("declined needs a cause: write declined:credit_exhausted")
    elif argument and argument != _WORDS.get(name) and not (name in _SECONDS and _is_seconds(argument)):
        raise SandboxError(f"{text!r}: {_parameters(name)}")
    return name, argument


def _is_seconds(text: str) -> bool:
    return re.fullmatch(r"\d{1,6}(\.\d{1,3})?", text) is not None


def _parameters(name: str) -> str:
    if name in _SECONDS:
        return f"the parameter of {name} is seconds, such as {name}:1.5"
    return f"{name} takes only :{_WORDS[name]}" if name in _WORDS else f"{name} takes no parameter"
