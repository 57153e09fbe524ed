"""Bills as the providers write them: whole files, from the published samples and demos."""

from __future__ import annotations

import io
import zipfile
from datetime import date

DAY = date(2026, 11, 11)
MERCHANT = "777290058110048"
ALIPAY_HEAD = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,"
    "卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
ALIPAY_BEGINS = (
    "#支付宝业务明细查询",
    "#账号：[20881010000000000156]",
    "#起始日期：[2026年11月11日 00:00:00]   终止日期：[2026年11月12日 00:00:00]",
    "#-----------------------------------------业务明细列表----------------------------------------",
)
ALIPAY_ENDS = (
    "#-----------------------------------------业务明细列表结束------------------------------------",
    "#交易合计：1笔，商家实收共59.00元，商家优惠共0.00元",
    "#导出时间：[2026年11月12日 06:27:10]",
)
WECHAT_HEAD = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
ZM_LENGTHS = (
    *(3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15),
    *(1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98),
)


def alipay_row(
    number: str = "B1001001",
    *,
    kind: str = "交易",
    amount: str = "59.00",
    refund: str = "",
    title: str = "壶",
    remark: str = "",
    done: str = "2026-11-11 12:00:01",
) -> str:
    """One line; text cells end with a tab, as Alipay writes them against spreadsheets."""
    cells = ["2026111122001400000000000001\t", f"{number}\t", f"{kind}\t", title, "2026-11-11 12:00:00", done]
    cells += ["\t", "\t", "\t", "\t", "**博(156******89)\t", amount, amount, "0.00", "0.00", "0.00", "0.00", "0.00", ""]
    return ",".join([*cells, "0.00\t", "0.00", f"{refund}\t", "-0.35", "0.00", remark])


def alipay_details(*rows: str, head: str = ALIPAY_HEAD, ends: tuple[str, ...] = ALIPAY_ENDS) -> bytes:
    """The file of details."""
    return "\r\n".join([*ALIPAY_BEGINS, head, *rows, *ends, ""]).encode("gb18030")


def zm_row(**given: str) -> bytes:
    """One line of a ZM file: a consumption of 59.00 yuan, or what is given of it."""
    columns = {"time": 4, "amount": 6, "query_id": 9, "number": 11, "kind": 19, "original": 26, "merchant": 27}
    usual = {"time": "1111120001", "amount": "000000005900", "query_id": "442611110000007846498", "number": "B1001001"}
    cells = {columns[name]: text for name, text in {**usual, "kind": "01", "merchant": MERCHANT, **given}.items()}
    return b" ".join(cells.get(n, "").encode("gbk").ljust(length) for n, length in enumerate(ZM_LENGTHS)) + b"\r\n"


def zipped(files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these files."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", how) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return written.getvalue()
