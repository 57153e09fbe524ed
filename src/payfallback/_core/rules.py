"""What is to be done about one attempt, by its status. Pure: a function of the record, the attempt and the view."""

from __future__ import annotations

from collections.abc import Callable

from payfallback._core.order import Attempt, Record
from payfallback._core.state import Status
from payfallback._core.view import GRACE, LONGEST_WATCH, MOST_CLOSES, PATIENCE, PERSON_AFTER, Act, Task, View, next_look
from payfallback.policy import Capabilities, Channel


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
        by_itself = not attempt.handed_over and (attempt.starts == "server" or not attempt.adopted)
        lives = (capabilities.lives or PATIENCE) + capabilities.close_after
        return by_itself and age >= max(PATIENCE, lives)
    if not (attempt.status is Status.UNKNOWN or _unconfirmed(attempt, capabilities)) or not capabilities.leaves:
        return False
    asked = not capabilities.query or view.asked.get(attempt.seq, (0, 0.0))[0] > 0
    return asked and view.fallback()


def _unconfirmed(attempt: Attempt, capabilities: Capabilities) -> bool:
    """Whether the second of two steps fell silent, and what was made still waits at the provider: for a confirmation
    that never arrived, or for a shopper who was shown nothing."""
    waits = capabilities.creates and attempt.status is Status.PENDING
    return waits and not attempt.taken and not attempt.handed_over


def look_at(view: View, seq: int, since: float, soonest: float = 0.0, every: float = 2.0) -> float:
    """When to ask: a waiting shopper makes us ask at the channel's pace, recovery follows its schedule."""
    times, last = view.asked.get(seq, (0, 0.0))
    if view.looked or (times and not view.live):
        return max(soonest, next_look(since, view.now))
    if times:
        return max(soonest, last + every * min(1.5 ** (times - 1), 5.0))
    return max(soonest, view.now)


def _query(record: Record, attempt: Attempt, view: View, capabilities: Capabilities) -> Task:
    since = attempt.first_sent or attempt.planned_at
    soonest = since + capabilities.query_after if not attempt.handed_over else 0.0
    at = look_at(view, attempt.seq, since, soonest, max(capabilities.query_every, 0.05))
    if not view.live:  # nobody waits for the hourly look when the order's or the charge's own time ends before
        ends = (record.pay_by, (attempt.expires_at or 0.0) + 1.0)
        at = max(soonest, min([at, *(end for end in ends if end > view.now)]))
    return Task(at, Act.QUERY, attempt.seq)


def _planned(record: Record, attempt: Attempt, view: View) -> Task | None:
    return None if view.live else Task(view.now, Act.NEVER_SENT, attempt.seq)


def _sending(record: Record, attempt: Attempt, view: View) -> Task | None:
    return Task(attempt.sending_until + GRACE, Act.CRASHED, attempt.seq)


def _open(record: Record, attempt: Attempt, view: View) -> Task | None:
    """PENDING and UNKNOWN: hand over, ask, send again, close; or dead on our own evidence."""
    channel = view.channel(attempt)
    want = leaving(record, attempt, view)
    shows = attempt.status is Status.PENDING and attempt.action is not None and not attempt.handed_over
    if shows and not want and view.live:
        return Task(view.now, Act.HAND_OVER, attempt.seq)
    unexposed = attempt.starts == "shopper" and not attempt.handed_over
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
        return _query(record, attempt, view, channel.capabilities)
    return Task(next_look(attempt.first_sent or attempt.planned_at, view.now), Act.PERSON, attempt.seq)


def _proven_absent(attempt: Attempt, capabilities: Capabilities) -> bool:
    """Not found at least twice, spaced, by a provider whose own clock is past the absolute expiry and the horizon."""
    if attempt.expires_at is None or not capabilities.expiry or capabilities.not_found_after is None:
        return False
    return attempt.not_found_past >= 2 and attempt.provider_time > attempt.expires_at + capabilities.not_found_after


def _resend_at(record: Record, attempt: Attempt, view: View, channel: Channel) -> float | None:
    """When the same request may be sent again under the same number; None: not. It is a charge, never a question. What
    other code sent is not known well enough to be the same."""
    young = None if attempt.adopted else channel.capabilities.resend
    if not view.live or not view.retries or young is None or attempt.status is not Status.UNKNOWN:
        return None
    if attempt.sends >= channel.retry.attempts or attempt.first_sent is None or attempt.handed_over:
        return None
    if record.finished or attempt.seq <= record.leave_upto:
        return None
    if attempt.expires_at is not None and view.now >= attempt.expires_at:
        return None
    if not (attempt.resendable or (attempt.not_found and not attempt.refusal)):
        return None
    at = max(view.now, attempt.answered_at + max(attempt.retry_after or 0.0, view.pause(attempt, channel)))
    last = min(attempt.first_sent + young, record.pay_by, view.until - channel.capabilities.min_time)
    return at if at < last else None


