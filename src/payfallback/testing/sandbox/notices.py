"""Notifications to the shop: signed, repeated until taken, and as unreliable as they are asked to be."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from payfallback.testing.sandbox.bank import Happening
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.errors import SandboxError
from payfallback.testing.sandbox.posting import NotLoopback, Target, post
from payfallback.testing.sandbox.trades import Refund, Trade

# WeChat Pay repeats after 15 s, 15 s, 30 s, 3 min ... 6 h; the sandbox the same way, shortened.
AGAIN_AFTER = (0.2, 0.2, 0.5, 1.0, 2.0, 5.0)
HELD_FOR = 1.0  # seconds for which `out_of_order` waits for a second notification to send first
MOST_WAITING = 2000
MODES = ("on", "off", "delayed:N", "twice", "out_of_order", "forged", "wrong_amount")

Render = Callable[[], tuple[Mapping[str, str], bytes]]


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification. `render` signs it anew for each sending; `taken` reads the shop's answer."""

    provider: str
    number: str
    about: str
    url: str
    render: Render
    taken: Callable[[int, bytes], bool]


class Announcer(Protocol):
    """The provider's way to write a notification."""

    def notice(
        self, happening: Happening, trade: Trade, refund: Refund | None, *, forged: bool, extra: int
    ) -> Notice | None:
        """None where the provider sends none, or the shop gave no address."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A line of the notification log. `result` is the shop's HTTP status, or why nothing could be sent."""

    at: float
    provider: str
    number: str
    about: str
    url: str
    result: str

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


class Notifier:
    """Sends what happens at one provider's bank to the shop. `happened` may be called from any thread."""

    def __init__(
        self,
        announcer: Announcer,
        tells: Collection[Happening],
        clock: Clock,
        log: deque[Sent],
        spawn: Callable[[Coroutine[Any, Any, Any]], None],
    ):
        self._announcer, self._tells = announcer, tells
        self._clock, self._log, self._spawn = clock, log, spawn
        self._mode, self._delay = "on", 0.0
        self._held: list[Notice] = []
        self._waiting = 0

    def set_mode(self, mode: str) -> None:
        """One of `MODES`; it holds for what happens from now on. Raises `SandboxError`."""
        name, _, seconds = mode.partition(":")
        if name == "delayed" and re.fullmatch(r"\d{1,5}(\.\d{1,3})?", seconds):
            self._delay = float(seconds)
        elif mode not in MODES or name == "delayed":
            raise SandboxError(f"no notification mode {mode!r}: there are {', '.join(MODES)}")
        self._mode = name

    def happened(self, happening: Happening, trade: Trade, refund: Refund | None) -> None:
        """Write the notification of an event and see to its sending.

        A forger does not wait for the money: he says "paid" as soon as there is a trade.
        """
        mode = self._mode
        forged_early = happening == "opened" and mode == "forged"
        if mode == "off" or not (happening in self._tells or forged_early):
            return
        notice = self._announcer.notice(
            happening, trade, refund, forged=mode == "forged", extra=1 if mode == "wrong_amount" else 0
        )
        if notice is None:
            return
        self._spawn(self._send_in_mode(notice, mode))

    async def _send_in_mode(self, notice: Notice, mode: str) -> None:
        if self._waiting >= MOST_WAITING:
            self._note(notice, "dropped: too many are waiting")
            return
        self._waiting += 1
        try:
            if mode == "out_of_order":
                await self._swapped(notice)
            else:
                await asyncio.sleep(self._delay if mode == "delayed" else 0)
                await self._until_taken(notice)
            if mode == "twice":
                await self._until_taken(notice)
        finally:
            self._waiting -= 1

    async def _swapped(self, notice: Notice) -> None:
        """Hold one back until a later one has gone before it, but not for ever."""
        if self._held:
            await self._until_taken(notice)
            while self._held:
                await self._until_taken(self._held.pop())
            return
        self._held.append(notice)
        await asyncio.sleep(HELD_FOR)
        if notice in self._held:
            self._held.remove(notice)
            await self._until_taken(notice)

    async def _until_taken(self, notice: Notice) -> None:
        try:
            target = Target.of(notice.url)
        except NotLoopback:
            self._note(notice, "not sent: the sandbox posts to loopback addresses only")
            return
        for wait in (*AGAIN_AFTER, None):
            if await self._once(notice, target) or wait is None:
                return
            await asyncio.sleep(wait)

    async def _once(self, notice: Notice, target: Target) -> bool:
        headers, body = notice.render()
        try:
            status, answer = await post(target, headers, body)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as problem:
            self._note(notice, type(problem).__name__)
            return False
        self._note(notice, str(status))
        return notice.taken(status, answer)

    def _note(self, notice: Notice, result: str) -> None:
        self._log.append(Sent(self._clock.now(), notice.provider, notice.number, notice.about, notice.url, result))
