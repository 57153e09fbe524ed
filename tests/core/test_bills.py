"""The next day's bill against the journal: what it proves is taken in once, what it leaves open is for a person."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from core_world import SILENCE, Scripted, captured, client, says, settle
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.bills import BillDays
from payfallback.journal.memory import MemoryJournal
from payfallback.journal.sqlite import SqliteJournal
from payfallback.providers import _wechatpay_bill
from payfallback.providers.codes import BEIJING
from payfallback.testing import VirtualClock

DAY = date(2026, 11, 11)
NOON = 1794369600.0  # 2026-11-11 12:00 in Beijing
NUMBER = f"{ORDER}01"
HEAD = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"


class Billed(Scripted):
    """A provider whose bills are WeChat Pay's files."""

    bill_days = BillDays(zone=BEIJING)

    def bill(self, day: date) -> Any:
        """Never fetched here: the file is given."""
        raise AssertionError

    def bill_lines(self, source: Any, day: date) -> Any:
        """As the shipped adapter reads them."""
        return _wechatpay_bill.lines(source)


def paid(number: str = NUMBER, yuan: str = "59.00", title: str = "书, 两本") -> str:
    """A payment's line."""
    return _row(number, "SUCCESS", "0", "", yuan, "0.00", title)


def back(refund: str, yuan: str = "59.00", number: str = NUMBER, state: str = "SUCCESS") -> str:
    """A refund's line."""
    return _row(number, "REFUND", refund, state, "0.00", yuan, "书")


def _row(number: str, state: str, refund: str, refunded: str, total: str, returned: str, title: str) -> str:
    cells = ["2026-11-11 12:00:01", "wx1", "1900", "0", "", f"42{number}", number, "openid", "NATIVE", state]
    cells += ["OTHERS", "CNY", total, "0.00", "50" if refund != "0" else "0", refund, returned, "0.00", "", refunded]
    return "`" + ",`".join([*cells, title, "", "0.35000", "0.60%", total, returned, ""])


def bill(*rows: str) -> bytes:
    """A whole file."""
    return "\r\n".join([HEAD, *rows, SUMS, f"`{len(rows)},`0.00,`0.00,`0.00,`0.00,`0.00,`0.00", ""]).encode(
        errors="replace"
    )


class Counter:
    """A shop in the middle of the day, whose channel `a` has bills."""

    def __init__(self, **declared: Any) -> None:
        self.clock = VirtualClock(epoch=NOON)
        self.journal = MemoryJournal(self.clock)
        self.first = Billed("first", close=True, close_names_trade=True, **declared)
        self.second = Scripted("second")
        self.payments = client({"a": self.first, "b": self.second}, self.clock, self.journal)

    def met(self, *rows: str) -> dict[str, int]:
        """What the lines of the day's bill meet."""
        return dict(self.payments.reconcile("a", DAY, bill(*rows)).counts)

    def events(self) -> int:
        """How much the journal holds of the order."""
        found: list[Any] = []
        self.journal.load(f"|{ORDER}", found.append)
        return len(found[0].events)


def test_what_both_say_matches() -> None:
    """A payment that the journal knows is counted, and nothing is written."""
    counter = Counter()
    counter.first.on(Kind.CHARGE, captured())
    counter.payments.pay(order(), "a")
    before = counter.events()
    assert counter.met(paid()) == {"matched": 1}
    assert counter.events() == before


def test_a_capture_that_nobody_knew_pays_the_order() -> None:
    """The charge fell silent and nobody could ask: the bill is evidence, and the shop is told."""
    counter = Counter()
    counter.first.on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE).on(Kind.CLOSE, SILENCE)
    assert isinstance(counter.payments.pay(order(), "a", within=4.0), pf.Pending)
    report = counter.payments.reconcile("a", DAY, bill(paid()))
    assert dict(report.counts) == {"learned": 1}
    assert not report.needs_person
    assert isinstance(counter.payments.status(ORDER), pf.Paid)
    told: list[str] = []
    counter.payments.deliver(lambda outcome: told.append(outcome.kind))
    assert told == ["paid"]


