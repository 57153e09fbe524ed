"""The Stripe adapter against the sandbox's Stripe: two implementations that share no code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from over_http import Checkout, Endpoint, RealClock

from payfallback._core.operations import Answer, Kind
from payfallback._values import changed
from payfallback.model import ClientSecret, Money, Redirect
from payfallback.policy import Account
from payfallback.providers.stripe import Stripe
from payfallback.taxonomy import Cause, Verdict
from payfallback.testing.sandbox import Sandbox

SUM = Money(599900, "CNY")
BACK = "https://shop.example/back"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox for this file."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def adapter(sandbox: Sandbox) -> Stripe:
    """The adapter with the sandbox's keys."""
    keys = sandbox.credentials["stripe"]
    account = Account(name="card", provider="stripe", merchant=keys["account"])
    secrets = [keys["secret_key"], keys["webhook_secret"]]
    return Stripe(account, secrets=secrets, base_url=sandbox.url("stripe"), clock=RealClock())


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client of this machine only, and a shopper's browser."""
    with httpx.Client(trust_env=False) as client:
        yield client


class Attempt(Checkout):
    """One attempt; the id that an answer tells is kept, as the core keeps it."""

    def __call__(self, kind: Kind, **more: Any) -> Answer:
        """What the answer to one operation proves."""
        answer = super().__call__(kind, **more)
        if not self.given.provider_ref and answer.provider_ref.startswith("pi_"):
            self.given = changed(self.given, provider_ref=answer.provider_ref)
        return answer


def attempt(adapter: Stripe, http: httpx.Client, number: str, product: str = "card", **more: Any) -> Attempt:
    """One attempt, with a card that pays unless said otherwise."""
    given = {"inputs": {"payment_method": "pm_card_visa"}, "return_url": BACK, **more}
    return Attempt(adapter, http, product, number, **given)


def test_two_steps_and_back(sandbox: Sandbox, adapter: Stripe, http: httpx.Client) -> None:
    """Created without charging, confirmed once however often it is sent, asked about, refunded once."""
    pays = attempt(adapter, http, "SA0001")
    for _ in range(2):
        assert pays(Kind.CREATE).verdict is Verdict.PENDING
    assert sandbox.captures("SA0001") == []
    assert [pays(Kind.CHARGE).verdict for _ in range(3)] == [Verdict.CAPTURED] * 3
    asked = pays(Kind.QUERY)
    assert (asked.verdict, asked.amount, asked.number) == (Verdict.CAPTURED, SUM, "SA0001")
    assert pays(Kind.QUERY_REFUND, refund_number="SA0001R1").verdict is Verdict.NOT_FOUND
    for kind in (Kind.REFUND, Kind.REFUND, Kind.QUERY_REFUND):
        assert pays(kind, refund_number="SA0001R1").verdict is Verdict.REFUNDED
    assert pays(Kind.QUERY).verdict is Verdict.REFUNDED
    assert (len(sandbox.captures("SA0001")), len(sandbox.refunds("SA0001")), sandbox.held("SA0001")) == (1, 1, 0)


