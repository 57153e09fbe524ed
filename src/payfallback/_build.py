"""Putting a client together: the parts, the runs it starts, and its batches of recovery."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from payfallback._arguments import (
    WrongHandler,
    check_adopted,
    check_call,
    check_limit,
    check_policy,
    check_time,
    check_within,
    option_ids,
)
from payfallback._clock import SystemClock
from payfallback._core.learn import adopt
from payfallback._core.order import key_of
from payfallback._core.result import result_of
from payfallback._core.routes import in_share, select_route
from payfallback._core.run import Flow, Run
from payfallback._core.safety import unsafe_steps
from payfallback._guard import refuse_inside_transaction
from payfallback._options import Asking
from payfallback._runtime.health import Gate
from payfallback._runtime.pauses import never_raises, tenacity_backoff
from payfallback._runtime.shared import Shared, hashing
from payfallback._sharing import health_of, share
from payfallback._tally import Tally
from payfallback.errors import ConfigError, UnknownOption
from payfallback.model import Option, Order, Shopper
from payfallback.policy import Channel, Policy, Route, When
from payfallback.ports import Callables, Clock, Journal, Observer, Provider, SharedHealth, Stored, Wire
from payfallback.results import Result
from payfallback.telemetry import StructlogObserver, fan_out


class Built:
    """A client's parts. The two clients differ only in the driver they ask it for."""

    def __init__(self, shared: Shared, sleep: Any, guard: Callable[[], bool] | None) -> None:
        self.shared, self.policy = shared, shared.policy
        self.providers, self.journal = shared.providers, shared.journal
        self._sleep, self._guard = sleep, guard
        self._exchange: Any = None
        self._async_exchange: Any = None
        first = next(iter(self.policy.routes), None)
        self._always = first if first is not None and first.when == When() else None
        self._offered = [each.id for channel in self.policy.channels.values() for each in channel.options]

    # ---- drivers

    def sync_driver(self) -> Any:
        """The driver of `Payments`."""
        import time

        from payfallback._runtime.sync import SyncDriver

        return SyncDriver(self.shared, self._sync_exchange, self._sleep or time.sleep)

    def async_driver(self) -> Any:
        """The driver of `AsyncPayments`."""
        from payfallback._runtime.aio import AsyncDriver

        return AsyncDriver(self.shared, self._aio_exchange, *([self._sleep] if self._sleep else []))

    def _sync_exchange(self) -> Any:
        if self._exchange is None:
            from payfallback._runtime.exchange import Exchange  # loads httpx

            self._exchange = Exchange()
        return self._exchange

    def _aio_exchange(self) -> Any:
        if self._async_exchange is None:
            from payfallback._runtime.exchange import AsyncExchange  # loads httpx

            self._async_exchange = AsyncExchange()
        return self._async_exchange

    def close(self) -> None:
        """Let go of everything."""
        if self._exchange is not None:
            self._exchange.close()
        self._end()

    async def aclose(self) -> None:
        """Let go of everything; cancelled, too. What waits for a thread of ours does so in another one."""
        from anyio import CancelScope, CapacityLimiter, to_thread

        try:
            if self._async_exchange is not None:
                await self._async_exchange.aclose()
        finally:
            with CancelScope(shield=True):  # with a place of its own: callables that hang may hold all others
                await to_thread.run_sync(self._end, limiter=CapacityLimiter(1))

    def _end(self) -> None:
        if self.shared.sharing is not None:
            self.shared.sharing.close()
        self.journal.close()

    def tell(self, event: str, **fields: Any) -> None:
        """Let the observer hear."""
        if self.shared.observer is not None:
            self.shared.observer(event, **fields)

    # ---- runs

    def run_of_key(self, intent: str, key: str, within: float | None = None) -> Run:
        """A run over the order with this journal key."""
        check_within(within)
        self.shared.before()
        return Run(self.shared.env, key, intent, self.policy.within if within is None else within)

    def run(self, intent: str, order_id: str, merchant: str, within: float | None = None) -> Run:
        """A run over a known order."""
        return self.run_of_key(intent, key_of(merchant, order_id), within)

    def paying(
        self,
        intent: str,
        order: Order,
        choice: str | None,
        consent: Iterable[str],
        shopper: Shopper | None,
        within: float | None,
    ) -> Run:
        """A run that may charge. Raises `UnknownOption` and `InsideTransaction`."""
        refuse_inside_transaction(self._guard)
        check_call(order, choice, shopper, within)
        run = self.run(intent, order.id, order.merchant, within)
        run.order = order
        if shopper is not None:
            run.shopper = shopper
        run.route = self._always or select_route(self.policy, order, run.now())
        run.choice, run.explicit = self._choice(choice, run.route), choice is not None
        run.consent = tuple(sorted(set(map(self._known, option_ids(consent))))) if consent != () else ()
        if self.policy.share < 1.0 and not in_share(order.id, self.policy.share):
            run.autonomy = "observe"
        return run

    def _choice(self, choice: str | None, route: Route | None) -> str:
        if choice is not None:
            return self._known(choice)
        if route is None or not route.order:
            raise UnknownOption("no route matches this order", hint="give a choice, or a last route without `when`")
        return route.order[0].id

    def _known(self, text: str) -> str:
        if text not in self._offered:
            Option.parse(text)  # raises for what is no option id at all
            raise UnknownOption(f"no channel offers {text!r}", hint=f"one of {', '.join(self._offered)}")
        return text

    def recovering(self, stored: Stored, owner: str, left: float) -> Run:
        """A run that finishes an order whose lease `owner` holds. It was claimed because it is due by the journal's
        clock: where it is not yet by ours, ours is behind, by at least so much; half more finds it in a few looks."""
        run = Run(self.shared.env, stored.key, "recover", left)
        run.ahead = 1.5 * max(0.0, (stored.due or 0.0) - run.now())
        run.owner = owner
        run.take(stored)
        run.fence = stored.fence
        run.locked_until = 0.0
        return run

    def adoption(self, run: Run, order: Order, option: Option, number: str, sent_at: float) -> Flow:
        """The flow of `adopt`."""
        channel = self.policy.channel_of(option)
        if channel is None:
            raise UnknownOption(f"no channel offers {option.id!r}")
        check_adopted(number, sent_at, run.now())
        return adopt(run, order, option, channel, number, sent_at)

    def options(self, order: Order, shopper: Shopper | None, within: float, locale: str) -> Flow:
        """The flow of `options`. Raises `ProgrammingError` for arguments of another type."""
        check_call(order, None, shopper, within)
        self.shared.before()
        return Asking(self.shared, order, shopper, within, locale).flow()

    def result_of(self, stored: Stored) -> Result:
        """Where a stored order stands."""
        run = Run(self.shared.env, stored.key, "status", 0.0)
        run.take(stored)
        return result_of(run)

    def tally(self, within: float, limit: int, at_once: int = 1) -> Tally:
        """One `recover` call's account. Raises `ProgrammingError` for what is no time and no number of orders."""
        check_time(within)
        check_limit(limit)
        self.shared.before()
        return Tally(self.shared, within, limit, at_once)

    async def round(self, client: Any, handler: Any) -> None:
        """One round of `AsyncPayments.run`: a journal that is away, or a handler that fails, waits for the next."""
        for step in (client.recover, lambda: client.deliver(handler)):
            try:
                await step()
            except WrongHandler:
                raise
            except Exception as error:  # noqa: BLE001  # a loop that must outlive one bad round; it is told, not hidden
                self.tell("recovery.failed", order_id="", error=type(error).__name__)


