"""The vocabulary of deciding: what can be done (`Act`), when (`Task`), and how the order is looked at (`View`)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from enum import Enum

from payfallback._core.order import Attempt
from payfallback._values import direct, field, value
from payfallback.policy import Channel, Policy

LOOKS = (5.0, 15.0, 30.0, 60.0, 300.0)
"""Ages of an attempt, in seconds, at which recovery looks at it; then hourly for a day, then daily, for ever."""

GRACE = 0.5  # after a call's own deadline, before a request that nobody answered is called a crash
PATIENCE = 30.0  # recovery leaves an unknown charge alone this long before it closes it
MOST_CLOSES = 20  # on recovery's schedule about 15 hours; a provider that says no so often is only asked from then on
LONGEST_WATCH = 86400.0 * 10  # no shipped channel's dead are watched for longer
PERSON_AFTER = 86400.0  # an uncertainty this old stands before a person, and is still watched


@direct
class Act(Enum):
    """What can be done about an attempt or an order."""

    CRASHED = "crashed"
    HAND_OVER = "hand_over"
    QUERY = "query"
    RESEND = "resend"
    CLOSE = "close"
    CAPTURE = "capture"
    REFUND = "refund"
    QUERY_REFUND = "query_refund"
    NEVER_SENT = "never_sent"
    NOT_EXPOSED = "not_exposed"
    NOT_FOUND = "not_found"
    WIN = "win"
    EXCESS = "excess"
    PERSON = "person"
    EXPIRE = "expire"
    CANCELLED = "cancelled"
    MERCHANT_REFUND = "merchant_refund"
    QUERY_MERCHANT_REFUND = "query_merchant_refund"
    ALL_REFUNDED = "all_refunded"

    __hash__ = object.__hash__


DECISIONS = frozenset(
    {
        Act.CRASHED,
        Act.NEVER_SENT,
        Act.NOT_EXPOSED,
        Act.NOT_FOUND,
        Act.WIN,
        Act.EXCESS,
        Act.PERSON,
        Act.EXPIRE,
        Act.CANCELLED,
        Act.ALL_REFUNDED,
    }
)
"""Acts that only write something down; nothing is sent."""


@value
class Task:
    """`act` on attempt `seq` (0: the order) at epoch second `at`, or as soon after as somebody can."""

    at: float
    act: Act
    seq: int = 0
    refund: str = ""


@value
class View:
    """How the order is looked at. `asked`: (times, last at) each attempt was asked about in this run."""

    policy: Policy
    now: float
    live: bool  # a shopper waits
    asked: Mapping[int, tuple[int, float]] = field(factory=dict)
    looked: bool = False  # only the next look is wanted, this one is over
    fallback: Callable[[], bool] = field(default=lambda: False)  # another option may be taken by itself
    retries: bool = False  # the request can be made again in this run
    acts: bool = True  # autonomy lets us close and refund
    pause: Callable[[Attempt, Channel], float] = field(default=lambda attempt, channel: 0.0)  # before a resend, seconds
    until: float = math.inf  # epoch second at which the shopper has waited long enough

    def channel(self, attempt: Attempt) -> Channel | None:
        """The channel of an attempt, when it is still configured under the same account."""
        channel = self.policy.channels.get(attempt.option.partition("/")[0])
        return channel if channel is not None and channel.account.id == attempt.account else None


def next_look(since: float, now: float) -> float:
    """When recovery looks again at what has been open since `since`."""
    age = now - since
    for look in LOOKS:
        if look > age:
            return since + look
    step = 3600.0 if age < 86400.0 else 86400.0
    return since + (age // step + 1) * step