def _leave(record: Record, attempt: Attempt, view: View, capabilities: Capabilities) -> Task:
    since = attempt.first_sent or attempt.planned_at
    times, last = view.asked.get(attempt.seq, (0, 0.0))
    unasked = times == 0 or last < attempt.close_sent_at <= view.now  # a time ahead of our clock is no reason
    if capabilities.query and unasked and not view.looked:
        soonest = 0.0 if attempt.closes or attempt.handed_over else since + capabilities.query_after
        return Task(max(view.now, min(soonest, since + capabilities.close_after)), Act.QUERY, attempt.seq)
    if _closable(record, attempt, view, capabilities, since):
        return Task(_close_at(attempt, view, capabilities, since), Act.CLOSE, attempt.seq)
    if capabilities.query:
        return _query(record, attempt, view, capabilities)
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
    times, last = view.asked.get(attempt.seq, (0, 0.0))
    unasked = times == 0 or last < attempt.capture_sent_at <= view.now
    if channel.capabilities.query and (view.looked or unasked):
        return _query(record, attempt, view, channel.capabilities)
    if record.finished or attempt.seq <= record.leave_upto or view.now >= record.pay_by:
        return _leave(record, attempt, view, channel.capabilities)
    return Task(attempt.capture_sent_at + min(2.0**attempt.captures, 3600.0), Act.CAPTURE, attempt.seq)


def captured(record: Record, attempt: Attempt, now: float) -> Task | None:
    """Of an attempt that was paid: it pays the order, or it is surplus."""
    if record.winner == attempt.seq:
        return None
    surplus = record.finished or attempt.poisoned or attempt.overdue
    return Task(now, Act.EXCESS if surplus else Act.WIN, attempt.seq)


def _captured(record: Record, attempt: Attempt, view: View) -> Task | None:
    return captured(record, attempt, view.now)


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
    if view.now - attempt.changed_at >= PERSON_AFTER and "needs_person" not in record.outcomes:
        return Task(view.now, Act.PERSON, attempt.seq)
    if channel is None:
        return Task(next_look(attempt.changed_at, view.now), Act.PERSON, attempt.seq)
    again = attempt.refund_lost or not channel.capabilities.query_refund
    times, _ = view.asked.get(attempt.seq, (0, 0.0))
    if again and (times or not channel.capabilities.query_refund) and not view.looked:
        return Task(max(view.now, attempt.refund_sent_at + 1.0), Act.REFUND, attempt.seq)
    return Task(look_at(view, attempt.seq, attempt.changed_at), Act.QUERY_REFUND, attempt.seq)


def _refunded(record: Record, attempt: Attempt, view: View) -> Task | None:
    """Done, unless the provider called the refund failed as well: the money came back to us (Stripe's `refund.failed`,
    up to 30 days later), and nobody but a person can give it back then."""
    doubted = attempt.refund_in_doubt and "needs_person" not in record.outcomes
    return Task(view.now, Act.PERSON, attempt.seq) if doubted else None


def _disputed(record: Record, attempt: Attempt, view: View) -> Task | None:
    channel = view.channel(attempt)
    if channel is None or not channel.capabilities.query:
        return Task(next_look(attempt.disputed_at, view.now), Act.PERSON, attempt.seq)
    return Task(look_at(view, attempt.seq, attempt.disputed_at, attempt.disputed_at + 0.001), Act.QUERY, attempt.seq)


def _watched(record: Record, attempt: Attempt, view: View) -> Task | None:
    """Dead is not absorbing: what may have been sent is watched past expiry, horizon and the next day's bill.

    By recovery: no waiting shopper's run concerns itself with it.
    """
    if view.live:
        return None
    channel = view.channel(attempt)
    if not attempt.ever_sent or attempt.first_sent is None:
        return None
    if channel is None:  # this process cannot ask, and must not make the others forget
        at = next_look(attempt.first_sent, view.now)
        return Task(at, Act.PERSON, attempt.seq) if at <= attempt.first_sent + LONGEST_WATCH else None
    if not channel.capabilities.query:
        return None
    since = max(attempt.first_sent, attempt.expires_at or 0.0)
    times, _ = view.asked.get(attempt.seq, (0, 0.0))
    over = view.now >= since + channel.capabilities.watch
    if over and (view.looked or times):  # the last look is made when its time has come, not left out
        return None
    if not over and _unclosed(attempt) and _closable(record, attempt, view, channel.capabilities, attempt.first_sent):
        rested = not attempt.closes or view.now >= attempt.close_sent_at + 60.0
        if not view.looked and rested and attempt.dead_because == "not_exposed":
            soonest = attempt.first_sent + channel.capabilities.close_after
            return Task(max(view.now, soonest), Act.CLOSE, attempt.seq)
    if view.looked or times:
        first = attempt.first_sent + (5.0 if _unclosed(attempt) else 300.0)
        later = (first, attempt.first_sent + 3600.0, since + channel.capabilities.watch)
        return next((Task(at, Act.QUERY, attempt.seq) for at in later if at > view.now), None)
    return Task(view.now, Act.QUERY, attempt.seq)


def _unclosed(attempt: Attempt) -> bool:
    return not attempt.closed and not attempt.final and attempt.closes < 5


Rule = Callable[[Record, Attempt, View], Task | None]

RULES: dict[Status, Rule] = {
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
    Status.REFUNDED: _refunded,
    Status.DISPUTED: _disputed,
    Status.MANUAL: _disputed,
    Status.DEAD: _watched,
}
