"""Alipay's daily bill of trades: its address asked for (v3 `alipay.data.dataservice.bill.downloadurl.query`), fetched,
and the details read (业务明细: GBK, comma separated, inside a zip; the columns as its own head line names them).

Names, closing line, days and the sign of refunds: files that merchants publish with their readers. Codes: the error
model of the official v3 SDK, and the spelling that v2 and, as merchants report, v3 really use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import date
from typing import Any, BinaryIO
from urllib.parse import urlsplit, urlunsplit

from payfallback.bills import BillLine
from payfallback.errors import BillUnavailable
from payfallback.ports import HttpRequest, HttpResponse
from payfallback.providers._alipay_json import json_object
from payfallback.providers._alipay_sign import LARGEST
from payfallback.providers._bill_source import beijing, money_in, number_in, text_lines, unpacked
from payfallback.providers.codes import clean_code

_ASK = "/v3/alipay/data/dataservice/bill/downloadurl/query"
_NEEDED = ("支付宝交易号", "商户订单号", "业务类型", "完成时间", "订单金额", "退款批次号/请求号")
_NUMBER, _ORDER, _KIND, _DONE, _AMOUNT, _REFUND = _NEEDED
_TOTAL = re.compile(r"\s*-?[0-9]{1,12}\.[0-9]{2}\s*")
_MOST_COMMAS = 512  # of texts inside a line: a title and a remark have 256 characters each
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NONE_YET = frozenset({"BILL_NOT_EXIST", "isp.bill_not_exist", "NO_BILL_DATA"})


def fetched(
    day: date,
    get: Callable[[str], HttpRequest],
    signed: Callable[[HttpResponse], Mapping[str, Any] | None],
) -> Generator[HttpRequest, HttpResponse, bytes]:
    """Ask for the bill's address, then download it. `get` signs a request for a path; `signed` reads an answer that
    Alipay signed, None when nothing proves that it did."""
    response = yield get(f"{_ASK}?bill_type=trade&bill_date={day.isoformat()}")
    told = signed(response)
    if told is None:
        code = clean_code((json_object(response.body) or {}).get("code")) if len(response.body) <= LARGEST else ""
        said = ", ".join(filter(None, (f"HTTP {response.status}", code)))
        raise BillUnavailable(f"Alipay's answer ({said}) is not signed", hint="try again later")
    if response.status != 200:
        raise _refused(clean_code(told.get("code")) or f"HTTP {response.status}")
    response = yield HttpRequest(method="GET", url=_address(str(told.get("bill_download_url", ""))))
    if response.status != 200:
        raise BillUnavailable(f"the download answered HTTP {response.status}", hint="its address lives 30 seconds")
    return response.body


def _refused(code: str) -> BillUnavailable:
    if code in _NONE_YET:
        return BillUnavailable(
            "Alipay has no bill of that day", hint="nothing moved, or it is made later: by 9 o'clock of the next day"
        )
    return BillUnavailable(f"Alipay gives no bill: {code}", hint="the day must be over, and at most 6 years ago")


def _address(told: str) -> str:
    """Alipay's answers name `http://dwbillcenter.alipay.com/...`; the bill is fetched over https all the same."""
    try:
        parts = urlsplit(told)
        plain, port = parts.scheme == "http", parts.port
    except ValueError:
        parts, plain, port = urlsplit(""), False, None
    if plain and parts.hostname in _LOOPBACK:
        return told
    if plain and parts.hostname and port in (None, 80):
        return urlunsplit(parts._replace(scheme="https", netloc=parts.hostname))
    if parts.scheme == "https" and parts.hostname:
        return told
    raise BillUnavailable("Alipay names no address of a bill that could be trusted", hint="fetch it by hand")


def lines(source: BinaryIO, day: date) -> Iterator[BillLine]:
    """The payments and refunds of a bill. Raises `BillUnavailable` at what is none."""
    with unpacked(source, "业务明细.csv") as text:
        columns: _Columns | None = None
        for row, line in text_lines(text, "gb18030"):  # GBK, and the characters beyond it
            if line.startswith("#"):
                _check_day(line, day)
                if columns is not None and "业务明细列表结束" in line:
                    return
            elif columns is None:
                columns = _Columns(line)
            elif line.strip():
                yield _line(row, columns.of(row, line.split(",")))
    raise BillUnavailable("the bill ends without its closing line", hint="fetch it again: a part is missing")


def _check_day(line: str, day: date) -> None:
    """Before the head stands which days the file covers: from the first one's midnight up to the second one's."""
    if not line.startswith("#起始日期"):
        return
    found = re.findall(r"\[([0-9]{4})年([0-9]{2})月([0-9]{2})日", line)
    covered = [f"{year}-{month}-{each}" for year, month, each in found]
    if len(covered) == 2 and not covered[0] <= day.isoformat() < covered[1]:
        raise BillUnavailable(f"the bill begins on {covered[0]}", hint="give the bill of the day, or another day")


class _Columns:
    """Where the head line puts what is needed. Nothing is quoted: a title that holds commas moves what follows it, and
    a title may be anybody's text, so a line that can be read in two ways is not read."""

    def __init__(self, head: str) -> None:
        names = [re.sub(r"[（(]元[)）]$", "", name.strip()) for name in head.split(",")]
        missing = [name for name in _NEEDED if name not in names]
        if missing:
            raise BillUnavailable(
                f"no bill of Alipay: its head has no {missing[0]}", hint="give the details (业务明细)"
            )
        self._width = len(names)
        self._places = {name: names.index(name) for name in _NEEDED}

    def of(self, row: int, cells: list[str]) -> Mapping[str, str]:
        """The cells of a line, by name. Raises `BillUnavailable`."""
        spare = len(cells) - self._width
        moves = range(spare + 1) if spare <= _MOST_COMMAS else range(0)
        read = [by for by in moves if spare == 0 or self._plausible(cells, by)]
        if len(read) != 1:
            what = f"line {row} has {len(cells)} cells, and not the {self._width} of its head"
            raise BillUnavailable(what, hint="look at that line; a title may hold commas")
        ahead = (_NUMBER, _ORDER, _KIND)  # before the title
        return {name: cells[at + (0 if name in ahead else read[0])].strip() for name, at in self._places.items()}

    def _plausible(self, cells: list[str], by: int) -> bool:
        done, amount = cells[self._places[_DONE] + by], cells[self._places[_AMOUNT] + by]
        return _TOTAL.fullmatch(amount) is not None and beijing(done) is not None


def _line(row: int, cell: Mapping[str, str]) -> BillLine:
    if cell[_KIND] not in ("交易", "退款"):
        raise BillUnavailable(f"line {row} is neither a trade nor a refund", hint="give the details (业务明细)")
    back = cell[_KIND] == "退款"
    return BillLine(
        row=row,
        what="refunded" if back else "paid",
        number=number_in(cell[_ORDER]),
        amount=money_in(cell[_AMOUNT], row, _AMOUNT),
        provider_ref=number_in(cell[_NUMBER]),
        refund=number_in(cell[_REFUND]) if back else "",
        at=beijing(cell[_DONE]),
    )
