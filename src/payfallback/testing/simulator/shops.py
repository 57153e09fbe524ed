"""The shops that are simulated: which channels they have, what those can do, and how the shop is configured."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from random import Random

from payfallback._values import value
from payfallback.model import Option
from payfallback.policy import Account, Autonomy, Capabilities, Channel, CircuitPolicy, Policy, RetryPolicy, Route

WATCH = 7200.0  # seconds for which a dead attempt is watched: long enough for whatever these providers do late

KINDS: Mapping[str, Capabilities] = {
    "card": Capabilities(close=True, close_names_trade=True, watch=WATCH),
    "again": Capabilities(close=True, close_names_trade=True, resend=600.0, watch=WATCH),
    "code": Capabilities(close=True, query_after=1.0, close_after=2.0, close_refunds=True, lives=60.0, watch=WATCH),
    "qr": Capabilities(
        starts="shopper", close=True, expiry=True, expiry_default=60.0, not_found_after=30.0, leaves=False, watch=WATCH
    ),
    "link": Capabilities(starts="shopper", close=True, close_names_trade=True, resend=400.0, watch=WATCH),
    "hold": Capabilities(authorises=True, close=True, close_names_trade=True, watch=WATCH),
    "expiring": Capabilities(expiry=True, expiry_min=5.0, expiry_default=20.0, not_found_after=10.0, watch=WATCH),
    "acked": Capabilities(close=True, expiry=True, expiry_default=60.0, not_found_after=10.0, watch=WATCH),
    "blind": Capabilities(close=True, close_names_trade=True, query_refund=False, watch=WATCH),
    "steps": Capabilities(creates=True, close=True, close_names_trade=True, resend=600.0, watch=WATCH),
    "steps_held": Capabilities(creates=True, authorises=True, close=True, close_names_trade=True, watch=WATCH),
}
"""Channels by what they declare: every way in which the shipped adapters differ, in small."""

_NEVER = CircuitPolicy(failures_in_a_row=10**6, minimum=10**6)
_NERVOUS = CircuitPolicy(failures_in_a_row=2, open_for=4.0)


@value
class Shop:
    """One shop: the kinds of its channels a, b, c, and its configuration. `health`: calm, nervous or default.
    `journal`: memory, or sqlite for a real file."""

    kinds: tuple[str, ...]
    autonomy: Autonomy = "switch"
    pay_by: float = 300.0
    lease: float = 10.0
    timeout: float = 3.0
    latency: float = 0.2
    health: str = "calm"
    one_account: bool = False
    skew: float = 0.0
    processes: int = 2
    orders: int = 1
    journal: str = "memory"

    @property
    def names(self) -> tuple[str, ...]:
        """The channels."""
        return tuple("abc"[: len(self.kinds)])

    def __str__(self) -> str:
        kinds = ", ".join(f"{name} is {kind}" for name, kind in zip(self.names, self.kinds, strict=True))
        more = f"{self.autonomy}, pay_by {self.pay_by:g}, lease {self.lease:g}, health {self.health}"
        together = ", one account" if self.one_account else ""
        on = f", on {self.journal}" if self.journal != "memory" else ""
        return f"{kinds}; {more}; {self.processes} processes, {self.orders} order(s){together}{on}"


def random_shop(chance: Random) -> Shop:
    """Any shop."""
    autonomy: tuple[Autonomy, ...] = ("switch", "switch", "switch", "switch", "offer", "retry", "observe")
    return Shop(
        kinds=tuple(chance.choice(list(KINDS)) for _ in range(chance.choice((2, 2, 3)))),
        autonomy=chance.choice(autonomy),
        pay_by=chance.choice((30.0, 90.0, 300.0, 1800.0)),
        lease=chance.choice((3.0, 10.0)),
        timeout=chance.choice((1.0, 3.0)),
        latency=chance.choice((0.05, 0.2, 0.6)),
        health=chance.choice(("calm", "calm", "nervous", "default")),
        one_account=chance.random() < 0.15,
        skew=chance.choice((0.0, 0.0, 0.0, -4.0, 4.0)),
        processes=chance.choice((1, 2, 2, 3)),
        orders=chance.choice((1, 1, 1, 2)),
    )


@lru_cache(4096)
def policy_of(shop: Shop) -> Policy:
    """The shop's policy."""
    channels = {name: _channel(shop, name, kind) for name, kind in zip(shop.names, shop.kinds, strict=True)}
    route = Route(name="all", order=tuple(Option(name) for name in channels))
    return Policy(channels=channels, routes=(route,), autonomy=shop.autonomy, pay_by=shop.pay_by, lease=shop.lease)


def _channel(shop: Shop, name: str, kind: str) -> Channel:
    circuit = {"calm": _NEVER, "nervous": _NERVOUS}.get(shop.health, CircuitPolicy())
    house = "one" if shop.one_account else name
    return Channel(
        name=name,
        account=Account(name=house, provider=f"provider-{house}", merchant="m1"),
        capabilities=KINDS[kind],
        product=name,
        timeout=shop.timeout,
        max_in_flight=2 if shop.health == "nervous" else 40,
        circuit=circuit,
        retry=RetryPolicy(budget=4.0 if shop.health == "nervous" else 1e6),
    )
