"""The Alipay adapter over real HTTP, against a small Alipay that verifies what it is sent; then the whole client."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from alipay_counterpart import TOLD, alipay, private_pem, told
from alipay_server import WAITING_CODE, AlipayServer
from over_http import Checkout, RealClock

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.model import Money
from payfallback.policy import Channel, Policy, Route
from payfallback.providers.alipay import Alipay
from payfallback.providers.keys import Key
from payfallback.taxonomy import Cause, Verdict


@pytest.fixture(scope="module")
def server() -> Iterator[AlipayServer]:
    """One Alipay for this file."""
    with AlipayServer() as running:
        yield running


@pytest.fixture
def adapter(server: AlipayServer) -> Alipay:
    """The adapter with the app's key."""
    return alipay(clock=RealClock(), base_url=server.url, nonce=None, options={"paid_by": "answer"})


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client of this machine only."""
    with httpx.Client(trust_env=False) as client:
        yield client


def by_code(adapter: Alipay, http: httpx.Client, number: str, code: str = "280000000000000009") -> Checkout:
    """One attempt with a payment code."""
    return Checkout(adapter, http, "code", number, inputs={"code": code}, expires_at=time.time() + 120)


def test_a_payment_code(adapter: Alipay, http: httpx.Client) -> None:
    """Charged, asked about, refunded once however often it is sent."""
    attempt = by_code(adapter, http, "HA0001")
    assert attempt(Kind.CHARGE).verdict is Verdict.CAPTURED
    asked = attempt(Kind.QUERY)
    assert (asked.verdict, asked.amount) == (Verdict.CAPTURED, Money(599900, "CNY"))
    assert attempt(Kind.QUERY_REFUND, refund_number="HA0001R1").verdict is Verdict.NOT_FOUND
    verdicts = [attempt(Kind.REFUND, refund_number="HA0001R1").verdict for _ in range(2)]
    assert verdicts == [Verdict.REFUNDED, Verdict.ACCEPTED]
    assert attempt(Kind.QUERY_REFUND, refund_number="HA0001R1").amount == Money(599900, "CNY")


def test_cancels(adapter: Alipay, http: httpx.Client) -> None:
    """A cancel closes what waits, refunds what was paid, and finds nothing under a number that never arrived."""
    waits, paid, lost = (
        by_code(adapter, http, "HB0001", WAITING_CODE),
        by_code(adapter, http, "HB0002"),
        by_code(adapter, http, "HB0003"),
    )
    assert waits(Kind.CHARGE).cause is Cause.AWAITING_SHOPPER
    assert paid(Kind.CHARGE).verdict is Verdict.CAPTURED
    assert [each(Kind.CLOSE).verdict for each in (waits, paid, lost)] == [
        Verdict.CLOSED,
        Verdict.REFUNDED,
        Verdict.ACCEPTED,
    ]
    assert [each(Kind.QUERY).verdict for each in (waits, paid, lost)] == [
        Verdict.CLOSED,
        Verdict.REFUNDED,
        Verdict.NOT_FOUND,
    ]


def test_an_order_code(server: AlipayServer, adapter: Alipay, http: httpx.Client) -> None:
    """Before the shopper scans it there is no trade; then it can be closed, or paid and not closed any more."""
    attempt = Checkout(adapter, http, "huabei_qr", "HC0001", terms=12, expires_at=time.time() + 120)
    assert attempt(Kind.CHARGE).verdict is Verdict.PENDING
    assert attempt(Kind.QUERY).verdict is Verdict.NOT_FOUND
    assert attempt(Kind.QUERY).provider_time == pytest.approx(time.time(), abs=5)
    assert attempt(Kind.CLOSE).cause is Cause.AWAITING_SHOPPER
    server.trades.show("HC0001", "TRADE_SUCCESS")
    assert attempt(Kind.CLOSE).verdict is Verdict.UNKNOWN
    assert attempt(Kind.QUERY).verdict is Verdict.CAPTURED
    other = Checkout(adapter, http, "qr", "HC0002", expires_at=time.time() + 120)
    other(Kind.CHARGE)
    server.trades.show("HC0002", "WAIT_BUYER_PAY")
    assert (other(Kind.CLOSE).verdict, other(Kind.QUERY).verdict) == (Verdict.CLOSED, Verdict.CLOSED)


def test_a_refusal_that_ends_the_number(adapter: Alipay, http: httpx.Client) -> None:
    """A stated refusal is final, and nothing is there under its number."""
    attempt = by_code(adapter, http, "HD0001", "280000000000000001")
    answer = attempt(Kind.CHARGE)
    assert (answer.verdict, answer.cause, answer.final) == (Verdict.DECLINED, Cause.RISK_REJECTED, True)


def test_the_wrong_key(server: AlipayServer, http: httpx.Client) -> None:
    """Alipay refuses what the app did not sign, without signing that itself: nothing is proven, and someone is told
    why."""
    stranger = alipay(clock=RealClock(), base_url=server.url, nonce=None, sign=[Key("2025", private_pem("stranger"))])
    answer = by_code(stranger, http, "HE0001")(Kind.CHARGE)
    assert (answer.verdict, answer.cause, answer.code) == (Verdict.UNKNOWN, Cause.MERCHANT_CONFIG, "invalid-signature")


@pytest.fixture
def payments(adapter: Alipay) -> Iterator[pf.Payments]:
    """A whole client with two ways to pay at Alipay."""
    channels = {
        name: Channel(name=name, account=adapter.account, capabilities=adapter.capabilities(product), product=product)
        for name, product in (("till", "code"), ("scan", "qr"))
    }
    routes = (Route(name="all", order=(pf.Option("till"), pf.Option("scan"))),)
    with pf.Payments(Policy(channels=channels, routes=routes), dict.fromkeys(channels, adapter)) as client:
        yield client


def test_an_order_is_paid_with_a_code(payments: pf.Payments) -> None:
    """The shopper's code pays the order, and a refund of part of it is done."""
    order = pf.Order("HF1", Money(599900, "CNY"), "壶")
    shopper = pf.Shopper(inputs={"till": {"code": "280000000000000009"}})
    result = payments.pay(order, "till", shopper=shopper)
    assert isinstance(result, pf.Paid)
    assert result.provider_ref == f"T{result.number}"
    assert payments.refund("HF1", "R1", Money(101, "CNY")).state == "done"


def test_another_way_after_a_code_that_waits(server: AlipayServer, payments: pf.Payments) -> None:
    """The shopper leaves the till for the QR code: the code is cancelled by name first, and a notification of the QR
    code's payment pays the order."""
    order = pf.Order("HG1", Money(599900, "CNY"), "壶")
    shopper = pf.Shopper(inputs={"till": {"code": WAITING_CODE}})
    assert isinstance(payments.pay(order, "till", shopper=shopper, within=0.5), pf.Pending)
    server.asked.clear()
    shown = payments.switch(order, "scan", shopper=shopper)
    assert isinstance(shown, pf.ActionRequired)
    assert shown.switched_from == ("till",)
    assert server.asked == ["query", "cancel", "precreate"]
    ack = payments.notify("scan", {}, told({**TOLD, "out_trade_no": shown.number}))
    assert (ack.body, ack.order_id) == (b"success", "HG1")
    assert isinstance(payments.status("HG1"), pf.Paid)
