"""Commits as rows of parameters, and rows as values."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from payfallback.errors import PayfallbackError
from payfallback.journal._rules import written
from payfallback.journal._schema import CREATE, DECIDE, EVIDENCE, HOLD, SUMMARY
from payfallback.journal.codec import Codec, encode_outcome
from payfallback.ports import Commit, Receipt, Stored, Summary
from payfallback.results import Outcome
from payfallback.storage import Held

Row = tuple[Any, ...]

_NO_SUMMARY: Row = ("", "", "", 0, "", 0, "", "", "", "", "", 0, -1, -1, 0, 0, 0)
_NO_INDEX: Row = ("", "", "[]")
_NO_OUTCOME: Row = ("", "", 0, "", "[]")


def row_of(commit: Commit, codec: Codec) -> Row:
    """One row of the submission view, without its time. Raises TypeError, ValueError or KeyError for what no journal
    can hold."""
    version, fence, take, due, summary = commit.version, commit.fence, commit.take_lease, commit.due, commit.summary
    return (
        EVIDENCE if version is None else CREATE if not version else HOLD if summary is None else DECIDE,
        commit.key,
        version or 0,
        len(commit.events),
        -1 if fence is None else fence,
        commit.owner,
        -1 if take is None else take,
        -1 if due is None else due,
        *(_NO_SUMMARY if summary is None else _summary_row(summary() if callable(summary) else summary)),
        codec.encode(commit.events, commit.key),
        *(_index_row(commit.numbers) if commit.numbers else _NO_INDEX),
        *(_outcome_row(commit.outcomes) if commit.outcomes else _NO_OUTCOME),
    )


def _summary_row(given: Summary) -> Row:
    return (
        given.order_id,
        given.merchant,
        given.state,
        given.amount,
        given.currency,
        given.opened_at,
        given.option,
        given.account,
        given.number,
        given.provider_ref,
        given.cause,
        given.since,
        -1 if given.settled_at is None else given.settled_at,
        -1 if given.paid_at is None else given.paid_at,
        given.refunded,
        1 if given.needs_person else 0,
        1 if given.uncertain else 0,
    )


def _index_row(numbers: tuple[tuple[str, str], ...]) -> Row:
    return (*numbers[0], "[]") if len(numbers) == 1 else ("", "", json.dumps(numbers))


def _outcome_row(outcomes: tuple[Outcome, ...]) -> Row:
    rows = [(each.id, each.order_id, each.at, encode_outcome(each)) for each in outcomes]
    return (*rows[0], "[]") if len(rows) == 1 else (*_NO_OUTCOME[:-1], json.dumps(rows))


def receipt_of(commit: Commit) -> Receipt | None:
    """What a commit that is written will have become, where that is known beforehand."""
    version, fence, take = commit.version, commit.fence, commit.take_lease
    if version is None or (take and version and fence is None):
        return None
    held = (fence if version else 1) if take else fence if take is None and version else 0
    return written(version + len(commit.events), held or 0)


def stored_of(row: Row, codec: Codec, now: float) -> Stored:
    """An order, of its key, version, fence, owner, end of lease, due time and log.

    Raises `JournalUnavailable` when its events cannot be read.
    """
    key, version, fence, owner, until, due, log = row
    return Stored(
        key=key,
        events=codec.decode(log, key),
        version=version,
        fence=fence,
        owner=owner,
        lease_left=max(0.0, until - now) if owner else 0.0,
        due=due,
    )


def summary_of(row: Row) -> Summary:
    """A row of the columns `SUMMARY`."""
    fields = dict(zip(SUMMARY, row, strict=True))
    fields["needs_person"], fields["uncertain"] = bool(fields["needs_person"]), bool(fields["uncertain"])
    return Summary(**fields)


# ---------------------------------------------------------------- upkeep

RETIRED = '{"e":"archived",'  # how the log of an order begins whose story is gone


def held_of(row: Row, columns: Row, read: Callable[[Row], Stored]) -> Held:
    """An order as it stands there: what cannot be read is said, not raised."""
    key, version, due = row[0], row[1], row[5]
    try:
        stored, problem = read(row), ""
    except PayfallbackError as error:
        stored, problem = None, error.message
    except (TypeError, ValueError):  # a column that holds something else
        stored, problem = None, "its row holds values of other types"
    summary = summary_of(columns) if columns[0] is not None else None
    return Held(key=key, version=version, due=due, stored=stored, summary=summary, problem=problem)
