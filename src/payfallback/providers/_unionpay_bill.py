"""UnionPay's daily file of one merchant (商户对账文件): asked for (file transfer, txnType 76), its signature verified,
and the ZM file inside read: fixed columns of GBK text, a space between them.

Order, lengths and names of the columns: `parseZMFile` of UnionPay's own demo, and the field table of a merchant's
integration. Requests, addresses, the hours that a file covers and when it is made: open.unionpay.com and the demo.
"""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Generator, Iterator
from datetime import date, datetime, timedelta
from typing import BinaryIO
from urllib.parse import urlsplit

from payfallback.bills import BillDays, BillLine
from payfallback.errors import BillUnavailable, ConfigError
from payfallback.model import Money
from payfallback.ports import HttpRequest, HttpResponse
from payfallback.providers._bill_source import number_in, text_lines, unpacked
from payfallback.providers._unionpay_fields import Fields, answer_fields, code_in
from payfallback.providers._unionpay_sign import RSA, VERSION
from payfallback.providers.codes import BEIJING

DAYS = BillDays(zone=BEIJING, starts=-3600.0, edge=3600.0)  # 23:00 to 23:00
TEST_DAYS = BillDays(zone=BEIJING, starts=-37_800.0, edge=3600.0)  # of UnionPay's test system: 13:30 to 13:30
LARGEST_ANSWER = 64 * 1024 * 1024
LARGEST_FILE = 128 * 1024 * 1024

_GATEWAYS = {"gateway.95516.com": "filedownload.95516.com", "gateway.test.95516.com": "filedownload.test.95516.com"}
_ECHOED = ("merId", "txnTime", "txnType", "settleDate")
_NOT_THERE = {
    "98": "UnionPay has no file of that day: it is made at about 9 o'clock after the clearing day ends",
    "99": "UnionPay gives no file: 99, which its demo explains by a wrong certificate or a merchant without the right",
}

_LENGTHS = (
    *(3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15),
    *(1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98),
)
_TIME, _AMOUNT, _QUERY_ID, _ORDER, _TYPE, _ORIGINAL, _MERCHANT = 4, 6, 9, 11, 19, 26, 27
_LEAST = sum(_LENGTHS[: _MERCHANT + 1]) + _MERCHANT  # columns after the merchant's are not needed
_PAID, _BACK = ("01",), ("04", "31", "99")  # consume; refund, void, reversal


def address(base_url: str, given: str) -> str:
    """Where files are asked for: what the option `file_url` says, or the file server beside the gateway, which in a
    sandbox is the same. Raises `ConfigError`."""
    try:
        parts = urlsplit(given or base_url)
        scheme, host = parts.scheme, parts.hostname or ""
    except ValueError:
        scheme, host = "", ""
    if given and scheme != "https" and not (scheme == "http" and host in ("127.0.0.1", "localhost", "::1")):
        raise ConfigError("unionpay option 'file_url' is no https address", hint="https://filedownload.95516.com/")
    return f"https://{_GATEWAYS[host]}/" if host in _GATEWAYS else (given or base_url).rstrip("/") + "/"


def days(address: str) -> BillDays:
    """Which hours the files of an address cover."""
    return TEST_DAYS if ".test.95516.com" in address else DAYS


def request(merchant: str, day: date, txn_time: str) -> Fields:
    """What is asked, before signing. The day is the clearing day; the year is not said."""
    return {
        "version": VERSION,
        "encoding": "UTF-8",
        "signMethod": RSA,
        "accessType": "0",
        "bizType": "000000",
        "txnType": "76",
        "txnSubType": "01",
        "fileType": "00",
        "merId": merchant,
        "settleDate": f"{day:%m%d}",
        "txnTime": txn_time,
    }


