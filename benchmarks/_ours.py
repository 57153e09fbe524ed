"""payfallback as a contender, and as the one that is measured on SQLite: everything that touches its front door."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import payfallback as pf
from _shop import APay, Declined, Pay, Providers, Receipt
from payfallback._core.operations import Answer
from payfallback.model import Option, Order
from payfallback.policy import Account, Capabilities, Channel, Policy, Route
from payfallback.taxonomy import Cause, Verdict

MEMORY = "memory:"
CHOICE, CONSENT = "credit", ("card",)
ACCOUNT = Account(name="bench", provider="bench", merchant="M1")
CAPABILITIES = Capabilities(query=False, close=True, close_names_trade=True)


def policy(in_flight: int) -> Policy:
    """Credit first, then the card; circuits, retries and budgets as they come."""
    channels = {
        name: Channel(name=name, account=ACCOUNT, capabilities=CAPABILITIES, max_in_flight=in_flight)
        for name in ("credit", "card")
    }
    return Policy(channels=channels, routes=(Route(name="all", order=(Option("credit"), Option("card"))),))


def reads(attempt: pf.Attempt, given: object) -> Answer:
    """What the provider's return value or exception proves: the reader that a shop writes for its own SDK."""
    if isinstance(given, Receipt):
        return Answer(verdict=Verdict.CAPTURED, amount=attempt.amount, number=attempt.number)
    if isinstance(given, Declined):
        return Answer(verdict=Verdict.DECLINED, cause=Cause.CREDIT_EXHAUSTED, final=True)
    return Answer(verdict=Verdict.UNKNOWN)
