"""What every journal holds a commit and a question to, whatever it stores them in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from payfallback._core.remains import LEAST_AGE
from payfallback.errors import JournalUnavailable, ProgrammingError
from payfallback.ports import Commit, Receipt
from payfallback.results import DueOrder

SORTS = ("since", "amount", "due")
INBOX_BYTES = 65_536  # of one notification, as JSON
OF_ONE = 64  # refusals that are remembered of one subject: more than any card network's limit counts
IN_ALL = 100_000  # refusals that are remembered at all


def flaw(commit: Commit) -> ProgrammingError | None:
    """Why a commit is wrong whatever the journal holds; None when it is not."""
    if commit.version is None:
        if commit.outcomes or commit.take_lease is not None:
            return ProgrammingError("evidence decides nothing: it carries no outcomes and takes no lease")
        return None
    if commit.version <= 0 and not (commit.version == 0 and commit.events):
        return ProgrammingError("an order is created by its first event, at version 0")
    if commit.take_lease and not commit.owner:
        return ProgrammingError("a lease needs an owner")
    return None


@lru_cache(4096)
def written(version: int, fence: int) -> Receipt:
    """The receipt of a commit that was written. Receipts are values, and the same few come again and again."""
    return Receipt(ok=True, version=version, fence=fence)


def unstorable(problem: Exception) -> ProgrammingError:
    """A value that no journal can hold: an infinite number, a lone surrogate in a key, a field of another type."""
    return ProgrammingError(f"this cannot be journalled: {type(problem).__name__}", hint="a value has the wrong type")


def closed() -> JournalUnavailable:
    """What every call after `close` gets."""
    return JournalUnavailable("the journal is closed")


def check_lease(owner: str, lease: float) -> None:
    """Raises `ProgrammingError` for a lease of nobody or of no time."""
    if not owner or lease <= 0:
        raise ProgrammingError("a lease needs an owner and a length")


def due_order(key: str, due: float, fence: int, now: float) -> DueOrder:
    """An order that is due, from the columns of its row and the journal's time."""
    merchant, _, order_id = key.partition("|")
    return DueOrder(order_id=order_id, merchant=merchant, due=due, overdue=now - due, fence=fence)


def check_age(before: float, now: float) -> None:
    """Raises `ProgrammingError` where stories would go that may still go on."""
    if not before <= now - LEAST_AGE:
        raise ProgrammingError(
            f"stories of less than {LEAST_AGE / 86400:.0f} days ago stay in the journal",
            hint="a provider may still change its word about them",
        )


def unheard(delivered_at: float | None, before: float) -> bool:
    """Whether the shop had not heard an outcome by then. That is the journal's own time: the times in a story are those
    of whoever wrote it, and a worker's clock may be years behind."""
    return delivered_at is None or delivered_at >= before


def checked_sort(sort: str) -> str:
    """The order of a listing. Raises `ProgrammingError` for one that no journal knows."""
    if sort not in SORTS:
        raise ProgrammingError(f"cannot sort by {sort!r}", hint=f"one of {', '.join(SORTS)}")
    return sort


def inbox_text(body: Mapping[str, Any]) -> str:
    """A notification as canonical JSON. Raises `ProgrammingError` for what is not JSON, or above 64 KiB."""
    try:
        text = json.dumps(dict(body), sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as problem:
        raise unstorable(problem) from None
    if len(text) > INBOX_BYTES:
        raise ProgrammingError("a notification above 64 KiB is not kept", hint="keep what it proves, not its body")
    return text
