"""Notifications: early, late, twice, out of order, forged; repeated by the provider until somebody took them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from payfallback._core.operations import Answer, Notice, Operation
from payfallback._inbound import Inbound
from payfallback.errors import NotAuthentic, PayfallbackError, ProgrammingError
from payfallback.policy import Account, Capabilities
from payfallback.ports import HttpRequest, HttpResponse
from payfallback.results import Ack
from payfallback.taxonomy import Verdict
from payfallback.testing.simulator.clocks import WorldClock
from payfallback.testing.simulator.process import Ask, Flow, Process, Task

_KEY = b"the simulated provider's key"
_REPEATED = (15.0, 60.0, 300.0)  # seconds after which a provider sends again what nobody took
MODES = ("on", "off", "twice", "early", "late", "shuffled")


class Door:
    """The part of an adapter that reads notifications: signed ones only. Nothing is sent through it."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.known: dict[str, Notice] = {}

    def capabilities(self, product: str) -> Capabilities:
        """Nothing."""
        return Capabilities(query=False)

    def memo(self, operation: Operation) -> Mapping[str, str]:
        """Nothing."""
        return {}

    def request(self, operation: Operation) -> HttpRequest:
        """Never called: no channel is configured on it."""
        raise ProgrammingError("a door only takes notifications in", hint=operation.number)

    def read(self, operation: Operation, response: HttpResponse) -> Answer:
        """Nothing comes back."""
        return Answer(verdict=Verdict.UNKNOWN)

    def notification(self, headers: Mapping[str, str], body: bytes, query: str) -> Notice:
        """Read one. Raises `NotAuthentic`."""
        if not hmac.compare_digest(headers.get("signature", ""), signature(body)):
            raise NotAuthentic("the signature does not hold")
        return self.known[body.decode()]

    def acknowledge(self, handled: bool) -> tuple[int, Mapping[str, str], bytes]:
        """Taken, or not yet."""
        return (200 if handled else 500), {}, b""


def signature(body: bytes) -> str:
    """What the provider signs with."""
    return hmac.new(_KEY, body, hashlib.sha256).hexdigest()


class Post:
    """Brings notices from the providers to one of the shop's processes."""

    def __init__(
        self,
        clock: WorldClock,
        seed: str,
        doors: Mapping[str, Door],
        processes: list[Process],
        start: Callable[[str, Process, Flow, Callable[[Any], None] | None], Task],
        acknowledged: Callable[[str, Notice], None],
    ) -> None:
        self._clock, self._seed, self._doors, self._processes, self._start = clock, seed, doors, processes, start
        self.acknowledged = acknowledged
        self.mode = "on"

    def announce(self, account: str, notice: Notice) -> None:
        """A provider has something to tell."""
        chance = Random(f"{self._seed}/{account}/{notice.id}")  # noqa: S311  # a simulation
        delays = {
            "on": (0.1,),
            "off": (),
            "twice": (0.1, chance.choice((0.1, 5.0, 90.0))),
            "early": (0.0,),
            "late": (chance.choice((8.0, 70.0, 1000.0)),),
            "shuffled": (chance.uniform(0.0, 30.0),),
        }[self.mode]
        for delay in delays:
            self.bring(account, notice, delay, forged=False)

    def bring(self, account: str, notice: Notice, delay: float, *, forged: bool) -> None:
        """Bring it after so many seconds, and again while nobody takes it."""
        self._doors[account].known[notice.id] = notice
        chance = Random(f"{self._seed}/{notice.id}/{delay}")  # noqa: S311  # a simulation
        process = chance.choice(self._processes)
        letter = _Letter(self, process, account, notice, forged=forged)
        self._clock.call_later(delay, letter.deliver)

    def hand_in(self, letter: _Letter) -> None:
        """Knock at the process's door."""
        flow = received(letter.process, door_of(letter.account), letter.notice.id.encode(), forged=letter.forged)
        self._start("notice", letter.process, flow, letter.answered)
        if letter.waits:
            self._clock.call_later(letter.waits.pop(0), letter.again)


class _Letter:
    """One notification on its way. A forger does not repeat himself."""

    def __init__(self, post: Post, process: Process, account: str, notice: Notice, *, forged: bool) -> None:
        self._post, self.process, self.account, self.notice, self.forged = post, process, account, notice, forged
        self.waits = [] if forged else list(_REPEATED)
        self._taken = False

    def deliver(self) -> None:
        """Arrive."""
        self._post.hand_in(self)

    def again(self) -> None:
        """Arrive once more, unless somebody said that it was taken."""
        if not self._taken:
            self._post.hand_in(self)

    def answered(self, ack: Any) -> None:
        """What the shop answered; a process that died answers nothing."""
        if isinstance(ack, Ack):
            self._taken = ack.handled
            if ack.handled:
                self._post.acknowledged(self.account, self.notice)


def door_of(account: str) -> str:
    """The name under which an account's door stands among the providers."""
    return f"{account}!"


def received(process: Process, door: str, body: bytes, *, forged: bool) -> Flow:
    """What a client's `notify` does, effect by effect."""
    inbound = Inbound(process.built, door)
    notice = inbound.read({"Signature": "forged" if forged else signature(body)}, body, "")
    if notice is None:
        return inbound.refused()
    try:
        keys = yield from asked("find", notice.number)
        for key in keys:
            found = yield from inbound.flow(key, notice, sole=len(keys) == 1)
            if found is not None:
                return inbound.taken(found)
        kind, body_kept = notice.kind.value, inbound.plain(notice)
        yield from asked("keep", inbound.account, notice.number, kind, body_kept)
    except PayfallbackError:
        return inbound.later()
    return inbound.stored()


def asked(method: str, *given: Any) -> Flow:
    """A call of the journal. Raises `JournalUnavailable`."""
    reply = yield Ask(method, given)
    if isinstance(reply, BaseException):
        raise reply
    return reply
