"""A WSGI application on one module-level journal, for gunicorn: each request commits the order that its path names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from journal_cases import load, new, submit

from payfallback.journal.sqlite import SqliteJournal

JOURNAL = SqliteJournal(os.environ["JOURNAL"], allow_volatile=True)

if os.environ.get("USED_BY_MASTER"):
    submit(JOURNAL, new("master"))
    load(JOURNAL, "master")


def app(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Commit, and say which process did."""
    receipt = submit(JOURNAL, new(environ["PATH_INFO"].strip("/")))
    start_response("200 OK" if receipt.ok else "409 Conflict", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
