"""The aggregate adapter against the sandbox's aggregate payment: two implementations that share no code."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from over_http import Checkout, Endpoint, RealClock

from payfallback._core.operations import Kind
from payfallback.model import Qr
from payfallback.policy import Account
from payfallback.providers.jdpay_aggregate import JdPayAggregate
from payfallback.taxonomy import Verdict
from payfallback.testing.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox for this file."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def adapter(sandbox: Sandbox) -> JdPayAggregate:
    """The adapter with the sandbox's keys."""
    keys = sandbox.credentials["jdpay_aggregate"]
    return JdPayAggregate(
        Account(name="agg", provider="jdpay_aggregate", merchant=keys["merchant"], app=keys["system"]),
        secrets=[keys["secret"]],
        base_url=sandbox.url("jdpay_aggregate"),
        clock=RealClock(),
        options={"md5_key": keys["md5_key"], "device_ip": "203.0.113.1", "not_found_code": "SANDBOX_NOT_FOUND"},
    )


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client of this machine only."""
    with httpx.Client(trust_env=False) as client:
        yield client


def code(adapter: JdPayAggregate, http: httpx.Client, number: str, digits: str = "5678", **more: Any) -> Checkout:
    """A charge by payment code, not sent yet."""
    given = {"inputs": {"code": f"18345678901234{digits}"}, "expires_at": time.time() + 60, **more}
    return Checkout(adapter, http, "jdpay_code", number, **given)


def test_a_code_is_paid_and_refunded(sandbox: Sandbox, adapter: JdPayAggregate, http: httpx.Client) -> None:
    """Charged, told, asked about, refunded in part and in full: each step as both sides see it."""
    with Endpoint(adapter) as endpoint:
        checkout = code(adapter, http, "AGA0001", notify_url=endpoint.url)
        assert checkout(Kind.CHARGE).verdict is Verdict.CAPTURED
        told = endpoint.notices.get(timeout=30)
        assert (told.number, told.answer.amount) == ("AGA0001", checkout(Kind.QUERY).amount)
        assert checkout(Kind.QUERY).account == adapter.account.id
        assert checkout(Kind.QUERY_REFUND, refund_number="AGA0001R1").verdict is Verdict.UNKNOWN
        assert checkout(Kind.REFUND, refund_number="AGA0001R1").verdict is Verdict.REFUNDED
        assert checkout(Kind.QUERY_REFUND, refund_number="AGA0001R1").verdict is Verdict.REFUNDED
        back = endpoint.notices.get(timeout=30)
        assert (back.kind, back.refund_number) == (Kind.REFUND, "AGA0001R1")
    assert checkout(Kind.QUERY).verdict is Verdict.REFUNDED
    assert sandbox.held("AGA0001") == 0


def test_a_qr_code_is_scanned_and_paid(sandbox: Sandbox, adapter: JdPayAggregate, http: httpx.Client) -> None:
    """The address behind the code is a page; what the shopper pays there is captured once."""
    checkout = Checkout(adapter, http, "qr", "AGB0001", expires_at=time.time() + 120)
    answer = checkout(Kind.CHARGE)
    assert isinstance(answer.action, Qr)
    assert checkout(Kind.QUERY).verdict is Verdict.PENDING
    assert http.post(answer.action.code, data={"do": "pay"}).status_code == 303
    assert checkout(Kind.QUERY).verdict is Verdict.CAPTURED
    assert len(sandbox.captures("AGB0001")) == 1


@pytest.mark.parametrize(("digits", "verdict"), [("9901", Verdict.PENDING), ("9902", Verdict.CLOSED)])
def test_codes_that_do_not_pay(adapter: JdPayAggregate, http: httpx.Client, digits: str, verdict: Verdict) -> None:
    """A code waits for its shopper, or its trade is closed, and a query says the same."""
    checkout = code(adapter, http, f"AGC{digits}", digits)
    assert checkout(Kind.CHARGE).verdict is checkout(Kind.QUERY).verdict is verdict


def test_a_number_is_charged_once(sandbox: Sandbox, adapter: JdPayAggregate, http: httpx.Client) -> None:
    """The same number again is refused, without proof of anything, and charged once."""
    checkout = code(adapter, http, "AGD0001")
    checkout(Kind.CHARGE)
    assert checkout(Kind.CHARGE).verdict is Verdict.UNKNOWN
    assert len(sandbox.captures("AGD0001")) == 1


def test_what_never_arrived_is_not_found(sandbox: Sandbox, adapter: JdPayAggregate, http: httpx.Client) -> None:
    """A signed answer that the number is unknown, and what arrives after its deadline is refused."""
    checkout = code(adapter, http, "AGE0001", expires_at=time.time() - 1)
    assert checkout(Kind.QUERY).verdict is Verdict.NOT_FOUND
    assert checkout(Kind.CHARGE).code == "SANDBOX_EXPIRED"
    assert sandbox.captures("AGE0001") == []


@pytest.mark.parametrize("fault", ["http_503", "malformed", "unsigned", "unsigned:wrong", "rate_limited"])
def test_faults_prove_nothing(sandbox: Sandbox, adapter: JdPayAggregate, http: httpx.Client, fault: str) -> None:
    """Whatever goes wrong after a charge arrived, it is unknown; the next query tells."""
    checkout = code(adapter, http, f"AGF{fault.replace('_', '').replace(':', '')}")
    sandbox.fault("jdpay_aggregate", fault, operation="charge", times=1)
    assert checkout(Kind.CHARGE).verdict is Verdict.UNKNOWN
    assert checkout(Kind.QUERY).verdict in (Verdict.CAPTURED, Verdict.NOT_FOUND)


def test_another_amount_is_told_as_it_is(sandbox: Sandbox, adapter: JdPayAggregate, http: httpx.Client) -> None:
    """A capture of another amount is not hidden: the core holds it against the order's."""
    checkout = code(adapter, http, "AGG0001")
    sandbox.fault("jdpay_aggregate", "wrong_amount", operation="charge", times=1)
    assert checkout(Kind.CHARGE).amount != checkout.given.amount


def test_forged_notifications_are_refused(sandbox: Sandbox, adapter: JdPayAggregate, http: httpx.Client) -> None:
    """A notification under another key never becomes evidence."""
    sandbox.notifications("jdpay_aggregate", "forged")
    with Endpoint(adapter) as endpoint:
        code(adapter, http, "AGH0001", "9901", notify_url=endpoint.url)(Kind.CHARGE)
        deadline = time.monotonic() + 5
        while not [sent for sent in sandbox.sent if sent.number == "AGH0001"] and time.monotonic() < deadline:
            time.sleep(0.01)
        assert endpoint.notices.empty()
    sandbox.notifications("jdpay_aggregate", "on")
