"""payfallback as a contender: everything here that touches its front door."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from _logs import logging
from _shop import ACharge, APay, Charge, Declined, Pay, Providers, Receipt

from payfallback._core.operations import Answer
from payfallback.aclient import AsyncPayments
from payfallback.client import Payments
from payfallback.model import Option, Order
from payfallback.policy import Policy, Route
from payfallback.providers.wrap import Attempt, Wrapped, wrap
from payfallback.results import Paid
from payfallback.taxonomy import Cause, Verdict

CREDIT, CARD = "credit", "card"
CONSENT = (CARD,)


def reads(attempt: Attempt, given: object) -> Answer:
    """What a provider's return value or exception proves: the reader that a shop writes for its own SDK."""
    if isinstance(given, Receipt):
        return Answer(verdict=Verdict.CAPTURED, amount=attempt.amount)
    if isinstance(given, Declined):
        return Answer(verdict=Verdict.DECLINED, cause=Cause.CREDIT_EXHAUSTED, final=True)
    return Answer(verdict=Verdict.UNKNOWN)


def never_closed(attempt: Attempt) -> Verdict:
    """The shop's providers answer at once, so nothing is ever closed; declaring it makes the route a safe one."""
    return Verdict.UNKNOWN


async def anever_closed(attempt: Attempt) -> Verdict:
    """The same, awaited."""
    return Verdict.UNKNOWN


def wrapped(charge: Charge | ACharge, close: Callable[[Attempt], object]) -> Wrapped:
    """One channel as a shop declares it."""
    return wrap(charge, close=close, close_names_trade=True, reads=reads, account="bench/shop")


def policy(channels: dict[str, Wrapped], in_flight: int) -> Policy:
    """Credit first, then the card; circuits, retries and budgets as they come."""
    route = Route(name="all", order=(Option(CREDIT), Option(CARD)))
    made = {name: wrapped.channel(name, max_in_flight=in_flight) for name, wrapped in channels.items()}
    return Policy(channels=made, routes=(route,))


class Ours:
    """payfallback with one journal. `in_flight`: how many payments a channel takes at a time. `logs`: somebody listens
    to its events; without it, as with any shop that does not configure structlog, only warnings would be told."""

    paid = Paid

    def __init__(self, journal: str = "memory:", *, in_flight: int = 40, logs: bool = False) -> None:
        self.name = "payfallback"
        self.logs = logs
        self._journal = journal
        self._in_flight = in_flight

    @contextmanager
    def opened(self, providers: Providers) -> Iterator[Pay]:
        """`Payments`."""
        channels = {CREDIT: wrapped(providers.credit, never_closed), CARD: wrapped(providers.card, never_closed)}
        made = policy(channels, self._in_flight)
        with logging("shop", self.logs), Payments(made, channels, self._journal) as payments:

            def pay(order: Order) -> object:
                return payments.pay(order, CREDIT, consent=CONSENT)

            yield pay

    @asynccontextmanager
    async def aopened(self, providers: Providers) -> AsyncIterator[APay]:
        """`AsyncPayments`."""
        channels = {CREDIT: wrapped(providers.acredit, anever_closed), CARD: wrapped(providers.acard, anever_closed)}
        made = policy(channels, self._in_flight)
        with logging("shop", self.logs):
            async with AsyncPayments(made, channels, self._journal) as payments:

                async def pay(order: Order) -> object:
                    return await payments.pay(order, CREDIT, consent=CONSENT)

                yield pay
