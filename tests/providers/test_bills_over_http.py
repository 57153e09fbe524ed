"""The bills of three providers, fetched over HTTP from the sandbox and held against the journal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from bill_files import DAY, alipay_details, alipay_row, zipped, zm_row
from bill_shop import AMOUNT, BEIJING, PROVIDERS, Shop, configured, noon, order, shopper

import payfallback as pf
from payfallback.testing.sandbox import Sandbox
from sandbox_time import SandboxTime

every_channel = pytest.mark.parametrize("channel", list(PROVIDERS))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys that every sandbox of this file shares."""
    return tmp_path_factory.mktemp("bill-keys")


@pytest.fixture
def sandbox(keys: Path) -> Iterator[Sandbox]:
    """A sandbox at noon."""
    with Sandbox(key_dir=keys) as running:
        noon(running)
        yield running


@pytest.fixture
def shop(sandbox: Sandbox, keys: Path, tmp_path: Path, channel: str) -> Iterator[Shop]:
    """A shop with a journal of its own."""
    moving = SandboxTime(sandbox)
    file = configured(sandbox, keys, tmp_path)
    with pf.Payments.from_config(file, clock=moving, sleep=moving.sleep) as payments:
        yield Shop(sandbox, payments, channel)


@every_channel
def test_payments_and_refunds_match(shop: Shop) -> None:
    """What the journal knows is counted: a payment whose title holds a comma, and a refund of part of it."""
    assert isinstance(shop.pays("BILL000001"), pf.Paid)
    shop.payments.refund("BILL000001", "R1", pf.Money.of("28.00", "CNY"))
    shop.recovers()
    report = shop.payments.reconcile(shop.channel, shop.today)
    assert (dict(report.counts), report.lines, report.needs_person) == ({"matched": 2}, 2, False)


@every_channel
def test_a_capture_that_nobody_heard_of_pays_the_order(shop: Shop) -> None:
    """The reply was lost and nobody could ask: the bill is the evidence, and the order can be refunded by it."""
    shop.loses_the_answer("BILL000001")
    assert shop.met() == {"learned": 1}
    paid = shop.payments.status("BILL000001")
    assert isinstance(paid, pf.Paid)
    assert (paid.amount, bool(paid.provider_ref)) == (AMOUNT, True)
    shop.payments.refund("BILL000001", "R1")
    shop.recovers()
    assert shop.met() == {"matched": 2}


@every_channel
def test_a_refund_that_was_still_open_is_done(shop: Shop) -> None:
    """The refund's answer was lost; its line in the bill ends it."""
    shop.pays("BILL000001")
    shop.sandbox.notifications(shop.provider, "off")
    shop.sandbox.fault(shop.provider, "reply_lost", operation="refund")
    shop.sandbox.fault(shop.provider, "http_503", operation="query_refund")
    assert shop.payments.refund("BILL000001", "R1").state == "pending"
    shop.sandbox.clear()
    assert shop.met() == {"matched": 1, "refund_learned": 1}
    assert shop.met() == {"matched": 2}
    assert shop.payments.refund("BILL000001", "R1").state == "done"


@every_channel
def test_money_of_nobody_here_is_for_a_person(shop: Shop, sandbox: Sandbox, keys: Path, tmp_path: Path) -> None:
    """Another program charged with this account: its number is no order's here, and its refund neither."""
    moving = SandboxTime(sandbox)
    file = configured(sandbox, keys, tmp_path)
    with pf.Payments.from_config(file, clock=moving, sleep=moving.sleep) as other:
        other.pay(order("OTHER00001"), shop.channel, shopper=shopper(shop.channel), within=8)
        other.refund("OTHER00001", "R1")
    report = shop.payments.reconcile(shop.channel, shop.today)
    assert (dict(report.counts), report.needs_person) == ({"unknown": 2}, True)
    assert report.findings[0].number == "OTHER0000101"


@every_channel
def test_a_payment_that_was_taken_back_is_never_paid(shop: Shop) -> None:
    """The order was given up while its charge was unknown, and what was taken went back. Both stand in the bill: the
    shop hears that it was cancelled, nothing is sent for it, and no money is held."""
    shop.loses_the_answer("BILL000001")
    shop.sandbox.fault(shop.provider, "http_503", operation="query")
    shop.payments.cancel("BILL000001")
    shop.recovers()
    shop.sandbox.clear()
    shop.met()
    shop.recovers()
    told: list[str] = []
    shop.payments.deliver(lambda outcome: told.append(outcome.kind))
    assert told == ["cancelled"]
    assert isinstance(shop.payments.status("BILL000001"), pf.NotPaid)
    assert (len(shop.sandbox.refunds("BILL000001")), shop.sandbox.held("BILL000001")) == (1, 0)
    assert shop.met() == {"matched": 2}


