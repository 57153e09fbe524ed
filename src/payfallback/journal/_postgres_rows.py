"""Commits as JSON objects for `journal_write`, and rows as values."""

from __future__ import annotations

import json
from typing import Any

from payfallback.journal._rules import unstorable, written
from payfallback.journal._schema import CREATE, DECIDE, EVIDENCE, HOLD, SUMMARY
from payfallback.journal.codec import Codec, encode_outcome
from payfallback.ports import Commit, Receipt, Stored

Row = tuple[Any, ...]

_BIGGEST = 2**63 - 1  # of a bigint
_NUL, _ITS_PICTURE = "\x00", "\N{SYMBOL FOR NULL}"  # PostgreSQL's text holds every character but one


def row_of(commit: Commit, codec: Codec) -> str:
    """One commit. Raises TypeError, ValueError or KeyError for what no journal can hold."""
    version, summary = commit.version, commit.summary
    row: dict[str, Any] = {
        "kind": EVIDENCE if version is None else CREATE if not version else HOLD if summary is None else DECIDE,
        "key": commit.key,
        "expected": version or 0,
        "added": len(commit.events),
        "fence": commit.fence,
        "owner": commit.owner,
        "take": commit.take_lease,
        "due": commit.due,
        "log": codec.encode(commit.events, commit.key),
    }
    if summary is not None and version is not None:
        columns = summary() if callable(summary) else summary
        row.update({name: getattr(columns, name) for name in SUMMARY})
    if commit.numbers:
        row["numbers"] = commit.numbers
    if commit.outcomes:
        row["outcomes"] = [(each.id, each.order_id, each.at, encode_outcome(each)) for each in commit.outcomes]
    return _checked(row)


def _checked(row: dict[str, Any]) -> str:
    if any(type(each) is int and abs(each) > _BIGGEST for each in row.values()):
        raise ValueError("a number above 63 bits")
    text = json.dumps(row, allow_nan=False)
    if r"\u0000" in text:
        text = json.dumps(_pictured(row))
    if r"\ud" in text:  # most of these are halves of pairs, as in an emoji; a half alone is no text
        _texts(row).encode()
    return text


def _texts(row: dict[str, Any]) -> str:
    return json.dumps([row[name] for name in row if name != "log"], ensure_ascii=False)  # the log is ASCII


def _pictured(given: Any) -> Any:
    if isinstance(given, str):
        return clean(given)
    if isinstance(given, dict):
        return {name: _pictured(each) for name, each in given.items()}
    return [_pictured(each) for each in given] if isinstance(given, list | tuple) else given


def clean(text: str) -> str:
    """A text as PostgreSQL holds it: a provider's reference with a NUL in it is evidence all the same."""
    return text.replace(_NUL, _ITS_PICTURE)


def checked_text(text: str) -> str:
    """The same, of a question. Raises `ProgrammingError` for half a surrogate pair, which is no text."""
    try:
        text.encode()
    except UnicodeEncodeError as problem:
        raise unstorable(problem) from None
    return clean(text)


def receipt_of(answer: str) -> Receipt:
    """What `journal_write` answers: the version and the fence, or why not."""
    version, space, fence = answer.partition(" ")
    return written(int(version), int(fence)) if space else Receipt(ok=False, conflict=version)


def stored_of(row: Row, codec: Codec) -> Stored:
    """An order, of its key, version, fence, owner, end of lease, due time, log and the database's time.

    Raises `JournalUnavailable` when its events cannot be read.
    """
    key, version, fence, owner, until, due, log, now = row
    return Stored(
        key=key,
        events=codec.decode(log, key),
        version=version,
        fence=fence,
        owner=owner,
        lease_left=max(0.0, until - now) if owner else 0.0,
        due=due,
    )
