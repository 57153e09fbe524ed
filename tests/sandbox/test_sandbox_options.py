"""`options` over real HTTP: Baitiao's plans from the sandbox's JD, and what a page sees while JD is slow or down."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import payfallback as pf
from payfallback.testing import starter_config
from payfallback.testing.sandbox import Sandbox

ORDER = pf.Order("A1001", pf.Money.of("5999.00", "CNY"), "phone")


@pytest.fixture
def payments(sandbox: Sandbox, key_dir: Path) -> Iterator[pf.Payments]:
    """A client of this sandbox's JD Pay and WeChat Pay."""
    urls = {"jdpay": sandbox.jdpay_url, "wechatpay": sandbox.wechatpay_url}
    file = key_dir.parent / "options.toml"
    file.write_text(starter_config(urls, str(key_dir), journal_url="memory:"), encoding="utf-8")
    with pf.Payments.from_config(str(file)) as made:
        made.options(ORDER, within=10)  # whatever loads late is loaded now, under another amount's plans
        yield made


def states(payments: pf.Payments, major: str, within: float = 5.0) -> dict[str, pf.OptionState]:
    """What a page sees for an amount."""
    order = pf.Order("A1002", pf.Money.of(major, "CNY"))
    return {each.option: each for each in payments.options(order, within=within).options}


def asked(sandbox: Sandbox) -> int:
    """How often JD was asked for plans."""
    return sum(arrival.operation == "plans" for arrival in sandbox.requests)


def test_the_page_shows_jds_own_plans(sandbox: Sandbox, payments: pf.Payments) -> None:
    """Each term with JD's sums, and who bears the fee by them; the next page of the minute asks no more."""
    before = asked(sandbox)
    page = states(payments, "1200.00")
    twelve = page["baitiao/12"]
    assert (twelve.checked, twelve.available) == ("provider", True)
    assert twelve.each is not None
    assert twelve.total is not None
    assert twelve.fee is not None
    assert twelve.total.minor == 120_000 + twelve.fee.minor
    assert twelve.fee_by == ("shopper" if twelve.fee.minor else "")
    assert states(payments, "1200.00") == page
    assert asked(sandbox) == before + 1


@pytest.mark.parametrize("fault", ["hang", "http_503", "malformed", "unsigned"])
def test_the_page_comes_in_time_whatever_jd_does(sandbox: Sandbox, payments: pf.Payments, fault: str) -> None:
    """Everything is available and not checked; JD is then left alone for a moment."""
    sandbox.fault("jdpay", fault, operation="plans")
    started = time.monotonic()
    page = states(payments, "1300.00", within=0.2)
    assert time.monotonic() - started < 8.0
    assert all(each.available and each.checked == "no" for each in page.values())
    before = asked(sandbox)
    assert states(payments, "1300.00") == page
    assert asked(sandbox) == before