def test_a_capture_after_another_channel_won_goes_back() -> None:
    """The bill shows a capture of the channel that was left: it is surplus, and is refunded."""
    counter = Counter()
    counter.first.on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    counter.first.on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))
    counter.second.on(Kind.CHARGE, captured())
    assert isinstance(counter.payments.pay(order(), "a", consent=["b"]), pf.Paid)
    counter.first.on(Kind.QUERY, captured()).on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT, named=True))
    assert counter.met(paid()) == {"learned": 1}
    settle(counter.payments, counter.clock, 600.0)
    assert len(counter.first.of(Kind.REFUND)) == 1
    assert counter.met(paid()) == {"matched": 1}


def test_nothing_is_decided_twice() -> None:
    """The same bill again writes nothing, also where the provider has contradicted it since: then it is a person's."""
    counter = Counter()
    counter.first.on(Kind.CHARGE, SILENCE).on(Kind.QUERY, says(pf.Verdict.CLOSED, named=True))
    counter.payments.pay(order(), "a", within=4.0)
    assert counter.met(paid()) == {"learned": 1}
    settle(counter.payments, counter.clock, 120.0)
    before = counter.events()
    report = counter.payments.reconcile("a", DAY, bill(paid()))
    assert dict(report.counts) == {"contradicted": 1}
    assert report.needs_person
    assert counter.events() == before


@pytest.mark.parametrize("known", [True, False])
def test_another_amount_is_for_a_person(known: bool) -> None:
    """The bill says another amount than the order: never Paid by that, and somebody has to look."""
    counter = Counter()
    counter.first.on(Kind.CHARGE, captured() if known else SILENCE).on(Kind.QUERY, SILENCE)
    counter.payments.pay(order(), "a", within=4.0)
    for _ in range(2):
        report = counter.payments.reconcile("a", DAY, bill(paid(yuan="58.99")))
        assert dict(report.counts) == {"amount_differs": 1}
        assert report.needs_person
    assert isinstance(counter.payments.status(ORDER), pf.Paid) is known


def test_a_number_that_was_charged_twice_is_for_a_person() -> None:
    """No answer of the provider's shows it: two trades under one number, or one refund made twice. A file that says one
    thing twice is no second charge."""
    counter = Counter()
    counter.first.on(Kind.CHARGE, captured())
    counter.payments.pay(order(), "a")
    assert counter.met(paid(), paid()) == {"matched": 2}
    assert counter.met(paid(), paid().replace(f"42{NUMBER}", f"43{NUMBER}")) == {"matched": 1, "amount_differs": 1}
    counter.first.on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT))
    counter.payments.refund(ORDER, "r1")
    twice = counter.met(paid(), back(f"{NUMBER}M1"), back(f"{NUMBER}M1"))
    assert twice == {"matched": 2, "amount_differs": 1}


def test_numbers_of_nobody_and_captures_without_a_line_are_for_a_person() -> None:
    """What only one side knows stands in the report with its number."""
    counter = Counter()
    counter.first.on(Kind.CHARGE, captured(paid_at=NOON))
    counter.payments.pay(order(), "a")
    report = counter.payments.reconcile("a", DAY, bill(paid("NOBODYS01")))
    assert [(each.met, each.number, each.order_id) for each in report.findings] == [
        ("unknown", "NOBODYS01", ""),
        ("missing", NUMBER, ORDER),
    ]
    assert report.needs_person


def test_what_was_paid_on_another_day_is_not_missing() -> None:
    """Only captures of the bill's own day, in the provider's time zone, must stand in it."""
    counter = Counter()
    counter.first.on(Kind.CHARGE, captured(paid_at=NOON - 86400.0))
    counter.payments.pay(order(), "a")
    assert counter.met() == {}


