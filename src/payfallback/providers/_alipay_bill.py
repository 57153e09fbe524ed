"""Alipay's daily bill of trades: its address asked for (v3 `alipay.data.dataservice.bill.downloadurl.query`), fetched,
and the details read (业务明细: GBK, comma separated, inside a zip; the columns as its own head line names them)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import date
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from payfallback.bills import BillLine
from payfallback.errors import BillUnavailable
from payfallback.ports import HttpRequest, HttpResponse
from payfallback.providers._bill_source import beijing, money_in, text_lines, unpacked

_NEEDED = ("支付宝交易号", "商户订单号", "业务类型", "完成时间", "订单金额", "退款批次号/请求号")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def fetched(
    day: date,
    get: Callable[[str], HttpRequest],
    signed: Callable[[HttpResponse], Mapping[str, Any] | None],
) -> Generator[HttpRequest, HttpResponse, bytes]:
    """Ask for the bill's address, then download it. `get` signs a request for a path; `signed` reads an answer that
    Alipay signed, None when nothing proves that it did."""
    path = "/v3/alipay/data/dataservice/bill/downloadurl/query"
    response = yield get(f"{path}?bill_type=trade&bill_date={day.isoformat()}")
    told = signed(response)
    if told is None:
        raise BillUnavailable(f"Alipay's answer (HTTP {response.status}) is not signed", hint="try again later")
    if response.status != 200:
        code = str(told.get("code", response.status))[:64]
        raise BillUnavailable(f"Alipay gives no bill: {code}", hint="it is made in the morning of the next day")
    address = str(told.get("bill_download_url", ""))
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise BillUnavailable("Alipay names no address of a bill that could be trusted", hint="fetch it by hand")
    response = yield HttpRequest(method="GET", url=address)
    if response.status != 200:
        raise BillUnavailable(f"the download answered HTTP {response.status}", hint="its address lives 30 seconds")
    return response.body


def lines(source: BinaryIO) -> Iterator[BillLine]:
    """The payments and refunds of a bill. Raises `BillUnavailable` at what is none."""
    with unpacked(source, "业务明细.csv") as text:
        numbered = text_lines(text, "gbk")
        places: Mapping[str, int] = {}
        for row, line in numbered:
            if line.startswith("#"):
                if places and "业务明细列表结束" in line:
                    return
            elif not places:
                places = _places(line)
            elif line.strip():
                yield _line(row, line.split(","), places)
    raise BillUnavailable("the bill ends without its closing line", hint="fetch it again: a part is missing")


def _places(head: str) -> dict[str, int]:
    names = [name.strip().removesuffix("（元）") for name in head.split(",")]
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise BillUnavailable(f"no bill of Alipay: its head has no {missing[0]}", hint="give the details (业务明细)")
    return {name: names.index(name) for name in _NEEDED}


def _line(row: int, cells: list[str], places: Mapping[str, int]) -> BillLine:
    if len(cells) <= max(places.values()):
        raise BillUnavailable(f"line {row} has {len(cells)} cells only", hint="fetch the bill again")
    cell = {name: cells[place].strip() for name, place in places.items()}
    refund = cell["退款批次号/请求号"]
    if cell["业务类型"] not in ("交易", "退款"):
        raise BillUnavailable(f"line {row} is neither a trade nor a refund", hint="give the details (业务明细)")
    back = cell["业务类型"] == "退款"
    return BillLine(
        row=row,
        what="refunded" if back else "paid",
        number=cell["商户订单号"],
        amount=money_in(cell["订单金额"], row, "订单金额"),
        provider_ref=cell["支付宝交易号"],
        refund=refund if back else "",
        at=beijing(cell["完成时间"], "%Y-%m-%d %H:%M:%S"),
    )
