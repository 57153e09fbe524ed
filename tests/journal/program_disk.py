"""A disk that fails while the journal writes: argv is the journal's path and the kind of failure. Prints JSON."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import resource
import sqlite3
import struct
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from journal_cases import add, load, new, seen, submit, won

from payfallback.errors import JournalUnavailable
from payfallback.journal.sqlite import SqliteJournal

JOURNAL = SqliteJournal(sys.argv[1], allow_volatile=True)


def acknowledged(*names: str) -> list[str]:
    """Those of these orders whose commit was acknowledged."""
    return [name for name in names if attempt(name) == "ok"]


def attempt(name: str) -> str:
    """Commit an order; "ok", or what the journal says."""
    try:
        return "ok" if submit(JOURNAL, new(name)).ok else "conflict"
    except JournalUnavailable as problem:
        return problem.message


def full() -> Any:
    """No file may grow any more (as on a full disk), and later it may again."""
    before = acknowledged(*(f"a{n}" for n in range(20)))
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))  # signal(2) SIGXFSZ: Python ignores it, writes get EFBIG
    refused = [attempt(f"b{n}") for n in range(5)]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    after = acknowledged(*(f"c{n}" for n in range(20)))
    found = all(load(JOURNAL, name).version == 1 for name in before + after)
    large = submit(JOURNAL, add(1, seen("x" * 50_000), won(), order_id="a1")).ok
    return {"before": len(before), "refused": refused, "after": len(after), "found": found, "large": large}


def unsynced() -> Any:
    """The sync of the log fails once with an I/O error (through seccomp(2)), and then the log is opened anew."""
    before = acknowledged("a1", "a2")
    (log,) = [
        int(fd.name) for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink() and str(fd.readlink())[-4:] == "-wal"
    ]
    fail_syncs_of(log)
    refused = attempt("b1")
    os.dup2(os.open(os.devnull, os.O_RDONLY), log)  # whatever is opened now gets another number, and can be synced
    after = acknowledged("c1", "c2")
    found = all(load(JOURNAL, name).version == 1 for name in before + after)
    return {"before": len(before), "refused": refused, "after": len(after), "found": found}


def robbed() -> Any:
    """While the disk fails somebody deletes an order that was acknowledged last."""
    acknowledged("a1", "a2")
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    attempt("b1")
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    with closing(sqlite3.connect(sys.argv[1], isolation_level=None)) as other:
        other.execute("DELETE FROM orders WHERE order_id = 'a2'")
    return [attempt("c1"), attempt("c2")]


SYSCALLS = {"x86_64": (317, 74, 75), "aarch64": (277, 82, 83)}  # seccomp, fsync, fdatasync


def fail_syncs_of(descriptor: int) -> None:
    """Let the kernel answer EIO to every sync of this descriptor, in all threads: seccomp(2) with TSYNC."""
    seccomp, fsync, fdatasync = SYSCALLS[platform.machine()]
    load_word, equal, answer = 0x20, 0x15, 0x06
    steps = [
        (load_word, 0, 0, 0),  # the number of the call
        (equal, 1, 0, fsync),
        (equal, 0, 3, fdatasync),
        (load_word, 0, 0, 16),  # its first argument
        (equal, 0, 1, descriptor),
        (answer, 0, 0, 0x00050000 | errno.EIO),
        (answer, 0, 0, 0x7FFF0000),
    ]
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    room = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(room)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.syscall(seccomp, 1, 1, program):
        print(json.dumps({"skipped": f"seccomp is not allowed here: {os.strerror(ctypes.get_errno())}"}))
        sys.exit(0)


print(json.dumps(globals()[sys.argv[2]]()))
