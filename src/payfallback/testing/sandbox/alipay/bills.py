"""Alipay's daily bill of trades: a zip with the details and their sums, at an address that lives half a minute.

Names and lines are those of the files that merchants publish with their readers. That a trade which was cancelled
after it was paid shows as a trade and a refund is an assumption.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from payfallback.testing.sandbox.alipay.codes import ApiError
from payfallback.testing.sandbox.alipay.fields import local, yuan
from payfallback.testing.sandbox.bank import Bank
from payfallback.testing.sandbox.clock import CHINA, Clock
from payfallback.testing.sandbox.exchange import Call, Reply
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.trades import RefundState, Trade

FILE = "/downloadBillFile.resource"
LIVES = 30.0  # seconds for which an address can be fetched
MOST_KEPT = 100

_HEAD = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,"
    "卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
_SUMS = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）"


class Bills:
    """Makes bills, and keeps each for as long as its address lives."""

    def __init__(self, bank: Bank, clock: Clock, mint: Mint, seller: str, url: Callable[[], str]) -> None:
        self._bank, self._clock, self._mint, self._seller, self._url = bank, clock, mint, seller, url
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    def ask(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Where a day's bill can be fetched. Raises `ApiError`."""
        if given.get("bill_type") != "trade":
            raise ApiError("TYPE_NOT_SUPPORTED")
        try:
            day = datetime.strptime(str(given.get("bill_date")), "%Y-%m-%d").replace(tzinfo=CHINA)
        except ValueError:
            raise ApiError("INVAILID_ARGUMENTS", "bill_date") from None
        rows = self._rows(day.timestamp(), (day + timedelta(days=1)).timestamp())
        if not rows:
            raise ApiError("isp.bill_not_exist")
        token = self._mint.text(32)
        self._kept[token] = (self._clock.now() + LIVES, self._packed(day, rows))
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        asked = {"bizType": "trade", "bizDates": f"{day:%Y%m%d}", "fileType": "csv.zip", "token": token}
        return {"bill_download_url": f"{self._url()}{FILE}?{urlencode(asked)}"}

    def file(self, call: Call) -> Reply:
        """The file at an address; nothing signs it."""
        until, packed = self._kept.get(call.query.get("token", ""), (0.0, b""))
        if self._clock.now() > until:
            return Reply(404, "账单下载链接已失效".encode(), {"Content-Type": "text/plain;charset=utf-8"})
        return Reply(200, packed, {"Content-Type": "application/octet-stream"})

    def _rows(self, start: float, end: float) -> list[str]:
        rows = []
        for trade in self._bank.all():
            if trade.paid_at is not None and start <= trade.paid_at < end:
                rows.append(_row(trade, "交易", trade.paid_at, trade.captured, ""))
            rows += [
                _row(trade, "退款", refund.done_at or refund.created, -refund.amount, refund.number)
                for refund in trade.refunds
                if start <= (refund.done_at or refund.created) < end and refund.state is RefundState.DONE
            ]
        return rows

    def _packed(self, day: datetime, rows: list[str]) -> bytes:
        first, last = (f"{each:%Y年%m月%d日} 00:00:00" for each in (day, day + timedelta(days=1)))
        begins = [f"#账号：[{self._seller}0156]", f"#起始日期：[{first}]   终止日期：[{last}]"]
        back = sum("\t,退款\t," in row for row in rows)
        details = ["#支付宝业务明细查询", *begins, _rule("业务明细列表"), _HEAD, *rows, _rule("业务明细列表结束")]
        details += [
            f"#交易合计：{len(rows) - back}笔",
            f"#退款合计：{back}笔",
            f"#导出时间：[{local(self._clock.now())}]",
        ]
        sums = ["#支付宝业务汇总查询", *begins, _rule("业务汇总列表"), _SUMS, f"合计,,{len(rows) - back},{back},,"]
        sums += [_rule("业务汇总列表结束")]
        name = f"{self._seller}0156_{day:%Y%m%d}"
        return _zipped({f"{name}_业务明细(汇总).csv": sums, f"{name}_业务明细.csv": details})


def _zipped(files: Mapping[str, list[str]]) -> bytes:
    """Chinese names stand in Alipay's archives as GBK without the mark of UTF-8, which `zipfile` does not write."""
    written = io.BytesIO()
    names = {name: re.sub(r"[^\x00-\x7f]", "~~", name) for name in files}  # as many bytes
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, lines in files.items():
            archive.writestr(names[name], "\r\n".join([*lines, ""]).encode("gbk", "replace"))
    packed = written.getvalue()
    for name, plain in names.items():
        packed = packed.replace(plain.encode(), name.encode("gbk"))
    return packed


def _rule(words: str) -> str:
    return f"#{'-' * 41}{words}{'-' * 40}"


def _row(trade: Trade, kind: str, at: float, amount: int, refund: str) -> str:
    total = f"-{yuan(-amount)}" if amount < 0 else yuan(amount)
    cells = [
        *(f"{trade.ref}\t", f"{trade.number}\t", f"{kind}\t", trade.title, local(trade.created), local(at)),
        *("\t", "\t", "\t", "\t", "**店(cus***@example.com)\t", total, total),
        *("0.00", "0.00", "0.00", "0.00", "0.00", "", "0.00\t", "0.00", f"{refund}\t", "0.00", "0.00", ""),
    ]
    return ",".join(cells)
