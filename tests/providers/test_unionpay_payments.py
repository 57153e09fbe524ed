"""Orders paid through UnionPay, from configuration to refund, against the sandbox, in the sandbox's own time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from over_http import Endpoint
from unionpay_sandboxed import INPUTS, REFUSED, WAITS

import payfallback as pf
from payfallback.testing.sandbox import Sandbox
from sandbox_time import SandboxTime

CONFIG = """
version = 1
[journal]
url = "memory:"
[accounts.up]
provider = "unionpay"
base_url = "{url}"
merchant = "{merchant}"
sign = [{{ id = "{cert_id}", key = "${{file:{keys}/unionpay_private_key.pem}}" }}]
verify = [
  {{ id = "middle", key = "${{file:{keys}/unionpay_middle_certificate.pem}}" }},
  {{ id = "root", key = "${{file:{keys}/unionpay_root_certificate.pem}}" }},
]
options = {{ tr_id = "{tr_id}" }}
notify_url = "{door}"
[defaults]
timeout = "1s"
[channels.code]
account = "up"
product = "code"
[channels.page]
account = "up"
product = "front"
[channels.token]
account = "up"
product = "token"
[[routes]]
name = "all"
order = ["code", "page", "token"]
"""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys that every sandbox of this file shares."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def sandbox(keys: Path) -> Iterator[Sandbox]:
    """A sandbox with a clock of its own."""
    with Sandbox(key_dir=keys) as running:
        yield running


class Unread:
    """Keeps notifications as they came, for a client that reads them itself."""

    def notification(self, headers: dict[str, str], body: bytes, query: str) -> bytes:
        """The body."""
        return body

    def acknowledge(self, handled: bool) -> tuple[int, dict[str, str], bytes]:
        """Taken."""
        return 200, {}, b"ok"


@pytest.fixture
def door() -> Iterator[Endpoint]:
    """Where the shop is notified."""
    with Endpoint(Unread()) as shop:  # type: ignore[arg-type]  # it hands the bodies on
        yield shop


@pytest.fixture
def payments(sandbox: Sandbox, keys: Path, tmp_path: Path, door: Endpoint) -> Iterator[pf.Payments]:
    """A shop that pays by code, on the page, or with a token."""
    known = sandbox.credentials["unionpay"]
    file = tmp_path / "payfallback.toml"
    names = {name: known[name] for name in ("merchant", "cert_id", "tr_id")}
    file.write_text(CONFIG.format(url=sandbox.url("unionpay"), keys=keys, door=door.url, **names), encoding="utf-8")
    moving = SandboxTime(sandbox)
    with pf.Payments.from_config(str(file), clock=moving, sleep=moving.sleep) as made:
        yield made


def shopper(**inputs: str) -> pf.Shopper:
    """Who pays."""
    return pf.Shopper(return_url="https://shop.example/back", inputs={"": {**INPUTS, **inputs}})


def test_a_payment_code_is_paid(sandbox: Sandbox, payments: pf.Payments) -> None:
    """`pay` asks until UnionPay says that the trade succeeded."""
    order = pf.Order("W0000001", pf.Money.of("59.99", "CNY"))
    result = payments.pay(order, "code", shopper=shopper(), within=8)
    assert isinstance(result, pf.Paid)
    assert [entry.amount for entry in sandbox.captures("W0000001")] == [5999]


def test_the_next_way_after_a_refusal(sandbox: Sandbox, payments: pf.Payments) -> None:
    """A refused payment code is asked about, its own result is final, and the token is charged: once."""
    order = pf.Order("W0000002", pf.Money.of("59.99", "CNY"))
    result = payments.pay(order, "code", consent=["token"], shopper=shopper(**REFUSED), within=20)
    assert isinstance(result, pf.Paid)
    assert result.option == "token"
    assert len(sandbox.captures("W0000002")) == 1


def test_a_silent_payment_code(sandbox: Sandbox, payments: pf.Payments) -> None:
    """A charge whose answer was lost is asked about, and found paid: the token is not charged."""
    sandbox.fault("unionpay", "reply_lost", operation="charge", times=1)
    order = pf.Order("W0000003", pf.Money.of("59.99", "CNY"))
    result = payments.pay(order, "code", consent=["token"], shopper=shopper(), within=30)
    assert isinstance(result, pf.Paid)
    assert result.option == "code"
    assert len(sandbox.captures("W0000003")) == 1


def test_a_payment_code_that_never_arrived_is_not_left(sandbox: Sandbox, payments: pf.Payments) -> None:
    """UnionPay takes no expiry for a payment code, so an unknown number proves nothing: nobody else is charged."""
    sandbox.fault("unionpay", "hang", operation="charge", times=1)
    order = pf.Order("W0000010", pf.Money.of("59.99", "CNY"))
    result = payments.pay(order, "code", consent=["token"], shopper=shopper(), within=30)
    assert isinstance(result, pf.Pending)
    assert sandbox.captures("W0000010") == []


def test_a_payment_code_that_waits_is_reversed(sandbox: Sandbox, payments: pf.Payments) -> None:
    """The shopper takes another way while the code waits for a password: reversed, shown to be, and then the token."""
    order = pf.Order("W0000011", pf.Money.of("59.99", "CNY"))
    waits = payments.pay(order, "code", shopper=shopper(**WAITS), within=5)
    assert isinstance(waits, pf.Pending)
    result = payments.switch(order, "token", shopper=shopper(), within=30)
    assert isinstance(result, pf.Paid)
    assert [entry.number for entry in sandbox.captures("W0000011")] == [result.number]
    assert sandbox.pay("unionpay", "W000001101") == "reversed"


def test_a_page_that_cannot_be_opened_shows_nothing(sandbox: Sandbox, payments: pf.Payments) -> None:
    """Where UnionPay does not answer, no form is shown, and nothing can be paid: the next way is free at once."""
    sandbox.fault("unionpay", "http_503", operation="query", times=1)
    order = pf.Order("W0000004", pf.Money.of("59.99", "CNY"))
    result = payments.pay(order, "page", consent=["token"], shopper=shopper(), within=8)
    assert isinstance(result, pf.Paid)
    assert result.option == "token"


def test_a_page_is_paid(sandbox: Sandbox, payments: pf.Payments) -> None:
    """The form is shown, the shopper pays, and asking says so; a reload shows the same form."""
    order = pf.Order("W0000005", pf.Money.of("59.99", "CNY"))
    shown = payments.pay(order, "page", shopper=shopper(), within=8)
    again = payments.pay(order, "page", shopper=shopper(), within=8)
    assert isinstance(shown, pf.ActionRequired)
    assert isinstance(again, pf.ActionRequired)
    assert shown.action == again.action
    assert isinstance(shown.action, pf.Form)
    httpx.post(shown.action.url, data=dict(shown.action.fields), trust_env=False)
    sandbox.pay("unionpay", shown.number)
    assert isinstance(payments.status(order.id, ask=True), pf.Paid)


def test_a_page_that_nobody_pays_expires(sandbox: Sandbox, payments: pf.Payments) -> None:
    """After payTimeout the form leads nowhere, questions say so, and the order ends unpaid."""
    order = pf.Order("W0000006", pf.Money.of("59.99", "CNY"))
    shown = payments.pay(order, "page", shopper=shopper(), within=8)
    assert isinstance(shown, pf.ActionRequired)
    for seconds in (900, 120, 600, 3600, 3600):
        sandbox.advance(seconds)
        payments.recover()
    assert isinstance(payments.status(order.id), pf.NotPaid)
    assert sandbox.captures("W0000006") == []


def test_a_refund_of_the_shop(sandbox: Sandbox, payments: pf.Payments, door: Endpoint) -> None:
    """What was paid goes back once, and UnionPay's notification says so."""
    order = pf.Order("W0000007", pf.Money.of("59.99", "CNY"))
    assert isinstance(payments.pay(order, "token", shopper=shopper(), within=8), pf.Paid)
    assert payments.notify("token", {}, door.notices.get(timeout=30)).handled
    assert payments.refund(order.id, "r1").amount == order.amount
    assert payments.notify("token", {}, door.notices.get(timeout=30)).handled
    assert payments.refund(order.id, "r1").state == "done"
    assert sandbox.held("W0000007") == 0


