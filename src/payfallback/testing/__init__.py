"""Fake providers with a ledger of their own, faults, virtual time, promise checkers; a configuration for the sandbox.

Loaded on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from payfallback._check.starter import starter_config
    from payfallback.testing.clock import Scheduled, VirtualClock
    from payfallback.testing.faults import EXTRAS, FAULTS, Fault, Faults, Outage, parse_fault
    from payfallback.testing.ledger import Arrival, Entry, Ledger
    from payfallback.testing.promises import (
        PROMISES,
        PromiseBroken,
        Violation,
        Witness,
        assert_promises_kept,
        check_promises,
        check_result,
    )
    from payfallback.testing.provider import Exchange, FakeProvider, Reply

__all__ = [
    "EXTRAS",
    "FAULTS",
    "PROMISES",
    "Arrival",
    "Entry",
    "Exchange",
    "FakeProvider",
    "Fault",
    "Faults",
    "Ledger",
    "Outage",
    "PromiseBroken",
    "Reply",
    "Scheduled",
    "Violation",
    "VirtualClock",
    "Witness",
    "assert_promises_kept",
    "check_promises",
    "check_result",
    "parse_fault",
    "starter_config",
]

_HOME = {
    "_check.starter": ("starter_config",),
    "testing.clock": ("Scheduled", "VirtualClock"),
    "testing.faults": ("EXTRAS", "FAULTS", "Fault", "Faults", "Outage", "parse_fault"),
    "testing.ledger": ("Arrival", "Entry", "Ledger"),
    "testing.promises": (
        "PROMISES",
        "PromiseBroken",
        "Violation",
        "Witness",
        "assert_promises_kept",
        "check_promises",
        "check_result",
    ),
    "testing.provider": ("Exchange", "FakeProvider", "Reply"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"payfallback.{_MODULE_OF[name]}"), name)
    globals()[name] = found
    return found
