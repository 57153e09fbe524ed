"""UnionPay's daily file of one merchant (商户对账文件, the ZM file inside a zip): fixed columns of GBK text, a space
between them. Order, lengths and names of the columns: the `parseZMFile` of UnionPay's own demo, and the field table of
a merchant's integration of it. That a file covers 23:00 to 23:00 is an assumption, taken from the clearing day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import BinaryIO

from payfallback.bills import BillDays, BillLine
from payfallback.errors import BillUnavailable
from payfallback.model import Money
from payfallback.providers._bill_source import text_lines, unpacked
from payfallback.providers.codes import BEIJING

DAYS = BillDays(zone=BEIJING, starts=-3600.0, edge=3600.0)

_LENGTHS = (
    *(3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15),
    *(1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98),
)
_TIME, _AMOUNT, _QUERY_ID, _ORDER, _TYPE, _ORIGINAL, _MERCHANT = 4, 6, 9, 11, 19, 26, 27
_LEAST = sum(_LENGTHS[: _MERCHANT + 1]) + _MERCHANT  # columns after the merchant's are not needed
_PAID, _BACK = ("01",), ("04", "31", "99")  # consume; refund, void, reversal


def lines(source: BinaryIO, day: date, merchant: str) -> Iterator[BillLine]:
    """The payments and refunds of a file. Raises `BillUnavailable` at what is none."""
    with unpacked(source, "ZM_") as text:
        for row, line in text_lines(text, "gbk"):
            if line.strip():
                yield from _line(row, line.encode("gbk"), day, merchant)


def _line(row: int, raw: bytes, day: date, merchant: str) -> Iterator[BillLine]:
    if len(raw) < _LEAST:
        raise BillUnavailable(f"line {row} is too short for a ZM file", hint="give the merchant's ZM file")
    cells = _cells(raw)
    if cells[_MERCHANT] != merchant:
        raise BillUnavailable(f"line {row} is of another merchant", hint="give this account's own file")
    if not cells[_AMOUNT].isdigit():
        raise BillUnavailable(f"line {row}: the amount is none", hint="give the merchant's ZM file")
    amount, at = Money(int(cells[_AMOUNT]), "CNY"), _when(cells[_TIME], day)
    if cells[_TYPE] in _PAID:
        yield BillLine(row=row, what="paid", number=cells[_ORDER], amount=amount, provider_ref=cells[_QUERY_ID], at=at)
    elif cells[_TYPE] in _BACK:  # it has a number of its own, and names the trade by UnionPay's query id
        original = cells[_ORIGINAL]
        yield BillLine(
            row=row, what="refunded", number="", amount=amount, provider_ref=original, refund=cells[_ORDER], at=at
        )


def _cells(raw: bytes) -> list[str]:
    cells, place = [], 0
    for length in _LENGTHS[: _MERCHANT + 1]:
        cells.append(raw[place : place + length].decode("gbk", "replace").strip())
        place += length + 1
    return cells


def _when(text: str, day: date) -> float | None:
    """MMDDhhmmss, in the year that puts it nearest to the file's day."""
    near = []
    for year in (day.year - 1, day.year, day.year + 1):
        try:
            near.append(datetime.strptime(f"{year}{text}", "%Y%m%d%H%M%S").replace(tzinfo=BEIJING))
        except ValueError:
            continue
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=BEIJING)
    best = min(near, key=lambda at: abs(at - noon), default=None)
    return best.timestamp() if best is not None and abs(best - noon) < timedelta(days=40) else None
