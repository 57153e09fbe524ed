"""The lab: a client's own routes and declared capabilities, on fake providers, virtual time and a journal in memory.

While the lab is open the client that it was made from works inside it, so that the shop's own code (views, tasks,
handlers) is what is tested.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Literal, Self

from payfallback._build import build
from payfallback._core.events import Event
from payfallback._core.fold import fold
from payfallback._core.operations import Notice
from payfallback._core.order import key_of
from payfallback._inbound import Inbound
from payfallback._runtime.sync import SyncDriver
from payfallback.errors import PayfallbackError, UnknownOrder
from payfallback.journal.memory import MemoryJournal
from payfallback.policy import Account, Capabilities, Channel
from payfallback.ports import Stored, Summary
from payfallback.results import Outcome, Recovered, Result
from payfallback.taxonomy import Cause
from payfallback.testing.clock import VirtualClock
from payfallback.testing.crash import Recording, Steps, When
from payfallback.testing.faults import Fault, Faults, Outage
from payfallback.testing.ledger import Entry, Ledger
from payfallback.testing.promises import assert_promises_kept
from payfallback.testing.provider import FakeProvider

NOTICE_AFTER = 0.1  # virtual seconds from the movement to its notification
MOST_HEARD = 10_000  # events of the observer that the lab remembers
LONGEST = 400  # rounds of `settle`; what is still open then is the failure's subject


class Lab:
    """Context manager. Everything is deterministic: time passes only in calls, sleeps, `advance` and `settle`."""

    def __init__(
        self,
        client: Any,
        *,
        latency: float = 0.2,
        notices: Literal["on", "off", "twice"] = "on",
    ) -> None:
        """`latency`: seconds a provider takes. `notices`: what becomes of the providers' notifications."""
        self.client = client
        self.clock = VirtualClock()
        self.ledger = Ledger()
        self.faults = Faults(client.policy.channels)
        self.results: list[Result] = []
        self.deliveries: list[Outcome] = []
        self.steps = Steps()
        self.heard: deque[tuple[str, dict[str, Any]]] = deque(maxlen=MOST_HEARD)
        self.notices = notices
        self._is_async = type(client).__name__ == "AsyncPayments"
        self._providers = self._fakes(client.policy.channels.values(), latency)
        self._saved: tuple[Any, Any] | None = None

    # ---------------------------------------------------------------- open and close

    def __enter__(self) -> Self:
        policy = self.client.policy
        by_channel = {name: self._providers[channel.account.id] for name, channel in policy.channels.items()}
        self._built = build(
            policy,
            by_channel,
            MemoryJournal(self.clock),
            is_async=self._is_async,
            clock=self.clock,
            observer=lambda event, /, **fields: self.heard.append((event, fields)),
            sleep=self._asleep if self._is_async else self.clock.sleep,
            backoff=lambda channel, resend: 0.1 * resend,
            ref_key=b"lab",
        )
        self._sync: SyncDriver = SyncDriver(self._built.shared, lambda: None, self.clock.sleep)  # type: ignore[arg-type, return-value]  # fakes are callables: no HTTP here
        driver = self._built.async_driver() if self._is_async else self._built.sync_driver()
        self._saved = self.client._built, self.client._driver  # the lab stands in for the client's parts
        self.client._built = self._built
        self.client._driver = Recording(driver, self.results, self.steps, self.deliveries)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._saved is not None:
            self.client._built, self.client._driver = self._saved
        self._built.close()

    def _fakes(self, channels: Iterable[Channel], latency: float) -> dict[str, FakeProvider]:
        products: dict[str, tuple[Account, dict[str, Capabilities]]] = {}
        plans: dict[str, tuple[int, ...]] = {}
        for channel in channels:
            account, known = products.setdefault(channel.account.id, (channel.account, {}))
            known[channel.product] = channel.capabilities
            plans[account.id] = plans.get(account.id, ()) + tuple(n for n in channel.terms if n)
        return {
            key: FakeProvider(
                account,
                capabilities,
                self.clock,
                self.ledger,
                self.faults,
                latency=latency,
                is_async=self._is_async,
                plans=tuple(sorted(set(plans[key]))),
                on_notification=lambda notice, key=key: self._notified(key, notice),  # type: ignore[misc]  # bound now
            )
            for key, (account, capabilities) in products.items()
        }

    async def _asleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    # ---------------------------------------------------------------- what goes wrong

    def outage(
        self,
        channel: str,
        fault: str | Fault,
        *,
        operation: str | None = None,
        times: int | None = None,
        after: int = 0,
    ) -> Outage:
        """Let a channel fail, in the one vocabulary of faults, until `lift` or for `times` calls."""
        return self.faults.outage(channel, fault, operation=operation, times=times, after=after)

    def lift(self, channel: str | None = None) -> None:
        """End every outage, or one channel's."""
        self.faults.lift(channel)

    def advance(self, seconds: float) -> None:
        """Let time pass; nothing recovers by itself meanwhile."""
        self.clock.advance(seconds)

    def crash(self, at: int, when: When = "before") -> None:
        """The next calls run in a process that dies at its `at`-th effect; the call raises `Crashed`. Whatever runs
        later is another process: the dead one's lease has to run out first."""
        self.steps.crash(at, when)

    # ---------------------------------------------------------------- what people do

    def shopper_pays(self, order_id: str) -> str:
        """The shopper pays what was shown for the order; the number paid. Raises `UnknownOrder` when nothing can be."""
        for provider in self._providers.values():
            for number in provider.waiting(order_id):
                if self._shown(number) and provider.shopper_pays(number):
                    return number
        raise UnknownOrder(f"nothing is shown that the shopper could pay for order {order_id!r}")

    def _shown(self, number: str) -> bool:
        """Nobody can pay a QR code that was never handed over."""
        for key in self._sync.ask(self._built.journal.find, number):
            for attempt in fold(self.events(key)).attempts:
                if attempt.number == number:
                    return attempt.handed_over or attempt.starts != "shopper"
        return False

    def shopper_refuses(self, order_id: str, cause: Cause = Cause.SHOPPER_CANCELLED) -> None:
        """The shopper's try fails. Raises `UnknownOrder` when nothing is shown."""
        for provider in self._providers.values():
            for number in provider.waiting(order_id):
                provider.shopper_refuses(number, cause)
                return
        raise UnknownOrder(f"nothing is shown to the shopper for order {order_id!r}")

    def recover(self) -> Recovered:
        """One recovery of what is due now."""
        return self._tallied()

    def settle(self) -> None:
        """Faults lifted; then recovery, delivery and time, until nothing is due any more but what stands before a
        person and is only watched."""
        self.lift()
        for _ in range(LONGEST):
            self._tallied()
            self._deliver()
            nearest = self._next()
            if nearest is None:
                return
            self.clock.advance(max(nearest - self.clock.monotonic(), 0.001))
        raise AssertionError(f"not settled after {LONGEST} rounds: {list(self.open())}")

    def _next(self) -> float | None:
        """The monotonic moment of the next thing that happens or is due."""
        now = self.clock.epoch()
        open_ = [stored for stored in self._stored(watched=False) if stored.due is not None]
        waits = [max(stored.lease_left, (stored.due or now) - now) for stored in open_]
        moments = [self.clock.monotonic() + max(0.0, min(waits))] if waits else []
        scheduled = self.clock.next_at()
        if scheduled is not None:
            moments.append(scheduled)
        return min(moments) if moments else None

    def _tallied(self) -> Recovered:
        from payfallback._core.flow import recover as recovery

        tally = self._built.tally(3600.0, 10_000)
        journal = self._built.journal
        for stored in tally.orders(lambda size: self._sync.ask(journal.claim, tally.owner(), tally.lease, size)):
            run = self._built.recovering(stored, stored.owner, 60.0)
            self._drive_sync(lambda run=run: self._sync.run(recovery(run)))
            tally.looked(stored, (run.record, run.down))
        return tally.result(0)

    def _drive_sync(self, work: Any) -> Any:
        """Recovery in the lab is synchronous even for an async client: its fakes are asked in place."""
        if not self._is_async:
            return work()
        for provider in self._providers.values():
            provider.is_async = False
        try:
            return work()
        finally:
            for provider in self._providers.values():
                provider.is_async = True

    def _deliver(self) -> None:
        journal = self._built.journal
        for outcome in self._sync.ask(journal.undelivered, 1000):
            self.deliveries.append(outcome)
            self._sync.ask(journal.delivered, outcome.id)

    def _notified(self, account: str, notice: Notice) -> None:
        times = {"on": 1, "off": 0, "twice": 2}[self.notices]
        for n in range(times):
            self.clock.call_later(NOTICE_AFTER * (n + 1), lambda: self._take_notice(account, notice))

    def _take_notice(self, account: str, notice: Notice) -> None:
        channel = next(name for name, each in self.client.policy.channels.items() if each.account.id == account)
        inbound = Inbound(self._built, channel)
        try:
            for key in self._sync.ask(self._built.journal.find, notice.number):
                if self._sync.run(inbound.flow(key, notice)) is not None:
                    return
        except PayfallbackError:
            return  # not taken: this provider does not repeat itself, recovery asks

    # ---------------------------------------------------------------- what can be seen

    def captures(self, order_id: str | None = None) -> tuple[Entry, ...]:
        """The captures that the providers hold for an order and have not given back."""
        return self.ledger.held(order_id)

    def refunds(self, order_id: str | None = None) -> tuple[Entry, ...]:
        """What the providers gave back."""
        return self.ledger.refunds(order_id)

    def delivered(self, order_id: str) -> int:
        """How many different outcomes the shop was told for an order."""
        return len({outcome.id for outcome in self.deliveries if outcome.order_id == order_id})

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What the journal holds for the shop and has not yet delivered, and what was delivered."""
        waiting: tuple[Outcome, ...] = self._sync.ask(self._built.journal.undelivered, 100_000)
        told = {outcome.id: outcome for outcome in (*self.deliveries, *waiting)}
        return tuple(told.values())

    def open(self) -> tuple[str, ...]:
        """Ids of the orders that are due to be looked at."""
        return tuple(stored.key for stored in self._stored() if stored.due is not None)

    def orders(self) -> tuple[str, ...]:
        """The journal's keys."""
        return tuple(key_of(summary.merchant, summary.order_id) for summary in self._summaries())

    def _summaries(self) -> tuple[Summary, ...]:
        found: tuple[Summary, ...] = self._sync.ask(self._built.journal.list, (), 1_000_000)
        return found

    def events(self, key: str, /) -> Sequence[Event]:
        """An order's journal, oldest first; found by its key or its id."""
        stored = self._sync.ask(self._built.journal.load, key)
        if stored is None:
            stored = self._sync.ask(self._built.journal.load, key_of("", key))
        return stored.events if stored is not None else ()

    def _stored(self, *, watched: bool = True) -> list[Stored]:
        kept = [each for each in self._summaries() if watched or not each.needs_person]
        return [self._sync.ask(self._built.journal.load, key_of(each.merchant, each.order_id)) for each in kept]

    def assert_promises_kept(self, *, settled: bool = True) -> None:
        """Raise `PromiseBroken` with everything that the ledger proves to be broken."""
        assert_promises_kept(self, settled=settled)
