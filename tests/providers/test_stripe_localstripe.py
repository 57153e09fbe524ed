"""The Stripe adapter against localstripe, a Stripe that others wrote: a payment, its query and its refund."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from over_http import Checkout, Endpoint, RealClock

from payfallback._core.operations import Answer, Kind
from payfallback._values import changed
from payfallback.model import ClientSecret, Money
from payfallback.policy import Account
from payfallback.providers.stripe import Stripe
from payfallback.taxonomy import Cause, Verdict

SUM = Money(599900, "CNY")
SECRETS = ["sk_test_made_up_here", "whsec_made_up_here"]
DECLINES_WHEN_CHARGED = "4000000000000341"
ASKS = "4000002760003184"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A localstripe for this file, in a process of its own."""
    program = Path(__file__).with_name("served_localstripe.py")
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client of this machine only."""
    with httpx.Client(trust_env=False) as client:
        yield client


@pytest.fixture
def adapter(url: str) -> Stripe:
    """The adapter, pointed there."""
    account = Account(name="card", provider="stripe", merchant="acct_1")
    return Stripe(account, secrets=SECRETS, base_url=url, clock=RealClock())


def method(http: httpx.Client, url: str, number: str = "4242424242424242") -> dict[str, str]:
    """A payment method as the shopper's page would make it from a card."""
    card = {
        "type": "card",
        "card[number]": number,
        "card[exp_month]": "12",
        "card[exp_year]": "2030",
        "card[cvc]": "123",
    }
    made = http.post(f"{url}/v1/payment_methods", data=card, auth=(SECRETS[0], ""))
    return {"payment_method": made.json()["id"]}


class Attempt(Checkout):
    """One attempt; the id that an answer tells is kept, and the title is left out, which localstripe does not take."""

    def __init__(self, adapter: Stripe, http: httpx.Client, product: str, number: str, **more: Any) -> None:
        super().__init__(adapter, http, product, number, **more)
        self.given = changed(self.given, title="")

    def __call__(self, kind: Kind, **more: Any) -> Answer:
        """What the answer to one operation proves."""
        answer = super().__call__(kind, **more)
        if not self.given.provider_ref and answer.provider_ref.startswith("pi_"):
            self.given = changed(self.given, provider_ref=answer.provider_ref)
        return answer


def test_a_payment_its_query_and_its_refund(adapter: Stripe, http: httpx.Client, url: str) -> None:
    """Two steps, captured with its amount, seen by asking, refunded and seen again."""
    pays = Attempt(adapter, http, "card", "LA0001", inputs=method(http, url))
    assert pays(Kind.CREATE).verdict is Verdict.PENDING
    assert pays(Kind.QUERY).verdict is Verdict.PENDING
    paid = pays(Kind.CHARGE)
    assert (paid.verdict, paid.amount, paid.number) == (Verdict.CAPTURED, SUM, "LA0001")
    asked = pays(Kind.QUERY)
    assert (asked.verdict, asked.amount, asked.provider_ref) == (Verdict.CAPTURED, SUM, paid.provider_ref)
    assert pays(Kind.QUERY_REFUND, refund_number="LA0001R1").verdict is Verdict.NOT_FOUND
    back = pays(Kind.REFUND, refund_number="LA0001R1")
    assert (back.verdict, back.amount) == (Verdict.REFUNDED, SUM)
    found = pays(Kind.QUERY_REFUND, refund_number="LA0001R1")
    assert (found.verdict, found.amount, found.provider_ref) == (Verdict.REFUNDED, SUM, back.provider_ref)
    assert pays(Kind.QUERY).verdict is Verdict.REFUNDED


def test_a_part_goes_back(adapter: Stripe, http: httpx.Client, url: str) -> None:
    """A refund of a part says which part."""
    pays = Attempt(adapter, http, "card", "LB0001", inputs=method(http, url))
    pays(Kind.CREATE), pays(Kind.CHARGE)
    back = pays(Kind.REFUND, refund_number="LB0001R1", refund_amount=Money(100, "CNY"))
    assert (back.verdict, back.amount) == (Verdict.REFUNDED, Money(100, "CNY"))


def test_a_declined_card_is_canceled(adapter: Stripe, http: httpx.Client, url: str) -> None:
    """A decline is no death, and a cancel is."""
    pays = Attempt(adapter, http, "card", "LC0001", inputs=method(http, url, DECLINES_WHEN_CHARGED))
    pays(Kind.CREATE)
    declined = pays(Kind.CHARGE)
    assert (declined.verdict, declined.cause, declined.final) == (Verdict.DECLINED, Cause.DECLINED, False)
    assert pays(Kind.QUERY).verdict is Verdict.DECLINED
    closed = pays(Kind.CLOSE)
    assert (closed.verdict, closed.named, closed.number) == (Verdict.CLOSED, True, "LC0001")
    assert pays(Kind.QUERY).verdict is Verdict.CLOSED


def test_three_d_secure(adapter: Stripe, http: httpx.Client, url: str) -> None:
    """The page authenticates with the client secret that the charge handed over; then it is paid."""
    pays = Attempt(adapter, http, "card", "LD0001", inputs=method(http, url, ASKS))
    pays(Kind.CREATE)
    action = pays(Kind.CHARGE).action
    assert isinstance(action, ClientSecret)
    intent = f"{url}/v1/payment_intents/{pays.given.provider_ref}"
    proof = {"client_secret": action.secret, "success": "true", "key": "pk_test_page"}
    assert http.post(f"{intent}/_authenticate", data=proof).status_code == 200
    assert pays(Kind.QUERY).verdict is Verdict.CAPTURED


def test_a_hold_is_captured(adapter: Stripe, http: httpx.Client, url: str) -> None:
    """Set aside, then taken."""
    pays = Attempt(adapter, http, "card_hold", "LE0001", inputs=method(http, url))
    pays(Kind.CREATE)
    held = pays(Kind.CHARGE)
    assert (held.verdict, held.amount) == (Verdict.AUTHORISED, SUM)
    taken = pays(Kind.CAPTURE)
    assert (taken.verdict, taken.amount) == (Verdict.CAPTURED, SUM)


def test_its_events_are_believed(adapter: Stripe, http: httpx.Client, url: str) -> None:
    """What localstripe signs, the adapter verifies; it tells a second after the payment."""
    with Endpoint(adapter) as endpoint:
        hook = {"url": endpoint.url, "secret": SECRETS[1], "events": ["payment_intent.succeeded"]}
        assert http.post(f"{url}/_config/webhooks/shop", json=hook).status_code == 200
        pays = Attempt(adapter, http, "card", "LF0001", inputs=method(http, url))
        pays(Kind.CREATE), pays(Kind.CHARGE)
        while (told := endpoint.notices.get(timeout=30)).number != "LF0001":
            assert told.number.startswith("L")  # of a test before this one
    assert (told.answer.verdict, told.answer.amount) == (Verdict.CAPTURED, SUM)
