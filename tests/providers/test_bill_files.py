"""What stands in the providers' files, line by line, and what is no such file."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from bill_files import (
    ALIPAY_BEGINS,
    ALIPAY_HEAD,
    DAY,
    MERCHANT,
    alipay_details,
    alipay_row,
    zipped,
    zm_row,
)

from payfallback.bills import BillLine
from payfallback.errors import BillUnavailable
from payfallback.model import Money
from payfallback.providers import _alipay_bill, _bill_source, _unionpay_bill

NOON = datetime(2026, 11, 11, 4, 0, 1, tzinfo=UTC).timestamp()  # 12:00:01 in Beijing
NAME = "20881010000000000156_20261111"


def alipay(file: bytes, day: date = DAY) -> list[BillLine]:
    """The lines of an Alipay bill."""
    return list(_alipay_bill.lines(io.BytesIO(file), day))


def union(file: bytes, day: date = DAY) -> list[BillLine]:
    """The lines of a UnionPay file."""
    return list(_unionpay_bill.lines(io.BytesIO(file), day, MERCHANT))


# ---------------------------------------------------------------- Alipay


def test_alipays_payment() -> None:
    """Numbers without their tabs, the total, the time in Beijing."""
    assert alipay(alipay_details(alipay_row())) == [
        BillLine(
            row=6,
            what="paid",
            number="B1001001",
            amount=Money(5900, "CNY"),
            provider_ref="2026111122001400000000000001",
            at=NOON,
        )
    ]


def test_alipays_refund() -> None:
    """Its amount is written with a minus, and it has a number of its own beside the trade's."""
    (line,) = alipay(alipay_details(alipay_row(kind="退款", amount="-9.00", refund="B1001001M1")))
    assert (line.what, line.number, line.refund, line.amount) == (
        "refunded",
        "B1001001",
        "B1001001M1",
        Money(900, "CNY"),
    )


@pytest.mark.parametrize("title", ["壶, 两把", "a,b,c,d", '"', "", "2026-11-11 12:00:00,2026-11-11", "#", "𠮷野家"])
@pytest.mark.parametrize("remark", ["", "12 期, 3,5 元", ","])
def test_texts_with_commas_do_not_move_what_follows(title: str, remark: str) -> None:
    """Nothing is quoted in Alipay's file: titles and remarks are the shops' and the shoppers'."""
    (line,) = alipay(alipay_details(alipay_row(title=title, remark=remark, kind="退款", amount="-9.00", refund="R1")))
    assert (line.amount, line.at, line.refund) == (Money(900, "CNY"), NOON, "R1")


def test_a_title_that_plays_a_line_is_not_believed() -> None:
    """A title may hold whatever the columns after it do: a line that can be read in two ways is read in none."""
    forged = "x,2026-11-11 12:00:00,2026-11-11 12:00:01,,,,,,0.01,0.01,0.00,0.00,0.00,0.00,0.00,,0.00,0.00,,0.00,0.00,"
    with pytest.raises(BillUnavailable, match=r"line 6 has .* cells"):
        alipay(alipay_details(alipay_row(title=forged)))


@pytest.mark.parametrize("form", ["（元）", "(元)"])
def test_the_columns_are_found_by_their_names(form: str) -> None:
    """In another order, and with the unit in other brackets."""
    names = ALIPAY_HEAD.replace("（元）", form).split(",")
    cells = alipay_row().split(",")
    moved = [0, 1, 2, 3, 4, 5, 11, *range(6, 11), *range(12, 25)]
    head, row = (",".join(each[place] for place in moved) for each in (names, cells))
    (line,) = alipay(alipay_details(row, head=head))
    assert line.amount == Money(5900, "CNY")


