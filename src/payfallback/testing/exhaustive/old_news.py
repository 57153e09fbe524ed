"""Evidence from before a close that was written down after it.

The checkers read a journal in its own order, and take such an "authorised" for money that was held again. But the
question, or the notification, had left before the close did: it speaks of what the close ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from payfallback._core.events import Event, Seen, Sending
from payfallback.testing.ledger import Ledger
from payfallback.testing.promises import check_promises
from payfallback.testing.simulator.open_ends import open_ends

_OF_DEATH = frozenset({"I3", "I4"})


def only_old_news(promise: str, facts: str, key: str, events: Sequence[Event], ledger: Ledger, now: float) -> bool:
    """Whether nothing is wrong any more once such evidence is left out."""
    fresh = tuple(_fresh(events))
    if "dead" not in facts or len(fresh) == len(events):
        return False
    if promise == "I8":
        return not any(open_ends(fresh, now, 0.0))
    if promise in _OF_DEATH:
        return not any(each.promise in _OF_DEATH for each in check_promises(ledger, {key: fresh}, settled=False))
    return False


def _fresh(events: Sequence[Event]) -> Iterator[Event]:
    closed = {each.seq: each.at for each in events if type(each) is Sending and each.what == "close"}
    asked = {(each.seq, each.request): each.at for each in events if type(each) is Sending}
    for each in events:
        if type(each) is Seen and each.verdict == "authorised":
            told = each.provider_time if each.source == "notify" else None
            since = told or each.asked_at or asked.get((each.seq, each.request), each.at)
            if since <= closed.get(each.seq, 0.0):
                continue
        yield each
