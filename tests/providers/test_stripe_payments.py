"""Orders paid through the whole library at the sandbox's Stripe: two steps, detours, declines, silence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import httpx
import pytest
from stripe_shop import BACK, SUM, shop, shopper

import door
import payfallback as pf
from payfallback.model import Money
from payfallback.testing.sandbox import Sandbox
from shifted_clock import Shifted


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox for this file."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def shifted() -> Shifted:
    """The client's clock."""
    return Shifted()


@pytest.fixture
def payments(sandbox: Sandbox, tmp_path: Path, shifted: Shifted) -> Iterator[pf.Payments]:
    """A client made from a file, as a shop writes it."""
    with shop(sandbox, tmp_path, shifted) as client:
        yield client


def doors(sandbox: Sandbox, number: str) -> list[str]:
    """What was asked of Stripe about a number, in its own words."""
    return [line.endpoint for line in sandbox.requests if line.number == number]


def test_paid_in_two_steps_and_refunded(sandbox: Sandbox, payments: pf.Payments) -> None:
    """Created, confirmed, paid: one capture in Stripe's books; then a part of it goes back."""
    result = payments.pay(pf.Order("SPA1", SUM, "tea"), "card", shopper=shopper())
    assert isinstance(result, pf.Paid)
    assert result.provider_ref.startswith("pi_")
    assert doors(sandbox, result.number) == ["create", "confirm"]
    assert payments.refund("SPA1", "SPA1R1", Money(100, "CNY")).state == "done"
    assert sandbox.held("SPA1") == SUM.minor - 100


def test_three_d_secure(sandbox: Sandbox, payments: pf.Payments) -> None:
    """A server-side card payment that needs the shopper hands over the bank's page; then it is paid."""
    order = pf.Order("SPB1", SUM, "tea")
    shown = payments.pay(order, "card", shopper=shopper("pm_card_threeDSecure2Required"))
    assert isinstance(shown, pf.ActionRequired)
    assert isinstance(shown.action, pf.Redirect)
    assert payments.pay(order, "card", shopper=shopper()) == shown
    sandbox.pay("stripe", shown.number)
    assert isinstance(payments.status("SPB1", ask=True), pf.Paid)
    assert len(sandbox.captures("SPB1")) == 1


def test_a_decline_is_canceled_before_the_next_way(sandbox: Sandbox, payments: pf.Payments) -> None:
    """The declined intent could be paid again, so it is canceled first; Klarna follows, as the shopper agreed."""
    declined = shopper("pm_card_visa_chargeDeclinedInsufficientFunds")
    shown = payments.pay(pf.Order("SPC1", SUM, "tea"), "card", consent=["klarna"], shopper=declined)
    assert isinstance(shown, pf.ActionRequired)
    assert (shown.option, shown.switched_from) == ("klarna", ("card",))
    assert doors(sandbox, "SPC101")[:2] == ["create", "confirm"]
    assert "cancel" in doors(sandbox, "SPC101")
    sandbox.pay("stripe", shown.number)
    assert isinstance(payments.status("SPC1", ask=True), pf.Paid)
    assert [entry.number for entry in sandbox.captures("SPC1")] == [shown.number]


def test_a_stolen_card_is_not_named_to_the_shopper(payments: pf.Payments) -> None:
    """Without another way the shopper hears a decline without a reason."""
    declined = shopper("pm_card_visa_chargeDeclinedStolenCard")
    result = payments.pay(pf.Order("SPD1", SUM, "tea"), "card", shopper=declined)
    assert isinstance(result, pf.NotPaid)
    for locale in ("en", "zh-CN"):
        told = str(result.to_json(locale)).lower()
        assert not any(word in told for word in ("stolen", "fraud", "lost", "挂失", "盗", "欺诈"))


@pytest.mark.parametrize("fault", ["reply_lost", "hang:processed", "http_503:processed", "malformed"])
def test_a_silent_confirmation_is_asked_about(sandbox: Sandbox, payments: pf.Payments, fault: str) -> None:
    """When the answer to the confirmation is lost, the journalled id finds the payment: nobody else is asked to pay."""
    order = f"SPE{fault[:4]}"
    sandbox.fault("stripe", fault, operation="charge", times=1)
    result = payments.pay(pf.Order(order, SUM, "tea"), "card", consent=["klarna"], shopper=shopper())
    assert isinstance(result, pf.Paid)
    assert result.option == "card"
    assert len(sandbox.captures(order)) == 1


def test_a_lost_creation_is_sent_again(sandbox: Sandbox, payments: pf.Payments) -> None:
    """Under the same key it is the same intent, which is then confirmed."""
    sandbox.fault("stripe", "reply_lost", operation="create", times=1)
    result = payments.pay(pf.Order("SPF1", SUM, "tea"), "card", shopper=shopper())
    assert isinstance(result, pf.Paid)
    assert doors(sandbox, result.number) == ["create", "create", "confirm"]
    assert [entry.provider_ref for entry in sandbox.captures("SPF1")] == [result.provider_ref]


