"""What the sandbox must know of a provider to run it, and what it gives each provider to work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from payfallback.testing.sandbox.bank import Bank, Happening
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.exchange import Provider
from payfallback.testing.sandbox.keys import Credentials, KeyFolder
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.notices import Announcer


class Keys(Protocol):
    """One provider's test keys. What the merchant gets is in `credentials`; the rest is the provider's own."""

    @property
    def credentials(self) -> Credentials:
        """The merchant's identity and keys, and what it verifies the provider with."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a provider is built from. The addresses are functions because ports are taken after everything is built.

    page: a merchant's number -> the address of the shopper's page. url: the provider's own address.
    shop: where the merchant takes notifications, for a provider that is told it once and not with each request; empty
    until `Sandbox.notifications(..., url=...)` says it.
    """

    keys: Any = field(repr=False)  # what the entry's own `make_keys` returned
    bank: Bank
    clock: Clock
    mint: Mint
    page: Callable[[str], str]
    url: Callable[[], str]
    shop: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One provider of the registry.

    words: its name on the pages, by language ("zh", "en"). make_keys: makes or reads its keys. build: the provider and
    the writer of its notifications. refusals_are_final: whether a shopper's refusal on the cashier page ends the trade.
    tells: what the merchant is notified of. port: where `payfallback sandbox` runs it by default.
    """

    name: str
    words: Mapping[str, str]
    port: int
    make_keys: Callable[[KeyFolder, Mint], Keys]
    build: Callable[[Parts], tuple[Provider, Announcer]]
    refusals_are_final: bool
    tells: frozenset[Happening] = frozenset({"paid", "refunded", "ended"})