@every_channel
def test_a_day_without_a_bill_says_so(shop: Shop) -> None:
    """Nothing moved on that day, and the provider says it has no bill."""
    with pytest.raises(pf.BillUnavailable, match=r"has no (bill|file) of that day"):
        shop.met()
    with pytest.raises(pf.BillUnavailable, match=r"has no (bill|file) of that day"):
        shop.payments.reconcile(shop.channel, shop.today - timedelta(days=30))


@every_channel
@pytest.mark.parametrize("fault", ["unsigned", "unsigned:wrong", "malformed"])
def test_an_answer_that_is_not_signed_is_no_bill(shop: Shop, fault: str) -> None:
    """Whoever answers in the provider's name, nothing is read and nothing is learned."""
    shop.loses_the_answer("BILL000001")
    shop.sandbox.fault(shop.provider, fault, operation="bill")
    with pytest.raises(pf.BillUnavailable, match="is not signed"):
        shop.met()
    shop.sandbox.clear()
    assert isinstance(shop.payments.status("BILL000001"), pf.Pending)


@every_channel
@pytest.mark.parametrize("fault", ["rate_limited:5", "http_503", "reply_lost"])
def test_no_answer_is_no_bill(shop: Shop, fault: str) -> None:
    """An outage ends in a sentence."""
    shop.pays("BILL000001")
    shop.sandbox.fault(shop.provider, fault, operation="bill")
    with pytest.raises(pf.BillUnavailable):
        shop.met()
    shop.sandbox.clear()


def by_hand(shop: Shop, *numbers: str) -> bytes:
    """The zip that a person downloads: of the 11th of November, with these payments of 128 yuan."""
    if shop.provider == "alipay":
        rows = [alipay_row(number, amount="128.00") for number in numbers]
        return zipped({"x_业务明细.csv": alipay_details(*rows), "x_业务明细(汇总).csv": b""})
    merchant = shop.sandbox.credentials["unionpay"]["merchant"]
    rows_of_zm = [zm_row(number=number, amount="000000012800", merchant=merchant) for number in numbers]
    return zipped({f"INN26111188ZM_{merchant}": b"".join(rows_of_zm)})


by_both = pytest.mark.parametrize("channel", ["alipay_code", "unionpay_code"])


@by_both
def test_a_file_is_read_where_it_lies(shop: Shop, tmp_path: Path) -> None:
    """Downloaded by a person: the provider is not asked for it."""
    shop.loses_the_answer("BILL000001")
    file = tmp_path / "bill.zip"
    file.write_bytes(by_hand(shop, "BILL00000101"))
    before = len(shop.sandbox.requests)
    assert dict(shop.payments.reconcile(shop.channel, DAY, file).counts) == {"learned": 1}
    assert len(shop.sandbox.requests) == before
    assert isinstance(shop.payments.status("BILL000001"), pf.Paid)


@by_both
def test_a_file_that_is_cut_is_refused(shop: Shop) -> None:
    """Wherever it is cut, it does not pass for a whole bill, and nothing is called missing by it."""
    shop.pays("BILL000001")
    whole = by_hand(shop, "BILL00000101")
    for length in range(4, len(whole), 97):
        with pytest.raises(pf.BillUnavailable):
            shop.payments.reconcile(shop.channel, DAY, whole[:length])


@by_both
def test_a_capture_without_a_line_is_missing(shop: Shop) -> None:
    """The journal says captured on that day; the provider's file of the day does not know it."""
    assert isinstance(shop.pays("BILL000001"), pf.Paid)
    day = shop.today
    if shop.provider == "alipay":
        ends = day + timedelta(days=1)
        told = f"#起始日期：[{day:%Y年%m月%d日} 00:00:00]   终止日期：[{ends:%Y年%m月%d日} 00:00:00]".encode("gbk")
        empty = told + b"\r\n" + b"\r\n".join(alipay_details().split(b"\r\n")[3:])
    else:
        empty = zipped({f"INN{day:%y%m%d}88ZM_1": b""})
    report = shop.payments.reconcile(shop.channel, day, empty)
    assert [(each.met, each.order_id) for each in report.findings] == [("missing", "BILL000001")]
    assert report.needs_person


@every_channel
@pytest.mark.anyio
async def test_the_same_awaited(sandbox: Sandbox, keys: Path, tmp_path: Path, channel: str) -> None:
    """`AsyncPayments` fetches and reads on asyncio and on trio."""
    file = configured(sandbox, keys, tmp_path)
    day = datetime.fromtimestamp(sandbox.now, BEIJING).date()
    sandbox.notifications(PROVIDERS[channel], "off")
    sandbox.fault(PROVIDERS[channel], "reply_lost")
    async with pf.AsyncPayments.from_config(file, clock=SandboxTime(sandbox)) as payments:
        result = await payments.pay(order("BILL000001"), channel, shopper=shopper(channel), within=1.0)
        assert isinstance(result, pf.Pending)
        sandbox.clear()
        assert dict((await payments.reconcile(channel, day)).counts) == {"learned": 1}
        assert isinstance(await payments.status("BILL000001"), pf.Paid)
