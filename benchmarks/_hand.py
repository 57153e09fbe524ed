"""The composition that people write by hand: tenacity around pybreaker around the call, and `try` for the fallback.

It is what their documentation shows: the `retry` decorator around `breaker.call`; awaited, `AsyncRetrying` with
`breaker.calling()`, since pybreaker's decorator does not see what a coroutine raises. It keeps no journal.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from _shop import ACharge, APay, Charge, Declined, Pay, Payable, Providers, Receipt, Unreachable
from pybreaker import CircuitBreaker, CircuitBreakerError
from tenacity import AsyncRetrying, retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from payfallback.model import Order

ELSEWHERE = (Declined, Unreachable, CircuitBreakerError)


def _breaker() -> CircuitBreaker:
    return CircuitBreaker(fail_max=5, reset_timeout=30, exclude=[Declined])


def guarded(provider: Charge) -> Charge:
    """One channel with its breaker and its retries."""
    breaker = _breaker()

    @retry(
        stop=stop_after_attempt(3),
        wait=wait_random_exponential(multiplier=0.2, max=2),
        retry=retry_if_exception_type(Unreachable),
        reraise=True,
    )
    def charge(order: Payable) -> Receipt:
        return breaker.call(provider, order)

    return charge


def aguarded(provider: ACharge) -> ACharge:
    """The same, awaited."""
    breaker = _breaker()

    async def charge(order: Payable) -> Receipt:
        async for attempt in AsyncRetrying(
            stop=stop_after_attempt(3),
            wait=wait_random_exponential(multiplier=0.2, max=2),
            retry=retry_if_exception_type(Unreachable),
            reraise=True,
        ):
            with attempt, breaker.calling():
                return await provider(order)
        raise AssertionError("reraise=True leaves the loop by an exception")

    return charge


class Hand:
    """tenacity, pybreaker and a `try`."""

    name = "tenacity + pybreaker + try"
    paid = Receipt

    @contextmanager
    def opened(self, providers: Providers) -> Iterator[Pay]:
        """The blocking composition."""
        credit, card = guarded(providers.credit), guarded(providers.card)

        def pay(order: Order) -> object:
            try:
                return credit(order)
            except ELSEWHERE:
                return card(order)

        yield pay

    @asynccontextmanager
    async def aopened(self, providers: Providers) -> AsyncIterator[APay]:
        """The awaited composition."""
        credit, card = aguarded(providers.acredit), aguarded(providers.acard)

        async def pay(order: Order) -> object:
            try:
                return await credit(order)
            except ELSEWHERE:
                return await card(order)

        yield pay
