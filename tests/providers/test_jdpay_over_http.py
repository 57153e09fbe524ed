"""The JD Pay adapter against the sandbox's JD Pay: two implementations of the protocol that share no code."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from over_http import Checkout, Endpoint, RealClock

from payfallback._core.operations import Kind
from payfallback.model import Form, Qr
from payfallback.policy import Account
from payfallback.providers.jdpay import JdPay
from payfallback.providers.keys import Key
from payfallback.taxonomy import Verdict
from payfallback.testing.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox for this file."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def adapter(sandbox: Sandbox) -> JdPay:
    """The adapter with the sandbox's keys."""
    keys = sandbox.credentials["jdpay"]
    return JdPay(
        Account(name="jd", provider="jdpay", merchant=keys["merchant"]),
        sign=[Key("1", keys["private_key"])],
        verify=[Key("1", keys["provider_public_key"])],
        secrets=[keys["secret"]],
        base_url=sandbox.jdpay_url,
        clock=RealClock(),
    )


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client of this machine only."""
    with httpx.Client(trust_env=False) as client:
        yield client


def shown(adapter: JdPay, http: httpx.Client, number: str, **more: Any) -> Checkout:
    """An order on the cashier."""
    until = {"expires_at": time.time() + 120, "notify_url": "http://127.0.0.1:9/notify"}
    checkout = Checkout(adapter, http, "baitiao", number, **{**until, **more})
    answer = checkout(Kind.CHARGE)
    assert (answer.verdict, answer.number) == (Verdict.PENDING, number)
    assert isinstance(answer.action, Qr)
    return checkout


def test_paid_in_twelve_and_refunded(sandbox: Sandbox, adapter: JdPay, http: httpx.Client) -> None:
    """Created, paid by the shopper, told, captured, refunded: each step as both sides see it."""
    with Endpoint(adapter) as endpoint:
        checkout = shown(adapter, http, "JDA0001", terms=12, notify_url=endpoint.url)
        assert checkout(Kind.QUERY).verdict is Verdict.PENDING
        assert sandbox.pay("jdpay", "JDA0001") == "paid"
        told = endpoint.notices.get(timeout=30)
        asked = checkout(Kind.QUERY)
        assert (told.number, told.answer.amount) == ("JDA0001", asked.amount)
        assert told.answer.verdict is asked.verdict is Verdict.CAPTURED
        assert asked.account == adapter.account.id
        assert checkout(Kind.QUERY_REFUND, refund_number="JDA0001R1").verdict is Verdict.NOT_FOUND
        assert checkout(Kind.REFUND, refund_number="JDA0001R1").verdict is Verdict.REFUNDED
        assert checkout(Kind.QUERY_REFUND, refund_number="JDA0001R1").verdict is Verdict.REFUNDED
        back = endpoint.notices.get(timeout=30)
        assert (back.kind, back.refund_number) == (Kind.REFUND, "JDA0001R1")
    assert sandbox.held("JDA0001") == 0


def test_revoked_before_it_was_paid(sandbox: Sandbox, adapter: JdPay, http: httpx.Client) -> None:
    """A revoke is taken, and the query after it shows the order closed: nothing can be paid any more."""
    checkout = shown(adapter, http, "JDB0001")
    assert checkout(Kind.CLOSE).verdict is Verdict.ACCEPTED
    answer = checkout(Kind.QUERY)
    assert (answer.verdict, answer.named) == (Verdict.CLOSED, True)
    assert sandbox.pay("jdpay", "JDB0001") == "closed"


def test_revoked_after_it_was_paid(sandbox: Sandbox, adapter: JdPay, http: httpx.Client) -> None:
    """A revoke of a paid order gives the money back, which is found when a surplus refund is asked about."""
    checkout = shown(adapter, http, "JDC0001")
    sandbox.pay("jdpay", "JDC0001")
    checkout(Kind.CLOSE)
    assert sandbox.held("JDC0001") == 0
    assert checkout(Kind.QUERY_REFUND, refund_number="JDC0001R1").verdict is Verdict.REFUNDED


def test_a_payment_code(sandbox: Sandbox, adapter: JdPay, http: httpx.Client) -> None:
    """A payment code is charged at once; sent again, it is refused without proof and charged once."""
    checkout = Checkout(adapter, http, "jdpay_code", "JDD0001", inputs={"code": "256325698547850001"})
    assert checkout(Kind.CHARGE).verdict is Verdict.CAPTURED
    assert checkout(Kind.CHARGE).verdict is Verdict.UNKNOWN
    assert len(sandbox.captures("JDD0001")) == 1


@pytest.mark.parametrize(("digits", "verdict"), [("9901", Verdict.PENDING), ("9902", Verdict.DECLINED)])
def test_payment_codes_that_do_not_pay(adapter: JdPay, http: httpx.Client, digits: str, verdict: Verdict) -> None:
    """A code waits for its shopper, or is refused for good, and a query says the same."""
    checkout = Checkout(adapter, http, "baitiao_code", f"JDE{digits}", inputs={"code": f"25632569854785{digits}"})
    assert checkout(Kind.CHARGE).verdict is checkout(Kind.QUERY).verdict is verdict


def test_plans(adapter: JdPay, http: httpx.Client) -> None:
    """The instalment plans of an amount, with their sums."""
    plans = Checkout(adapter, http, "baitiao", "JDF0001")(Kind.PLANS).plans
    assert [plan.terms for plan in plans] == [3, 6, 12, 24]
    assert all(plan.total and plan.each and plan.first and plan.fee for plan in plans)


@pytest.mark.parametrize("fault", ["http_503", "malformed", "unsigned", "rate_limited"])
def test_faults_prove_nothing(sandbox: Sandbox, adapter: JdPay, http: httpx.Client, fault: str) -> None:
    """Whatever goes wrong after a charge arrived, it is unknown."""
    checkout = Checkout(
        adapter, http, "jdpay_code", f"JDG{fault.replace('_', '')}", inputs={"code": "2563256985478500"}
    )
    sandbox.fault("jdpay", fault, operation="charge", times=1)
    assert checkout(Kind.CHARGE).verdict is Verdict.UNKNOWN


def posted(http: httpx.Client, form: Form) -> httpx.Response:
    """The shopper's browser posts the form."""
    return http.post(form.url, data=dict(form.fields))


