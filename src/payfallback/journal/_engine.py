"""Everything a SQLite journal has in one process: its file, its writer and its reader. A forked child gets its own."""

from __future__ import annotations

import os
from collections.abc import Callable

from payfallback.journal._database import Database
from payfallback.journal._reader import Reader
from payfallback.journal._writer import Writer


class Engine:
    """The parts of one process. Nothing is opened or started before its first use."""

    def __init__(self, database: Database, now: Callable[[], float], *, limit: int, patience: float) -> None:
        self.pid = os.getpid()
        self._database = database
        self._stopped = False
        self._settings = (now, limit, patience)
        self.writer = Writer(database, now, limit=limit, patience=patience)
        self.reader = Reader(database)

    def pause(self) -> None:
        """Wait for the group that is being written, let go of the file, and hold still until `resume`."""
        self.writer.gate.acquire()
        self.reader.gate.acquire()
        self.writer.release()
        self.reader.release()

    def resume(self) -> None:
        """Go on; the next use opens the file again."""
        self.reader.gate.release()
        self.writer.gate.release()

    def in_child(self) -> Engine:
        """The engine of a forked process, in place of the one it inherited."""
        inherited = self._leak()
        self._database.restart("this process was forked while its parent had the journal open" if inherited else "")
        now, limit, patience = self._settings
        made = Engine(self._database, now, limit=limit, patience=patience)
        if self._stopped:
            made.stop()
        return made

    def stop(self) -> None:
        """Finish what is under way and let go of the file for good; in a forked process, drop what is not its own."""
        if self.pid != os.getpid():
            self._leak()
            return
        self._stopped = True
        self.writer.stop()
        self.reader.stop()

    def _leak(self) -> bool:
        """Keep inherited connections from ever being closed, by the end of the interpreter too: see `_fork`."""
        inherited = [each for each in (self.writer.connection, self.reader.connection) if each is not None]
        if inherited:
            import ctypes  # only in this rare case, and not quick to load

            for connection in inherited:
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
        return bool(inherited)
