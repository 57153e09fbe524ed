"""`payfallback sandbox --write-config`: the file works at once, for every provider, beside what wrote it."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cli_desk import Desk, spawn

from payfallback.client import Payments
from payfallback.model import Form, Money, Option, Order, Qr, Redirect, Shopper
from payfallback.results import ActionRequired, Paid, Result
from payfallback.testing.sandbox.registry import ENTRIES

CODE = "134567890123456789"
INPUTS = {"": {"code": CODE, "payment_method": "pm_card_visa"}}


class Written:
    """A running `payfallback sandbox` and the configuration that it wrote."""

    def __init__(self, config: Path, told: dict[str, Any], payments: Payments) -> None:
        self.config, self.told, self.payments = config, told, payments
        self.http = httpx.Client(trust_env=False, follow_redirects=True, timeout=10.0)

    def pay(self, order_id: str, option: str, currency: str = "CNY", **attributes: str) -> Result:
        """Buy something for 5,999.00, as far as the page comes."""
        order = Order(order_id, Money.of("5999.00", currency), "a phone", attributes=attributes)
        shopper = Shopper(ip="127.0.0.1", return_url="http://127.0.0.1/thanks", inputs=INPUTS)
        return self.payments.pay(order, option, shopper=shopper)

    def act(self, shown: ActionRequired) -> None:
        """Open what is shown, and pay it."""
        match shown.action:
            case Qr(url) | Redirect(url) if url.startswith("http"):
                self.http.get(url)
            case Form(url, fields):
                self.http.post(url, data=dict(fields))
        channel = self.payments.policy.channels[Option.parse(shown.option).channel]
        given = {"provider": channel.account.provider, "number": shown.number}
        self.http.post(f"{self.told['control_url']}/pay", json=given).raise_for_status()

    def captures(self, order_id: str) -> list[dict[str, Any]]:
        """What the providers' own books say of an order."""
        entries: list[dict[str, Any]]
        entries = self.http.get(f"{self.told['control_url']}/ledger", params={"about": order_id}).json()["entries"]
        return [entry for entry in entries if entry["kind"] == "capture"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    """One for all tests of this file: each buys under order ids of its own."""
    folder = tmp_path_factory.mktemp("shop")
    words = ("sandbox", "--free-ports", "--write-config", "shop.toml", "--json")
    running = spawn(*words, folder=folder)
    assert running.stdout is not None
    told = json.loads(running.stdout.readline())
    with Payments.from_config(str(folder / "shop.toml"), journal="memory:") as payments:
        made = Written(folder / "shop.toml", told, payments)
        yield made
        made.http.close()
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=20)
    assert (running.returncode, err) == (0, "")


def test_the_written_file_has_nothing_to_mend(written: Written, desk: Desk) -> None:
    """The first `payfallback check` finds no problem and warns of nothing, and every provider has an account."""
    report = desk.run("check", "--config", written.config, "--json").json
    assert (report["ok"], report["problems"], report["warnings"]) == (True, [], [])
    accounts = {channel.account.provider for channel in written.payments.policy.channels.values()}
    assert accounts == ENTRIES.keys()
    assert all(route["worst_seconds"] is not None for route in report["routes"])


def test_every_way_on_the_web_completes_a_payment(written: Written) -> None:
    """Each option of the routes for web orders is paid once, by what the shopper is shown or at once."""
    steps = {step.id for route in written.payments.policy.routes[1:] for step in route.order}
    assert len(steps) >= len(ENTRIES)
    for place, option in enumerate(sorted(steps)):
        order_id = f"ONWEB{place:02}"
        result = written.pay(order_id, option)
        if isinstance(result, ActionRequired):
            written.act(result)
            result = written.payments.status(order_id, ask=True)
        assert isinstance(result, Paid), (option, result)
        assert result.option == option
        assert [entry["amount"] for entry in written.captures(order_id)] == [599900]


def test_every_payment_code_is_charged_in_a_store(written: Written) -> None:
    """Each option of the route for stores takes the shopper's payment code at the counter."""
    store = written.payments.policy.routes[0]
    assert store.name == "store"
    for place, step in enumerate(store.order):
        result = written.pay(f"STORE{place:02}", step.id, place="store")
        for _ in range(50):
            if isinstance(result, Paid):
                break
            written.payments.recover(within=0.2)
            result = written.payments.status(f"STORE{place:02}", ask=True)
        assert isinstance(result, Paid), (step.id, result)
        assert len(written.captures(f"STORE{place:02}")) == 1


def test_an_order_in_another_currency_goes_to_the_card(written: Written) -> None:
    """What the Chinese channels do not take, the last route takes."""
    result = written.pay("ABROAD1", "card", "USD")
    assert isinstance(result, Paid)
    assert [(entry["provider"], entry["currency"]) for entry in written.captures("ABROAD1")] == [("stripe", "USD")]


def test_a_provider_that_is_told_the_shops_address_once_was_told(written: Written) -> None:
    """Stripe sends its events to the address that stands in the file; nobody listens there now, and that is logged."""
    written.pay("TOLD1", "card")
    url = written.payments.policy.channels["card"].notify_url
    end = time.monotonic() + 10
    sent: list[dict[str, Any]] = []
    while not sent and time.monotonic() < end:
        told = written.http.get(f"{written.told['control_url']}/notifications").json()["sent"]
        sent = [each for each in told if each["provider"] == "stripe" and each["number"].startswith("TOLD1")]
        time.sleep(0.02)
    assert {each["url"] for each in sent} == {url} == {"http://127.0.0.1:8000/notify/card"}


def test_the_page_shows_every_order_once(written: Written) -> None:
    """One page of the control server has what each order was charged, whichever provider it was."""
    written.pay("PAGE1", "card")
    page = written.http.get(written.told["control_url"], params={"lang": "en"}).text
    assert page.count("Order PAGE1") == 1
    assert "charged more than once" not in page
