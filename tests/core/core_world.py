"""What the tests of the promises share: scripted providers, a journal that can be away, clients in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from money_shop import AMOUNT, ORDER, arguments, order

import payfallback as pf
from payfallback._core.operations import Kind, Operation
from payfallback.journal.memory import MemoryJournal
from payfallback.journal.sqlite import SqliteJournal
from payfallback.policy import Account, Capabilities
from payfallback.ports import Done, Journal
from payfallback.testing import FakeProvider, Faults, Ledger, VirtualClock

Says = pf.Answer | Exception | Callable[[Operation], Any]

QR = pf.Qr("https://pay.example/1")
FIRST = f"{ORDER}01"  # the number of the order's first attempt


def captured(amount: pf.Money = AMOUNT, **more: Any) -> pf.Answer:
    """The money moved."""
    return pf.Answer(verdict=pf.Verdict.CAPTURED, amount=amount, **more)


def declined(cause: pf.Cause = pf.Cause.CREDIT_EXHAUSTED, *, final: bool = True, **more: Any) -> pf.Answer:
    """A refusal; by default one that is stated to be final."""
    return pf.Answer(verdict=pf.Verdict.DECLINED, cause=cause, final=final, **more)


def pending(**more: Any) -> pf.Answer:
    """Accepted: the shopper has to act."""
    return pf.Answer(verdict=pf.Verdict.PENDING, cause=pf.Cause.AWAITING_SHOPPER, **more)


def says(verdict: pf.Verdict, **more: Any) -> pf.Answer:
    """Anything else."""
    return pf.Answer(verdict=verdict, **more)


SILENCE = pf.Answer(verdict=pf.Verdict.UNKNOWN, cause=pf.Cause.TIMEOUT)
NEVER_SENT = pf.Answer(verdict=pf.Verdict.NOT_SENT, cause=pf.Cause.NETWORK)
NOT_FOUND = pf.Answer(verdict=pf.Verdict.NOT_FOUND)


def meanwhile(act: Callable[[], object], answer: pf.Answer) -> Callable[[Operation], pf.Answer]:
    """Say this, when something else has happened first: what others do while a request is out."""

    def answered(operation: Operation) -> pf.Answer:
        act()
        return answer

    return answered


class Scripted:
    """A provider that answers what the test tells it to, operation by operation, and remembers what it was asked.

    What was told last is said again for ever. A callable gets the operation and may act, raise or answer.
    """

    def __init__(self, name: str, *, is_async: bool = False, **declared: Any) -> None:
        self.account = Account(name=name, provider=name, merchant="m1")
        self.is_async = is_async
        self.asked: list[Operation] = []
        self._declared = Capabilities(**declared)
        self._script: dict[Kind, list[Says]] = {}

    def on(self, kind: Kind, *told: Says) -> Scripted:
        """What it says to this operation, in turn."""
        self._script[kind] = list(told)
        return self

    def of(self, kind: Kind) -> list[Operation]:
        """What it was asked of one kind."""
        return [each for each in self.asked if each.kind is kind]

    def capabilities(self, product: str) -> Capabilities:
        """What was declared."""
        return self._declared

    def memo(self, operation: Operation) -> Mapping[str, str]:
        """Nothing."""
        return {}

    def call(self, operation: Operation) -> Any:
        """The call; async when the provider is."""
        if not self.is_async:
            return lambda: self._answer(operation)

        async def answer() -> Any:
            result = self._answer(operation)
            return await result if hasattr(result, "__await__") else result

        return answer

    def _answer(self, operation: Operation) -> Any:
        self.asked.append(operation)
        told = self._script.get(operation.kind, [SILENCE])
        says_now = told.pop(0) if len(told) > 1 else told[0]
        if isinstance(says_now, Exception):
            raise says_now
        return says_now(operation) if callable(says_now) else says_now

    def read(self, operation: Operation, result: Any) -> pf.Answer:
        """Its answers prove what they say; what it raises proves nothing."""
        if isinstance(result, pf.Answer):
            return result
        return pf.Answer(verdict=pf.Verdict.UNKNOWN, cause=pf.Cause.UNRECOGNISED, code=type(result).__name__)


class JournalThatFails:
    """A journal whose disk can be full: `away` refuses everything, `failing_from` the n-th commit and all after it."""

    def __init__(self, inner: Journal) -> None:
        self.inner = inner
        self.away = False
        self.commits = 0
        self.failing_from: int | None = None

    def submit(self, commit: Any, done: Done) -> None:
        """`done(Receipt)`, or `JournalUnavailable`."""
        self.commits += 1
        if self.away or (self.failing_from is not None and self.commits >= self.failing_from):
            done(pf.JournalUnavailable("the disk is full"))
        else:
            self.inner.submit(commit, done)

    def load(self, key: str, done: Done) -> None:
        """`done(Stored | None)`, or `JournalUnavailable`."""
        if self.away:
            done(pf.JournalUnavailable("the disk is full"))
        else:
            self.inner.load(key, done)

    def repair(self) -> None:
        """The disk has room again."""
        self.away, self.failing_from = False, None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def client(
    providers: Mapping[str, Any], clock: VirtualClock, journal: Journal | None = None, **policy: Any
) -> pf.Payments:
    """A sync client over scripted providers, in virtual time."""
    more = {name: policy.pop(name) for name in ("observer", "backoff", "ref_key", "in_transaction") if name in policy}
    return pf.Payments(
        **pf.channels(providers, **policy),
        journal=journal if journal is not None else MemoryJournal(clock),
        clock=clock,
        sleep=clock.sleep,
        **more,
    )


class Town:
    """Fake providers with one ledger, and as many processes of one shop as a test wants, over one journal."""

    def __init__(
        self,
        kinds: Mapping[str, str],
        journal: Callable[[VirtualClock], Journal] | None = None,
        *,
        clock: VirtualClock | None = None,
        **policy: Any,
    ) -> None:
        """`journal`: how each process opens the journal; without it, all share one in memory."""
        self.clock, self.ledger, self.faults = clock or VirtualClock(), Ledger(), Faults()
        self._policy = arguments(kinds, **policy)["policy"]
        self._memory = MemoryJournal(self.clock)
        self._journal = journal
        self._opened: list[pf.Payments] = []
        self.providers: dict[str, Any] = {
            name: FakeProvider(
                channel.account, channel.capabilities, self.clock, self.ledger, self.faults, notify="unattended"
            )
            for name, channel in self._policy.channels.items()
        }

    def process(self) -> pf.Payments:
        """One more process: a client of its own, with health of its own."""
        journal = self._memory if self._journal is None else self._journal(self.clock)
        more: dict[str, Any] = {"sleep": self.clock.sleep, "backoff": lambda *_: 0.1}
        opened = pf.Payments(self._policy, self.providers, journal, clock=self.clock, **more)
        self._opened.append(opened)
        return opened

    def events(self, key: str) -> tuple[Any, ...]:
        """An order's journal."""
        found: list[Any] = []
        self._opened[-1].journal.load(key, found.append)
        return tuple(found[0].events) if found[0] is not None else ()

    def __enter__(self) -> Town:
        return self

    def __exit__(self, *exc: object) -> None:
        for each in self._opened:
            each.close()


