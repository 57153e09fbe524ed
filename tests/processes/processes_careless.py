"""A crew with a planted bug: its payers charge first and write it down a moment later. For the test of the verdict."""

from __future__ import annotations

import sys
import threading
import time
from queue import SimpleQueue
from typing import Any

import processes_crew
from processes_town import TownClock, open_payments

import payfallback as pf
from payfallback.journal import open_journal
from payfallback.ports import Commit, Done, Receipt

LATE = 0.05  # seconds


class Careless:
    """A journal that calls an order's first commit, the intent to charge, durable before it is."""

    def __init__(self, url: str, clock: TownClock) -> None:
        self._journal = open_journal(url, clock=clock)
        self._waiting: SimpleQueue[tuple[Commit, Done]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def submit(self, commit: Commit, done: Done) -> None:
        """Tell at once what should be true later; what follows it waits its turn."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, daemon=True)
            self._thread.start()
        if commit.version == 0:
            done(Receipt(ok=True, version=len(commit.events), fence=1))
            self._waiting.put((commit, lambda receipt: None))
        else:
            self._waiting.put((commit, done))

    def _write(self) -> None:
        while True:
            commit, done = self._waiting.get()
            time.sleep(LATE if commit.version == 0 else 0.0)
            self._journal.submit(commit, done)


def open_careless(config: str, clock: TownClock) -> pf.Payments:
    """As the honest crew opens its client, with the journal of that configuration in a careless hand."""
    honest = open_payments(config, clock)
    url = f"sqlite:///{honest.journal.path}?allow_volatile=yes"  # type: ignore[attr-defined]  # SQLite's journal has a path
    honest.close()
    return pf.Payments.from_config(
        config, clock=clock, journal=Careless(url, clock), observer=lambda event, **fields: None
    )


if __name__ == "__main__":
    vars(processes_crew).update(open_payments=open_careless)
    sys.exit(processes_crew.main(*sys.argv[1:]))
