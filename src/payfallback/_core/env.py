"""What every run of one client shares: its policy, its clocks, and what it may ask the runtime at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from payfallback._core.memory import Refusal
from payfallback._values import field, value
from payfallback.policy import Channel, Policy
from payfallback.taxonomy import Cause


class Ticking(Protocol):
    """The two clocks that a run reads."""

    def monotonic(self) -> float:
        """For waiting."""

    def epoch(self) -> float:
        """For what is written down."""


@value
class Env:
    """What every run of one client shares. `backoff(channel, n)`: seconds before the n-th resend. `peek(channel)`: why
    a channel would be refused right now. `memo(channel, operation)`: what its adapter wants kept; those of the
    channels in `forgetful` want nothing. `wires`: channels whose requests an adapter of ours makes. `tell`: observer.
    `heard()`: whether anybody listens to events below a warning; if not, a run does not put them together.
    `turn(channel)`: seconds until an order whose question was beyond the budget of queries has its turn.
    `remember`, `forget`: the memory of shoppers and cards, written soon and at no run's cost."""

    policy: Policy
    clock: Ticking
    owner: Callable[[], str]
    backoff: Callable[[Channel, int], float]
    peek: Callable[[str], Cause | None]
    memo: Callable[[str, Any], Mapping[str, str]]
    turn: Callable[[str], float] = field(default=lambda channel: 1.0)
    tell: Callable[..., None] | None = None
    forgetful: frozenset[str] = frozenset()
    wires: frozenset[str] = frozenset()
    hashed: Callable[[str], str] = field(default=lambda ref: "")
    heard: Callable[[], bool] = field(default=lambda: True)
    remember: Callable[[tuple[Refusal, ...]], None] = field(default=lambda refusals: None)
    forget: Callable[[str, str], None] = field(default=lambda subject, scope: None)