def on_file(folder: Path) -> Callable[[VirtualClock], SqliteJournal]:
    """How a process of a town opens the journal on the disk of its machine."""
    return lambda clock: SqliteJournal(folder / "journal.db", clock=clock, allow_volatile=True)


def settle(payments: pf.Payments, clock: VirtualClock, seconds: float) -> None:
    """Recovery, run every five seconds for a while, then every hour."""
    for _ in range(int(min(seconds, 120.0) / 5.0)):
        clock.advance(5.0)
        payments.recover()
    for _ in range(int(max(0.0, seconds - 120.0) / 3600.0)):
        clock.advance(3600.0)
        payments.recover()


def contradicted(*, query: pf.Answer | None = None) -> tuple[pf.Payments, VirtualClock, Scripted, Scripted]:
    """Channel `a` said closed, `b` was paid, and then `a` says that it was paid after all."""
    clock = VirtualClock()
    first = Scripted("first", close=True, close_names_trade=True)
    first.on(Kind.CHARGE, pending()).on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True)).on(Kind.QUERY, pending())
    first.on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT, named=True))
    second = Scripted("second").on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, clock, surplus_tries=3)
    payments.pay(order(), "a")
    assert isinstance(payments.switch(order(), "b"), pf.Paid)
    first.on(Kind.QUERY, query or captured())
    payments.report("a", FIRST, captured())
    return payments, clock, first, second
