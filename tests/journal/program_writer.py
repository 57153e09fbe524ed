"""One of several processes on one journal: argv is the path, or a PostgreSQL address, a label, and how many orders.

Each order gets two commits of its own, and one event in the order `shared`, for which all processes compete.
"""

from __future__ import annotations

import json
import sys

from journal_cases import add, load, new, seen, submit, won

from payfallback.journal import open_journal
from payfallback.journal.sqlite import SqliteJournal
from payfallback.ports import Journal


def main(path: str, label: str, orders: int) -> None:
    """Write, and print how often the competition was lost before it was won."""
    is_url = path.startswith("postgresql:")
    journal: Journal = open_journal(path) if is_url else SqliteJournal(path, allow_volatile=True, patience=20)
    submit(journal, new("shared"))
    lost = 0
    for n in range(orders):
        name = f"{label}-{n}"
        assert submit(journal, new(name)).ok
        assert submit(journal, add(1, won(), order_id=name)).ok
        while not submit(journal, add(load(journal, "shared").version, seen(name), order_id="shared")).ok:
            lost += 1
    journal.close()
    print(json.dumps({"lost": lost}))


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