@pytest.mark.parametrize(
    ("method", "cause", "network"),
    [
        ("pm_card_visa_chargeDeclined", Cause.DECLINED, "visa:05"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", Cause.CREDIT_EXHAUSTED, "visa:51"),
        ("pm_card_mastercard_chargeDeclinedStolenCard", Cause.RISK_REJECTED, "mastercard:03"),
        ("pm_card_chargeDeclinedExpiredCard", Cause.DECLINED, "visa:54"),
    ],
)
def test_a_declined_card_is_canceled(
    sandbox: Sandbox, adapter: Stripe, http: httpx.Client, method: str, cause: Cause, network: str
) -> None:
    """A decline leaves an intent that could be paid: it is no death; the cancel is."""
    number = f"SB{method[-8:]}"
    pays = attempt(adapter, http, number, inputs={"payment_method": method})
    pays(Kind.CREATE)
    for kind in (Kind.CHARGE, Kind.CHARGE, Kind.QUERY):
        answer = pays(kind)
        assert (answer.verdict, answer.cause, answer.network) == (Verdict.DECLINED, cause, network)
        assert not answer.final
    closed = pays(Kind.CLOSE)
    assert (closed.verdict, closed.named) == (Verdict.CLOSED, True)
    assert pays(Kind.CLOSE).verdict is Verdict.CLOSED
    assert sandbox.captures(number) == []


@pytest.mark.parametrize("product", ["card", "klarna", "afterpay_clearpay", "affirm"])
def test_the_shopper_is_sent_on(sandbox: Sandbox, adapter: Stripe, http: httpx.Client, product: str) -> None:
    """3-D Secure and buying on credit lead over a page; there the shopper pays, and the page leads back."""
    number = f"SC{product[:6]}1"
    pays = attempt(adapter, http, number, product, inputs={"payment_method": "pm_card_threeDSecure2Required"})
    assert pays(Kind.CREATE).action is None
    answer = pays(Kind.CHARGE)
    assert isinstance(answer.action, Redirect)
    assert BACK in http.get(answer.action.url).text
    assert pays(Kind.QUERY).cause is Cause.AWAITING_SHOPPER
    assert sandbox.pay("stripe", number) == "paid"
    assert pays(Kind.QUERY).amount == SUM
    assert pays(Kind.CLOSE).verdict is Verdict.CAPTURED


@pytest.mark.parametrize(
    ("product", "why", "cause"),
    [
        ("card", "shopper_cancelled", Cause.DECLINED),
        ("klarna", "shopper_cancelled", Cause.SHOPPER_CANCELLED),
        ("klarna", "credit_exhausted", Cause.CREDIT_SCORE),
    ],
)
def test_the_shopper_comes_back_unpaid(
    sandbox: Sandbox, adapter: Stripe, http: httpx.Client, product: str, why: str, cause: Cause
) -> None:
    """Why not is told by the intent, which is canceled then."""
    number = f"SD{product}{why[:4]}"
    pays = attempt(adapter, http, number, product, inputs={"payment_method": "pm_card_authenticationRequired"})
    pays(Kind.CREATE), pays(Kind.CHARGE)
    sandbox.refuse("stripe", number, why)
    answer = pays(Kind.QUERY)
    assert (answer.verdict, answer.cause) == (Verdict.DECLINED, cause)
    assert pays(Kind.CLOSE).verdict is Verdict.CLOSED


def test_in_the_page(sandbox: Sandbox, adapter: Stripe, http: httpx.Client) -> None:
    """One step returns the secret; a decline in the page leaves the shopper another try."""
    pays = attempt(adapter, http, "SE0001", "elements")
    assert isinstance(pays(Kind.CHARGE).action, ClientSecret)
    sandbox.refuse("stripe", "SE0001", "credit_exhausted")
    asked = pays(Kind.QUERY)
    assert (asked.verdict, asked.code) == (Verdict.PENDING, "insufficient_funds")
    assert sandbox.pay("stripe", "SE0001") == "paid"
    assert pays(Kind.QUERY).verdict is Verdict.CAPTURED


@pytest.mark.parametrize("product", ["card_hold", "elements_hold", "klarna_hold"])
def test_held_then_taken_or_let_go(sandbox: Sandbox, adapter: Stripe, http: httpx.Client, product: str) -> None:
    """A hold moves no money: a capture takes it, a cancel lets it go."""
    for number, kind, left in ((f"SF{product[:3]}01", Kind.CAPTURE, 599900), (f"SF{product[:3]}02", Kind.CLOSE, 0)):
        pays = attempt(adapter, http, number, product)
        if not product.startswith("elements"):
            pays(Kind.CREATE)
        if pays(Kind.CHARGE).verdict is Verdict.PENDING:
            sandbox.pay("stripe", number)
        held = pays(Kind.QUERY)
        assert (held.verdict, held.amount, sandbox.held(number)) == (Verdict.AUTHORISED, SUM, 0)
        assert pays(kind).verdict is (Verdict.CAPTURED if kind is Kind.CAPTURE else Verdict.CLOSED)
        assert pays(kind).verdict is (Verdict.CAPTURED if kind is Kind.CAPTURE else Verdict.CLOSED)
        assert sandbox.held(number) == left


def test_a_lost_id_is_found_by_our_number(sandbox: Sandbox, adapter: Stripe, http: httpx.Client) -> None:
    """When the answer to the first step is lost, a search finds the intent, and it can be canceled."""
    pays, lost = attempt(adapter, http, "SG0001"), attempt(adapter, http, "SG0001")
    assert lost(Kind.QUERY).verdict is Verdict.NOT_FOUND
    pays(Kind.CREATE)
    found = lost(Kind.CLOSE)
    assert (found.verdict, found.provider_ref) == (Verdict.UNKNOWN, pays.given.provider_ref)
    assert lost(Kind.CLOSE).verdict is Verdict.CLOSED
    assert pays(Kind.CHARGE).verdict is Verdict.CLOSED
    assert sandbox.captures("SG0001") == []


def test_events(sandbox: Sandbox, adapter: Stripe, http: httpx.Client) -> None:
    """Stripe tells of the payment and of the refund, signed; a forger does as well, and is not believed."""
    with Endpoint(adapter) as endpoint:
        sandbox.notifications("stripe", "on", url=endpoint.url)
        pays = attempt(adapter, http, "SH0001")
        pays(Kind.CREATE), pays(Kind.CHARGE)
        told = endpoint.notices.get(timeout=30)
        assert (told.number, told.answer.verdict, told.answer.amount) == ("SH0001", Verdict.CAPTURED, SUM)
        pays(Kind.REFUND, refund_number="SH0001R1", refund_amount=Money(100, "CNY"))
        back = endpoint.notices.get(timeout=30)
        assert (back.kind, back.number, back.refund_number) == (Kind.REFUND, "SH0001", "SH0001R1")
        assert back.answer.amount == Money(100, "CNY")
        sandbox.notifications("stripe", "off")


# ---------------------------------------------------------------- faults


@pytest.mark.parametrize("fault", ["http_503", "http_503:processed", "malformed", "unsigned"])
@pytest.mark.parametrize("kind", [Kind.CREATE, Kind.CHARGE, Kind.QUERY, Kind.CLOSE, Kind.REFUND, Kind.QUERY_REFUND])
def test_faults_prove_nothing(sandbox: Sandbox, adapter: Stripe, http: httpx.Client, fault: str, kind: Kind) -> None:
    """Whatever goes wrong with an answer, it is unknown."""
    pays = attempt(adapter, http, f"SI{fault[-5:].replace(':', '')}{kind.value[:6]}".replace("_", ""))
    if kind is not Kind.CREATE:
        pays(Kind.CREATE)
    sandbox.fault("stripe", fault, operation=kind.value, times=1)
    assert pays(kind, refund_number="X1").verdict is Verdict.UNKNOWN


def test_a_saved_500_is_repeated_and_the_money_is_seen_by_asking(
    sandbox: Sandbox, adapter: Stripe, http: httpx.Client
) -> None:
    """After a 500 that came late, the same key only repeats it, as Stripe says it would: a query tells."""
    pays = attempt(adapter, http, "SJ0001")
    pays(Kind.CREATE)
    sandbox.fault("stripe", "http_503:processed", operation="charge", times=1)
    answers = [pays(Kind.CHARGE) for _ in range(3)]
    assert {(answer.verdict, answer.resendable) for answer in answers} == {(Verdict.UNKNOWN, False)}
    assert pays(Kind.QUERY).verdict is Verdict.CAPTURED
    assert len(sandbox.captures("SJ0001")) == 1


def test_one_that_never_began_may_be_sent_again(sandbox: Sandbox, adapter: Stripe, http: httpx.Client) -> None:
    """A 503 before the work, and a limited request, say so; the same request then pays once."""
    pays = attempt(adapter, http, "SK0001")
    pays(Kind.CREATE)
    sandbox.fault("stripe", "http_503", operation="charge", times=1)
    assert pays(Kind.CHARGE).resendable
    sandbox.fault("stripe", "rate_limited:3", operation="charge", times=1)
    limited = pays(Kind.CHARGE)
    assert (limited.cause, limited.resendable, limited.retry_after) == (Cause.RATE_LIMITED, True, 3.0)
    assert pays(Kind.CHARGE).verdict is Verdict.CAPTURED
    assert len(sandbox.captures("SK0001")) == 1


def test_a_key_for_another_request(adapter: Stripe, http: httpx.Client) -> None:
    """One number stands for one amount: Stripe refuses the other one, and we ask."""
    attempt(adapter, http, "SL0001")(Kind.CREATE)
    other = attempt(adapter, http, "SL0001")(Kind.CREATE, amount=Money(1, "CNY"))
    assert (other.verdict, other.cause) == (Verdict.UNKNOWN, Cause.CONTRADICTION)


def test_a_wrong_key(sandbox: Sandbox, http: httpx.Client) -> None:
    """A key that Stripe does not know is the merchant's to mend."""
    account = Account(name="card", provider="stripe", merchant="acct_1")
    stranger = Stripe(account, secrets=["sk_test_of_nobody"], base_url=sandbox.url("stripe"), clock=RealClock())
    answer = attempt(stranger, http, "SM0001")(Kind.CREATE)
    assert (answer.verdict, answer.cause) == (Verdict.DECLINED, Cause.MERCHANT_CONFIG)


@pytest.mark.parametrize(("currency", "minor", "units"), [("ISK", 5, 500), ("JPY", 500, 500), ("KWD", 5120, 5120)])
def test_units_agree(
    sandbox: Sandbox, adapter: Stripe, http: httpx.Client, currency: str, minor: int, units: int
) -> None:
    """Both sides, written apart, book the same money for what is on the wire."""
    pays, amount = attempt(adapter, http, f"SN{currency}01"), Money(minor, currency)
    pays(Kind.CREATE, amount=amount)
    assert pays(Kind.CHARGE, amount=amount).amount == amount
    assert [(entry.amount, entry.currency) for entry in sandbox.captures(f"SN{currency}01")] == [(minor, currency)]
    sent = adapter.request(changed(pays.given, kind=Kind.REFUND, refund_number="R1", refund_amount=amount)).body
    assert f"amount={units}".encode() in sent.split(b"&")
