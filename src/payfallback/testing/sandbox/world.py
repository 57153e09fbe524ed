"""Everything that the sandbox consists of, wired up: keys, clock, books, banks, providers; `ports` opens its doors."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from payfallback.testing.sandbox.bank import Bank, Happening
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.errors import SandboxError
from payfallback.testing.sandbox.exchange import Arrival, Provider
from payfallback.testing.sandbox.faults import Faults
from payfallback.testing.sandbox.jdpay.notice import Announcements as JdAnnouncements
from payfallback.testing.sandbox.jdpay.provider import JdPay
from payfallback.testing.sandbox.keys import KeyRing
from payfallback.testing.sandbox.ledger import Ledger
from payfallback.testing.sandbox.listening import Listener
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.notices import Announcer, Notifier, Sent
from payfallback.testing.sandbox.trades import Refund, Trade
from payfallback.testing.sandbox.wechatpay.notice import Announcements as WeChatAnnouncements
from payfallback.testing.sandbox.wechatpay.provider import WeChatPay

MOST_LOGGED = 20_000
PROVIDERS = ("jdpay", "wechatpay")


class World:
    """The state of one sandbox. `spawn` runs a coroutine on the event loop that serves it, from any thread.

    `listeners` are its ports by name, filled in by `ports.open_ports`.
    """

    def __init__(self, key_dir: Path | None, seed: int | None, spawn: Callable[..., None]) -> None:
        self._spawn: Callable[[Coroutine[Any, Any, Any]], None] = spawn
        self.clock, mint = Clock(), Mint(seed)
        self.keys = KeyRing(key_dir, mint)
        self.ledger = Ledger()
        self.arrivals: deque[Arrival] = deque(maxlen=MOST_LOGGED)
        self.sent: deque[Sent] = deque(maxlen=MOST_LOGGED)
        self._notifiers: dict[str, Notifier] = {}
        # A shopper who says no at JD has failed the payment; on WeChat Pay the order stays open for another try.
        self.banks = {
            "jdpay": Bank("jdpay", self.ledger, self.clock, self._happened, refusals_are_final=True),
            "wechatpay": Bank("wechatpay", self.ledger, self.clock, self._happened, refusals_are_final=False),
        }
        jd = JdPay(self.keys, self.banks["jdpay"], self.clock, mint, self._page_of("jdpay"))
        wechat = WeChatPay(self.keys, self.banks["wechatpay"], self.clock, mint, self._page_of("wechatpay"))
        sealed = WeChatAnnouncements(self.keys.wechatpay["apiv3_key"], wechat.owner, wechat.signed, self.clock, mint)
        self._announce("jdpay", JdAnnouncements(jd.sealed, self.clock))
        self._announce("wechatpay", sealed)
        self.faults = Faults({provider.name: _operations(provider) for provider in (jd, wechat)}, self.clock.now)
        self.providers: tuple[Provider, ...] = (jd, wechat)
        self.listeners: dict[str, Listener] = {}

    def _announce(self, provider: str, announcer: Announcer) -> None:
        self._notifiers[provider] = Notifier(announcer, self.clock, self.sent, self._spawn)

    def _happened(self, happening: Happening, trade: Trade, refund: Refund | None) -> None:
        self._notifiers[trade.provider].happened(happening, trade, refund)

    def _page_of(self, provider: str) -> Callable[[str], str]:
        return lambda number: f"{self.listeners['control'].url}/pay/{number}?provider={provider}"

    # ------------------------------------------------------------ what can be done to it

    def urls(self) -> dict[str, str]:
        """The address of each port."""
        return {f"{name}_url": listener.url for name, listener in self.listeners.items()}

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
        for provider in PROVIDERS:
            if self.faults.refusing(provider):
                self.listeners[provider].refuse()
            else:
                await self.listeners[provider].accept()

    def notifications(self, provider: str, mode: str) -> None:
        """Choose how a provider notifies."""
        self._check(provider)
        self._notifiers[provider].set_mode(mode)

    def pay(self, provider: str, number: str, shopper: str = "") -> Trade:
        """The shopper pays an open trade; a decided one stays as it is."""
        self._check(provider)
        return self.banks[provider].shopper_pays(number, shopper)

    def refuse(self, provider: str, number: str, cause: str) -> Trade:
        """The shopper leaves, or is told no, for a cause."""
        self._check(provider)
        return self.banks[provider].shopper_refuses(number, cause)

    def trades(self) -> list[Trade]:
        """Every trade of both providers, oldest first."""
        return sorted((trade for bank in self.banks.values() for trade in bank.all()), key=lambda trade: trade.created)

    def find(self, number: str, provider: str | None) -> Trade | None:
        """The trade under a number, at one provider or at whichever knows it."""
        banks = [bank for name, bank in self.banks.items() if provider in (None, name)]
        found = (bank.latest(number) for bank in banks)
        return next((trade for trade in found if trade is not None), None)

    def _check(self, provider: str | None) -> None:
        if provider is not None and provider not in PROVIDERS:
            raise SandboxError(f"no provider {provider!r}: the sandbox has {', '.join(PROVIDERS)}")


def _operations(provider: Provider) -> dict[str, str]:
    return {endpoint.name: endpoint.operation for endpoint in provider.endpoints}
