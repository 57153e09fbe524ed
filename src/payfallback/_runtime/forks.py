"""What a child process must not inherit: locks held at the moment of the fork, connections, calls in flight."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Renewed(Protocol):
    """Something that starts afresh in a child process."""

    def after_fork(self) -> None:
        """Called once in the child, in its only thread, before anything else of the child runs. Takes no lock."""


_RENEWED: WeakSet[Renewed] = WeakSet()


def renew_after_fork(each: Renewed) -> None:
    """Have `each.after_fork()` called in every child of this process, for as long as `each` lives."""
    _RENEWED.add(each)


def _renew() -> None:
    for each in list(_RENEWED):
        each.after_fork()


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_renew)
