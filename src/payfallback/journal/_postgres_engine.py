"""Everything a PostgreSQL journal has in one process: its writer and its readers. A forked child gets its own."""

from __future__ import annotations

import os

from payfallback.journal._postgres_reader import Lane, Reader
from payfallback.journal._postgres_server import Server
from payfallback.journal._postgres_writer import Writer


class Engine:
    """The parts of one process. Nothing is connected or started before its first use."""

    def __init__(self, server: Server, *, limit: int, patience: float) -> None:
        self.pid = os.getpid()
        self._server, self._limit, self._patience = server, limit, patience
        self._stopped = False
        self._held: tuple[Lane, ...] = ()
        self.writer = Writer(server, limit=limit, patience=patience)
        self.reader = Reader(server, limit=limit, patience=patience)

    def pause(self) -> None:
        """Wait for what is under way, let go of the connections, and hold still until `resume`: a child that inherits a
        connection would keep it open at the server for as long as it lives."""
        self.writer.gate.acquire()
        self.writer.release()
        self._held = tuple(self.reader.lanes)
        for lane in self._held:
            lane.gate.acquire()
            lane.release()

    def resume(self) -> None:
        """Go on; the next use connects again."""
        for lane in self._held:
            lane.gate.release()
        self.writer.gate.release()

    def in_child(self) -> Engine:
        """The engine of a forked process, in place of the one it inherited."""
        self._leak()
        made = Engine(self._server, limit=self._limit, patience=self._patience)
        if self._stopped:
            made.stop()
        return made

    def stop(self) -> None:
        """Finish what is under way and let go for good; in a forked process, drop what is not its own."""
        if self.pid != os.getpid():
            self._leak()
            return
        self._stopped = True
        self.writer.stop()
        self.reader.stop()

    def _leak(self) -> None:
        """Keep inherited connections from ever being closed here: closing says goodbye in the parent's name."""
        sessions = (self.writer.session, *(lane.session for lane in self.reader.lanes))
        inherited = [each.inherited() for each in sessions if each is not None]
        if inherited:
            import ctypes  # only in this rare case, and not quick to load

            for connection in inherited:
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
