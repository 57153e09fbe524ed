"""Reads of a PostgreSQL journal: on threads and connections of their own, so that no caller waits for the network."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

import psycopg

from payfallback.errors import JournalUnavailable, PayfallbackError
from payfallback.journal._postgres_patience import patiently
from payfallback.journal._postgres_server import Server, said
from payfallback.journal._postgres_session import Session
from payfallback.journal._rules import closed, unstorable
from payfallback.ports import Done

THREADS = 2


class _Read:
    __slots__ = ("done", "work")

    def __init__(self, work: Callable[[Session], Any], done: Done) -> None:
        self.work, self.done = work, done


class Reader:
    """A few threads, each with a connection; they start when there is something to read."""

    def __init__(self, server: Server, *, limit: int, patience: float) -> None:
        self._server, self._limit, self._patience = server, limit, patience
        self._queue: SimpleQueue[_Read | None] = SimpleQueue()
        self._starting = threading.Lock()
        self._closed = threading.Event()
        self.lanes: list[Lane] = []

    def read(self, work: Callable[[Session], Any], done: Done) -> None:
        """`done` gets what `work` reads, or a `PayfallbackError`."""
        if self._closed.is_set():
            done(closed())
        elif self._queue.qsize() >= self._limit:
            done(JournalUnavailable(f"{self._limit} reads are waiting for the journal already"))
        else:
            self._queue.put(_Read(work, done))
            if len(self.lanes) < THREADS and (not self.lanes or self._queue.qsize() > 1):
                self._start()
            if self._closed.is_set():  # since the first look
                self._refuse_waiting()

    def _start(self) -> None:
        with self._starting:
            if self._closed.is_set() or len(self.lanes) >= THREADS:
                return
            lane = Lane(self._server, self._queue, self._patience)
            try:
                lane.thread.start()
            except RuntimeError:  # the interpreter is ending, or the system has no thread left
                if not self.lanes:
                    self._refuse_waiting()
            else:
                self.lanes.append(lane)

    def stop(self) -> None:
        """Finish what waits, end the threads and let go of the connections."""
        with self._starting:
            self._closed.set()
            lanes = tuple(self.lanes)
        for _ in lanes:
            self._queue.put(None)
        for lane in lanes:
            if lane.thread is not threading.current_thread():
                lane.thread.join()
        self._refuse_waiting()

    def _refuse_waiting(self) -> None:
        with suppress(Empty):
            while True:
                waiting = self._queue.get_nowait()
                if waiting is not None:
                    waiting.done(closed())


class Lane:
    """One thread and its connection."""

    def __init__(self, server: Server, queue: SimpleQueue[_Read | None], patience: float) -> None:
        self._server, self._queue, self._patience = server, queue, patience
        self.gate = threading.RLock()  # held while something is read; whoever holds it may close the connection
        self.session: Session | None = None
        self._era = 0
        self.thread = threading.Thread(target=self._run, name="payfallback-journal-read", daemon=True)

    def _run(self) -> None:
        try:
            while (waiting := self._queue.get()) is not None:
                with self.gate:
                    result = self._read(waiting.work)
                with suppress(RuntimeError):  # the caller's event loop is closed: nobody waits there any more
                    waiting.done(result)
        finally:
            self.release()

    def _read(self, work: Callable[[Session], Any]) -> Any:
        try:
            return patiently(lambda: self._attempt(work), self._patience)
        except PayfallbackError as problem:
            return problem
        except UnicodeEncodeError as problem:
            return unstorable(problem)
        except psycopg.Error as problem:
            return JournalUnavailable(f"the journal cannot be read: {said(problem)}")

    def _attempt(self, work: Callable[[Session], Any]) -> Any:
        try:
            if self._era != self._server.era:  # the writer connected anew: what it writes must be found here
                self.release()
            if self.session is None:
                self._era, self.session = self._server.era, self._server.connect()
            return work(self.session)
        except psycopg.Error:
            self.release()
            raise

    def release(self) -> None:
        """Let go of the connection; the next read opens another."""
        with self.gate:
            session, self.session = self.session, None
            if session is not None:
                session.close()
