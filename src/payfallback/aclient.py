"""`AsyncPayments`: the front door for asyncio and trio. Thin: it builds a run, picks a flow, and awaits a driver."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date
from typing import Any, Self

from anyio import Lock, to_thread

from payfallback._arguments import WrongHandler, awaitable, check_handler, check_limit, check_order, check_reported
from payfallback._build import build
from payfallback._core import flow as flows
from payfallback._core import refunds
from payfallback._core.operations import Answer
from payfallback._core.trace import Trace, trace_of
from payfallback._inbound import Inbound
from payfallback._looking import Looking
from payfallback._reconciling import PAGE, Bill, Reconciling
from payfallback._tally import Tally
from payfallback._workers import in_tasks
from payfallback.bills import Reconciled
from payfallback.errors import PayfallbackError, UnknownOrder
from payfallback.model import Money, Option, Order, Shopper
from payfallback.policy import Policy
from payfallback.ports import Clock, Journal, Observer, Provider, Stored
from payfallback.results import Ack, DueOrder, Options, Outcome, Recovered, Refund, Resolved, Result


class AsyncPayments:
    """The same, awaited: on asyncio and trio. A sync callable runs in a worker thread."""

    def __init__(
        self,
        policy: Policy,
        providers: Mapping[str, Provider],
        journal: Journal | str = "memory:",
        *,
        clock: Clock | None = None,
        observer: Observer | None = None,
        **more: Any,
    ) -> None:
        """`providers` by channel name. Raises `ConfigError` for an unsafe route."""
        self._built = build(policy, providers, journal, clock=clock, observer=observer, is_async=True, **more)
        self._driver = self._built.async_driver()

    @classmethod
    def from_config(cls, path: str, *, wrapped: Mapping[str, Any] | None = None, **more: Any) -> Self:
        """Read a TOML configuration. Raises `ConfigError` with file and line."""
        from payfallback._build import from_file

        return cls(**from_file(path, wrapped or {}, more))

    @property
    def policy(self) -> Policy:
        """What was configured."""
        return self._built.policy

    @property
    def journal(self) -> Journal:
        """Where payments are written down."""
        return self._built.journal

    async def pay(
        self,
        order: Order,
        choice: str | None = None,
        *,
        consent: Iterable[str] = (),
        shopper: Shopper | None = None,
        within: float | None = None,
    ) -> Result:
        """As `Payments.pay`."""
        run = self._built.paying("pay", order, choice, consent, shopper, within)
        result: Result = await self._driver.run(flows.pay(run, order))
        return result

    async def switch(
        self,
        order: Order,
        choice: str,
        *,
        consent: Iterable[str] = (),
        shopper: Shopper | None = None,
        within: float | None = None,
    ) -> Result:
        """As `Payments.switch`."""
        run = self._built.paying("switch", order, choice, consent, shopper, within)
        result: Result = await self._driver.run(flows.switch(run, order))
        return result

    async def options(
        self, order: Order, *, shopper: Shopper | None = None, within: float = 0.5, locale: str = "zh-CN"
    ) -> Options:
        """As `Payments.options`."""
        result: Options = await self._driver.run(self._built.options(order, shopper, within, locale))
        return result

    async def status(self, order_id: str, *, ask: bool = False, merchant: str | None = None) -> Result:
        """As `Payments.status`."""
        run = self._built.run("status", order_id, merchant or "")
        result: Result = await self._driver.run(flows.status(run, ask))
        return result

    async def cancel(self, order_id: str, *, merchant: str | None = None, within: float | None = None) -> Result:
        """As `Payments.cancel`."""
        run = self._built.run("cancel", order_id, merchant or "", within)
        result: Result = await self._driver.run(flows.cancel(run))
        return result

    async def refund(
        self,
        order_id: str,
        refund_id: str,
        amount: Money | None = None,
        *,
        reason: str = "",
        merchant: str | None = None,
        within: float | None = None,
    ) -> Refund:
        """As `Payments.refund`."""
        run = self._built.run("refund", order_id, merchant or "", within)
        result: Refund = await self._driver.run(refunds.refund(run, refund_id, amount, reason))
        return result

    async def notify(
        self, channel: str, headers: Mapping[str, str], body: bytes, *, query: str = "", merchant: str | None = None
    ) -> Ack:
        """As `Payments.notify`."""
        inbound = Inbound(self._built, channel)
        notice = inbound.read(headers, body, query)
        if notice is None:
            return inbound.refused()
        try:
            keys = await self._driver.ask(self.journal.find, notice.number)
            for key in keys:
                found = await self._driver.run(inbound.flow(key, notice, sole=len(keys) == 1))
                if found is not None:
                    return inbound.taken(found)
            kind, plain = notice.kind.value, inbound.plain(notice)
            await self._driver.ask(self.journal.keep, inbound.account, notice.number, kind, plain)
        except PayfallbackError:
            return inbound.later()
        return inbound.stored()

    async def report(self, channel: str, number: str, answer: Answer) -> Result:
        """As `Payments.report`."""
        inbound = Inbound(self._built, channel)
        check_reported(number, answer)
        keys = await self._driver.ask(self.journal.find, number)
        for key in keys:
            found = await self._driver.run(inbound.report(key, number, answer, sole=len(keys) == 1))
            if found is not None:
                result: Result = found
                return result
        raise UnknownOrder(f"no attempt has the number {number!r} on {channel!r}")

    async def adopt(self, order: Order, option: str, number: str, *, sent_at: float) -> None:
        """As `Payments.adopt`."""
        check_order(order)
        run = self._built.run("adopt", order.id, order.merchant)
        await self._driver.run(self._built.adoption(run, order, Option.parse(option), number, sent_at))
        inbound = Inbound(self._built, Option.parse(option).channel)
        for answer in inbound.kept(await self._driver.ask(self.journal.kept, inbound.account, number)):
            await self._driver.run(inbound.report(run.key, number, answer))

    async def recover(self, *, within: float = 30.0, limit: int = 500, at_once: int = 8) -> Recovered:
        """As `Payments.recover`. Here the orders that are looked at side by side are tasks, which cost next to nothing,
        so there are eight of them without being asked for."""
        tally = self._built.tally(within, limit, at_once)
        await in_tasks(self._finish, tally, at_once)
        return tally.result(await self._driver.ask(self.journal.count_due))

    async def _finish(self, tally: Tally, claiming: Lock) -> None:
        while True:
            async with claiming:  # as in `Tally.orders`
                stored = tally.next()
                if stored is None and (size := tally.batch()):
                    claimed = await self._driver.ask(self.journal.claim, tally.owner(), tally.lease, size)
                    tally.took(size, claimed)
                    stored = tally.next()
            if stored is None:
                return
            tally.looked(stored, *(await self._recover(stored, stored.owner, tally.left())))

    async def _recover(self, stored: Stored, owner: str, left: float) -> Any:
        try:
            run = self._built.recovering(stored, owner, left)
            record = await self._driver.run(flows.recover(run))
            return (record, run.down), run.put_off
        except Exception as error:  # noqa: BLE001  # one order that cannot be looked at must not keep the others waiting
            self._built.tell("recovery.failed", order_id=stored.key, error=type(error).__name__)
            return (None, error), 0.0

    async def due(self, *, limit: int = 500) -> tuple[DueOrder, ...]:
        """As `Payments.due`."""
        check_limit(limit)
        found: tuple[DueOrder, ...] = await self._driver.ask(self.journal.due, limit)
        return found

    async def resolve(self, order_id: str, *, merchant: str | None = None, within: float = 30.0) -> Resolved:
        """As `Payments.resolve`."""
        look = Looking(self._built, order_id, merchant or "", within)
        if look.found(await self._driver.ask(self.journal.load, look.key)):
            for stored in await self._driver.ask(self.journal.claim, look.owner, look.lease, 1, key=look.key):
                await self._driver.run(look.flow(stored))
            look.found(await self._driver.ask(self.journal.load, look.key))
        return look.result()

    async def reconcile(
        self, channel: str, day: date, bill: Bill = None, *, progress: Callable[[int], object] | None = None
    ) -> Reconciled:
        """As `Payments.reconcile`; the bill is fetched in a worker thread."""
        job = Reconciling(self._built, channel, day, bill, progress)
        if job.must_fetch:
            await to_thread.run_sync(job.fetch)
        for line in job.lines():
            finding = None
            for key in await self._driver.ask(self.journal.find, line.number or line.provider_ref):
                finding = finding or await self._driver.run(job.flow(key, line))
            job.found(line, finding)
        after = ""
        while page := await self._driver.ask(self.journal.captured, job.account, job.start, job.end, after, PAGE):
            job.held(page)
            after = page[-1].number
        return job.result()

    async def deliver(
        self, handler: Callable[[Outcome], Awaitable[object]], *, order_id: str | None = None, limit: int = 100
    ) -> int:
        """As `Payments.deliver`; `handler` is awaited. A plain function raises `ProgrammingError` at the first outcome,
        which counts as not told."""
        check_handler(handler)
        check_limit(limit)
        told, failure = 0, None
        for outcome in await self._driver.ask(self.journal.undelivered, limit, order_id=order_id):
            try:
                await awaitable(handler(outcome))
            except WrongHandler:
                raise
            except Exception as error:  # noqa: BLE001  # the shop's own code: the others are told first, then it is raised
                failure = failure or error
                self._built.tell("outcome.delivery_failed", order_id=outcome.order_id, outcome=outcome.kind)
                continue
            await self._driver.ask(self.journal.delivered, outcome.id)
            self._built.tell("outcome.delivered", order_id=outcome.order_id, outcome=outcome.kind)
            told += 1
        if failure is not None:
            raise failure
        return told

    async def run(self, handler: Callable[[Outcome], Awaitable[object]], *, every: float = 1.0) -> None:
        """Recover and deliver until cancelled. Delivery failures are left for the next round, but for a plain function
        in place of an async one: that raises `ProgrammingError`."""
        check_handler(handler)
        while True:
            await self._built.round(self, handler)
            await self._driver.sleep(every)

    async def trace(self, text: str) -> Trace:
        """As `Payments.trace`."""
        for key in await self._driver.ask(self.journal.find, text):
            stored = await self._driver.ask(self.journal.load, key)
            if stored is not None:
                return trace_of(stored.events, self._built.result_of(stored))
        raise UnknownOrder(f"no order, attempt or provider reference {text!r}")

    def lab(self, **more: Any) -> Any:
        """As `Payments.lab`."""
        from payfallback.testing.lab import Lab

        return Lab(self, **more)

    async def aclose(self) -> None:
        """Finish what is under way and let go of connections and files."""
        await self._built.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()
