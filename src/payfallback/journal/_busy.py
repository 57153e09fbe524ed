"""Waiting for another process that holds the write lock. Nothing was written while it did, so trying again is safe."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_FIRST_WAIT = 0.001  # seconds; a group commit of another process takes one or a few milliseconds
_LONGEST_WAIT = 0.002  # short, so that four processes on one file wait tens of milliseconds at worst, not hundreds


def is_busy(problem: BaseException) -> bool:
    """Whether the lock was held by another connection: the only failure that says nothing was even begun."""
    return isinstance(problem, sqlite3.OperationalError) and problem.sqlite_errorcode & 0xFF in (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    )


def patiently(work: Callable[[], T], patience: float) -> T:
    """Do it, and again while the lock is busy, for `patience` seconds at most. Raises the last `sqlite3.Error`."""
    try:
        return work()
    except sqlite3.OperationalError as problem:
        if not is_busy(problem):
            raise
    from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

    again = Retrying(
        retry=retry_if_exception(is_busy),
        wait=wait_random_exponential(multiplier=_FIRST_WAIT, max=_LONGEST_WAIT),
        stop=stop_after_delay(patience),
        reraise=True,
    )
    return again(work)
