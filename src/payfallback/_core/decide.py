"""What is to be done next about an order, and when. Pure: a function of the record, the policy and the time.

Both the live path and recovery look things up here; they differ only in the `View` they hand in (how patient they
are, and whether the shopper waits).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from enum import Enum

from payfallback._core.order import Attempt, Record
from payfallback._core.state import Status
from payfallback._values import field, value
from payfallback.model import Option
from payfallback.policy import Capabilities, Channel, Policy

LOOKS = (5.0, 15.0, 30.0, 60.0, 300.0)
"""Ages of an attempt, in seconds, at which recovery looks at it; then hourly for a day, then daily, for ever."""

GRACE = 0.5  # after a call's own deadline, before a request that nobody answered is called a crash
PATIENCE = 30.0  # recovery leaves an unknown charge alone this long before it closes it
MOST_CLOSES = 20  # on recovery's schedule about 15 hours; a provider that says no so often is only asked from then on
PERSON_AFTER = 86400.0  # an uncertainty this old stands before a person, and is still watched


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


@value(kw_only=True)
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
    until: float = math.inf  # epoch second at which the shopper has waited long enough

    def channel(self, attempt: Attempt) -> Channel | None:
        """The channel of an attempt, when it is still configured under the same account."""
        channel = self.policy.channels.get(Option.parse(attempt.option).channel)
        return channel if channel is not None and channel.account.id == attempt.account else None


def next_look(since: float, now: float) -> float:
    """When recovery looks again at what has been open since `since`."""
    age = now - since
    for look in LOOKS:
        if look > age:
            return since + look
    step = 3600.0 if age < 86400.0 else 86400.0
    return since + (age // step + 1) * step


def tasks(record: Record, view: View) -> Iterator[Task]:
    """Everything to be done about an order, decisions first, in no other order."""
    decided = _of_order(record, view)
    if decided is not None:
        yield decided
    for attempt in record.attempts:
        rule = _RULES.get(attempt.status)
        task = rule(record, attempt, view) if rule else None
        if task is not None:
            yield task
        if attempt.live and _needs_person(record, attempt, view):
            yield Task(view.now, Act.PERSON, attempt.seq)
    yield from _merchant_refunds(record, view)


def due(record: Record, policy: Policy, now: float, *, acts: bool = True) -> float | None:
    """When somebody must look at the order again; None: never, nothing is open."""
    if len(record.attempts) == 1 and not record.refunds:  # the two commits of nearly every order
        only = record.attempts[0]
        if only.status is Status.SENDING:
            return only.sending_until + GRACE
        if record.winner and only.status is Status.CAPTURED:
            return None
    view = View(policy=policy, now=now, live=False, looked=True, acts=acts)
    times = [task.at for task in tasks(record, view)]
    return min(times) if times else None


# ---------------------------------------------------------------- the order


def _of_order(record: Record, view: View) -> Task | None:
    if record.won is not None:
        return _of_winner(record, view)
    if record.current is not None or any(a.status is Status.CAPTURED for a in record.attempts):
        return None
    if record.cancelled:
        return None if "cancelled" in record.outcomes else Task(view.now, Act.CANCELLED)
    return None if "expired" in record.outcomes else Task(record.pay_by, Act.EXPIRE)


def _of_winner(record: Record, view: View) -> Task | None:
    winner = record.won
    if winner is None or "refunded" in record.outcomes:
        return None
    if winner.status is Status.REFUNDED or (record.refunds and record.refunded() >= record.amount.minor):
        return Task(view.now, Act.ALL_REFUNDED, winner.seq)
    return None


def _needs_person(record: Record, attempt: Attempt, view: View) -> bool:
    if "needs_person" in record.outcomes:
        return False
    since = attempt.first_sent or attempt.planned_at
    return attempt.status is Status.MANUAL or view.now - since >= PERSON_AFTER


def _merchant_refunds(record: Record, view: View) -> Iterator[Task]:
    winner = record.won
    channel = view.channel(winner) if winner is not None else None
    if winner is None or channel is None or not view.acts:
        return
    for index, refund in enumerate(record.refunds, 1):
        if refund.state == "asked":
            yield Task(view.now, Act.MERCHANT_REFUND, winner.seq, refund.refund)
        elif refund.state == "pending":
            at = _look_at(view, -index, refund.sent_at)
            again = refund.lost or not channel.capabilities.query_refund
            act = Act.MERCHANT_REFUND if again else Act.QUERY_MERCHANT_REFUND
            yield Task(at, act, winner.seq, refund.refund)


# ---------------------------------------------------------------- one attempt


def leaving(record: Record, attempt: Attempt, view: View) -> bool:
    """Whether this attempt is to be closed, if it can be."""
    if record.finished or attempt.seq <= record.leave_upto or view.now >= record.pay_by:
        return True
    if attempt.expires_at is not None and view.now >= attempt.expires_at + 1.0:
        return True
    if attempt.status is Status.CLOSING or attempt.refusal:
        return True
    channel = view.channel(attempt)
    capabilities = channel.capabilities if channel is not None else Capabilities()
    age = view.now - (attempt.first_sent or attempt.planned_at)
    if not view.live:
        by_itself = attempt.starts == "server" or not (attempt.handed_over or attempt.adopted)
        lives = (capabilities.lives or PATIENCE) + capabilities.close_after
        return by_itself and age >= max(PATIENCE, lives)
    if attempt.status is not Status.UNKNOWN or not capabilities.leaves:
        return False
    asked = not capabilities.query or view.asked.get(attempt.seq, (0, 0.0))[0] > 0
    return asked and view.fallback()


def _look_at(view: View, seq: int, since: float, soonest: float = 0.0, every: float = 2.0) -> float:
    """When to ask: a waiting shopper makes us ask at the channel's pace, recovery follows its schedule."""
    times, last = view.asked.get(seq, (0, 0.0))
    if view.looked or (times and not view.live):
        return max(soonest, next_look(since, view.now))
    if times:
        return max(soonest, last + every * min(1.5 ** (times - 1), 5.0))
    return max(soonest, view.now)


