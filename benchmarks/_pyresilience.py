"""pyresilience: retry, circuit breaker and fallback in its one decorator, as its guide on combining patterns shows.

Its fallback handler is handed the exception only, not the call's arguments. So the handler turns the refusal into a
value, and the card is charged, through a decorator of its own, when that value comes back. It keeps no journal.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple, TypeVar

from _shop import APay, Declined, Pay, Providers, Receipt, Unreachable
from pyresilience import CircuitBreakerConfig, CircuitOpenError, FallbackConfig, RetryConfig, resilient

from payfallback.model import Order

F = TypeVar("F", bound=Callable[..., object])


class Elsewhere(NamedTuple):
    """The credit channel did not take it, and why."""

    error: BaseException


def guarded(provider: F, fallback: FallbackConfig | None = None) -> F:
    """One channel with its breaker, its retries and, where given, its fallback; blocking or awaited."""
    return resilient(
        retry=RetryConfig(max_attempts=3, delay=0.2, max_delay=2, retry_on=(Unreachable,)),
        circuit_breaker=CircuitBreakerConfig(failure_threshold=5, recovery_timeout=30, ignore_on=(Declined,)),
        fallback=fallback,
    )(provider)


def _fallback() -> FallbackConfig:
    return FallbackConfig(handler=Elsewhere, fallback_on=(Declined, Unreachable, CircuitOpenError))


class Pyresilience:
    """One decorator a channel."""

    name = "pyresilience"
    logs = False
    paid = Receipt

    @contextmanager
    def opened(self, providers: Providers) -> Iterator[Pay]:
        """The blocking one."""
        credit, card = guarded(providers.credit, _fallback()), guarded(providers.card)

        def pay(order: Order) -> object:
            paid: object = credit(order)
            return card(order) if isinstance(paid, Elsewhere) else paid

        yield pay

    @asynccontextmanager
    async def aopened(self, providers: Providers) -> AsyncIterator[APay]:
        """The awaited one."""
        credit, card = guarded(providers.acredit, _fallback()), guarded(providers.acard)

        async def pay(order: Order) -> object:
            paid: object = await credit(order)
            return await card(order) if isinstance(paid, Elsewhere) else paid

        yield pay
