"""When somebody must look at an order again, as its next commit says it."""

from __future__ import annotations

from typing import Protocol

from payfallback._core.decide import Held, due
from payfallback._core.env import Env
from payfallback._core.order import Record
from payfallback._core.state import Status
from payfallback._core.view import LONGEST_WATCH
from payfallback.policy import Policy

AGAIN, STOPS = 3600.0, 86400.0  # a last look that nobody answers is made again each hour, for a day
A_WHILE = 1.0  # seconds for which a spent query budget puts an order off, at least


class OrderInHand(Protocol):
    """What a run knows of its order: see the fields of `Run`."""

    env: Env
    policy: Policy
    live: bool
    autonomy: str
    held_back: str
    held: Held
    put_off: float
    unheard: frozenset[int]
    looked_for: float | None
    ahead: float

    def now(self) -> float:
        """Epoch seconds by our clock."""

    @property
    def known(self) -> Record:
        """The record."""


def look_again(run: OrderInHand) -> float | None:
    """Epoch seconds by the journal's clock, as far as it is known; None: never, nothing is open.

    A question that the query budget did not allow has its turn, not its next time, and holds up nothing else. The
    journal hands orders out by its own clock: a worker whose clock is behind must not set a time that is past there, or
    it would be handed the order again at once.
    """
    now, acts = run.now(), run.autonomy != "observe"
    if run.live:
        after = _kept(run, due(run.known, run.policy, now, acts=acts), now)
        return max(after, now + A_WHILE) if run.held_back and after is not None else after
    after = due(run.known, run.policy, now, acts=acts, held=run.held)
    if run.held_back:
        run.put_off = max(A_WHILE, run.env.turn(run.held_back))
        after = min(now + run.put_off, after if after is not None else now + run.put_off)
    if after is None and any(_unanswered(run, seq, now) for seq in run.unheard):
        after = now + AGAIN
    return after + run.ahead if after is not None else None


def _over(run: OrderInHand, seq: int, now: float) -> bool:
    """Whether only the last look at a dead attempt can be left."""
    attempt = run.known.attempts[seq - 1]
    channel = run.policy.channels.get(attempt.option.partition("/")[0])
    watch = LONGEST_WATCH if channel is None else channel.capabilities.watch
    return now >= max(attempt.first_sent or 0.0, attempt.expires_at or 0.0) + watch


def _kept(run: OrderInHand, after: float | None, now: float) -> float | None:
    """A last look whose time has come, or that is made again, is recovery's to make: whoever writes meanwhile, for a
    refund or a notification, leaves it its time."""
    planned = run.looked_for
    if planned is None or (after is not None and after <= planned):
        return after
    dead = (each for each in run.known.attempts if each.status is Status.DEAD and each.ever_sent)
    return planned if any(_over(run, each.seq, now) for each in dead) else after


def _unanswered(run: OrderInHand, seq: int, now: float) -> bool:
    """Whether the last look at a dead attempt came to nothing, and may come to something yet."""
    attempt = run.known.attempts[seq - 1]
    channel = run.policy.channels.get(attempt.option.partition("/")[0])
    if channel is None or attempt.first_sent is None:
        return False
    return now < max(attempt.first_sent, attempt.expires_at or 0.0) + channel.capabilities.watch + STOPS
