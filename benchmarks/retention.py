"""What retention costs and frees: orders a second that are verified, exported and purged, and bytes an order.

    python benchmarks/retention.py [--orders N] [--json]

Two SQLite journals, one of orders that were paid at the first try, one of eventful ones: a QR code was shown, asked
about eight times and left, and another channel paid. Bytes are those of the file after VACUUM, so that what SQLite
keeps free inside its pages does not count.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from payfallback._core import events as e
from payfallback._core.fold import fold
from payfallback._core.order import key_of
from payfallback._retention.books import Books
from payfallback._retention.going import let_go, outcomes_of
from payfallback._retention.lines import line_of
from payfallback._retention.verify import verify
from payfallback._runtime.commits import outcome_of, summary_of
from payfallback._runtime.sync import Slot
from payfallback.journal.sqlite import SqliteJournal
from payfallback.model import Money, Qr
from payfallback.ports import Commit

DAY = 86400.0
PRICE = Money(590_00, "CNY")
JD, WECHAT = "jdpay/110227/app/production", "wechatpay/1900/wx1/production"
Event = e.Event


def paid_at_once(order_id: str, at: float) -> Iterator[Event]:
    """Seven events."""
    yield e.Opened(at, order_id, "", PRICE, at + 1800.0, "switch")
    yield e.Asked(at, "pay", "baitiao/12", (), "default")
    yield from _paid(order_id, at, 1, "baitiao/12", JD)


def paid_in_the_end(order_id: str, at: float) -> Iterator[Event]:
    """A code was shown and left."""
    yield e.Opened(at, order_id, "", PRICE, at + 1800.0, "switch", "0123456789abcdef0123456789abcdef")
    yield e.Asked(at, "pay", "baitiao/12", ("wechat",), "default")
    yield e.Planned(at, 1, f"{order_id}01", "baitiao/12", JD, "shopper", at + 120.0)
    yield e.Sending(at, 1, 1, "charge", at + 3.0)
    action = Qr("https://qr.example/pay?sign=" + "0123456789abcdef" * 12)
    yield e.Seen(at + 0.3, 1, "charge", "pending", 1, provider_ref=f"J{order_id}", provider_time=at, action=action)
    yield e.HandedOver(at + 0.3, 1)
    for n in range(8):
        yield e.Seen(at + 5.0 * n, 1, "query", "pending", asked_at=at + 5.0 * n, provider_time=at, code="WAITING")
    yield e.Asked(at + 50.0, "switch", "wechat")
    yield e.Sending(at + 50.0, 1, 2, "close", at + 53.0)
    yield e.Seen(at + 50.2, 1, "close", "closed", 2, named=True)
    yield from _paid(order_id, at + 51.0, 2, "wechat", WECHAT)


def _paid(order_id: str, at: float, seq: int, option: str, account: str) -> Iterator[Event]:
    number = f"{order_id}{seq:02}"
    yield e.Planned(at, seq, number, option, account, "server", None, {"payfallback.body": "0123456789abcdef"})
    yield e.Sending(at, seq, 1, "charge", at + 3.0)
    yield e.Seen(
        at + 0.3,
        seq,
        "charge",
        "captured",
        1,
        minor=PRICE.minor,
        currency=PRICE.currency,
        provider_ref=f"P{number}",
        provider_time=at,
        paid_at=at,
    )
    yield e.Won(at + 0.3, seq)
    yield e.Settled(at + 0.3, f"{order_id}:paid", "paid", seq)


def _ask(submit: Callable[..., None], *given: Any, **named: Any) -> Any:
    slot = Slot()
    submit(*given, slot, **named)
    reply = slot.wait()
    if isinstance(reply, BaseException):
        raise reply
    return reply


def _fill(journal: SqliteJournal, made: Callable[[str, float], Iterator[Event]], orders: int) -> None:
    at, waiting = time.time() - 500 * DAY, []
    for number in range(orders):
        events = tuple(made(f"A{number:08}", at + number))
        record = fold(events)
        told = tuple(outcome_of(record, each) for each in events if type(each) is e.Settled)
        key = key_of("", record.order_id)
        numbers = tuple((each.account, each.number) for each in record.attempts)
        numbers += tuple((f"ref:{key}", each.provider_ref) for each in record.attempts)
        waiting += [Slot(), Slot()]
        journal.submit(
            Commit(key=key, version=0, events=events, summary=summary_of(record), outcomes=told, numbers=numbers),
            waiting[-2],
        )
        journal.delivered(told[0].id, waiting[-1])
        if len(waiting) > 2000:
            _wait(waiting)
    _wait(waiting)


def _heard_long_ago(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE outcomes SET delivered_at = at")


def _wait(waiting: list[Slot]) -> None:
    while waiting:
        reply = waiting.pop().wait()
        assert not isinstance(reply, BaseException), reply


def _bytes(path: Path) -> int:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("VACUUM")
        ((pages, size),) = connection.execute("SELECT * FROM pragma_page_count(), pragma_page_size()")
    return int(pages) * int(size)


def measure(made: Callable[[str, float], Iterator[Event]], orders: int, folder: Path) -> dict[str, float]:
    """One journal's figures."""
    path = folder / f"{made.__name__}.db"
    with closing(SqliteJournal(path, allow_volatile=True)) as journal:
        _fill(journal, made, orders)
    _heard_long_ago(path)
    before = _bytes(path)
    figures = {"orders": float(orders), "bytes_before": before / orders}
    with closing(SqliteJournal(path, allow_volatile=True)) as journal:
        books = Books(journal, _ask)
        figures["verified_a_second"] = orders / _seconds(lambda: _none(verify(books)))
        figures["exported_a_second"] = orders / _seconds(lambda: _export(books))
        figures["purged_a_second"] = orders / _seconds(lambda: let_go(books, time.time() - 400 * DAY, time.time()))
    figures["bytes_after"] = _bytes(path) / orders
    return {name: round(figure) for name, figure in figures.items()}


def _none(found: Iterator[object]) -> None:
    assert list(found) == []


def _export(books: Books) -> None:
    for page in books.pages():
        told = books.told([each for held in page for each in outcomes_of(held)])
        for held in page:
            line_of(held, told)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = {made.__name__: measure(made, given.orders, Path(folder)) for made in (paid_at_once, paid_in_the_end)}
    if given.json:
        print(json.dumps(found))
        return
    for name, figures in found.items():
        print(name.replace("_", " "))
        for what, figure in figures.items():
            print(f"  {what.replace('_', ' '):<18} {figure:>10,}")


if __name__ == "__main__":
    main()
