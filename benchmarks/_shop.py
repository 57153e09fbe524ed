"""The shop that every contender serves: the same orders, the same two providers, which answer at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from typing import NamedTuple, Protocol

from payfallback.model import Money, Order


class Declined(Exception):
    """The provider refuses this payment: another channel may be tried, this one not again."""


class Unreachable(Exception):
    """The request never arrived: the same channel may be tried again."""


class Payable(Protocol):
    """All that the providers look at: an order, or what payfallback hands to a wrapped callable."""

    @property
    def amount(self) -> Money:
        """What is to be paid."""


class Receipt(NamedTuple):
    """What a provider returns for a payment it took."""

    minor: int


Charge = Callable[[Payable], Receipt]
ACharge = Callable[[Payable], Awaitable[Receipt]]
Pay = Callable[[Order], object]
APay = Callable[[Order], Awaitable[object]]


class Providers(NamedTuple):
    """The credit channel, which is tried first, and the card. `acredit` and `acard` are the same, awaited."""

    credit: Charge
    card: Charge
    acredit: ACharge
    acard: ACharge


class Contender(Protocol):
    """One way of getting an order paid. Opened once a block, as a server opens it once a start."""

    name: str
    logs: bool  # whether it writes log lines about the payment

    @property
    def paid(self) -> type:
        """What it returns for an order that is paid."""

    def opened(self, providers: Providers) -> AbstractContextManager[Pay]:
        """The blocking one."""

    def aopened(self, providers: Providers) -> AbstractAsyncContextManager[APay]:
        """The awaited one."""


def takes(order: Payable) -> Receipt:
    """A provider that takes the money at once."""
    return Receipt(order.amount.minor)


def declines(order: Payable) -> Receipt:
    """A provider that refuses at once."""
    raise Declined("credit limit")


async def atakes(order: Payable) -> Receipt:
    """A provider that takes the money at once, awaited."""
    return Receipt(order.amount.minor)


async def adeclines(order: Payable) -> Receipt:
    """A provider that refuses at once, awaited."""
    raise Declined("credit limit")


CASES = {
    "success": Providers(takes, takes, atakes, atakes),
    "decline, then fallback": Providers(declines, takes, adeclines, atakes),
}

_PRICE = Money(599900, "CNY")


def orders(prefix: str, count: int) -> list[Order]:
    """New orders; made outside the measured part, since every contender gets the same."""
    return [Order(f"{prefix}{number}", _PRICE) for number in range(count)]


class Bare:
    """The calls alone: what everything else is measured above."""

    name = "bare call"
    logs = False
    paid = Receipt

    @contextmanager
    def opened(self, providers: Providers) -> Iterator[Pay]:
        """Call the credit channel, and the card when it declines."""

        def pay(order: Order) -> object:
            try:
                return providers.credit(order)
            except Declined:
                return providers.card(order)

        yield pay

    @asynccontextmanager
    async def aopened(self, providers: Providers) -> AsyncIterator[APay]:
        """The same, awaited."""

        async def pay(order: Order) -> object:
            try:
                return await providers.acredit(order)
            except Declined:
                return await providers.acard(order)

        yield pay