def _query(attempt: Attempt, view: View, capabilities: Capabilities) -> Task:
    since = attempt.first_sent or attempt.planned_at
    soonest = since + capabilities.query_after if not attempt.handed_over else 0.0
    at = _look_at(view, attempt.seq, since, soonest, max(capabilities.query_every, 0.05))
    return Task(
        max(at, attempt.sending_until + GRACE if attempt.status is Status.SENDING else 0.0), Act.QUERY, attempt.seq
    )


def _planned(record: Record, attempt: Attempt, view: View) -> Task | None:
    return None if view.live else Task(view.now, Act.NEVER_SENT, attempt.seq)


def _sending(record: Record, attempt: Attempt, view: View) -> Task | None:
    return Task(attempt.sending_until + GRACE, Act.CRASHED, attempt.seq)


def _open(record: Record, attempt: Attempt, view: View) -> Task | None:
    """PENDING and UNKNOWN: hand over, ask, send again, close; or dead on our own evidence."""
    channel = view.channel(attempt)
    unexposed = attempt.starts == "shopper" and not attempt.handed_over
    want = leaving(record, attempt, view)
    if unexposed and not want and view.live and attempt.status is Status.PENDING and attempt.action is not None:
        return Task(view.now, Act.HAND_OVER, attempt.seq)
    if unexposed and not attempt.adopted:
        return Task(view.now, Act.NOT_EXPOSED, attempt.seq)
    if channel is None:
        return Task(next_look(attempt.first_sent or attempt.planned_at, view.now), Act.PERSON, attempt.seq)
    if _proven_absent(attempt, channel.capabilities):
        return Task(view.now, Act.NOT_FOUND, attempt.seq)
    again = _resend_at(record, attempt, view, channel)
    if again is not None:
        return Task(again, Act.RESEND, attempt.seq)
    if want:
        return _leave(record, attempt, view, channel.capabilities)
    if channel.capabilities.query:
        return _query(attempt, view, channel.capabilities)
    return Task(next_look(attempt.first_sent or attempt.planned_at, view.now), Act.PERSON, attempt.seq)


def _proven_absent(attempt: Attempt, capabilities: Capabilities) -> bool:
    """Not found at least twice, spaced, by a provider whose own clock is past the absolute expiry and the horizon."""
    if attempt.expires_at is None or not capabilities.expiry or capabilities.not_found_after is None:
        return False
    return attempt.not_found_past >= 2 and attempt.provider_time > attempt.expires_at + capabilities.not_found_after


