"""A file of JSON lines that survives what comes: a line is in it whole and synced, or not at all."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from payfallback._retention.lines import MARK
from payfallback.errors import ConfigError, JournalUnavailable

_BLOCK = 65536


class ArchiveFile:
    """An archive that is added to. One process at a time; mode 0600 when it is made.

    Raises `ConfigError` for a file of something else, or one that another process adds to. Half a line at its end, as a
    crash or a full disk leaves it, is cut off: its order was not removed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        fresh = not path.exists()
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise ConfigError(f"the archive {path} cannot be opened: {error.strerror}") from None
        try:
            self._claim()
            self._check()
            self._mend()
        except BaseException:
            os.close(self._descriptor)
            raise
        if fresh:
            sync_folder(path.parent)

    def _claim(self) -> None:
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            raise ConfigError(f"{self.path} is no file", hint="an archive must be on a disk before orders leave")
        if sys.platform == "win32":
            return
        import fcntl

        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigError(f"another process is writing to {self.path}", hint="wait for it") from None

    def _check(self) -> None:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        head = os.read(self._descriptor, len(MARK))
        if not MARK.encode().startswith(head):
            raise ConfigError(f"{self.path} is no archive of this version of payfallback", hint="name another file")

    def _mend(self) -> None:
        """Cut off what stands after the last line feed."""
        size = end = os.fstat(self._descriptor).st_size
        while end:
            start = max(0, end - _BLOCK)
            os.lseek(self._descriptor, start, os.SEEK_SET)
            feed = os.read(self._descriptor, end - start).rfind(b"\n")
            if feed >= 0:
                end = start + feed + 1
                break
            end = start
        if end < size:
            os.ftruncate(self._descriptor, end)

    def add(self, lines: Iterable[str]) -> None:
        """Write lines and sync them. Raises `JournalUnavailable` when they are not certainly there."""
        before = os.fstat(self._descriptor).st_size
        try:
            given = memoryview("".join(lines).encode())
            while given:
                given = given[os.write(self._descriptor, given) :]
            os.fsync(self._descriptor)
        except OSError as error:
            with suppress(OSError):  # else the next one to open it cuts half a line off
                os.ftruncate(self._descriptor, before)
            raise JournalUnavailable(
                f"the archive {self.path} cannot be written: {error.strerror}", hint="what is not in it was not removed"
            ) from None

    def close(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)

    def __enter__(self) -> ArchiveFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def sync_folder(folder: Path) -> None:
    """Make a new name durable."""
    if sys.platform == "win32":
        return  # it cannot open folders, and does not need it
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
