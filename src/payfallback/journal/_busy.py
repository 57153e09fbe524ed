"""Waiting for another process that holds the write lock. Nothing was written while it did, so trying again is safe."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from payfallback.journal import _patience

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
    return _patience.patiently(work, patience, sqlite3.OperationalError, is_busy, (_FIRST_WAIT, _LONGEST_WAIT))