def _resend_at(record: Record, attempt: Attempt, view: View, channel: Channel) -> float | None:
    """When the same request may be sent again under the same number; None: not. It is a charge, never a question."""
    young = channel.capabilities.resend
    if not view.live or not view.retries or young is None or attempt.status is not Status.UNKNOWN:
        return None
    if attempt.sends >= channel.retry.attempts or attempt.first_sent is None or attempt.handed_over:
        return None
    if record.finished or attempt.seq <= record.leave_upto:
        return None
    at = attempt.answered_at + max(attempt.retry_after or 0.0, 0.2 * 2.0**attempt.sends)
    if at >= min(attempt.first_sent + young, record.pay_by, view.until - channel.capabilities.min_time):
        return None
    if attempt.expires_at is not None and view.now >= attempt.expires_at:
        return None
    if not (attempt.resendable or (attempt.not_found and not attempt.refusal)):
        return None
    return at


def _leave(record: Record, attempt: Attempt, view: View, capabilities: Capabilities) -> Task:
    since = attempt.first_sent or attempt.planned_at
    times, last = view.asked.get(attempt.seq, (0, 0.0))
    unasked = times == 0 or last < attempt.close_sent_at
    if capabilities.query and unasked and not view.looked:
        soonest = 0.0 if attempt.closes or attempt.handed_over else since + capabilities.query_after
        return Task(max(view.now, min(soonest, since + capabilities.close_after)), Act.QUERY, attempt.seq)
    if _closable(record, attempt, view, capabilities, since):
        return Task(_close_at(attempt, view, capabilities, since), Act.CLOSE, attempt.seq)
    if capabilities.query:
        return _query(attempt, view, capabilities)
    return Task(next_look(since, view.now), Act.PERSON, attempt.seq)


def _may_act(record: Record, attempt: Attempt, view: View) -> bool:
    """Whether closing and refunding is ours to do: by autonomy, or because the shop asked to leave."""
    return view.acts or record.cancelled or attempt.seq <= record.leave_upto


def _closable(record: Record, attempt: Attempt, view: View, capabilities: Capabilities, since: float) -> bool:
    if not _may_act(record, attempt, view):
        return False
    if not capabilities.close or attempt.closes >= MOST_CLOSES:
        return False
    return capabilities.close_until is None or view.now < since + capabilities.close_until


def _close_at(attempt: Attempt, view: View, capabilities: Capabilities, since: float) -> float:
    first = since + capabilities.close_after
    if not attempt.closes:
        return max(first, view.now) if not view.looked else max(first, view.now + 1.0)
    if view.live:
        return max(first, attempt.close_sent_at + min(2.0 ** (attempt.closes - 1), 30.0))
    if view.looked:
        return max(first, next_look(since, view.now))
    return max(first, attempt.close_sent_at + 1.0)


def _closing(record: Record, attempt: Attempt, view: View) -> Task | None:
    channel = view.channel(attempt)
    if channel is None:
        return Task(next_look(attempt.first_sent or attempt.planned_at, view.now), Act.PERSON, attempt.seq)
    if _proven_absent(attempt, channel.capabilities):
        return Task(view.now, Act.NOT_FOUND, attempt.seq)
    return _leave(record, attempt, view, channel.capabilities)


def _authorised(record: Record, attempt: Attempt, view: View) -> Task | None:
    channel = view.channel(attempt)
    if channel is None:
        return Task(next_look(attempt.planned_at, view.now), Act.PERSON, attempt.seq)
    if record.finished or attempt.seq <= record.leave_upto or view.now >= record.pay_by:
        return _leave(record, attempt, view, channel.capabilities)
    return Task(max(view.now, attempt.capture_sent_at + attempt.captures), Act.CAPTURE, attempt.seq)


def _capturing(record: Record, attempt: Attempt, view: View) -> Task | None:
    channel = view.channel(attempt)
    if channel is None:
        return Task(next_look(attempt.planned_at, view.now), Act.PERSON, attempt.seq)
    _, last = view.asked.get(attempt.seq, (0, 0.0))
    if channel.capabilities.query and (view.looked or last < attempt.capture_sent_at):
        return _query(attempt, view, channel.capabilities)
    if record.finished or attempt.seq <= record.leave_upto:
        return _leave(record, attempt, view, channel.capabilities)
    return Task(attempt.capture_sent_at + min(2.0**attempt.captures, 3600.0), Act.CAPTURE, attempt.seq)


