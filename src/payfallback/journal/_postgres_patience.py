"""Trying again what is known to have written nothing, or to have been shut out, for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psycopg

from payfallback.journal import _patience
from payfallback.journal._postgres_functions import SHUT_OUT

T = TypeVar("T")

_FIRST_WAIT, _LONGEST_WAIT = 0.01, 0.5  # seconds between tries, with jitter


def patiently(work: Callable[[], T], patience: float) -> T:
    """Do it, and again while that is safe, for `patience` seconds at most. Raises the last `psycopg.Error`."""
    return _patience.patiently(work, patience, psycopg.Error, is_passing, (_FIRST_WAIT, _LONGEST_WAIT))


def is_passing(problem: BaseException) -> bool:
    """Lost connections, deadlocks, failed serializations, lock timeouts, a server that starts; not a full disk."""
    if not isinstance(problem, psycopg.Error):
        return False
    if not problem.sqlstate:
        return isinstance(problem, psycopg.OperationalError)
    return problem.sqlstate.startswith(("08", "40", "55P03", "57", SHUT_OUT))