def fetched(
    asked: Fields,
    post: Callable[[Fields], HttpRequest],
    signed: Callable[[HttpResponse], Fields | None],
) -> Generator[HttpRequest, HttpResponse, bytes]:
    """Ask for the file. `post` signs a request; `signed` reads an answer that UnionPay signed, None when nothing proves
    that it did."""
    response = yield post(asked)
    told = signed(response)
    if told is None:
        claimed = code_in(answer_fields(response.body) or {}, "respCode")
        said = ", ".join(filter(None, (f"HTTP {response.status}", claimed)))
        raise BillUnavailable(f"UnionPay's answer ({said}) is not signed", hint="try again later")
    code = code_in(told, "respCode")
    if code != "00":
        raise BillUnavailable(_NOT_THERE.get(code, f"UnionPay gives no file: {code}"), hint="try again later")
    if any(told.get(name, asked[name] if name == "settleDate" else "") != asked[name] for name in _ECHOED):
        raise BillUnavailable("UnionPay's answer is about another file", hint="try again")
    return inflated(told.get("fileContent", ""))


def inflated(text: str) -> bytes:
    """base64 of zlib of the file (demo: `deCodeFileContent`)."""
    inflating = zlib.decompressobj()
    try:
        found = inflating.decompress(b64decode(text, validate=True), LARGEST_FILE)
    except (NotBase64, ValueError, zlib.error) as broken:
        raise BillUnavailable("UnionPay's answer holds no file that can be unpacked", hint="fetch it again") from broken
    if inflating.unconsumed_tail:
        raise BillUnavailable("UnionPay's file is larger than any bill", hint="fetch it by hand")
    if not inflating.eof:
        raise BillUnavailable("UnionPay's file is cut short", hint="fetch it again")
    return found


def lines(source: BinaryIO, day: date, merchant: str) -> Iterator[BillLine]:
    """The payments and refunds of a file. Raises `BillUnavailable` at what is none."""
    with unpacked(source, "ZM_") as text:
        _check_day(str(getattr(text, "name", "")), day)
        for row, line in text_lines(text, "latin-1"):  # bytes, as in the demo: a column may cut a character in two
            if line.strip():
                yield from _line(row, line.encode("latin-1"), day, merchant)


def _check_day(name: str, day: date) -> None:
    """A file is named after its day, such as `INN15090588ZM_802310048993424` of 5 September 2015."""
    found = re.search(r"INN([0-9]{6})[0-9]{2}ZM_", name)
    if found is not None and found[1] != f"{day:%y%m%d}":
        raise BillUnavailable(f"the file {found[0]}... is of another day", hint="give the file of the day")


def _line(row: int, raw: bytes, day: date, merchant: str) -> Iterator[BillLine]:
    if len(raw) < _LEAST:
        raise BillUnavailable(f"line {row} is too short for a ZM file", hint="give the merchant's ZM file, whole")
    cells = _cells(raw)
    if cells[_MERCHANT] != merchant:
        raise BillUnavailable(f"line {row} is of another merchant", hint="give this account's own file")
    if not re.fullmatch(r"[0-9]{1,12}", cells[_AMOUNT]):
        raise BillUnavailable(f"line {row}: the amount is none", hint="give the merchant's ZM file")
    amount, at = Money(int(cells[_AMOUNT]), "CNY"), _when(cells[_TIME], day)
    number, ref = number_in(cells[_ORDER]), number_in(cells[_QUERY_ID])
    if cells[_TYPE] in _PAID:
        yield BillLine(row=row, what="paid", number=number, amount=amount, provider_ref=ref, at=at)
    elif cells[_TYPE] in _BACK:  # it has a number of its own, and names the trade by UnionPay's query id
        trade = number_in(cells[_ORIGINAL])
        yield BillLine(row=row, what="refunded", number="", amount=amount, provider_ref=trade, refund=number, at=at)


def _cells(raw: bytes) -> list[str]:
    cells, place = [], 0
    for length in _LENGTHS[: _MERCHANT + 1]:
        cells.append(raw[place : place + length].decode("gbk", "replace").strip())
        place += length + 1
    return cells


def _when(text: str, day: date) -> float | None:
    """MMDDhhmmss, in the year that puts it nearest to the file's day."""
    if not re.fullmatch(r"[0-9]{10}", text):
        return None
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=BEIJING)
    parts = [int(text[place : place + 2]) for place in range(0, 10, 2)]
    for year in (day.year, day.year - 1, day.year + 1):
        try:
            found = datetime(year, *parts, tzinfo=BEIJING)  # type: ignore[misc,arg-type]  # month, day, hour, minute, second
        except ValueError:
            continue
        if abs(found - noon) < timedelta(days=40):
            return found.timestamp()
    return None
