"""The UnionPay adapter against the sandbox's UnionPay, two implementations that share no code."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from over_http import Checkout, Endpoint
from unionpay_counterpart import private_pem
from unionpay_sandboxed import INPUTS, REFUSED, WAITS, adapter_for

from payfallback._core.operations import Kind
from payfallback._values import changed
from payfallback.model import AppParams, Form, Money
from payfallback.providers.keys import Key
from payfallback.providers.unionpay import UnionPay
from payfallback.taxonomy import Cause, Verdict
from payfallback.testing.sandbox import Sandbox


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys that every sandbox of this file shares."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def sandbox(keys: Path) -> Iterator[Sandbox]:
    """A sandbox with a clock of its own."""
    with Sandbox(key_dir=keys) as running:
        yield running


@pytest.fixture
def adapter(sandbox: Sandbox) -> UnionPay:
    """The adapter, with every key read."""
    made = adapter_for(sandbox)
    made.check()
    return made


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client of this machine only, and a shopper's browser."""
    with httpx.Client(trust_env=False) as client:
        yield client


def attempt(adapter: UnionPay, http: httpx.Client, number: str, product: str = "code", **more: Any) -> Checkout:
    """One attempt."""
    given: dict[str, Any] = {"inputs": INPUTS}
    if product in ("front", "app"):
        given["expires_at"] = time.time() + 300
        given["return_url"] = "https://shop.example/back"
    return Checkout(adapter, http, product, number, **{**given, **more})


def refunded(pays: Checkout, number: str, **more: Any) -> Verdict:
    """A refund that is asked for, and then about under the time at which it was first sent."""
    given = {"refund_number": number, "refund_sent_at": time.time(), **more}
    assert pays(Kind.REFUND, **given).verdict is Verdict.ACCEPTED
    assert pays(Kind.REFUND, **given).verdict is Verdict.UNKNOWN
    return pays(Kind.QUERY_REFUND, **given).verdict


@pytest.mark.parametrize("product", ["code", "token"])
def test_in_the_back(sandbox: Sandbox, adapter: UnionPay, http: httpx.Client, product: str) -> None:
    """Charged, asked about, refunded in part and for the rest; a repetition takes no money."""
    number = f"HA{product}01"
    pays = attempt(adapter, http, number, product)
    taken_on = pays(Kind.CHARGE)
    assert (taken_on.verdict, taken_on.cause) == (Verdict.PENDING, Cause.AWAITING_PROVIDER)
    assert pays(Kind.CHARGE).verdict is Verdict.UNKNOWN
    asked = pays(Kind.QUERY)
    assert (asked.verdict, asked.amount) == (Verdict.CAPTURED, Money(599900, "CNY"))
    assert asked.paid_at == pytest.approx(time.time(), abs=5)
    assert asked.provider_ref == taken_on.provider_ref
    part = {"refund_amount": Money(100, "CNY"), "provider_ref": asked.provider_ref}
    assert refunded(pays, f"{number}R1", **part) is Verdict.REFUNDED
    assert refunded(pays, f"{number}R2", refund_amount=Money(599800, "CNY")) is Verdict.REFUNDED
    assert pays(Kind.REFUND, refund_number=f"{number}R3").verdict is Verdict.DECLINED
    assert (len(sandbox.captures(number)), sandbox.held(number)) == (1, 0)


def test_instalments(sandbox: Sandbox, adapter: UnionPay, http: httpx.Client) -> None:
    """A token is charged in instalments; UnionPay reads how many."""
    pays = attempt(adapter, http, "HINST001", "token", terms=6)
    assert (pays(Kind.CHARGE).verdict, pays(Kind.QUERY).verdict) == (Verdict.PENDING, Verdict.CAPTURED)
    page = http.get(f"{sandbox.control_url}/pay/HINST001", params={"lang": "en"}).text
    assert "6 instalments" in page