@pytest.mark.parametrize("utf8", [True, False])
def test_the_details_are_found_beside_their_sums(utf8: bool) -> None:
    """Alipay's archive names its files in GBK, without saying so; other tools that pack it again say UTF-8."""
    details = alipay_details(alipay_row())
    packed = zipped({f"{NAME}_业务明细.csv": details, f"{NAME}_业务明细(汇总).csv": b"sums"})
    if not utf8:
        packed = zipped({f"{NAME}_~~~~~~~~.csv": details, f"{NAME}_~~~~~~~~(~~~~).csv": b"sums"})
        packed = packed.replace(b"(~~~~)", "(汇总)".encode("gbk")).replace(b"~" * 8, "业务明细".encode("gbk"))
    assert len(alipay(packed)) == 1


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (b"", "without its closing line"),
        ("\r\n".join([*ALIPAY_BEGINS, ALIPAY_HEAD]).encode("gbk"), "without its closing line"),
        (alipay_details(alipay_row(), ends=()), "without its closing line"),
        (alipay_details(head="账务流水号,业务流水号,商户订单号"), "its head has no 支付宝交易号"),
        (alipay_details(alipay_row(kind="转账")), "line 6 is neither a trade nor a refund"),
        (alipay_details(alipay_row(amount="1E9999")), "line 6: 订单金额 is no amount of CNY"),
        (alipay_details(alipay_row(amount="59.001")), "line 6: 订单金额 is no amount of CNY"),
        (alipay_details("a,b"), "line 6 has 2 cells, and not the 25 of its head"),
        (alipay_details(alipay_row(title="," * 600)), "line 6 has 625 cells"),
        (alipay_details(alipay_row()).decode("gbk").encode(), "line 1 is not gb18030"),
        (zipped({"x.csv": b""}), "holds 0 files named like '业务明细.csv'"),
        (zipped({"a业务明细.csv": b"", "b业务明细.csv": b""}), "holds 2 files"),
        (zipped({"业务明细.csv": b"#"}, zipfile.ZIP_BZIP2), "the archive is odd"),
        (zipped({}), "holds 0 files"),
        (zipped({"业务明细.csv": alipay_details(alipay_row())})[:200], "the archive is broken"),
        (gzip.compress(alipay_details(alipay_row()))[:-90], "breaks after line"),
    ],
)
def test_what_is_no_bill_of_alipays(file: bytes, why: str) -> None:
    """A file that is cut, foreign or damaged is refused in words."""
    with pytest.raises(BillUnavailable, match=why):
        alipay(file)


def test_a_damaged_archive_is_noticed() -> None:
    """One changed byte of what is packed: the sum that the archive holds of it does not fit."""
    packed = bytearray(zipped({"业务明细.csv": alipay_details(alipay_row())}, zipfile.ZIP_STORED))
    packed[packed.index(b"59.00")] ^= 1
    with pytest.raises(BillUnavailable, match="breaks after line"):
        alipay(bytes(packed))


def test_the_bill_of_another_day_is_refused() -> None:
    """It would make every capture of the day look missing."""
    with pytest.raises(BillUnavailable, match="begins on 2026-11-11"):
        alipay(alipay_details(alipay_row()), date(2026, 11, 12))
    assert alipay(alipay_details(alipay_row()).replace(b"12\xc8\xd5", b"30\xc8\xd5"), date(2026, 11, 12))  # of a month


# ---------------------------------------------------------------- UnionPay


def test_unionpays_payment() -> None:
    """Fixed columns: whole fen, UnionPay's query id, the time without its year."""
    assert union(zm_row()) == [
        BillLine(
            row=1,
            what="paid",
            number="B1001001",
            amount=Money(5900, "CNY"),
            provider_ref="442611110000007846498",
            at=NOON,
        )
    ]


@pytest.mark.parametrize("kind", ["04", "31", "99"])
def test_unionpays_refund(kind: str) -> None:
    """A refund, a void or a reversal: it names the trade by the query id alone."""
    (line,) = union(zm_row(kind=kind, number="B1001001M1", query_id="9" * 21, original="4" * 21))
    assert (line.what, line.number, line.provider_ref, line.refund) == ("refunded", "", "4" * 21, "B1001001M1")