def build(
    policy: Policy,
    providers: Mapping[str, Provider],
    journal: Journal | str,
    *,
    is_async: bool,
    clock: Clock | None = None,
    observer: Observer | None = None,
    sleep: Any = None,
    backoff: Callable[[Channel, int], float] | None = None,
    ref_key: bytes = b"",
    seal: tuple[str, ...] = (),
    in_transaction: Callable[[], bool] | None = None,
    shared_health: SharedHealth | str | None = None,
) -> Built:
    """Put the parts together; nothing is started. Raises `ConfigError`."""
    clock = clock or SystemClock()
    check_policy(policy)
    _check(policy, providers, is_async)
    opened = _open(journal, clock, seal) if isinstance(journal, str) else journal
    told = fan_out(observer if observer is not None else StructlogObserver())
    heard = structlog_listens if observer is None else lambda: True
    gate, waits = Gate(policy, clock, told), never_raises(backoff or tenacity_backoff(), told)
    shared = Shared(policy, providers, opened, gate, clock, told, waits, hashing(ref_key), heard)
    if shared_health is not None:
        share(shared, shared_health)
    return Built(shared, sleep, in_transaction)


def structlog_listens() -> bool:
    """Whether `StructlogObserver` does anything with an event below a warning: once the shop configured structlog."""
    is_configured = getattr(sys.modules.get("structlog"), "is_configured", None)  # half imported, perhaps
    return is_configured is not None and bool(is_configured())


def _open(url: str, clock: Clock, seal: tuple[str, ...]) -> Journal:
    from payfallback.journal import open_journal

    return open_journal(url, clock=clock, seal=seal or None)


def _check(policy: Policy, providers: Mapping[str, Provider], is_async: bool) -> None:
    for name in policy.channels:
        provider = providers.get(name)
        if provider is None:
            raise ConfigError(f"channel {name!r} has no provider", hint="hand one in, or configure its account")
        if not isinstance(provider, Wire | Callables):
            raise ConfigError(
                f"channel {name!r} has a provider that is neither a `Wire` nor a `Callables`",
                hint="its class must define every attribute and method of one of them (`payfallback.ports`)",
            )
        if not is_async and isinstance(provider, Callables) and provider.is_async:
            raise ConfigError(f"channel {name!r} wraps async callables", hint="use AsyncPayments")
    problems = unsafe_steps(policy)
    if problems:
        raise ConfigError("; ".join(str(problem) for problem in problems))


def from_file(path: str, wrapped: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a client, from a configuration file."""
    from payfallback._assemble import assemble
    from payfallback.config import load

    clock = more.get("clock") or SystemClock()
    assembled = assemble(load(path), clock=clock, wrapped=wrapped)
    return {
        "policy": assembled.policy,
        "providers": assembled.channels,
        "journal": assembled.journal_url,
        "seal": assembled.seal,
        "ref_key": assembled.seal[0].encode() if assembled.seal else b"",
        "shared_health": None if "shared_health" in more else health_of(assembled.shared_health),
        **more,
        "clock": clock,
    }
