"""A Celery application on one module-level journal, with a broker made of files. argv `send N` sends N orders."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from celery import Celery
from journal_cases import new, submit

from payfallback.journal.sqlite import SqliteJournal

FOLDER = Path(os.environ["BROKER"])
JOURNAL = SqliteJournal(os.environ["JOURNAL"], allow_volatile=True)

if os.environ.get("USED_BY_MASTER"):
    submit(JOURNAL, new("master"))

app = Celery("served_celery", broker="filesystem://")
app.conf.update(
    broker_transport_options={
        "data_folder_in": str(FOLDER / "queue"),
        "data_folder_out": str(FOLDER / "queue"),
        "control_folder": str(FOLDER / "control"),
    },
    broker_connection_retry_on_startup=False,
    worker_hijack_root_logger=False,
)


@app.task(name="pay")  # type: ignore[untyped-decorator]  # celery has no types
def pay(order_id: str) -> None:
    """Commit an order, marked with the process that does; slow enough that one process does not do them all."""
    time.sleep(0.02)
    assert submit(JOURNAL, new(f"{order_id}-by-{os.getpid()}")).ok


if __name__ == "__main__":
    for number in range(int(sys.argv[2])):
        pay.delay(f"C{number}")
