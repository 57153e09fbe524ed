"""The door of the sandbox: start it, point a checkout at it, make things go wrong, read its books."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from payfallback.testing.sandbox.errors import SandboxError
from payfallback.testing.sandbox.exchange import Arrival
from payfallback.testing.sandbox.keys import Credentials
from payfallback.testing.sandbox.ledger import Entry
from payfallback.testing.sandbox.notices import Sent
from payfallback.testing.sandbox.ports import open_ports
from payfallback.testing.sandbox.registry import ENTRIES
from payfallback.testing.sandbox.serving import Serving
from payfallback.testing.sandbox.world import World

CONTROL = "control"


class Sandbox:
    """Every provider of the registry as a real HTTP server of this machine, with books of their own.

    A context manager; it runs in a background thread. `ports`: by provider, and "control"; what is 0 or not named is
    chosen freely. Test keys are made at the start and kept in `key_dir` when it is given. `seed` repeats every
    identifier, but not the RSA keys. Raises `SandboxError` for a port that is taken, a provider that is not there, or
    an address that is not this machine's.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        ports: Mapping[str, int] | None = None,
        key_dir: str | Path | None = None,
        seed: int | None = None,
    ) -> None:
        if host not in ("127.0.0.1", "localhost"):
            raise SandboxError(f"{host} is not this machine's loopback address: the sandbox is for 127.0.0.1")
        self._host = "127.0.0.1"
        self._ports = dict(ports or {})
        unknown = self._ports.keys() - {*ENTRIES, CONTROL}
        if unknown:
            raise SandboxError(f"no provider {min(unknown)!r}: the sandbox has {', '.join((*ENTRIES, CONTROL))}")
        self._key_dir, self._seed = Path(key_dir) if key_dir is not None else None, seed
        self._serving: Serving | None = None
        self._world: World | None = None

    def start(self) -> Sandbox:
        """Return when every provider and the control server answer. A sandbox starts once."""
        if self._world is not None:
            raise SandboxError("this sandbox was started before: make a new one")
        world = World(self._key_dir, self._seed, self._spawn)
        self._serving = Serving(open_ports(world, self._host, self._ports), world.clock)
        self._world = world
        self._serving.start()
        return self

    def stop(self) -> None:
        """Close every port. The books and logs can still be read."""
        if self._serving is not None:
            self._serving.stop()
            self._serving = None

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        if self._serving is None:
            work.close()
        else:
            self._serving.spawn(work)

    @property
    def _here(self) -> World:
        if self._world is None:
            raise SandboxError("the sandbox has not been started")
        return self._world

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        if self._serving is None:
            work.close()
            raise SandboxError("the sandbox is not running")
        self._serving.run(work)

    # ------------------------------------------------------------ where, and with which keys

    def url(self, provider: str) -> str:
        """Where a provider is, instead of at its own address. Raises `SandboxError`."""
        return self._here.url(provider)

    @property
    def urls(self) -> dict[str, str]:
        """The address of every provider."""
        return {name: self._here.url(name) for name in ENTRIES}

    @property
    def jdpay_url(self) -> str:
        """Instead of https://paygate.jd.com, and of wepay.jd.com and h5pay.jd.com."""
        return self.url("jdpay")

    @property
    def wechatpay_url(self) -> str:
        """Instead of https://api.mch.weixin.qq.com."""
        return self.url("wechatpay")

    @property
    def control_url(self) -> str:
        """The control server; open it in a browser to see what was charged."""
        return self.url(CONTROL)

    @property
    def credentials(self) -> dict[str, Credentials]:
        """By provider: the merchant's identity and keys, and the provider's public key. Worth nothing elsewhere."""
        return dict(self._here.credentials)

    # ------------------------------------------------------------ what happens

    def fault(
        self,
        provider: str,
        fault: str,
        *,
        operation: str = "*",
        times: int | None = None,
        for_seconds: float | None = None,
        after: int = 0,
    ) -> None:
        """Make requests go wrong: those for `operation` (a common name or the provider's), after the first `after`,
        `times` of them, for so many seconds. In force when this returns. Raises `SandboxError`."""
        self._run(
            self._here.fault(
                provider=provider,
                fault=fault,
                operation=operation,
                times=times,
                for_seconds=for_seconds,
                after=after,
            )
        )

    def clear(self, provider: str | None = None) -> None:
        """Lift the faults of one provider, or all."""
        self._run(self._here.clear(provider))

    def pay(self, provider: str, number: str, shopper: str = "") -> str:
        """The shopper pays what is open under a number. Returns the state it is in then: "paid", "processing", or
        why not: "refused", "closed", "reversed", and "open" for one that has expired. Raises `UnknownNumber`."""
        return self._here.pay(provider, number, shopper).state.value

    def refuse(self, provider: str, number: str, cause: str = "shopper_cancelled") -> str:
        """The shopper does not pay, or is refused by the provider's page. Returns the state. Raises `UnknownNumber`."""
        return self._here.refuse(provider, number, cause).state.value

    def notifications(self, provider: str, mode: str, url: str | None = None) -> None:
        """How a provider notifies from now on: on, off, delayed:N, twice, out_of_order, forged, wrong_amount.

        `url`: where, for a provider that is told the address once and not with each request."""
        self._here.notifications(provider, mode, url)

    def advance(self, seconds: float) -> None:
        """Put the providers' clock forward: expiries pass and late captures happen before this returns."""
        self._here.clock.advance(seconds)

    @property
    def now(self) -> float:
        """The providers' time in epoch seconds."""
        return self._here.clock.now()

    # ------------------------------------------------------------ the truth

    def captures(self, order_or_number: str | None = None) -> list[Entry]:
        """The captures in the books, of one order or number, or all; oldest first."""
        return self._here.ledger.captures(order_or_number)

    def refunds(self, order_or_number: str | None = None) -> list[Entry]:
        """The refunds in the books."""
        return self._here.ledger.refunds(order_or_number)

    def held(self, order_or_number: str | None = None) -> int:
        """Minor units captured and not refunded."""
        return self._here.ledger.held(order_or_number)

    @property
    def requests(self) -> list[Arrival]:
        """What arrived, oldest first; the oldest are forgotten beyond 20,000."""
        return list(self._here.arrivals)

    @property
    def sent(self) -> list[Sent]:
        """The notifications that were sent, or could not be; the oldest are forgotten beyond 20,000."""
        return list(self._here.sent)
