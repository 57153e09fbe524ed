"""WeChat Pay's daily trade bill, made of the trades that the bank holds."""

from __future__ import annotations

import gzip
import hashlib
from collections import OrderedDict
from datetime import datetime, timedelta, timezone
from typing import Any

from payfallback.testing.sandbox.bank import Bank
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.exchange import Call
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.trades import Refund, RefundState, State, Trade
from payfallback.testing.sandbox.wechatpay.codes import ApiError

_BEIJING = timezone(timedelta(hours=8))
_HEAD = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
_SUMS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
_TYPES = {"native": "NATIVE", "jsapi": "JSAPI", "h5": "MWEB", "codepay": "MICROPAY", "app": "APP"}
MOST_KEPT = 100  # bills that wait to be downloaded


class Bills:
    """Makes bills and keeps each until it is downloaded."""

    def __init__(self, bank: Bank, clock: Clock, mint: Mint, owner: dict[str, str]) -> None:
        self._bank, self._clock, self._mint, self._owner = bank, clock, mint, owner
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def ask(self, call: Call) -> dict[str, Any]:
        """Where a day's bill can be downloaded, and the hash of what it is unpacked. Raises `ApiError`."""
        day = call.query.get("bill_date", "")
        try:
            start = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=_BEIJING).timestamp()
        except ValueError:
            raise ApiError("PARAM_ERROR", "bill_date") from None
        rows = self._rows(start, start + 86400.0)
        if start > self._clock.now() or not rows:
            raise ApiError("NO_STATEMENT_EXIST")
        body = "\r\n".join([_HEAD, *rows, _SUMS, "`" + ",`".join([str(len(rows)), *["0.00"] * 6]), ""]).encode()
        token = self._mint.text(32)
        self._kept[token] = gzip.compress(body) if call.query.get("tar_type") == "GZIP" else body
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        digest = hashlib.sha1(body, usedforsecurity=False).hexdigest()
        address = f"http://{call.headers.get('host', '127.0.0.1')}/v3/billdownload/file?token={token}"
        return {"hash_type": "SHA1", "hash_value": digest, "download_url": address}

    def file(self, call: Call) -> bytes:
        """The file of a token. Raises `ApiError`."""
        try:
            return self._kept[call.query.get("token", "")]
        except KeyError:
            raise ApiError("PARAM_ERROR", "token") from None

    def _rows(self, start: float, end: float) -> list[str]:
        rows = []
        for trade in self._bank.all():
            if trade.paid_at is not None and start <= trade.paid_at < end:
                rows.append(self._row(trade, trade.paid_at, "SUCCESS", None))
            rows += [
                self._row(trade, refund.created, "REVOKED" if trade.state is State.REVERSED else "REFUND", refund)
                for refund in trade.refunds
                if start <= refund.created < end and refund.state is not RefundState.FAILED
            ]
        return rows

    def _row(self, trade: Trade, at: float, state: str, refund: Refund | None) -> str:
        when = datetime.fromtimestamp(at, _BEIJING).strftime("%Y-%m-%d %H:%M:%S")
        paid = "0.00" if refund else _yuan(trade.amount)
        back = _yuan(refund.amount) if refund else "0.00"
        known = ("ORIGINAL", "SUCCESS" if refund.state is RefundState.DONE else "PROCESSING") if refund else ("", "")
        return "`" + ",`".join(
            [
                *(when, self._owner["appid"], self._owner["mchid"], "0", "", trade.ref, trade.number, trade.payer),
                *(_TYPES.get(trade.product, ""), state, "OTHERS", trade.currency, paid, "0.00"),
                *((refund.ref, refund.number) if refund else ("0", "0")),
                *(back, "0.00", *known, trade.title, trade.order, "0.00000", "0.60%", paid, back, ""),
            ]
        )


def _yuan(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"