def test_refunds_are_held_against_the_journal_too() -> None:
    """One that the shop asked for and is done matches; one still open is now done; a stranger is for a person."""
    counter = Counter(refund=True, query_refund=True)
    counter.first.on(Kind.CHARGE, captured()).on(Kind.REFUND, says(pf.Verdict.ACCEPTED))
    counter.first.on(Kind.QUERY_REFUND, SILENCE)
    counter.payments.pay(order(), "a")
    counter.payments.refund(ORDER, "r-1", pf.Money.of("9.00", "CNY"))
    number = f"{NUMBER}M1"
    assert counter.met(paid(), back(number, "9.00", state="PROCESSING")) == {"matched": 2}
    assert counter.met(paid(), back(number, "9.00")) == {"matched": 1, "refund_learned": 1}
    assert counter.met(paid(), back(number, "9.00")) == {"matched": 2}
    assert counter.met(paid(), back(number, "8.00")) == {"matched": 1, "amount_differs": 1}
    assert counter.met(paid(), back("console-1", "5.00")) == {"matched": 1, "refund_unknown": 1}


@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_a_bill_is_read_from_a_file_packed_or_not(tmp_path: Path, packed: Any) -> None:
    """The path of the provider's own file will do."""
    counter = Counter()
    counter.first.on(Kind.CHARGE, captured())
    counter.payments.pay(order(), "a")
    file = tmp_path / "bill"
    file.write_bytes(packed(bill(paid())))
    assert dict(counter.payments.reconcile("a", DAY, file).counts) == {"matched": 1}


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (b"", "no bill of WeChat Pay"),
        (b"hello\n", "no bill of WeChat Pay"),
        ("\r\n".join([HEAD, paid()]).encode(), "ends without its sums"),
        ("\r\n".join([HEAD, "`a,`b"]).encode(), "line 2 has 2 cells only"),
        (bill(paid(yuan="59.001")), "line 2: 订单金额 is no amount of CNY"),
        (bill(paid(), "\udcff").replace(b"?", b"\xff"), "line 3 is not utf-8"),
        (bill(paid(), "x" * 20_000), "line 3: larger than any bill"),
        (gzip.compress(bill(paid()))[:-20], "ends or breaks"),
        (b"PK\x03\x04 no zip", "the archive is broken"),
    ],
)
def test_what_is_no_bill_is_refused_in_words(broken: bytes, why: str) -> None:
    """A file that is cut, foreign or broken decides nothing of what it does not say."""
    with pytest.raises(pf.BillUnavailable, match=why):
        Counter().payments.reconcile("a", DAY, broken)


def test_a_bill_of_another_day_is_refused() -> None:
    """It would match, and hide what is missing on the day that was asked for."""
    counter = Counter()
    with pytest.raises(pf.BillUnavailable, match="line 2 was paid on 2026-11-11: this is not the bill of 2026-11-09"):
        counter.payments.reconcile("a", date(2026, 11, 9), bill(paid()))


def test_a_bill_that_lost_lines_is_refused() -> None:
    """Its last line says how many there are."""
    lost = bill(paid(), paid("NOBODYS01"), paid("NOBODYS02")).replace(paid("NOBODYS01").encode() + b"\r\n", b"")
    with pytest.raises(pf.BillUnavailable, match="2 lines and speaks of 3"):
        Counter().payments.reconcile("a", DAY, lost)


def test_a_channel_without_bills_says_so() -> None:
    """Not every provider has them."""
    with pytest.raises(pf.UnknownOption, match="has no bills"):
        Counter().payments.reconcile("b", DAY, bill())


def test_progress_is_told_while_a_long_bill_is_read() -> None:
    """Every few hundred lines, and at the end."""
    heard: list[int] = []
    rows = [paid(f"NOBODYS{n:04}") for n in range(450)]
    Counter().payments.reconcile("a", DAY, bill(*rows), progress=heard.append)
    assert heard == [200, 400, 450]


def test_the_sqlite_journal_finds_the_captures_of_a_day(tmp_path: Path) -> None:
    """Page by page, by account and time."""
    counter = Counter()
    counter.journal = SqliteJournal(tmp_path / "journal.db", clock=counter.clock, allow_volatile=True)  # type: ignore[assignment]  # a journal as well
    counter.payments = client({"a": counter.first, "b": counter.second}, counter.clock, counter.journal)
    counter.first.on(Kind.CHARGE, captured(paid_at=NOON))
    for n in range(3):
        counter.payments.pay(pf.Order(f"N{n}", AMOUNT), "a")
    assert counter.met() == {"missing": 3}
    counter.payments.close()
