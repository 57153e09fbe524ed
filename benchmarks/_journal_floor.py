"""What SQLite itself takes for the rows of a payment, and how near the journal comes to it.

The floor writes the very rows that the journal writes, into the same tables with the same pragmas, for the same number
of callers. It has nothing else: rows encoded beforehand, no version or lease compared, no conflicts, no receipts. One
caller writes on its own thread; several hand their rows to one thread that commits them in groups with `executemany`.

    python benchmarks/_journal_floor.py [--payments 3000] [--callers 1 16 64] [--beside-cpu]
"""

from __future__ import annotations

import argparse
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

from _measuring import Commits, Measured, measure

from payfallback._core.events import Asked, Event, Opened, Planned, Seen, Sending, Settled, Won
from payfallback.journal._database import Database
from payfallback.journal._host import this_host
from payfallback.journal._rows import Row, row_of
from payfallback.journal._schema import COLUMNS, SUMMARY
from payfallback.journal.codec import Codec
from payfallback.journal.sqlite import SqliteJournal
from payfallback.model import Money
from payfallback.ports import Commit, Summary
from payfallback.results import Outcome

ACCOUNT = "jdpay/110224535//production"
AMOUNT = Money(599900, "CNY")
NOW = 1_790_000_000.125
HAPPY_PATH = 2  # commits of a payment that is captured at once


def payment(name: str) -> tuple[Commit, Commit]:
    """The two commits of a payment: opened, planned and sent; captured, won and settled."""
    number, reference = f"{name}01", f"20261111{name}"
    opened: tuple[Event, ...] = (
        Opened(NOW, name, "", AMOUNT, NOW + 1800.0, "switch"),
        Asked(NOW, "pay", "baitiao/12", ("baitiao/6", "wechat"), "credit-first"),
        Planned(NOW, 1, number, "baitiao/12", ACCOUNT, "server", NOW + 120.0, {"txn_time": "20261111235000"}),
        Sending(NOW, 1, 1, "charge", NOW + 3.5),
    )
    paid: tuple[Event, ...] = (
        Seen(NOW, 1, "charge", "captured", 1, minor=599900, currency="CNY", provider_ref=reference),
        Won(NOW, 1),
        Settled(NOW, f"{name}-paid", "paid", 1),
    )
    fields: dict[str, Any] = {"order_id": name, "merchant": "", "amount": 599900, "currency": "CNY", "opened_at": NOW}
    fields |= {"option": "baitiao/12", "account": ACCOUNT, "number": number, "since": NOW}
    outcome = Outcome(id=f"{name}-paid", order_id=name, kind="paid", amount=AMOUNT, at=NOW, number=number)
    return (
        Commit(
            key=f"|{name}", version=0, events=opened, owner="shop-1", take_lease=10.0, due=NOW + 5.0,
            summary=Summary(state="sending", uncertain=True, **fields), numbers=((ACCOUNT, number),),
        ),
        Commit(
            key=f"|{name}", version=4, events=paid, fence=1, owner="shop-1", take_lease=0.0, outcomes=(outcome,),
            summary=Summary(state="paid", provider_ref=reference, settled_at=NOW, paid_at=NOW, **fields),
            numbers=((ACCOUNT, reference),),
        ),
    )  # fmt: skip  # one line a commit is easier to compare


# ---------------------------------------------------------------- the floor

_ORDER = f"""
INSERT INTO orders(key, version, fence, owner, lease_until, due, {", ".join(SUMMARY)}, log)
VALUES({",".join("?" * (len(SUMMARY) + 7))})
"""
_MOVE = f"""
UPDATE orders SET version = ?, fence = ?, owner = ?, lease_until = ?, due = ?, {", ".join(f"{c} = ?" for c in SUMMARY)},
log = log || ? WHERE key = ?
"""
_NUMBER = "INSERT INTO numbers VALUES(?, ?, ?)"
_OUTCOME = "INSERT INTO outcomes(id, order_key, order_id, at, body) VALUES(?, ?, ?, ?, ?)"


class Rows(NamedTuple):
    """One commit as raw rows of each table."""

    order: Row | None
    move: Row | None
    numbers: Sequence[Row]
    outcomes: Sequence[Row]


def raw(commit: Commit) -> Rows:
    """The rows that the journal's triggers make of a commit."""
    given = dict(zip(COLUMNS, row_of(commit, Codec()), strict=True))
    key, due = commit.key, commit.due
    summary = tuple(None if given[name] == -1 else given[name] for name in SUMMARY)
    numbers = [(given["index_number"], given["index_account"], key)]
    if not commit.version:
        numbers.append((given["order_id"], f"order:{key}", key))
        order = (key, given["added"], 1, given["owner"], NOW + 10.0, due, *summary, given["log"])
        return Rows(order, None, numbers, [])
    outcome = (given["outcome_id"], key, given["outcome_order"], given["outcome_at"], given["outcome_body"])
    move = (commit.version + given["added"], 1, "", 0.0, due, *summary, given["log"], key)
    return Rows(None, move, numbers, [outcome])


