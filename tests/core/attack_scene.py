"""What these tests share: fakes with one ledger, a door for notifications, journals that hold back or refuse."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import anyio
from core_world import client
from money_shop import ORDER

import payfallback as pf
from payfallback._core.fold import fold
from payfallback._core.operations import Kind, Notice, Operation
from payfallback._core.order import Attempt
from payfallback.journal.memory import MemoryJournal
from payfallback.policy import Account, Capabilities
from payfallback.ports import Commit, Done, HttpRequest, HttpResponse, Journal
from payfallback.testing import FakeProvider, Faults, Ledger, VirtualClock


class Door:
    """The process that takes a provider's notifications; it sends nothing."""

    def __init__(self, account: Account, capabilities: Capabilities) -> None:
        self.account, self._capabilities = account, capabilities

    def capabilities(self, product: str) -> Capabilities:
        """What the channel declares."""
        return self._capabilities

    def memo(self, operation: Operation) -> Mapping[str, str]:
        """Nothing."""
        return {}

    def request(self, operation: Operation) -> HttpRequest:
        """Never asked for."""
        raise AssertionError(f"{operation.kind.value} was to be sent by the door")

    def read(self, operation: Operation, response: HttpResponse) -> pf.Answer:
        """Never asked for."""
        raise AssertionError(f"{operation.kind.value} was sent by the door")

    def notification(self, headers: Mapping[str, str], body: bytes, query: str) -> Notice:
        """What `notice` wrote."""
        told = json.loads(body)
        amount = pf.Money(told["minor"], "CNY")
        answer = pf.Answer(verdict=pf.Verdict(told["verdict"]), amount=amount, number=told["number"])
        return Notice(
            number=told["number"], kind=Kind(told["kind"]), refund_number=told.get("refund", ""), answer=answer
        )

    def acknowledge(self, handled: bool) -> tuple[int, Mapping[str, str], bytes]:
        """200 for taken."""
        return (200 if handled else 500), {}, b""


def door(provider: Any, clock: VirtualClock, journal: Journal) -> pf.Payments:
    """A process of the shop that serves the notifications of this provider, as channel `a`."""
    wire = Door(provider.account, provider.capabilities(""))
    return client({"a": wire}, clock, journal, channel={"a": {"last": True}})


def paid_notice(number: str, minor: int = 5900) -> bytes:
    """The provider says: this number was paid."""
    return json.dumps({"number": number, "kind": "charge", "verdict": "captured", "minor": minor}).encode()


def refund_notice(number: str, refund: str, minor: int, verdict: str = "refunded") -> bytes:
    """The provider says: so much of this number went back; or that it failed to."""
    told = {"number": number, "kind": "refund", "verdict": verdict, "minor": minor, "refund": refund}
    return json.dumps(told).encode()


class Fakes:
    """Fake providers, one for each channel, with one ledger in one virtual time."""

    def __init__(self, *, latency: float = 0.2, **declared: Mapping[str, Any]) -> None:
        self.clock, self.ledger, self.faults = VirtualClock(), Ledger(), Faults()
        self.journal = MemoryJournal(self.clock)
        self.providers = {
            name: FakeProvider(
                Account(name=name, provider=name, merchant="m1"),
                Capabilities(**more),
                self.clock,
                self.ledger,
                self.faults,
                latency=latency,
            )
            for name, more in declared.items()
        }

    def process(self, journal: Journal | None = None, **policy: Any) -> pf.Payments:
        """A client over all of them; each may stand last in its route."""
        last = {name: {"last": True} for name in self.providers}
        more = {"backoff": lambda channel, resend: 0.1 * resend, "channel": last, **policy}
        return client(self.providers, self.clock, journal or self.journal, **more)

    def charges(self, which: str = ORDER) -> list[str]:
        """The numbers of the charges that arrived, in turn."""
        return [each.number for each in self.ledger.arrivals(which, Kind.CHARGE)]


class Holding:
    """A journal that can hold back the acknowledgement of its next commit, until it is let go."""

    def __init__(self, inner: Journal) -> None:
        self.inner, self.hold = inner, False
        self.held: list[Callable[[], None]] = []

    def submit(self, commit: Commit, done: Done) -> None:
        """`done(Receipt)`, in its time."""
        if not self.hold:
            self.inner.submit(commit, done)
            return
        self.hold = False
        self.inner.submit(commit, lambda receipt: self.held.append(lambda: done(receipt)))

    def let_go(self) -> None:
        """Acknowledge what was held back."""
        while self.held:
            self.held.pop()()

    async def caught(self) -> None:
        """Wait, some milliseconds, until a commit is held back."""
        with anyio.fail_after(5.0):
            while not self.held:  # noqa: ASYNC110 - a journal of another thread sets no event of this loop
                await anyio.sleep(0.001)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class Refusing:
    """A journal that refuses the commits and the reads it was told to, and does the others."""

    def __init__(self, inner: Journal) -> None:
        self.inner = inner
        self.refuses: Callable[[Commit], bool] = lambda commit: False
        self.readable: Callable[[], bool] = lambda: True

    def submit(self, commit: Commit, done: Done) -> None:
        """`done(Receipt)`, or `JournalUnavailable`."""
        if self.refuses(commit):
            done(pf.JournalUnavailable("the disk is full"))
        else:
            self.inner.submit(commit, done)

    def load(self, key: str, done: Done) -> None:
        """`done(Stored | None)`, or `JournalUnavailable`."""
        if self.readable():
            self.inner.load(key, done)
        else:
            done(pf.JournalUnavailable("the disk cannot be read"))

    def repair(self) -> None:
        """It is a good disk again."""
        self.refuses, self.readable = (lambda commit: False), (lambda: True)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def attempts(journal: Journal, key: str = f"|{ORDER}") -> tuple[Attempt, ...]:
    """The order's attempts, as the journal tells them."""
    found: list[Any] = []
    journal.load(key, found.append)
    return tuple(fold(found[0].events).attempts)


def told(payments: pf.Payments) -> list[str]:
    """The outcomes that the shop has not heard yet; now it has."""
    kinds: list[str] = []
    payments.deliver(lambda outcome: kinds.append(outcome.kind))
    return kinds
