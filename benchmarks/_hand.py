"""The composition that people write by hand: tenacity around pybreaker around the call, and `try` for the fallback.

It does what their documentation shows and a checkout needs, and no more:

- every attempt has a number of the merchant's own, made of order and sequence, so that a resend is the same payment;
- tenacity around each channel, for what never arrived: three sends at most, random exponential waits, none after the
  shopper's time is over; awaited, `AsyncRetrying`;
- pybreaker around each call: a circuit per channel, on which a decline does not count; awaited, `calling()`, since
  its decorator does not see what a coroutine raises;
- a limit for each call, at most what is left of the shopper's time. The SDK is told it with the request, and blocking
  nothing else can hold it; awaited, `asyncio.timeout` does;
- with `logs`, the events that payfallback tells its observer about the same payment, under the same names and with the
  same keys, through a bound structlog logger. Awaited they are plain calls too: `ainfo` hands each event to a thread.

It keeps no journal: it does not know a second click from a first, nor after a crash what it charged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from time import monotonic
from typing import Any, NamedTuple

from _logs import logging
from _shop import ACharge, APay, Charge, Declined, Pay, Providers, Receipt, Unreachable
from pybreaker import CircuitBreaker, CircuitBreakerError
from tenacity import (
    AsyncRetrying,
    retry,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_random_exponential,
)

from payfallback.model import Money, Order

ELSEWHERE = (Declined, Unreachable, CircuitBreakerError)
WITHIN, TIMEOUT = 5.0, 3.0  # seconds: for all of it, and for one call

STOP = stop_after_attempt(3) | stop_after_delay(WITHIN)
WAIT = wait_random_exponential(multiplier=0.2, max=2)
NEVER_ARRIVED = retry_if_exception_type(Unreachable)


class Request(NamedTuple):
    """What the SDK is called with."""

    number: str
    amount: Money
    timeout: float


Guarded = Callable[[Order, str, float], Receipt]
AGuarded = Callable[[Order, str, float], Awaitable[Receipt]]


def _breaker() -> CircuitBreaker:
    return CircuitBreaker(fail_max=5, reset_timeout=30, exclude=[Declined])


def _answered(log: Any, order: Order, number: str, verdict: str, cause: str = "") -> None:
    log.info("attempt.answered", order_id=order.id, number=number, what="charge", verdict=verdict, cause=cause, code="")


def guarded(provider: Charge, option: str, log: Any) -> Guarded:
    """One channel with its circuit and its retries."""
    breaker = _breaker()

    @retry(stop=STOP, wait=WAIT, retry=NEVER_ARRIVED, reraise=True)
    def charge(order: Order, number: str, until: float) -> Receipt:
        if log is not None:
            log.debug("attempt.sending", order_id=order.id, number=number, option=option)
        try:
            receipt = breaker.call(provider, Request(number, order.amount, min(TIMEOUT, until - monotonic())))
        except Exception as error:
            if log is not None:
                _answered(log, order, number, type(error).__name__, str(error))
            raise
        if log is not None:
            _answered(log, order, number, "captured")
        return receipt

    return charge


def aguarded(provider: ACharge, option: str, log: Any) -> AGuarded:
    """The same, awaited."""
    breaker = _breaker()

    async def charge(order: Order, number: str, until: float) -> Receipt:
        async for attempt in AsyncRetrying(stop=STOP, wait=WAIT, retry=NEVER_ARRIVED, reraise=True):
            with attempt:
                if log is not None:
                    log.debug("attempt.sending", order_id=order.id, number=number, option=option)
                timeout = min(TIMEOUT, until - monotonic())
                try:
                    with breaker.calling():
                        async with asyncio.timeout(timeout):
                            receipt = await provider(Request(number, order.amount, timeout))
                except Exception as error:
                    if log is not None:
                        _answered(log, order, number, type(error).__name__, str(error))
                    raise
                if log is not None:
                    _answered(log, order, number, "captured")
                return receipt
        raise AssertionError("reraise=True leaves the loop by an exception")

    return charge


class Hand:
    """tenacity, pybreaker and a `try`."""

    paid = Receipt

    def __init__(self, *, logs: bool = False) -> None:
        self.name = "tenacity + pybreaker + try"
        self.logs = logs

    @contextmanager
    def opened(self, providers: Providers) -> Iterator[Pay]:
        """The blocking composition."""
        with logging("shop", self.logs) as log:
            credit, card = guarded(providers.credit, "credit", log), guarded(providers.card, "card", log)

            def pay(order: Order) -> object:
                until = monotonic() + WITHIN
                if log is not None:
                    log.info("payment.started", order_id=order.id, amount=str(order.amount), choice="credit")
                option, number = "credit", f"{order.id}01"
                try:
                    receipt = credit(order, number, until)
                except ELSEWHERE:
                    option, number = "card", f"{order.id}02"
                    receipt = card(order, number, until)
                if log is not None:
                    log.info("order.paid", order_id=order.id, option=option, number=number)
                return receipt

            yield pay

    @asynccontextmanager
    async def aopened(self, providers: Providers) -> AsyncIterator[APay]:
        """The awaited composition."""
        with logging("shop", self.logs) as log:
            credit, card = aguarded(providers.acredit, "credit", log), aguarded(providers.acard, "card", log)

            async def pay(order: Order) -> object:
                until = monotonic() + WITHIN
                if log is not None:
                    log.info("payment.started", order_id=order.id, amount=str(order.amount), choice="credit")
                option, number = "credit", f"{order.id}01"
                try:
                    receipt = await credit(order, number, until)
                except ELSEWHERE:
                    option, number = "card", f"{order.id}02"
                    receipt = await card(order, number, until)
                if log is not None:
                    log.info("order.paid", order_id=order.id, option=option, number=number)
                return receipt

            yield pay