def test_reversals(sandbox: Sandbox, adapter: UnionPay, http: httpx.Client) -> None:
    """A reversal undoes what waits and what was paid, and finds nothing under a number that never arrived."""
    waits = attempt(adapter, http, "HB000001", inputs=WAITS)
    paid, lost = attempt(adapter, http, "HB000002"), attempt(adapter, http, "HB000003")
    assert [each(Kind.CHARGE).verdict for each in (waits, paid)] == [Verdict.PENDING, Verdict.PENDING]
    assert waits(Kind.QUERY).verdict is Verdict.PENDING
    closed = [each(Kind.CLOSE).verdict for each in (waits, paid, lost)]
    assert closed == [Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.UNKNOWN]
    shown = [each(Kind.QUERY).verdict for each in (waits, paid, lost)]
    assert shown == [Verdict.CLOSED, Verdict.CLOSED, Verdict.NOT_FOUND]
    assert sandbox.held("HB0000") == 0


def test_a_page(sandbox: Sandbox, adapter: UnionPay, http: httpx.Client) -> None:
    """The form that the adapter signs opens UnionPay's page; what the shopper pays there is asked about."""
    pays = attempt(adapter, http, "HC000001", "front", return_url="https://shop.example/back")
    shown = pays(Kind.CHARGE).action
    assert isinstance(shown, Form)
    opened = http.post(shown.url, data=dict(shown.fields))
    page = http.get(opened.headers["location"]).text
    assert "壶   cup" in page
    assert "https://shop.example/back" in page
    assert pays(Kind.QUERY).verdict is Verdict.NOT_FOUND
    sandbox.refuse("unionpay", "HC000001", "credit_exhausted")
    assert pays(Kind.QUERY).verdict is Verdict.PENDING
    http.post(opened.headers["location"], data={"do": "pay"})
    assert pays(Kind.QUERY).verdict is Verdict.CAPTURED
    assert pays(Kind.CHARGE).verdict is Verdict.CAPTURED
    assert refunded(pays, "HC000001R1") is Verdict.REFUNDED


def test_a_page_whose_time_is_over(sandbox: Sandbox, adapter: UnionPay, http: httpx.Client) -> None:
    """After payTimeout nobody can pay: opened or not, a question then ends it, by UnionPay's clock."""
    opened, unopened = (attempt(adapter, http, f"HD00000{n}", "front") for n in (1, 2))
    form = opened(Kind.CHARGE).action
    assert isinstance(form, Form)
    http.post(form.url, data=dict(form.fields))
    late = unopened(Kind.CHARGE).action
    assert isinstance(late, Form)
    sandbox.advance(400)
    ended, absent = opened(Kind.QUERY), unopened(Kind.QUERY)
    assert (ended.verdict, ended.final) == (Verdict.DECLINED, True)
    assert (absent.verdict, absent.provider_time) == (Verdict.NOT_FOUND, pytest.approx(sandbox.now, abs=5))
    assert "payTimeout" in http.post(late.url, data=dict(late.fields)).text
    assert sandbox.captures("HD0000") == []


def test_an_app(sandbox: Sandbox, adapter: UnionPay, http: httpx.Client) -> None:
    """An app gets its tn; then the shopper pays."""
    pays = attempt(adapter, http, "HE000001", "app")
    assert isinstance(pays(Kind.CHARGE).action, AppParams)
    sandbox.pay("unionpay", "HE000001")
    assert pays(Kind.QUERY).verdict is Verdict.CAPTURED


def test_a_refusal(sandbox: Sandbox, adapter: UnionPay, http: httpx.Client) -> None:
    """A refused charge is asked about; the trade's own result is final."""
    pays = attempt(adapter, http, "HF000001", inputs=REFUSED)
    refused, asked = pays(Kind.CHARGE), pays(Kind.QUERY)
    assert (refused.verdict, refused.cause, refused.final) == (Verdict.DECLINED, Cause.CREDIT_EXHAUSTED, False)
    assert (asked.verdict, asked.cause, asked.final) == (Verdict.DECLINED, Cause.CREDIT_EXHAUSTED, True)
    assert sandbox.captures("HF0000") == []


