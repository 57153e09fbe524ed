"""I8, read from an order's events alone: what would be forgotten if nobody looked at it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from payfallback._core.events import Event
from payfallback.testing.history import Attempt, History
from payfallback.testing.simulator.shops import WATCH

_END = 1 << 62  # after every event


def open_ends(events: Sequence[Event], now: float, wrong_by: float) -> Iterator[str]:
    """Every attempt that is out, or dead and still to be watched, at `now`; `wrong_by`: seconds that clocks may err."""
    history = History("", events)
    for attempt in history.attempts.values():
        if attempt.was_out() and attempt is not history.winner:
            left = _left(attempt, now + wrong_by)
            if left and not _over(history, attempt):
                yield f"{attempt.name} {left}"


def _left(attempt: Attempt, now: float) -> str:
    if attempt.given_back(_END):
        returned = any(each.verdict == "refunded" for _, each in attempt.seen)
        return "" if returned else "is surplus that has not gone back"
    if not (attempt.dead() or _closed_hold(attempt)):
        return "is not dead on evidence"
    sent = min((each.at for _, each in attempt.charges()), default=attempt.planned.at)
    never = any(died.reason == "never_sent" for _, died in attempt.died)
    return "" if never or now >= sent + WATCH else f"was sent {now - sent:.0f} s ago and is to be watched"


def _closed_hold(attempt: Attempt) -> bool:
    """Closed, and then the notification of its hold arrived: old news. Whether money is on hold the ledger tells."""
    said = {each.verdict for _, each in attempt.seen}
    return "authorised" in said and "captured" not in said and bool(attempt.died or "closed" in said)


def _over(history: History, attempt: Attempt) -> bool:
    """Whether its own money went back, or its one request certainly never left."""
    back = any(each.verdict == "refunded" for _, each in attempt.seen)
    unsent = {each.request for _, each in attempt.seen if each.what == "charge" and each.verdict == "not_sent"}
    return back or all(each.request in unsent for _, each in attempt.charges())