def test_unionpays_other_lines_are_passed_over() -> None:
    """What is neither a consumption nor its return, such as an authorisation, moves no money of an order here."""
    assert [line.row for line in union(zm_row(kind="02") + zm_row() + b"\r\n" + zm_row(kind="13"))] == [2]


@pytest.mark.parametrize(
    ("day", "told", "year"),
    [(date(2026, 1, 1), "1231235900", 2025), (date(2026, 12, 31), "0101000000", 2027), (date(2026, 6, 1), "0", None)],
)
def test_the_year_is_that_of_the_day(day: date, told: str, year: int | None) -> None:
    """Around New Year's Eve a line may be of the year before or after; an odd time is none."""
    (line,) = union(zm_row(time=told), day)
    assert (line.at and datetime.fromtimestamp(line.at + 8 * 3600, UTC).year) == year


def test_the_zm_file_is_found_among_its_sisters() -> None:
    """The archive also holds a ZME file; names tell day and merchant."""
    assert union(zipped({"INN26111188ZME_777290058110048": b"?", "INN26111188ZM_777290058110048": zm_row()}))
    with pytest.raises(BillUnavailable, match=r"INN26111188ZM_\.\.\. is of another day"):
        union(zipped({"INN26111188ZM_777290058110048": zm_row()}), date(2026, 11, 12))


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (b"hello\n", "line 1 is too short for a ZM file"),
        (zm_row() + zm_row()[:200], "line 2 is too short for a ZM file"),
        (zm_row(merchant="777290058110049"), "line 1 is of another merchant"),
        (zm_row(amount="-00000000001"), "line 1: the amount is none"),
        (zm_row(amount="①②"), "line 1: the amount is none"),
        (zipped({"INN26111188ZME_777290058110048": zm_row()}), "holds 0 files named like 'ZM_'"),
    ],
)
def test_what_is_no_file_of_unionpays(file: bytes, why: str) -> None:
    """A file that is cut, of another merchant or of another kind."""
    with pytest.raises(BillUnavailable, match=why):
        union(file)


def test_a_bill_may_be_of_any_encoding_inside_its_columns() -> None:
    """Columns are bytes: one may end in the middle of a Chinese character."""
    row = zm_row().replace(b"   ", b"\xbf\xd5\xbf", 1)
    assert len(union(row)) == 1


# ---------------------------------------------------------------- bounds


@pytest.mark.parametrize("pack", [gzip.compress, lambda text: zipped({"业务明细.csv": text})])
def test_a_bomb_is_refused(pack: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small archive of a large text: one endless line, or lines without end, are not unpacked to their ends."""
    assert callable(pack)
    with pytest.raises(BillUnavailable, match="line 1: larger than any bill"):
        alipay(pack(b"0" * 5_000_000))
    monkeypatch.setattr(_bill_source, "MOST_LINES", 1000)
    with pytest.raises(BillUnavailable, match="line 1001: larger than any bill"):
        alipay(pack(b"#\n" * 5_000_000))
    monkeypatch.setattr(_bill_source, "LARGEST_BILL", 500)
    with pytest.raises(BillUnavailable, match="line 251: larger than any bill"):
        alipay(pack(b"#\n" * 5_000_000))


def test_an_archive_of_countless_files_is_refused() -> None:
    """Its list is not read: it could fill the memory."""
    with pytest.raises(BillUnavailable, match="the archive is broken"):
        alipay(zipped({f"{n:040}": b"" for n in range(4000)}))


def test_numbers_are_shown_harmlessly() -> None:
    """A number with other characters than this library's is another program's; it cannot play with a terminal."""
    (line,) = alipay(alipay_details(alipay_row("B\x1b[31m壶")))
    assert line.number == "B?[31m?"


def test_a_pipe_or_a_folder_is_no_bill(tmp_path: Path) -> None:
    """It has to be a file."""

    class Pipe(io.BytesIO):
        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation("seek")

    with pytest.raises(BillUnavailable, match="cannot be read"):
        list(_alipay_bill.lines(Pipe(b"x"), DAY))
