"""What the command line exits with."""

from __future__ import annotations

from payfallback.errors import JournalUnavailable, PayfallbackError

FINE = 0
BROKEN = 1  # a promise is broken: money taken twice or not known, or an outcome that the shop could not be told
WRONG = 2  # wrong usage or configuration
UNREACHABLE = 3  # the journal cannot be read or written
PERSON = 4  # something needs a person
INTERRUPTED = 130  # Ctrl-C, as shells count it


def code_of(error: PayfallbackError) -> int:
    """The exit code of an error."""
    return UNREACHABLE if isinstance(error, JournalUnavailable) else WRONG
