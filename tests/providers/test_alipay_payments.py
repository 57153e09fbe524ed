"""Orders that are paid at the sandbox's Alipay through the whole client."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from alipay_sandboxed import WAITS, adapter_for
from over_http import Kept

import payfallback as pf
from payfallback.model import Money
from payfallback.policy import Channel, Policy, Route
from payfallback.testing.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox for this file."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def browser() -> Iterator[httpx.Client]:
    """The shopper's browser, on this machine only."""
    with httpx.Client(trust_env=False) as client:
        yield client


def clients(sandbox: Sandbox, notify_url: str = "") -> pf.Payments:
    """A whole client with three ways to pay at Alipay, of a shop that takes pay at its word."""
    adapter = adapter_for(sandbox, options={"paid_by": "answer"})
    products = {"till": "code", "scan": "qr", "web": "page"}
    channels = {
        name: Channel(
            name=name,
            account=adapter.account,
            capabilities=adapter.capabilities(product),
            product=product,
            notify_url=notify_url,
        )
        for name, product in products.items()
    }
    routes = (Route(name="all", order=tuple(pf.Option(name) for name in products)),)
    return pf.Payments(Policy(channels=channels, routes=routes), dict.fromkeys(channels, adapter))


@pytest.fixture
def payments(sandbox: Sandbox) -> Iterator[pf.Payments]:
    """A client that is not notified."""
    with clients(sandbox) as client:
        yield client


def test_an_order_is_paid_with_a_code(payments: pf.Payments) -> None:
    """The shopper's code pays the order, and a refund of part of it is done."""
    order = pf.Order("HF1001", Money(599900, "CNY"), "壶")
    shopper = pf.Shopper(inputs={"till": {"code": "280000000000000009"}})
    result = payments.pay(order, "till", shopper=shopper)
    assert isinstance(result, pf.Paid)
    assert payments.refund("HF1001", "R1", Money(101, "CNY")).state == "done"


def test_another_way_after_a_code_that_waits(sandbox: Sandbox, payments: pf.Payments) -> None:
    """The shopper leaves the till for the QR code: the code is cancelled by name first, and the QR code pays."""
    order = pf.Order("HG1001", Money(599900, "CNY"), "壶")
    shopper = pf.Shopper(inputs={"till": {"code": WAITS}})
    assert isinstance(payments.pay(order, "till", shopper=shopper, within=0.5), pf.Pending)
    before = len(sandbox.requests)
    shown = payments.switch(order, "scan", shopper=shopper)
    assert isinstance(shown, pf.ActionRequired)
    assert shown.switched_from == ("till",)
    assert [line.endpoint for line in sandbox.requests[before:]] == ["query", "cancel", "precreate"]
    sandbox.pay("alipay", shown.number)
    assert isinstance(payments.status("HG1001", ask=True), pf.Paid)
    assert len(sandbox.captures("HG1001")) == 1


def test_a_shopper_pays_on_a_page(sandbox: Sandbox, payments: pf.Payments, browser: httpx.Client) -> None:
    """The page is shown, a reload shows the same one, and what the shopper pays there pays the order once."""
    order = pf.Order("HI1001", Money(599900, "CNY"), "壶")
    shown = payments.pay(order, "web", shopper=pf.Shopper(return_url="http://127.0.0.1:9/back"))
    assert isinstance(shown, pf.ActionRequired)
    assert isinstance(shown.action, pf.Redirect)
    again = payments.pay(order, "web")
    assert isinstance(again, pf.ActionRequired)
    assert (again.action, again.number) == (shown.action, shown.number)
    browser.post(browser.get(shown.action.url).headers["location"], data={"do": "pay"})
    paid = payments.status("HI1001", ask=True)
    assert isinstance(paid, pf.Paid)
    assert (paid.number, len(sandbox.captures("HI1001"))) == (shown.number, 1)


def test_a_page_whose_question_was_not_answered(sandbox: Sandbox, payments: pf.Payments) -> None:
    """When Alipay does not answer, the page is never shown: the next way is tried at once, under another number."""
    sandbox.fault("alipay", "http_503", operation="query", times=1)
    order = pf.Order("HJ1001", Money(599900, "CNY"), "壶")
    shown = payments.pay(order, "web", consent=["scan"])
    assert isinstance(shown, pf.ActionRequired)
    assert (shown.option, shown.switched_from) == ("scan", ("web",))
    sandbox.pay("alipay", shown.number)
    assert isinstance(payments.status("HJ1001", ask=True), pf.Paid)
    assert len(sandbox.captures("HJ1001")) == 1


def test_another_way_after_a_page(sandbox: Sandbox, payments: pf.Payments, browser: httpx.Client) -> None:
    """A page that nobody has opened cannot be closed, so the shopper waits for its expiry; one that was opened is
    closed, and its address pays nothing any more."""
    unopened, opened = (pf.Order(f"{name}001", Money(599900, "CNY"), "壶") for name in ("HK1", "HL1"))
    payments.pay(unopened, "web")
    waits = payments.switch(unopened, "scan", within=0.5)
    assert isinstance(waits, pf.Pending)
    assert waits.switchable_at is not None
    shown = payments.pay(opened, "web")
    assert isinstance(shown, pf.ActionRequired)
    assert isinstance(shown.action, pf.Redirect)
    browser.get(shown.action.url)
    other = payments.switch(opened, "scan")
    assert isinstance(other, pf.ActionRequired)
    assert other.option == "scan"
    assert "TRADE_HAS_CLOSE" in browser.get(shown.action.url).text
    assert sandbox.captures("HK1") == sandbox.captures("HL1") == []


def test_a_notification_pays_the_order(sandbox: Sandbox, browser: httpx.Client) -> None:
    """What Alipay posts is handed over as it came, pays the order, and is acknowledged in Alipay's own form."""
    with Kept() as shop:
        order = pf.Order("HM1001", Money(599900, "CNY"), "壶")
        with clients(sandbox, notify_url=shop.url) as told:
            shown = told.pay(order, "web")
            assert isinstance(shown, pf.ActionRequired)
            assert isinstance(shown.action, pf.Redirect)
            browser.post(browser.get(shown.action.url).headers["location"], data={"do": "pay"})
            _, headers, body, _ = shop.arrived.get(timeout=30)
            ack = told.notify("web", headers, body)
            assert (ack.status, ack.body, ack.order_id) == (200, b"success", "HM1001")
            assert isinstance(told.status("HM1001"), pf.Paid)
