"""JD Pay's cashier form through the front door: shown, posted, paid; left alone; and never shown."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import payfallback as pf
from payfallback.testing.sandbox import Sandbox

PRICE = pf.Money.of("5999.00", "CNY")
SHOPPER = pf.Shopper(ref="u1", return_url="https://shop.example/back")
STATED = 'options = { not_found_code = "SANDBOX_TRADE_NOT_FOUND", expiry_counts_from = "tradeTime" }'
CONFIG = """
version = 1
[journal]
url = "memory://"
[accounts.jd]
provider = "jdpay"
base_url = "{url}"
merchant = "${{file:keys/jdpay_merchant.txt}}"
notify_url = "http://127.0.0.1:9/notify"
sign = [{{ id = "1", key = "${{file:keys/jdpay_private_key.pem}}" }}]
verify = [{{ id = "1", key = "${{file:keys/jdpay_provider_public_key.pem}}" }}]
secret = "${{file:keys/jdpay_secret.txt}}"
{options}
[channels.baitiao]
account = "jd"
product = "baitiao_pc"
terms = [12, "full"]
[channels.jdpay]
account = "jd"
product = "jdpay_pc"
[[routes]]
name = "web"
order = ["baitiao/12", "baitiao/full", "jdpay"]
"""


class AheadClock:
    """The machine's clocks, and the seconds for which a test does not wait."""

    ahead = 0.0

    def monotonic(self) -> float:
        """For waiting."""
        return time.monotonic() + self.ahead

    def epoch(self) -> float:
        """For what is written down."""
        return time.time() + self.ahead


class Shop:
    """A shop with JD's cashier, a sandbox, and a time that can be put forward."""

    def __init__(self, folder: Path, sandbox: Sandbox, options: str) -> None:
        self.sandbox, self.clock = sandbox, AheadClock()
        path = folder / "payfallback.toml"
        path.write_text(CONFIG.format(url=sandbox.url("jdpay"), options=options), encoding="utf-8")
        self.payments = pf.Payments.from_config(str(path), clock=self.clock, observer=lambda event, /, **fields: None)

    def order(self, name: str) -> pf.Order:
        """An order that can be paid for three minutes."""
        return pf.Order(name, PRICE, "kettle", pay_by=180)

    def shown(self, name: str, choice: str = "baitiao/12") -> pf.ActionRequired:
        """A form on the page."""
        result = self.payments.pay(self.order(name), choice, shopper=SHOPPER)
        assert isinstance(result, pf.ActionRequired)
        assert isinstance(result.action, pf.Form)
        return result

    def later(self, seconds: float) -> None:
        """Time passes for everybody, and recovery looks."""
        self.clock.ahead += seconds
        self.sandbox.advance(seconds)
        self.payments.recover()


@pytest.fixture
def options() -> str:
    """What the account states beyond what JD publishes."""
    return ""


@pytest.fixture
def shop(tmp_path: Path, options: str) -> Iterator[Shop]:
    """The shop, open."""
    with Sandbox(key_dir=tmp_path / "keys") as sandbox:
        made = Shop(tmp_path, sandbox, options)
        with made.payments:
            yield made


def post(form: object) -> httpx.Response:
    """The shopper's browser."""
    assert isinstance(form, pf.Form)
    with httpx.Client(trust_env=False) as browser:
        return browser.post(form.url, data=dict(form.fields))


def test_posted_and_paid(shop: Shop) -> None:
    """A reload shows the same form; what the shopper pays on JD's page is paid, once."""
    shown = shop.shown("A1001")
    again = shop.shown("A1001")
    assert again.action == shown.action
    assert post(shown.action).status_code == 302
    assert shop.sandbox.pay("jdpay", shown.number) == "paid"
    assert isinstance(shop.payments.status("A1001", ask=True), pf.Paid)
    assert len(shop.sandbox.captures()) == 1


def test_the_way_back_proves_nothing(shop: Shop) -> None:
    """A shopper who comes back from the cashier without paying has not paid."""
    post(shop.shown("A1002").action)
    assert isinstance(shop.payments.status("A1002", ask=True), pf.ActionRequired)


def test_nothing_is_shown_while_the_gateway_is_down(shop: Shop) -> None:
    """The first form is not shown, so nothing of it can be paid, and the next way is tried at once."""
    shop.sandbox.fault("jdpay", "http_503", operation="query", times=1)
    result = shop.payments.pay(shop.order("A1003"), "baitiao/12", consent=["jdpay"], shopper=SHOPPER)
    assert isinstance(result, pf.ActionRequired)
    assert (result.option, result.switched_from) == ("jdpay", ("baitiao/12",))


def test_a_posted_form_is_revoked_when_the_shop_cancels(shop: Shop) -> None:
    """Once JD has the order, leaving it is a revoke and a query that shows it; then nothing can be paid any more."""
    shown = shop.shown("A1004")
    post(shown.action)
    shop.payments.cancel("A1004")
    shop.later(10)
    assert isinstance(shop.payments.status("A1004"), pf.NotPaid)
    assert "revoke" in [line.endpoint for line in shop.sandbox.requests]
    assert shop.sandbox.pay("jdpay", shown.number) == "closed"


def test_a_posted_form_that_nobody_pays_ends_with_its_expiry(shop: Shop) -> None:
    """JD says that it is closed, and the order is over."""
    post(shop.shown("A1007").action)
    for _ in range(3):
        shop.later(120)
    assert isinstance(shop.payments.status("A1007"), pf.NotPaid)


def test_a_form_that_nobody_posted_stays_open_until_a_person_looks(shop: Shop) -> None:
    """JD says nothing that proves it dead, so the order is never called unpaid by itself."""
    shop.shown("A1005")
    for _ in range(4):
        shop.later(120)
    assert isinstance(shop.payments.status("A1005"), pf.Pending)
    shop.later(2 * 86400)
    result = shop.payments.status("A1005")
    assert isinstance(result, pf.Pending)
    assert result.needs_person


@pytest.mark.parametrize("options", [STATED])
def test_with_what_the_merchant_states_it_is_dead_after_its_expiry(shop: Shop) -> None:
    """Two signs of absence after the form's end prove that it cannot be paid any more, and JD then refuses it."""
    shown = shop.shown("A1006")
    for _ in range(4):
        shop.later(120)
    assert isinstance(shop.payments.status("A1006"), pf.NotPaid)
    assert "SANDBOX_EXPIRED" in post(shown.action).text
    assert shop.sandbox.captures() == []


def test_a_shopper_leaves_the_cashier_for_another_way(shop: Shop) -> None:
    """Once the form is posted the shopper may switch: JD's order is revoked first, and only then the next is shown."""
    first = shop.shown("A1008")
    post(first.action)
    result = shop.payments.switch(shop.order("A1008"), "jdpay", shopper=SHOPPER)
    assert isinstance(result, pf.ActionRequired)
    assert result.option == "jdpay"
    assert shop.sandbox.pay("jdpay", first.number) == "closed"


def test_a_form_that_was_shown_and_not_posted_cannot_be_left(shop: Shop) -> None:
    """A browser may still post it, so no second way is opened beside it."""
    shop.shown("A1009")
    assert isinstance(shop.payments.switch(shop.order("A1009"), "jdpay", shopper=SHOPPER, within=0.3), pf.Pending)