@pytest.mark.parametrize("product", ["code", "token", "app", "front"])
@pytest.mark.parametrize("fault", ["http_503", "malformed", "unsigned", "unsigned:wrong", "rate_limited"])
def test_answers_that_prove_nothing(
    sandbox: Sandbox, adapter: UnionPay, http: httpx.Client, product: str, fault: str
) -> None:
    """Whatever is broken, not signed, or about the asking leaves a charge undecided, and shows the shopper nothing."""
    sandbox.fault("unionpay", fault, operation="query" if product == "front" else "charge")
    number = f"HX{fault.replace(':', '').replace('_', '')}{product}"
    answer = attempt(adapter, http, number, product)(Kind.CHARGE)
    assert (answer.verdict, answer.action, answer.final) == (Verdict.UNKNOWN, None, False)


def test_the_wrong_key(sandbox: Sandbox, http: httpx.Client) -> None:
    """UnionPay refuses what the merchant did not sign, and signs that; another authority's UnionPay proves nothing."""
    known = sandbox.credentials["unionpay"]
    stranger = adapter_for(sandbox, sign=[Key(known["cert_id"], private_pem("stranger"))])
    refused = attempt(stranger, http, "HG000001")(Kind.CHARGE)
    assert (refused.verdict, refused.cause, refused.code) == (Verdict.DECLINED, Cause.MERCHANT_CONFIG, "11")
    shown = attempt(stranger, http, "HG000002", "front")(Kind.CHARGE)
    assert (shown.verdict, shown.action) == (Verdict.UNKNOWN, None)
    other = adapter_for(sandbox, verify=[Key("root", known["root_certificate"])])
    assert attempt(other, http, "HG000003")(Kind.CHARGE).verdict is Verdict.UNKNOWN


def test_notifications(sandbox: Sandbox, adapter: UnionPay, http: httpx.Client) -> None:
    """A payment, a failure and a refund are told once each, since HTTP 200 ends them; a forged one never."""
    with Endpoint(adapter) as shop:
        pays = attempt(adapter, http, "HN000001", notify_url=shop.url)
        pays(Kind.CHARGE)
        paid = shop.notices.get(timeout=30)
        fails = attempt(adapter, http, "HN000002", inputs=REFUSED, notify_url=shop.url)
        fails(Kind.CHARGE)
        failed = shop.notices.get(timeout=30)
        pays(Kind.REFUND, refund_number="HN000001R1", provider_ref=paid.answer.provider_ref)
        back = shop.notices.get(timeout=30)
    assert (paid.number, paid.answer.verdict, paid.answer.account) == (
        "HN000001",
        Verdict.CAPTURED,
        adapter.account.id,
    )
    assert (failed.number, failed.answer.verdict, failed.answer.final) == ("HN000002", Verdict.DECLINED, False)
    assert (back.number, back.refund_number) == (paid.answer.provider_ref, "HN000001R1")
    assert (back.kind, back.answer.verdict, back.answer.amount) == (
        Kind.REFUND,
        Verdict.REFUNDED,
        Money(599900, "CNY"),
    )


def test_a_notification_of_another_amount(sandbox: Sandbox, adapter: UnionPay, http: httpx.Client) -> None:
    """The amount is UnionPay's: another one than the order's is there to be seen."""
    sandbox.notifications("unionpay", "wrong_amount")
    with Endpoint(adapter) as shop:
        pays = attempt(adapter, http, "HW000001", notify_url=shop.url)
        pays(Kind.CHARGE)
        told = shop.notices.get(timeout=30)
    sandbox.notifications("unionpay", "on")
    assert told.answer.amount == Money(599901, "CNY")
    assert changed(told.answer, amount=None).verdict is Verdict.CAPTURED
