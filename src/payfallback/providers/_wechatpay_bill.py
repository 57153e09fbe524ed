"""WeChat Pay's daily trade bill: asked for, fetched, its hash held against the signed one, read (official pages of
`GET /v3/bill/tradebill` and of the download; the columns as the bill's own head line names them)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import date
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from payfallback.bills import BillLine
from payfallback.errors import BillUnavailable
from payfallback.ports import HttpRequest, HttpResponse
from payfallback.providers._bill_source import beijing, money_in, number_in, text_lines, unpacked

_NEEDED = (
    *("交易时间", "微信订单号", "商户订单号", "交易状态", "货币种类", "订单金额"),
    *("微信退款单号", "商户退款单号", "申请退款金额", "退款状态"),
)
_NOT_THERE = {
    "NO_STATEMENT_EXIST": "WeChat Pay has no bill of that day: nothing was paid or refunded, or it is too early",
    "STATEMENT_CREATING": "WeChat Pay is still making the bill: it is there after 10 o'clock of the next day",
}


def fetched(
    day: date,
    get: Callable[[str], HttpRequest],
    signed: Callable[[HttpResponse], Mapping[str, Any] | None],
) -> Generator[HttpRequest, HttpResponse, bytes]:
    """Ask for the bill, then download it. `get` signs a request for a path; `signed` reads an answer that WeChat Pay
    signed, None when nothing proves that it did."""
    response = yield get(f"/v3/bill/tradebill?bill_date={day.isoformat()}&bill_type=ALL")
    told = signed(response)
    if told is None:
        raise BillUnavailable(f"WeChat Pay's answer (HTTP {response.status}) is not signed", hint="try again later")
    if response.status != 200:
        code = re.sub(r"[^0-9A-Z_]", "", str(told.get("code", "")))[:64]
        raise BillUnavailable(_NOT_THERE.get(code, f"WeChat Pay gives no bill: {code or response.status}"))
    address, digest = urlsplit(str(told.get("download_url", ""))), str(told.get("hash_value", ""))
    if told.get("hash_type") != "SHA1" or not address.path:
        raise BillUnavailable("WeChat Pay's answer names no bill that can be checked", hint="fetch it by hand")
    response = yield get(address.path + (f"?{address.query}" if address.query else ""))
    if response.status != 200:
        raise BillUnavailable(f"the download answered HTTP {response.status}", hint="try again later")
    if hashlib.sha1(response.body, usedforsecurity=False).hexdigest() != digest.lower():
        raise BillUnavailable("the bill's hash is not the one that WeChat Pay signed", hint="fetch it again")
    return response.body


def lines(source: BinaryIO) -> Iterator[BillLine]:
    """The payments and refunds of a bill. Raises `BillUnavailable` at what is none."""
    with unpacked(source) as text:
        numbered = text_lines(text, "utf-8-sig")
        places = _places(next(numbered, (1, ""))[1])
        count = 0
        for row, line in numbered:
            if line.startswith("总交易单数"):
                _check_count(count, next(numbered, (row, ""))[1])
                return
            if line.strip():
                count += 1
                yield from _line(row, _cells(line), places)
    raise BillUnavailable("the bill ends without its sums", hint="fetch it again: a part is missing")


def _places(head: str) -> dict[str, int]:
    names = [name.strip() for name in head.split(",")]
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise BillUnavailable(f"no bill of WeChat Pay: its head has no {missing[0]}", hint="give the ALL trade bill")
    return {name: names.index(name) for name in _NEEDED}


def _check_count(count: int, sums: str) -> None:
    """The bill's last line says how many lines there are."""
    said = _cells(sums)[0].strip()
    if said != str(count):
        raise BillUnavailable(
            f"the bill has {count} lines and speaks of {said[:12] or 'none'}", hint="fetch it again: a part is missing"
        )


def _cells(line: str) -> list[str]:
    """Cells begin with a backtick, and a title may hold commas."""
    return line[1:].split(",`") if line.startswith("`") else line.split(",")


def _line(row: int, cells: list[str], places: Mapping[str, int]) -> Iterator[BillLine]:
    if len(cells) <= max(places.values()):
        raise BillUnavailable(f"line {row} has {len(cells)} cells only", hint="fetch the bill again")
    cell = {name: cells[place].strip() for name, place in places.items()}
    common: dict[str, Any] = {
        "row": row,
        "number": number_in(cell["商户订单号"]),
        "provider_ref": number_in(cell["微信订单号"]),
        "at": beijing(cell["交易时间"]),
    }
    state, currency = cell["交易状态"], cell["货币种类"]
    if state == "SUCCESS":
        yield BillLine(what="paid", amount=money_in(cell["订单金额"], row, "订单金额", currency), **common)
    elif state in ("REFUND", "REVOKED") and cell["退款状态"] in ("SUCCESS", "PROCESSING", ""):
        back = money_in(cell["申请退款金额"], row, "申请退款金额", currency)
        refund = "" if cell["商户退款单号"] == "0" else number_in(cell["商户退款单号"])
        done = cell["退款状态"] != "PROCESSING"
        yield BillLine(what="refunded", amount=back, refund=refund, done=done, **common)