def _write(execute_many: Callable[[str, Sequence[Row]], Any], group: Sequence[Rows]) -> None:
    for statement, rows in (
        (_ORDER, [each.order for each in group if each.order]),
        (_MOVE, [each.move for each in group if each.move]),
        (_NUMBER, [row for each in group for row in each.numbers]),
        (_OUTCOME, [row for each in group for row in each.outcomes]),
    ):
        if rows:
            execute_many(statement, rows)


class Floor:
    """Plain `sqlite3`, on the tables of a new journal."""

    def __init__(self, path: Path) -> None:
        self._connection = Database(path, this_host()).connect()
        self._queue: SimpleQueue[tuple[Rows, threading.Lock] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def grouped(self) -> None:
        """Commit in groups, on a thread of its own."""
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        get, empty, connection = self._queue.get, self._queue.empty, self._connection
        while (item := get()) is not None:
            group = [item]
            while not empty() and (item := get()) is not None:
                group.append(item)
            connection.execute("BEGIN IMMEDIATE")
            _write(connection.executemany, [rows for rows, _ in group])
            connection.execute("COMMIT")
            for _, waiting in group:
                waiting.release()

    def caller(self) -> Commits:
        """What one caller makes its rows durable with."""
        lock = threading.Lock()
        lock.acquire()

        def commit(rows: Rows) -> None:
            self._queue.put((rows, lock))
            lock.acquire()

        return self._direct if self._thread is None else commit

    def _direct(self, rows: Rows) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        _write(self._connection.executemany, [rows])
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
        self._connection.close()


# ---------------------------------------------------------------- measuring


def floor(path: Path, callers: int, payments: int, *, grouped: bool | None = None) -> Measured:
    """The floor for so many callers. `grouped` None: on the caller's thread for one caller, in groups for several."""
    shares = [[raw(commit) for each in share for commit in each] for share in shares_of(callers, payments)]
    with closing(Floor(path)) as store:
        if callers > 1 if grouped is None else grouped:
            store.grouped()
        return measure(store.caller, shares)


def journal(path: Path, callers: int, payments: int, *, may_block: bool = False) -> Measured:
    """The journal for so many callers: encoding, comparing, committing and the receipt."""
    with closing(SqliteJournal(path)) as store:
        return measured(store, callers, payments, may_block=may_block)


def measured(store: Any, callers: int, payments: int, *, may_block: bool) -> Measured:
    """So many callers of one journal."""
    shares = [[commit for each in share for commit in each] for share in shares_of(callers, payments)]
    return measure(partial(submitter, store, may_block=may_block), shares)


def submitter(store: Any, *, may_block: bool = True) -> Commits:
    """What one caller makes its commits durable with, in a journal; `may_block` as `Payments` has it."""
    lock = threading.Lock()
    lock.acquire()
    receipts: list[Any] = []

    def done(receipt: Any) -> None:
        receipts.append(receipt)
        lock.release()

    def commit(given: Commit) -> None:
        store.submit(given, done, may_block=may_block)
        lock.acquire()
        receipt = receipts.pop()
        if not getattr(receipt, "ok", False):
            raise RuntimeError(f"not committed: {receipt!r}")

    return commit


def shares_of(callers: int, payments: int) -> Sequence[Sequence[tuple[Commit, Commit]]]:
    """The payments of each caller."""
    each = max(1, payments // callers)
    return [[payment(f"A{n}") for n in range(caller * each, (caller + 1) * each)] for caller in range(callers)]


CONTENDERS: dict[str, Callable[[Path, int, int], Measured]] = {
    "floor": floor,
    "journal": journal,
    "journal, may_block": partial(journal, may_block=True),
}


def compare(callers: int, payments: int, rounds: int) -> dict[str, Measured]:
    """The best round of each contender; they take turns, so that a busy machine troubles all of them."""
    found: dict[str, list[Measured]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        for name, contender in CONTENDERS.items():
            with tempfile.TemporaryDirectory() as folder:
                found[name].append(contender(Path(folder) / "journal.db", callers, payments))
    return {name: min(each) for name, each in found.items()}


def _spin(stop: threading.Event) -> None:
    while not stop.is_set():
        sum(range(1000))


def main() -> None:
    """Print floor, journal and their ratio for each number of callers, best of some rounds."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--payments", type=int, default=3000)
    options.add_argument("--callers", type=int, nargs="+", default=[1, 16, 64])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--beside-cpu", action="store_true", help="one thread of the process computes all the time")
    given = options.parse_args()
    stop = threading.Event()
    if given.beside_cpu:
        threading.Thread(target=_spin, args=(stop,), daemon=True).start()
    for callers in given.callers:
        found = compare(callers, given.payments, given.rounds)
        least = found["floor"].per_commit
        for name, each in found.items():
            print(
                f"{callers:3} callers  {name:18} {each.per_commit:7.1f} us a commit (waits: p50 {each.p50:6.0f}, p99 "
                f"{each.p99:6.0f})   ratio {least / each.per_commit:4.2f}   "
                f"{HAPPY_PATH * (each.per_commit - least):6.1f} us an order above the floor"
            )
    stop.set()


if __name__ == "__main__":
    main()
