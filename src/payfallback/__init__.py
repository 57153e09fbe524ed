"""payfallback gets an order paid, once, or says exactly why not.

Everything a shop imports stands here. The clients, and with them the dependencies, load on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from payfallback.bills import Reconciled
from payfallback.errors import (
    BillUnavailable,
    ConfigError,
    InputMissing,
    InsideTransaction,
    JournalUnavailable,
    MoneyInvalid,
    NotAuthentic,
    NumberInvalid,
    OrderClosed,
    OrderConflict,
    OrderInvalid,
    PayfallbackError,
    ProgrammingError,
    UnknownOption,
    UnknownOrder,
)
from payfallback.model import (
    AppParams,
    ClientSecret,
    Form,
    Money,
    Option,
    Order,
    Qr,
    Redirect,
    Shopper,
)
from payfallback.results import (
    Ack,
    ActionRequired,
    DueOrder,
    NotPaid,
    Options,
    OptionState,
    Outcome,
    Paid,
    Pending,
    Recovered,
    Refund,
    Resolved,
    Result,
)
from payfallback.taxonomy import Cause, Verdict

if TYPE_CHECKING:
    from payfallback._core.operations import Answer, Plan
    from payfallback._core.trace import Trace
    from payfallback.aclient import AsyncPayments
    from payfallback.client import Payments
    from payfallback.policy import Account, Capabilities, Channel, Policy, Route, When
    from payfallback.providers.attempt import Attempt
    from payfallback.providers.wrap import wrap
    from payfallback.quick import channels

_LAZY = {
    "Account": "payfallback.policy",
    "Answer": "payfallback._core.operations",
    "AsyncPayments": "payfallback.aclient",
    "Attempt": "payfallback.providers.attempt",
    "Capabilities": "payfallback.policy",
    "Channel": "payfallback.policy",
    "Payments": "payfallback.client",
    "Plan": "payfallback._core.operations",
    "Policy": "payfallback.policy",
    "Route": "payfallback.policy",
    "Trace": "payfallback._core.trace",
    "When": "payfallback.policy",
    "channels": "payfallback.quick",
    "wrap": "payfallback.providers.wrap",
}


def __getattr__(name: str) -> Any:
    """Load a client, or a name that comes with one, on first use."""
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module 'payfallback' has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(module), name)
    globals()[name] = found
    return found


__all__ = [
    "Account",
    "Ack",
    "ActionRequired",
    "Answer",
    "AppParams",
    "AsyncPayments",
    "Attempt",
    "BillUnavailable",
    "Capabilities",
    "Cause",
    "Channel",
    "ClientSecret",
    "ConfigError",
    "DueOrder",
    "Form",
    "InputMissing",
    "InsideTransaction",
    "JournalUnavailable",
    "Money",
    "MoneyInvalid",
    "NotAuthentic",
    "NotPaid",
    "NumberInvalid",
    "Option",
    "OptionState",
    "Options",
    "Order",
    "OrderClosed",
    "OrderConflict",
    "OrderInvalid",
    "Outcome",
    "Paid",
    "PayfallbackError",
    "Payments",
    "Pending",
    "Plan",
    "Policy",
    "ProgrammingError",
    "Qr",
    "Reconciled",
    "Recovered",
    "Redirect",
    "Refund",
    "Resolved",
    "Result",
    "Route",
    "Shopper",
    "Trace",
    "UnknownOption",
    "UnknownOrder",
    "Verdict",
    "When",
    "channels",
    "wrap",
]
