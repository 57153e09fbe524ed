"""The Alipay adapter against the sandbox's Alipay, two implementations that share no code."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from alipay_counterpart import private_pem
from alipay_sandboxed import WAITS, adapter_for
from over_http import Checkout, Endpoint

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.model import Money
from payfallback.providers.alipay import Alipay
from payfallback.providers.keys import Key
from payfallback.taxonomy import Cause, Verdict
from payfallback.testing.sandbox import Sandbox

REFUSED = "280000000000009902"
PAGES = ["page", "wap", "huabei_page", "huabei_wap"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox for this file."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def adapter(sandbox: Sandbox) -> Alipay:
    """The adapter in public key mode."""
    return adapter_for(sandbox)


@pytest.fixture(autouse=True)
def no_faults(sandbox: Sandbox) -> Iterator[None]:
    """Every test begins with an Alipay that works."""
    yield
    sandbox.clear()


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client of this machine only, and a shopper's browser."""
    with httpx.Client(trust_env=False) as client:
        yield client


def attempt(adapter: Alipay, http: httpx.Client, number: str, product: str = "code", **more: Any) -> Checkout:
    """One attempt; with a payment code where the product takes one."""
    given: dict[str, Any] = {"expires_at": time.time() + 120}
    if product.endswith("code"):
        given["inputs"] = {"code": "280000000000000009"}
    if product.startswith("huabei"):
        given["terms"] = 6
    return Checkout(adapter, http, product, number, **{**given, **more})


def by_code(adapter: Alipay, http: httpx.Client, number: str, code: str) -> Checkout:
    """One attempt with this payment code."""
    return attempt(adapter, http, number, inputs={"code": code})


@pytest.mark.parametrize("certified", [False, True], ids=["public key", "certificates"])
def test_a_payment_code(sandbox: Sandbox, http: httpx.Client, *, certified: bool) -> None:
    """Charged, asked about, refunded once however often it is sent; with public keys and with certificates."""
    adapter = adapter_for(sandbox, certified=certified)
    adapter.check()
    number = f"HA000{int(certified)}"
    pays = attempt(adapter, http, number)
    assert (pays(Kind.CHARGE).verdict, pays(Kind.CHARGE).verdict) == (Verdict.PENDING, Verdict.UNKNOWN)
    asked = pays(Kind.QUERY)
    assert (asked.verdict, asked.amount) == (Verdict.CAPTURED, Money(599900, "CNY"))
    assert pays(Kind.QUERY_REFUND, refund_number=f"{number}R1").verdict is Verdict.NOT_FOUND
    verdicts = [pays(Kind.REFUND, refund_number=f"{number}R1").verdict for _ in range(2)]
    assert verdicts == [Verdict.REFUNDED, Verdict.ACCEPTED]
    assert pays(Kind.QUERY_REFUND, refund_number=f"{number}R1").amount == Money(599900, "CNY")
    assert (len(sandbox.captures(number)), sandbox.held(number)) == (1, 0)


def test_a_shop_that_takes_pay_at_its_word(sandbox: Sandbox, http: httpx.Client) -> None:
    """With `paid_by = "answer"` the payment is captured when pay says so."""
    pays = attempt(adapter_for(sandbox, options={"paid_by": "answer"}), http, "HA0009")
    assert (pays(Kind.CHARGE).verdict, len(sandbox.captures("HA0009"))) == (Verdict.CAPTURED, 1)


def test_cancels(sandbox: Sandbox, adapter: Alipay, http: httpx.Client) -> None:
    """A cancel closes what waits, refunds what was paid, and finds nothing under a number that never arrived."""
    waits, paid, lost = (
        by_code(adapter, http, "HB0001", WAITS),
        attempt(adapter, http, "HB0002"),
        attempt(adapter, http, "HB0003"),
    )
    assert waits(Kind.CHARGE).cause is Cause.AWAITING_SHOPPER
    assert paid(Kind.CHARGE).verdict is Verdict.PENDING
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
    assert sandbox.held("HB00") == 0


def test_an_order_code(sandbox: Sandbox, adapter: Alipay, http: httpx.Client) -> None:
    """Before the shopper scans it there is no trade; then it can be closed, or paid and not closed any more."""
    pays = attempt(adapter, http, "HC0001", "huabei_qr")
    action = pays(Kind.CHARGE).action
    assert isinstance(action, pf.Qr)
    assert pays(Kind.QUERY).verdict is Verdict.NOT_FOUND
    assert pays(Kind.QUERY).provider_time == pytest.approx(time.time(), abs=5)
    assert pays(Kind.CLOSE).cause is Cause.AWAITING_SHOPPER
    http.get(action.code)
    sandbox.pay("alipay", "HC0001")
    assert pays(Kind.CLOSE).verdict is Verdict.UNKNOWN
    assert pays(Kind.QUERY).verdict is Verdict.CAPTURED
    other = attempt(adapter, http, "HC0002", "qr")
    code = other(Kind.CHARGE).action
    assert isinstance(code, pf.Qr)
    http.get(code.code)
    assert (other(Kind.CLOSE).verdict, other(Kind.QUERY).verdict) == (Verdict.CLOSED, Verdict.CLOSED)