def form_shown(adapter: JdPay, http: httpx.Client, product: str, number: str, **more: Any) -> tuple[Checkout, Form]:
    """A charge by form, not posted yet."""
    shop = {"return_url": "https://shop.example/back", "ref": "u1", "notify_url": "http://127.0.0.1:9/notify"}
    checkout = Checkout(adapter, http, product, number, **{**shop, "expires_at": time.time() + 120, **more})
    answer = checkout(Kind.CHARGE)
    assert answer.verdict is Verdict.PENDING
    assert isinstance(answer.action, Form)
    return checkout, answer.action


@pytest.mark.parametrize("product", ["baitiao_pc", "baitiao_h5"])
def test_a_form_is_posted_paid_and_refunded(sandbox: Sandbox, adapter: JdPay, http: httpx.Client, product: str) -> None:
    """The browser posts the form and lands on the cashier; what happens there is told, asked about and given back."""
    number = f"JDH{product[-2:]}01"
    with Endpoint(adapter) as endpoint:
        checkout, form = form_shown(adapter, http, product, number, terms=6, notify_url=endpoint.url)
        assert checkout(Kind.QUERY).verdict is Verdict.UNKNOWN
        landed = posted(http, form)
        assert landed.status_code == 302
        page = http.get(landed.headers["location"])
        assert "https://shop.example/back" in page.text
        assert checkout(Kind.QUERY).verdict is Verdict.PENDING
        assert http.post(landed.headers["location"], data={"do": "pay"}).status_code == 303
        told = endpoint.notices.get(timeout=30)
        assert (told.number, told.answer.verdict) == (number, Verdict.CAPTURED)
        assert checkout(Kind.QUERY).amount == told.answer.amount
        assert checkout(Kind.REFUND, refund_number=f"{number}R1").verdict is Verdict.REFUNDED
    assert sandbox.held(number) == 0


def test_a_form_that_the_shopper_refuses(sandbox: Sandbox, adapter: JdPay, http: httpx.Client) -> None:
    """What JD's page refuses is a signed and final no."""
    checkout, form = form_shown(adapter, http, "jdpay_pc", "JDI0001")
    posted(http, form)
    assert sandbox.refuse("jdpay", "JDI0001", "credit_exhausted") == "refused"
    answer = checkout(Kind.QUERY)
    assert (answer.verdict, answer.final) == (Verdict.DECLINED, True)


def test_a_posted_form_can_be_revoked(sandbox: Sandbox, adapter: JdPay, http: httpx.Client) -> None:
    """Once JD has the order, leaving it works as for any other."""
    checkout, form = form_shown(adapter, http, "jdpay_h5", "JDJ0001")
    assert checkout(Kind.CLOSE).verdict is Verdict.UNKNOWN
    posted(http, form)
    assert checkout(Kind.CLOSE).verdict is Verdict.ACCEPTED
    assert checkout(Kind.QUERY).verdict is Verdict.CLOSED
    assert posted(http, form).status_code == 200
    assert sandbox.captures("JDJ0001") == []


def test_a_changed_form_is_refused(sandbox: Sandbox, adapter: JdPay, http: httpx.Client) -> None:
    """A shopper who edits the page gets no order: the signature covers every field."""
    _, form = form_shown(adapter, http, "jdpay_pc", "JDK0001")
    _, other = form_shown(adapter, http, "jdpay_pc", "JDK0002")
    mixed = {**form.fields, "tradeNum": other.fields["tradeNum"]}
    assert "SANDBOX_SIGN" in http.post(form.url, data=mixed).text


def test_the_fault_of_a_form_is_its_gateway(sandbox: Sandbox, adapter: JdPay, http: httpx.Client) -> None:
    """While JD's gateway is down no form is shown, so nothing can be paid."""
    checkout = Checkout(adapter, http, "jdpay_pc", "JDL0001", return_url="https://shop.example/back", ref="u1")
    sandbox.fault("jdpay", "http_503", operation="query", times=1)
    answer = checkout(Kind.CHARGE)
    assert (answer.verdict, answer.action) == (Verdict.UNKNOWN, None)
