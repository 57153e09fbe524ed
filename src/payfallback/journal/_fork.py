"""Journals across a fork.

SQLite keeps which locks its process holds in memory that a fork copies, while the locks themselves stay with the
parent. A child that opens a file which its parent had open at the fork therefore believes in locks it does not have:
when the parent then closes the file, the write-ahead log is deleted under the child, and what the child was told is
durable is gone. (SQLite, "How To Corrupt An SQLite Database File", 2.6, asks not to carry connections over a fork.)

So before a fork every journal of the process finishes the group it is writing and lets go of its file; parent and child
open it again with their next use. A child forked behind Python's back (the C function, without these hooks) with the
file open cannot be saved: it drops what it inherited, never closes it, and refuses to work.
"""

from __future__ import annotations

import os
import threading
from typing import Generic, Protocol, Self, TypeVar
from weakref import WeakSet, finalize


class Forkable(Protocol):
    """What wants to know of a fork. `pause` and `resume` are called in the parent, `restart` in the child."""

    def pause(self) -> None:
        """Let go of every file and hold still until `resume`."""

    def resume(self) -> None:
        """Go on."""

    def restart(self) -> None:
        """Begin anew: no thread and no lock of the parent's exists here."""


class _Registry:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.members: WeakSet[Forkable] = WeakSet()
        self.paused: list[Forkable] = []

    def before(self) -> None:
        self.lock.acquire()
        self.paused = list(self.members)
        for member in self.paused:
            member.pause()

    def after_in_parent(self) -> None:
        for member in self.paused:
            member.resume()
        self.paused = []
        self.lock.release()

    def after_in_child(self) -> None:
        self.lock = threading.RLock()
        members, self.paused = list(self.members), []
        for member in members:
            member.restart()


_registry = _Registry()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_registry.before,
        after_in_parent=_registry.after_in_parent,
        after_in_child=_registry.after_in_child,
    )


def register(member: Forkable) -> None:
    """Tell this one of every fork, for as long as it lives."""
    with _registry.lock:
        _registry.members.add(member)


class ForkableEngine(Protocol):
    """The parts of a journal in one process: its writer, its readers, its file or connections."""

    pid: int

    def pause(self) -> None:
        """Let go of every file and hold still until `resume`."""

    def resume(self) -> None:
        """Go on."""

    def in_child(self) -> Self:
        """The engine of a forked process, in place of the one it inherited."""

    def stop(self) -> None:
        """Finish what is under way and let go for good."""


E = TypeVar("E", bound=ForkableEngine)


class OneEngineAProcess(Generic[E]):
    """A journal that works in the process that made it and in every child of that: each has an engine of its own."""

    _engine: E

    def _begin(self, engine: E) -> None:
        """The engine of the process that makes the journal."""
        self._take(engine)
        register(self)

    def _take(self, engine: E) -> None:
        self._engine = engine
        self._finalizer = finalize(self, engine.stop)

    def _live(self) -> E:
        """This process's engine; it was not this one's if a fork went past the hooks of this module."""
        if self._engine.pid != os.getpid():
            self.restart()
        return self._engine

    def pause(self) -> None:
        """Before a fork: let go of the file or the connections, and hold still until `resume`."""
        self._engine.pause()

    def resume(self) -> None:
        """After a fork, in the parent: go on."""
        self._engine.resume()

    def restart(self) -> None:
        """After a fork, in the child: drop what was inherited, and begin with the next use."""
        self._finalizer.detach()
        self._take(self._engine.in_child())
