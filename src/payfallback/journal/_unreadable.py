"""Errors for records that this process cannot read."""

from __future__ import annotations

from payfallback.errors import JournalUnavailable


def damaged(what: str) -> JournalUnavailable:
    """For a record that nobody could read."""
    return JournalUnavailable(
        f"what the journal holds of {what!r} cannot be read", hint="restore it from a backup; nothing was changed"
    )


def newer(what: str) -> JournalUnavailable:
    """For a record that a later version wrote and this one could misread."""
    return JournalUnavailable(
        f"the journal holds {what}, which this version of payfallback does not know: a newer version wrote it",
        hint="upgrade this process",
    )