@pytest.mark.parametrize("product", PAGES)
@pytest.mark.parametrize("certified", [False, True], ids=["public key", "certificates"])
def test_a_page(sandbox: Sandbox, http: httpx.Client, product: str, *, certified: bool) -> None:
    """The address that the adapter signs opens at Alipay, and not before is there a trade; then it is paid, asked
    about and refunded like any other."""
    number = f"HP{PAGES.index(product)}{int(certified)}01"
    pays = attempt(adapter_for(sandbox, certified=certified), http, number, product, return_url="http://127.0.0.1:9/b")
    shown = pays(Kind.CHARGE).action
    assert isinstance(shown, pf.Redirect)
    assert pays(Kind.QUERY).verdict is Verdict.NOT_FOUND
    opened = http.get(shown.url)
    assert (opened.status_code, sandbox.control_url in opened.headers["location"]) == (302, True)
    assert pays(Kind.QUERY).cause is Cause.AWAITING_SHOPPER
    assert isinstance(pays(Kind.CHARGE).action, pf.Redirect)
    http.post(opened.headers["location"], data={"do": "pay"})
    answer = pays(Kind.QUERY)
    assert (answer.verdict, answer.amount) == (Verdict.CAPTURED, Money(599900, "CNY"))
    assert pays(Kind.CHARGE).verdict is Verdict.CAPTURED
    assert pays(Kind.CLOSE).verdict is Verdict.UNKNOWN
    assert pays(Kind.REFUND, refund_number=f"{number}R1").verdict is Verdict.REFUNDED
    assert (pays(Kind.QUERY).verdict, len(sandbox.captures(number))) == (Verdict.REFUNDED, 1)


def test_a_page_that_is_over(sandbox: Sandbox, adapter: Alipay, http: httpx.Client) -> None:
    """A page that was opened can be closed, and after its expiry its address leads nowhere."""
    opened = attempt(adapter, http, "HQ0001", "page")
    link = opened(Kind.CHARGE).action
    assert isinstance(link, pf.Redirect)
    http.get(link.url)
    assert (opened(Kind.CLOSE).verdict, opened(Kind.QUERY).verdict) == (Verdict.CLOSED, Verdict.CLOSED)
    late = attempt(adapter, http, "HQ0002", "page", expires_at=sandbox.now - 1)
    address = late(Kind.CHARGE).action
    assert isinstance(address, pf.Redirect)
    assert "NOW_TIME_AFTER_EXPIRE_TIME" in http.get(address.url).text
    assert late(Kind.QUERY).verdict is Verdict.NOT_FOUND
    assert sandbox.captures("HQ00") == []


def test_a_refusal_that_ends_the_number(adapter: Alipay, http: httpx.Client) -> None:
    """A stated refusal is final, and nothing is there under its number."""
    pays = by_code(adapter, http, "HD0001", REFUSED)
    answer = pays(Kind.CHARGE)
    assert (answer.verdict, answer.cause, answer.final) == (Verdict.DECLINED, Cause.CREDIT_EXHAUSTED, True)
    assert pays(Kind.QUERY).verdict is Verdict.NOT_FOUND


@pytest.mark.parametrize("product", ["code", "qr", "page"])
@pytest.mark.parametrize("fault", ["http_503", "malformed", "unsigned", "unsigned:wrong", "rate_limited"])
def test_answers_that_prove_nothing(
    sandbox: Sandbox, adapter: Alipay, http: httpx.Client, product: str, fault: str
) -> None:
    """Whatever is broken or not signed leaves a charge undecided, and shows the shopper nothing; a limit that Alipay
    signs is a refusal for now."""
    endpoint = {"code": "pay", "qr": "precreate", "page": "query"}[product]
    sandbox.fault("alipay", fault, operation=endpoint)
    number = f"HX{fault.replace(':', '').replace('_', '')}{product}"
    answer = attempt(adapter, http, number, product)(Kind.CHARGE)
    limited = fault == "rate_limited" and product != "page"
    assert (answer.verdict, answer.action) == (Verdict.DECLINED if limited else Verdict.UNKNOWN, None)
    assert not answer.final


def test_the_wrong_key(sandbox: Sandbox, http: httpx.Client) -> None:
    """Alipay refuses what the app did not sign, without signing that itself: nothing is proven, and someone is told
    why."""
    stranger = adapter_for(sandbox, sign=[Key("2025", private_pem("stranger"))])
    answer = attempt(stranger, http, "HE0001")(Kind.CHARGE)
    assert (answer.verdict, answer.cause, answer.code) == (Verdict.UNKNOWN, Cause.MERCHANT_CONFIG, "invalid-signature")
    shown = attempt(stranger, http, "HE0002", "page")(Kind.CHARGE)
    assert (shown.verdict, shown.action) == (Verdict.UNKNOWN, None)


def test_notifications(sandbox: Sandbox, adapter: Alipay, http: httpx.Client) -> None:
    """A payment is told once, since `success` ends it, and names app and seller; a part that went back is asked
    about."""
    with Endpoint(adapter) as shop:
        pays = attempt(adapter, http, "HN0001", notify_url=shop.url)
        pays(Kind.CHARGE)
        paid = shop.notices.get(timeout=30)
        assert (paid.number, paid.answer.verdict, paid.answer.amount) == (
            "HN0001",
            Verdict.CAPTURED,
            Money(599900, "CNY"),
        )
        assert paid.answer.account == adapter.account.id
        pays(Kind.REFUND, refund_number="HN0001R1", refund_amount=Money(100, "CNY"))
        part = shop.notices.get(timeout=30)
        assert (part.kind, part.refund_number, part.answer.verdict) == (Kind.REFUND, "HN0001R1", Verdict.ACCEPTED)
        pays(Kind.REFUND, refund_number="HN0001R2", refund_amount=Money(599800, "CNY"))
        whole = shop.notices.get(timeout=30)
    assert (whole.answer.verdict, whole.answer.amount) == (Verdict.REFUNDED, Money(599900, "CNY"))
