"""`Payments`: the front door. With `aclient.py` the only code written twice, and thin: it builds a run, picks a flow,
and hands it to a driver."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Self

from payfallback._arguments import (
    WrongHandler,
    check_handler,
    check_limit,
    check_order,
    check_reported,
    refuse_unawaited,
)
from payfallback._build import build
from payfallback._core import flow as flows
from payfallback._core import refunds
from payfallback._core.operations import Answer
from payfallback._core.trace import Trace, trace_of
from payfallback._inbound import Inbound
from payfallback._looking import Looking
from payfallback._reconciling import PAGE, Bill, Reconciling
from payfallback._tally import Tally
from payfallback._workers import on_threads
from payfallback.bills import Reconciled
from payfallback.errors import PayfallbackError, UnknownOrder
from payfallback.model import Money, Option, Order, Shopper
from payfallback.policy import Policy
from payfallback.ports import Clock, Journal, Observer, Provider, Stored
from payfallback.results import Ack, DueOrder, Options, Outcome, Recovered, Refund, Resolved, Result


class Payments:
    """Gets orders paid, once. Safe for threads; built before a fork, it starts nothing until first use."""

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
        """`providers` by channel name. Raises `ConfigError` for an unsafe route or an async callable."""
        self._built = build(policy, providers, journal, clock=clock, observer=observer, is_async=False, **more)
        self._driver = self._built.sync_driver()

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

    def pay(
        self,
        order: Order,
        choice: str | None = None,
        *,
        consent: Iterable[str] = (),
        shopper: Shopper | None = None,
        within: float | None = None,
    ) -> Result:
        """Get the order paid within `within` seconds, a day at most, or say where it stands.

        `choice`: the option the shopper clicked; None takes the route's first. `consent`: options the shopper agreed
        to as a fallback, terms included. Raises only when this call sent nothing: `OrderConflict`, `UnknownOption`,
        `InputMissing`, `NumberInvalid`, `InsideTransaction`, `JournalUnavailable`.
        """
        run = self._built.paying("pay", order, choice, consent, shopper, within)
        result: Result = self._driver.run(flows.pay(run, order))
        return result

    def switch(
        self,
        order: Order,
        choice: str,
        *,
        consent: Iterable[str] = (),
        shopper: Shopper | None = None,
        within: float | None = None,
    ) -> Result:
        """The shopper asks for another way: query and close what is open, then charge `choice`. Raises as `pay`."""
        run = self._built.paying("switch", order, choice, consent, shopper, within)
        result: Result = self._driver.run(flows.switch(run, order))
        return result

    def options(
        self, order: Order, *, shopper: Shopper | None = None, within: float = 0.5, locale: str = "zh-CN"
    ) -> Options:
        """What the shopper can be offered before the click, and why not the rest. Never blocks checkout: what is not
        known within `within` seconds says so. `locale`: of the labels and texts, `zh-CN` or `en`."""
        result: Options = self._driver.run(self._built.options(order, shopper, within, locale))
        return result

    def status(self, order_id: str, *, ask: bool = False, merchant: str | None = None) -> Result:
        """Where an order stands. `ask` makes one budgeted query. Raises `UnknownOrder`, `JournalUnavailable`."""
        run = self._built.run("status", order_id, merchant or "")
        result: Result = self._driver.run(flows.status(run, ask))
        return result

    def cancel(self, order_id: str, *, merchant: str | None = None, within: float | None = None) -> Result:
        """Give an order up; what is captured later goes back by itself. Raises `UnknownOrder`."""
        run = self._built.run("cancel", order_id, merchant or "", within)
        result: Result = self._driver.run(flows.cancel(run))
        return result

    def refund(
        self,
        order_id: str,
        refund_id: str,
        amount: Money | None = None,
        *,
        reason: str = "",
        merchant: str | None = None,
        within: float | None = None,
    ) -> Refund:
        """Give money back. The same `refund_id` is the same refund. None refunds what is left. Raises `UnknownOrder`,
        `OrderConflict` (same id, other amount), `MoneyInvalid` (more than was paid) and `ProgrammingError` (an id or a
        reason that is no text)."""
        run = self._built.run("refund", order_id, merchant or "", within)
        result: Refund = self._driver.run(refunds.refund(run, refund_id, amount, reason))
        return result

    def notify(
        self, channel: str, headers: Mapping[str, str], body: bytes, *, query: str = "", merchant: str | None = None
    ) -> Ack:
        """Take a provider's notification: verify, store, decide. Send the `Ack` back as it is. Never raises for what
        the notification says; an unauthentic one is refused in the provider's own form. `body`: as it came, in bytes;
        `headers`: texts by name. Raises `ProgrammingError` for anything else."""
        inbound = Inbound(self._built, channel)
        notice = inbound.read(headers, body, query)
        if notice is None:
            return inbound.refused()
        try:
            keys = self._driver.ask(self.journal.find, notice.number)
            for key in keys:
                found = self._driver.run(inbound.flow(key, notice, sole=len(keys) == 1))
                if found is not None:
                    return inbound.taken(found)
            self._driver.ask(
                self.journal.keep, inbound.account, notice.number, notice.kind.value, inbound.plain(notice)
            )
        except PayfallbackError:
            return inbound.later()
        return inbound.stored()

    def report(self, channel: str, number: str, answer: Answer) -> Result:
        """The shop verified a notification itself: take what it proves as evidence. Raises `UnknownOrder`, and
        `ProgrammingError` for an `Answer` that cannot be read."""
        inbound = Inbound(self._built, channel)
        check_reported(number, answer)
        keys = self._driver.ask(self.journal.find, number)
        for key in keys:
            found = self._driver.run(inbound.report(key, number, answer, sole=len(keys) == 1))
            if found is not None:
                result: Result = found
                return result
        raise UnknownOrder(f"no attempt has the number {number!r} on {channel!r}")

    def adopt(self, order: Order, option: str, number: str, *, sent_at: float) -> None:
        """Take over a payment that other code has open: `number` was sent at `sent_at` (epoch seconds, in the past).

        A later attempt never takes that number. Raises `OrderConflict` for an order that is settled or has something
        open, and for a payment taken over before, and `ProgrammingError` for a number or a time that is none.
        """
        check_order(order)
        run = self._built.run("adopt", order.id, order.merchant)
        self._driver.run(self._built.adoption(run, order, Option.parse(option), number, sent_at))
        inbound = Inbound(self._built, Option.parse(option).channel)
        for answer in inbound.kept(self._driver.ask(self.journal.kept, inbound.account, number)):
            self._driver.run(inbound.report(run.key, number, answer))

    def recover(self, *, within: float = 30.0, limit: int = 500, at_once: int = 1) -> Recovered:
        """Finish what is open, for `within` seconds (a day at most) and `limit` orders (a million at most). Never
        starts a charge.

        `at_once`: orders looked at side by side, 1 to 64, each on a thread of this call. Without it no thread is
        started, and orders at a provider that does not answer hold up those of the others. Raises `ProgrammingError`
        for another number.
        """
        tally = self._built.tally(within, limit, at_once)
        on_threads(self._finish, tally, at_once)
        return tally.result(self._driver.ask(self.journal.count_due))

    def _finish(self, tally: Tally) -> None:
        for stored in tally.orders(lambda size: self._driver.ask(self.journal.claim, tally.owner(), tally.lease, size)):
            tally.looked(stored, *self._recover(stored, stored.owner, tally.left()))

    def _recover(self, stored: Stored, owner: str, left: float) -> Any:
        try:
            run = self._built.recovering(stored, owner, left)
            record = self._driver.run(flows.recover(run))
            return (record, run.down), run.put_off
        except Exception as error:  # noqa: BLE001  # one order that cannot be looked at must not keep the others waiting
            self._built.tell("recovery.failed", order_id=stored.key, error=type(error).__name__)
            return (None, error), 0.0

    def due(self, *, limit: int = 500) -> tuple[DueOrder, ...]:
        """Orders that it is time to look at and at which nobody looks, most overdue first: what `recover` would do
        next, for an engine that shares them out among workers of its own."""
        check_limit(limit)
        found: tuple[DueOrder, ...] = self._driver.ask(self.journal.due, limit)
        return found

    def resolve(self, order_id: str, *, merchant: str | None = None, within: float = 30.0) -> Resolved:
        """Look at one order as `recover` does, whoever found out that it is time: ask, close, give back. Never starts
        a charge; an order at which another worker looks is left to it. Raises `UnknownOrder`, `JournalUnavailable`."""
        look = Looking(self._built, order_id, merchant or "", within)
        if look.found(self._driver.ask(self.journal.load, look.key)):
            for stored in self._driver.ask(self.journal.claim, look.owner, look.lease, 1, key=look.key):
                self._driver.run(look.flow(stored))
            look.found(self._driver.ask(self.journal.load, look.key))
        return look.result()

    def reconcile(
        self, channel: str, day: date, bill: Bill = None, *, progress: Callable[[int], object] | None = None
    ) -> Reconciled:
        """Hold a provider's bill of one day against the journal. What it proves is taken in as evidence, once; what it
        leaves open is reported. `bill`: the file or its path; None fetches it. `progress` hears the lines read so far.

        Raises `UnknownOption` for a channel without bills, `BillUnavailable`, `JournalUnavailable`.
        """
        job = Reconciling(self._built, channel, day, bill, progress)
        if job.must_fetch:
            job.fetch()
        for line in job.lines():
            keys = self._driver.ask(self.journal.find, line.number or line.provider_ref)
            found = (self._driver.run(job.flow(key, line)) for key in keys)
            job.found(line, next((each for each in found if each is not None), None))
        after = ""
        while page := self._driver.ask(self.journal.captured, job.account, job.start, job.end, after, PAGE):
            job.held(page)
            after = page[-1].number
        return job.result()

    def deliver(self, handler: Callable[[Outcome], object], *, order_id: str | None = None, limit: int = 100) -> int:
        """Tell the shop each outcome, at least once, under one id. An outcome counts as told when `handler` returns;
        what it raises leaves the outcome for the next time and is raised after the others were tried. An async handler
        raises `ProgrammingError` at the first outcome: here nobody awaits it."""
        check_handler(handler)
        check_limit(limit)
        told, failure = 0, None
        for outcome in self._driver.ask(self.journal.undelivered, limit, order_id=order_id):
            try:
                refuse_unawaited(handler(outcome))
            except WrongHandler:
                raise
            except Exception as error:  # noqa: BLE001  # the shop's own code: the others are told first, then it is raised
                failure = failure or error
                self._built.tell("outcome.delivery_failed", order_id=outcome.order_id, outcome=outcome.kind)
                continue
            self._driver.ask(self.journal.delivered, outcome.id)
            self._built.tell("outcome.delivered", order_id=outcome.order_id, outcome=outcome.kind)
            told += 1
        if failure is not None:
            raise failure
        return told

    def trace(self, text: str) -> Trace:
        """The story of an order, found by its id, an attempt's number or the provider's reference. Raises
        `UnknownOrder`."""
        for key in self._driver.ask(self.journal.find, text):
            stored = self._driver.ask(self.journal.load, key)
            if stored is not None:
                return trace_of(stored.events, self._built.result_of(stored))
        raise UnknownOrder(f"no order, attempt or provider reference {text!r}")

    def lab(self, **more: Any) -> Any:
        """This very configuration on fake providers and virtual time: for tests and drills."""
        from payfallback.testing.lab import Lab

        return Lab(self, **more)

    def close(self) -> None:
        """Finish what is under way and let go of connections and files."""
        self._built.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