def test_a_silent_creation_costs_nothing(sandbox: Sandbox, payments: pf.Payments) -> None:
    """Before the confirmation no money can move, so the next way is taken at once, without a cancel."""
    sandbox.fault("stripe", "hang:processed", operation="create", times=1)
    shown = payments.pay(pf.Order("SPF2", SUM, "tea"), "card", consent=["klarna"], shopper=shopper())
    assert isinstance(shown, pf.ActionRequired)
    assert shown.switched_from == ("card",)
    assert doors(sandbox, "SPF201") == ["create"]


def test_in_the_page(sandbox: Sandbox, payments: pf.Payments) -> None:
    """The page gets its secret and Stripe's script does the rest; leaving for the card cancels it first."""
    order = pf.Order("SPG1", SUM, "tea")
    shown = payments.pay(order, "page", shopper=shopper())
    assert isinstance(shown, pf.ActionRequired)
    assert isinstance(shown.action, pf.ClientSecret)
    result = payments.switch(order, "card", shopper=shopper())
    assert isinstance(result, pf.Paid)
    assert sandbox.pay("stripe", shown.number) == "closed"
    assert len(sandbox.captures("SPG1")) == 1


def test_a_hold_is_taken_at_once(sandbox: Sandbox, payments: pf.Payments) -> None:
    """What is only held is captured in the same call, and only then is the order paid."""
    result = payments.pay(pf.Order("SPH1", SUM, "tea"), "hold", shopper=shopper())
    assert isinstance(result, pf.Paid)
    assert doors(sandbox, result.number) == ["create", "confirm", "capture"]
    assert sandbox.held("SPH1") == SUM.minor


class Inbox(door.Door):
    """A shop's endpoint that hands everything to `notify`."""

    def __init__(self, payments: pf.Payments) -> None:
        super().__init__(self._take)
        self.payments = payments
        self.acks: Queue[pf.Ack] = Queue()

    def _take(self, posted: door.Posted) -> door.Answer:
        ack = self.payments.notify("klarna", posted.headers, posted.body)
        self.acks.put(ack)
        return door.Answer(ack.status, body=ack.body)


def test_an_event_pays_the_order(sandbox: Sandbox, payments: pf.Payments) -> None:
    """Paid on Klarna's page, told by Stripe, paid here; and a forged event changes nothing."""
    with Inbox(payments) as inbox:
        sandbox.notifications("stripe", "forged", url=inbox.url)
        shown = payments.pay(pf.Order("SPI1", SUM, "tea"), "klarna", shopper=shopper())
        assert isinstance(shown, pf.ActionRequired)
        assert inbox.acks.get(timeout=30).handled is False
        assert isinstance(payments.status("SPI1"), pf.ActionRequired)
        sandbox.notifications("stripe", "on", url=inbox.url)
        sandbox.pay("stripe", shown.number)
        while not (ack := inbox.acks.get(timeout=30)).handled:
            pass
        sandbox.notifications("stripe", "off")
    assert ack.order_id == "SPI1"
    assert isinstance(payments.status("SPI1"), pf.Paid)


def test_the_shopper_pays_on_the_page(sandbox: Sandbox, payments: pf.Payments) -> None:
    """The page behind the redirect is one that a person can use: it shows the sum, pays, and leads back."""
    shown = payments.pay(pf.Order("SPJ1", SUM, "tea"), "klarna", shopper=shopper())
    assert isinstance(shown, pf.ActionRequired)
    assert isinstance(shown.action, pf.Redirect)
    with httpx.Client(trust_env=False, follow_redirects=True) as browser:
        assert "5,999.00" in browser.get(shown.action.url).text
        assert BACK in browser.post(shown.action.url, data={"do": "pay"}).text
    assert isinstance(payments.status("SPJ1", ask=True), pf.Paid)


def test_a_lost_page_is_canceled_later(sandbox: Sandbox, payments: pf.Payments, shifted: Shifted) -> None:
    """The secret never arrived, so nobody can pay: the intent is dead at once, found by our number, and canceled."""
    sandbox.fault("stripe", "reply_lost", operation="create", times=1)
    result = payments.pay(pf.Order("SPK1", SUM, "tea"), "page", shopper=shopper())
    assert not isinstance(result, pf.Paid)
    [number] = {line.number for line in sandbox.requests if line.number.startswith("SPK1")}
    for seconds in (1, 120, 600, 3600):
        shifted.ahead += seconds
        payments.recover(within=5)
    assert doors(sandbox, number)[-1] in ("retrieve", "cancel")
    assert "cancel" in doors(sandbox, number)
    assert sandbox.pay("stripe", number) == "closed"
