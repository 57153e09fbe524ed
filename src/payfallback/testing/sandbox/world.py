"""Everything that the sandbox consists of, wired up: keys, clock, books, banks, providers; `ports` opens its doors."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from payfallback.testing.sandbox.bank import Bank, Happening
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.entry import Entry, Parts
from payfallback.testing.sandbox.errors import SandboxError
from payfallback.testing.sandbox.exchange import Arrival, Provider
from payfallback.testing.sandbox.faults import Faults
from payfallback.testing.sandbox.keys import Credentials, KeyFolder
from payfallback.testing.sandbox.ledger import Ledger
from payfallback.testing.sandbox.listening import Listener
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.notices import Notifier, Sent
from payfallback.testing.sandbox.posting import NotLoopback, Target
from payfallback.testing.sandbox.registry import ENTRIES
from payfallback.testing.sandbox.trades import Refund, Trade

MOST_LOGGED = 20_000


class World:
    """The state of one sandbox. `spawn` runs a coroutine on the event loop that serves it, from any thread.

    `listeners` are its ports by name, filled in by `ports.open_ports`.
    """

    def __init__(self, key_dir: Path | None, seed: int | None, spawn: Callable[..., None]) -> None:
        self._spawn: Callable[[Coroutine[Any, Any, Any]], None] = spawn
        self.clock, self._mint = Clock(), Mint(seed)
        self._folder = KeyFolder(key_dir)
        self.ledger = Ledger()
        self.arrivals: deque[Arrival] = deque(maxlen=MOST_LOGGED)
        self.sent: deque[Sent] = deque(maxlen=MOST_LOGGED)
        self.listeners: dict[str, Listener] = {}
        self.credentials: dict[str, Credentials] = {}
        self.banks: dict[str, Bank] = {}
        self._notifiers: dict[str, Notifier] = {}
        self._shops = dict.fromkeys(ENTRIES, "")
        self.providers: tuple[Provider, ...] = tuple(self._built(entry) for entry in ENTRIES.values())
        self.faults = Faults({provider.name: _operations(provider) for provider in self.providers}, self.clock.now)

    def _built(self, entry: Entry) -> Provider:
        name, final = entry.name, entry.refusals_are_final
        self.banks[name] = Bank(name, self.ledger, self.clock, self._happened, refusals_are_final=final)
        keys = entry.make_keys(self._folder, self._mint)
        self.credentials[name] = keys.credentials
        parts = Parts(
            keys=keys,
            bank=self.banks[name],
            clock=self.clock,
            mint=self._mint,
            page=lambda number: f"{self.url('control')}/pay/{number}?provider={name}",
            url=lambda: self.url(name),
            shop=lambda: self._shops[name],
        )
        provider, announcer = entry.build(parts)
        self._notifiers[name] = Notifier(announcer, entry.tells, self.clock, self.sent, self._spawn)
        return provider

    def _happened(self, happening: Happening, trade: Trade, refund: Refund | None) -> None:
        self._notifiers[trade.provider].happened(happening, trade, refund)

    # ------------------------------------------------------------ what can be done to it

    def url(self, name: str) -> str:
        """The address of a provider, or of the control server. Raises `SandboxError`."""
        if name not in self.listeners:
            raise SandboxError(f"no provider {name!r}: the sandbox has {', '.join(self.listeners)}")
        return self.listeners[name].url

    async def fault(self, **rule: Any) -> None:
        """Put a fault in force; a refusal of connections is in force when this returns."""
        given = {"operation": "*", "times": None, "for_seconds": None, "after": 0, **rule}
        added = self.faults.add(**given)
        await self._follow_refusals()
        if added.fault == "refused" and given["for_seconds"] is not None:
            self.clock.later(given["for_seconds"] + 0.001, lambda: self._spawn(self._follow_refusals()))

    async def clear(self, provider: str | None) -> None:
        """Lift faults; what was refused accepts again when this returns."""
        self._check(provider)
        self.faults.clear(provider)
        await self._follow_refusals()

    async def _follow_refusals(self) -> None:
        for provider in self.banks:
            if self.faults.refusing(provider):
                self.listeners[provider].refuse()
            else:
                await self.listeners[provider].accept()

    def notifications(self, provider: str, mode: str, url: str | None = None) -> None:
        """Choose how a provider notifies and, where its requests do not say, at which address."""
        self._check(provider)
        if url:
            try:
                Target.of(url)
            except NotLoopback:
                raise SandboxError("the sandbox posts to http addresses of this machine only") from None
        self._notifiers[provider].set_mode(mode)
        if url is not None:
            self._shops[provider] = url

    def pay(self, provider: str, number: str, shopper: str = "") -> Trade:
        """The shopper pays an open trade; a decided one stays as it is."""
        self._check(provider)
        return self.banks[provider].shopper_pays(number, shopper)

    def refuse(self, provider: str, number: str, cause: str) -> Trade:
        """The shopper leaves, or is told no, for a cause."""
        self._check(provider)
        return self.banks[provider].shopper_refuses(number, cause)

    def trades(self) -> list[Trade]:
        """Every trade of every provider, oldest first."""
        return sorted((trade for bank in self.banks.values() for trade in bank.all()), key=lambda trade: trade.created)

    def find(self, number: str, provider: str | None) -> Trade | None:
        """The trade under a number, at one provider or at whichever knows it."""
        banks = [bank for name, bank in self.banks.items() if provider in (None, name)]
        found = (bank.latest(number) for bank in banks)
        return next((trade for trade in found if trade is not None), None)

    def _check(self, provider: str | None) -> None:
        if provider is not None and provider not in self.banks:
            raise SandboxError(f"no provider {provider!r}: the sandbox has {', '.join(self.banks)}")


def _operations(provider: Provider) -> dict[str, str]:
    return {endpoint.name: endpoint.operation for endpoint in provider.endpoints}