def _captured(record: Record, attempt: Attempt, view: View) -> Task | None:
    if record.winner == attempt.seq:
        return None
    surplus = record.finished or attempt.poisoned
    return Task(view.now, Act.EXCESS if surplus else Act.WIN, attempt.seq)


def _surplus(record: Record, attempt: Attempt, view: View) -> Task | None:
    channel = view.channel(attempt)
    able = channel is not None and channel.capabilities.refund and _may_act(record, attempt, view)
    stuck = not able or attempt.refunds >= view.policy.surplus_tries
    if stuck and "needs_person" not in record.outcomes:
        return Task(view.now, Act.PERSON, attempt.seq)
    if not able:
        return Task(next_look(attempt.changed_at, view.now), Act.PERSON, attempt.seq)
    if not attempt.refunds:
        return Task(view.now, Act.REFUND, attempt.seq)
    pause = 86400.0 if stuck else min(10.0 * 2.0**attempt.refunds, 3600.0)
    return Task(attempt.refund_sent_at + pause, Act.REFUND, attempt.seq)


def _refunding(record: Record, attempt: Attempt, view: View) -> Task | None:
    channel = view.channel(attempt)
    if channel is None:
        return Task(next_look(attempt.changed_at, view.now), Act.PERSON, attempt.seq)
    again = attempt.refund_lost or not channel.capabilities.query_refund
    times, _ = view.asked.get(attempt.seq, (0, 0.0))
    if again and (times or not channel.capabilities.query_refund) and not view.looked:
        return Task(max(view.now, attempt.refund_sent_at + 1.0), Act.REFUND, attempt.seq)
    return Task(_look_at(view, attempt.seq, attempt.refund_sent_at), Act.QUERY_REFUND, attempt.seq)


def _disputed(record: Record, attempt: Attempt, view: View) -> Task | None:
    channel = view.channel(attempt)
    if channel is None or not channel.capabilities.query:
        return Task(next_look(attempt.disputed_at, view.now), Act.PERSON, attempt.seq)
    return Task(_look_at(view, attempt.seq, attempt.disputed_at, attempt.disputed_at + 0.001), Act.QUERY, attempt.seq)


def _watched(record: Record, attempt: Attempt, view: View) -> Task | None:
    """Dead is not absorbing: what may have been sent is watched past expiry, horizon and the next day's bill."""
    channel = view.channel(attempt)
    if channel is None or not attempt.ever_sent or attempt.first_sent is None or not channel.capabilities.query:
        return None
    since = max(attempt.first_sent, attempt.expires_at or 0.0)
    if view.now >= since + channel.capabilities.watch:
        return None
    if _unclosed(attempt) and _closable(record, attempt, view, channel.capabilities, attempt.first_sent):
        rested = not attempt.closes or view.now >= attempt.close_sent_at + 60.0
        if not view.looked and rested and attempt.dead_because == "not_exposed":
            soonest = attempt.first_sent + channel.capabilities.close_after
            return Task(max(view.now, soonest), Act.CLOSE, attempt.seq)
    times, _ = view.asked.get(attempt.seq, (0, 0.0))
    if view.looked or times:
        first = attempt.first_sent + (5.0 if _unclosed(attempt) else 300.0)
        later = (first, attempt.first_sent + 3600.0, since + channel.capabilities.watch)
        return next((Task(at, Act.QUERY, attempt.seq) for at in later if at > view.now), None)
    return Task(view.now, Act.QUERY, attempt.seq)


def _unclosed(attempt: Attempt) -> bool:
    return not attempt.closed and not attempt.final and attempt.closes < 5


Rule = Callable[[Record, Attempt, View], Task | None]

_RULES: dict[Status, Rule] = {
    Status.PLANNED: _planned,
    Status.SENDING: _sending,
    Status.PENDING: _open,
    Status.UNKNOWN: _open,
    Status.AUTHORISED: _authorised,
    Status.CAPTURING: _capturing,
    Status.CLOSING: _closing,
    Status.CAPTURED: _captured,
    Status.SURPLUS: _surplus,
    Status.REFUNDING: _refunding,
    Status.DISPUTED: _disputed,
    Status.MANUAL: _disputed,
    Status.DEAD: _watched,
}