@pytest.mark.parametrize("fault", ["reply_lost", "http_503", "hang"])
def test_a_refund_that_nobody_answered(sandbox: Sandbox, payments: pf.Payments, fault: str) -> None:
    """A silent refund is asked about under the time at which it was first sent, and sent again under the same one."""
    order = pf.Order("W0000012", pf.Money.of("59.99", "CNY"))
    assert isinstance(payments.pay(order, "token", shopper=shopper(), within=8), pf.Paid)
    sandbox.fault("unionpay", fault, operation="refund", times=1)
    payments.refund(order.id, "r1")
    for _ in range(4):
        sandbox.advance(120)
        payments.recover()
    assert payments.refund(order.id, "r1").state == "done"
    assert [entry.amount for entry in sandbox.refunds("W0000012")] == [5999]


def test_a_late_capture_goes_back(sandbox: Sandbox, payments: pf.Payments) -> None:
    """A page that is paid after the order was cancelled is refunded by itself, once."""
    order = pf.Order("W0000008", pf.Money.of("59.99", "CNY"))
    shown = payments.pay(order, "page", shopper=shopper(), within=8)
    assert isinstance(shown, pf.ActionRequired)
    assert isinstance(shown.action, pf.Form)
    httpx.post(shown.action.url, data=dict(shown.action.fields), trust_env=False)
    payments.cancel(order.id)
    sandbox.pay("unionpay", shown.number)
    for _ in range(6):
        sandbox.advance(600)
        payments.recover()
    assert (len(sandbox.captures("W0000008")), len(sandbox.refunds("W0000008"))) == (1, 1)
    assert sandbox.held("W0000008") == 0


def test_a_notification_pays(sandbox: Sandbox, payments: pf.Payments, door: Endpoint) -> None:
    """The shopper pays on the page, UnionPay tells it, and the order is paid without a question."""
    order = pf.Order("W0000009", pf.Money.of("59.99", "CNY"))
    shown = payments.pay(order, "page", shopper=shopper(), within=8)
    assert isinstance(shown, pf.ActionRequired)
    assert isinstance(shown.action, pf.Form)
    httpx.post(shown.action.url, data=dict(shown.action.fields), trust_env=False)
    sandbox.pay("unionpay", shown.number)
    body = door.notices.get(timeout=30)
    refused = payments.notify("page", {}, body.replace(b"txnAmt=5999", b"txnAmt=5998"))
    assert (refused.handled, refused.status) == (False, 500)
    ack = payments.notify("page", {}, body)
    assert (ack.handled, ack.status, ack.order_id) == (True, 200, order.id)
    assert isinstance(payments.status(order.id), pf.Paid)
