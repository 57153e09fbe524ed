"""Whatever stands in a file: lines, or a bill that is none in words; never another exception, never without end."""

from __future__ import annotations

import gzip
import io
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date

import pytest
from bill_files import DAY, MERCHANT, WECHAT_HEAD, alipay_details, alipay_row, zipped, zm_row
from hypothesis import given, settings
from hypothesis import strategies as st

from payfallback.bills import BillLine
from payfallback.errors import BillUnavailable
from payfallback.providers import _alipay_bill, _unionpay_bill, _wechatpay_bill

Reader = Callable[[io.BytesIO, date], Iterator[BillLine]]
READERS: dict[str, Reader] = {
    "wechatpay": lambda source, day: _wechatpay_bill.lines(source),
    "alipay": _alipay_bill.lines,
    "unionpay": lambda source, day: _unionpay_bill.lines(source, day, MERCHANT),
}
every_reader = pytest.mark.parametrize("reader", list(READERS))
CELLS = st.sampled_from(
    ["", ",", "`", "\t", "0", "59.00", "-59.00", "1E999999", "9" * 5000, "NaN", "①", "²", "CNY", "ZZZ", "\x00", "退款"]
) | st.text(max_size=8)
DAYS = st.dates()
WECHAT = WECHAT_HEAD.encode() + b"\r\n`" + b",`".join([b"1"] * 27) + b"\r\n" + "总交易单数".encode()
ALIPAY = alipay_details(alipay_row(), alipay_row(kind="退款", amount="-1.00", refund="R1"))
ZM = zm_row() + zm_row(kind="04", original="4" * 21)
FILES = [
    *(WECHAT, ALIPAY, ZM, gzip.compress(WECHAT), zipped({"业务明细.csv": ALIPAY, "业务明细(汇总).csv": b"x"})),
    zipped({"INN26111188ZM_1": ZM, "INN26111188ZME_1": b""}),
]


def read(reader: str, file: bytes, day: date = DAY) -> list[BillLine] | None:
    """The lines; None where the file is refused. Anything else is a bug."""
    try:
        return list(READERS[reader](io.BytesIO(file), day))
    except BillUnavailable:
        return None


def sound(lines: list[BillLine] | None) -> bool:
    """Whether the file was refused, or each line names a trade, and a positive sum in whole units."""
    return lines is None or all(
        (line.number or line.provider_ref) and type(line.amount.minor) is int and line.amount.minor > 0
        for line in lines
    )


@every_reader
@given(st.binary(max_size=400) | st.text("#,`\t\r\n业务明细列表结束总交易单数0", max_size=200).map(str.encode), DAYS)
def test_any_bytes(reader: str, file: bytes, day: date) -> None:
    """Bytes from anywhere, on any day of the calendar."""
    for packed in (file, gzip.compress(file), zipped({"业务明细.csv": file, "ZM_": file})):
        assert sound(read(reader, packed, day))


@every_reader
@given(st.lists(CELLS, min_size=20, max_size=40), DAYS)
def test_any_cells(reader: str, cells: list[str], day: date) -> None:
    """The right head, and anything below it."""
    below = ",".join(cells)
    wechat = "\r\n".join([WECHAT_HEAD, "`" + ",`".join(cells), "总交易单数"])
    assert sound(read(reader, wechat.encode("utf-8", "replace"), day))
    assert sound(read(reader, alipay_details(below.encode("gb18030", "replace").decode("gb18030")), day))
    assert sound(read(reader, " ".join(cells).encode("gbk", "replace").ljust(400) + b"\n", day))


@every_reader
@given(st.sampled_from(FILES), st.data())
@settings(max_examples=300)
def test_changed_bytes(reader: str, file: bytes, data: st.DataObject) -> None:
    """Genuine files and archives with a few bytes changed, cut or added."""
    changed = bytearray(file)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(changed) - 1))
        changed[place] = data.draw(st.integers(0, 255))
    start, end = data.draw(st.integers(0, 3)), data.draw(st.integers(0, len(changed)))
    for each in (bytes(changed), bytes(changed[start:]), bytes(changed[:end])):
        assert sound(read(reader, each))


@given(st.binary(max_size=300), st.integers(0, 400), st.sampled_from(["", "=", "!", "\n", "é"]))
def test_any_content_of_unionpays_answer(file: bytes, cut: int, more: str) -> None:
    """What UnionPay signed is unpacked as it is, or refused."""
    whole = b64encode(zlib.compress(file)).decode()
    assert _unionpay_bill.inflated(whole) == file
    for text in (whole[:cut], whole + more, more + whole, b64encode(file).decode()):
        with suppress(BillUnavailable):
            assert isinstance(_unionpay_bill.inflated(text), bytes)
