"""A shop for many rounds of trouble, with a journal of either kind, and the account of what was done to it."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from processes_town import Town

from payfallback.journal import migrate_journal
from postgres_server import PostgresServer

# The server syncs before it acknowledges. After a kill it syncs every file of its folder, one by one; on Linux one call
# does that.
DURABLE = {"recovery_init_sync_method": "syncfs"} if sys.platform == "linux" else {}


@dataclass
class Figures:
    """Rounds played, what was done in them by kind, what happened by kind, and the promises that were broken."""

    rounds: int = 0
    struck: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def add(self, other: Figures) -> None:
        """Take another shop's figures in."""
        self.rounds += other.rounds
        self.struck += other.struck
        self.counts += other.counts
        self.violations += other.violations


@contextmanager
def shop(folder: Path, kind: str) -> Iterator[tuple[Town, PostgresServer | None]]:
    """A shop with its sandbox and its journal: `sqlite`, or `postgres` on a server of its own."""
    with ExitStack() as open_until_then:
        server, url = None, ""
        if kind == "postgres":
            server = PostgresServer(DURABLE)
            open_until_then.callback(server.stop)
            url = f"{server.url}?schema=kills_{os.getpid()}"
            migrate_journal(url)
        yield open_until_then.enter_context(Town(folder, url)), server
