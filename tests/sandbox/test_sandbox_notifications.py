"""What the sandbox tells the shop by itself, and how unreliable it can be at it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest
from sandbox_jd_client import JdMerchant
from sandbox_shop import Arrived, Shop
from sandbox_wechat_client import WeChatMerchant

from payfallback.testing.sandbox import Sandbox, SandboxError


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A shop that takes every notification."""
    with Shop() as running:
        yield running


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that happens on another thread."""
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


def about(wechat: WeChatMerchant, arrived: Arrived) -> dict[str, object]:
    """What a genuine notification tells."""
    assert wechat.genuine(arrived.headers, arrived.body)
    return wechat.opened(arrived.body)


def test_wechat_pay_tells_of_payment_and_refund(sandbox: Sandbox, wechat: WeChatMerchant, shop: Shop) -> None:
    """A paid order and its refund are told to the address that came with each, sealed and signed."""
    wechat.native("A100101", notify_url=shop.url)
    assert shop.silent(0.02)
    sandbox.pay("wechatpay", "A100101")
    paid = about(wechat, shop.next())
    assert (paid["trade_state"], paid["out_trade_no"], paid["amount"]["total"]) == ("SUCCESS", "A100101", 599900)
    wechat.refund("A100101", 100, under="R1", notify_url=shop.url)
    arrived = shop.next()
    back = about(wechat, arrived)
    assert json.loads(arrived.body)["event_type"] == "REFUND.SUCCESS"
    assert (back["out_refund_no"], back["refund_status"], back["amount"]["refund"]) == ("R1", "SUCCESS", 100)


def test_a_payment_by_code_is_not_notified_by_wechat_pay(wechat: WeChatMerchant, shop: Shop) -> None:
    """WeChat Pay answers a payment code at once and sends no notification."""
    wechat.code("A100101", notify_url=shop.url)
    assert shop.silent(0.05)


def test_jd_pay_tells_of_payment_and_refund(sandbox: Sandbox, jd: JdMerchant, shop: Shop) -> None:
    """The same sealed XML as JD's answers: the trade with tradeType 0, its refund with 1."""
    jd.qr("A100101", notifyUrl=shop.url)
    sandbox.pay("jdpay", "A100101")
    paid = jd.read(shop.next().body)
    assert (paid["genuine"], paid["tradeNum"], paid["status"], paid["tradeType"]) == ("yes", "A100101", "2", "0")
    jd.refund("A100101", 100, under="R1", notifyUrl=shop.url)
    back = jd.read(shop.next().body)
    assert (back["genuine"], back["tradeNum"], back["oTradeNum"], back["amount"]) == ("yes", "R1", "A100101", "100")
    assert (back["status"], back["tradeType"]) == ("1", "1")


def test_jd_pay_tells_of_a_revoke(jd: JdMerchant, shop: Shop) -> None:
    """Revoking is told to the address of the charge, with tradeType 2 and the numbers of revoke and charge."""
    jd.qr("A100101", notifyUrl=shop.url)
    jd.revoke("A100101", under="V1")
    told = jd.read(shop.next().body)
    assert (told["genuine"], told["tradeType"], told["status"]) == ("yes", "2", "1")
    assert (told["tradeNum"], told["oTradeNum"]) == ("V1", "A100101")


@pytest.mark.parametrize(("status", "body"), [(500, b""), (200, b"fail"), (200, b"broken")])
def test_jd_pay_repeats_until_the_shop_says_ok(
    sandbox: Sandbox, jd: JdMerchant, shop: Shop, status: int, body: bytes
) -> None:
    """An error, or a page that does not say ok or success, is no answer."""
    shop.answers.put((status, body))
    jd.qr("A100101", notifyUrl=shop.url)
    sandbox.pay("jdpay", "A100101")
    shop.next()
    shop.next()
    until(lambda: len(sandbox.sent) == 2)
    assert shop.silent(0.3)


def test_wechat_pay_repeats_while_the_shop_is_away(sandbox: Sandbox, wechat: WeChatMerchant) -> None:
    """A shop that cannot be reached is told later, under the same notification id."""
    with Shop() as gone:
        pass
    wechat.native("A100101", notify_url=gone.url)
    sandbox.pay("wechatpay", "A100101")
    until(lambda: len(sandbox.sent) >= 2)
    assert {line.result for line in sandbox.sent} == {"ConnectionRefusedError"}


def test_off(sandbox: Sandbox, jd: JdMerchant, shop: Shop) -> None:
    """Nothing is sent."""
    sandbox.notifications("jdpay", "off")
    jd.qr("A100101", notifyUrl=shop.url)
    sandbox.pay("jdpay", "A100101")
    assert shop.silent(0.05)


def test_delayed(sandbox: Sandbox, jd: JdMerchant, shop: Shop) -> None:
    """It is sent some seconds later."""
    sandbox.notifications("jdpay", "delayed:0.1")
    jd.qr("A100101", notifyUrl=shop.url)
    begun = time.monotonic()
    sandbox.pay("jdpay", "A100101")
    shop.next()
    assert time.monotonic() - begun >= 0.1


def test_twice(sandbox: Sandbox, wechat: WeChatMerchant, shop: Shop) -> None:
    """The same notification arrives again although it was taken."""
    sandbox.notifications("wechatpay", "twice")
    wechat.native("A100101", notify_url=shop.url)
    sandbox.pay("wechatpay", "A100101")
    assert shop.next().body == shop.next().body


def test_out_of_order(sandbox: Sandbox, wechat: WeChatMerchant, shop: Shop) -> None:
    """The refund is told before the payment."""
    sandbox.notifications("wechatpay", "out_of_order")
    wechat.native("A100101", notify_url=shop.url)
    sandbox.pay("wechatpay", "A100101")
    wechat.refund("A100101", under="R1", notify_url=shop.url)
    kinds = [json.loads(shop.next().body)["event_type"] for _ in range(2)]
    assert kinds == ["REFUND.SUCCESS", "TRANSACTION.SUCCESS"]


def test_a_forger_claims_money_that_never_moved(
    sandbox: Sandbox, wechat: WeChatMerchant, jd: JdMerchant, shop: Shop
) -> None:
    """Forged notifications say "paid" of an order that nobody paid, under another key."""
    sandbox.notifications("wechatpay", "forged")
    sandbox.notifications("jdpay", "forged")
    wechat.native("A100101", notify_url=shop.url)
    arrived = shop.next()
    assert not wechat.genuine(arrived.headers, arrived.body)
    assert wechat.opened(arrived.body)["trade_state"] == "SUCCESS"
    jd.qr("A100101", notifyUrl=shop.url)
    claimed = jd.read(shop.next().body)
    assert (claimed["genuine"], claimed["status"], sandbox.captures()) == ("", "2", [])


def test_wrong_amount(sandbox: Sandbox, wechat: WeChatMerchant, jd: JdMerchant, shop: Shop) -> None:
    """A genuine notification tells one fen too many."""
    for provider in ("wechatpay", "jdpay"):
        sandbox.notifications(provider, "wrong_amount")
    wechat.native("A100101", notify_url=shop.url)
    sandbox.pay("wechatpay", "A100101")
    assert about(wechat, shop.next())["amount"]["total"] == 599901
    jd.qr("A100101", notifyUrl=shop.url)
    sandbox.pay("jdpay", "A100101")
    told = jd.read(shop.next().body)
    assert (told["genuine"], told["amount"]) == ("yes", "599901")


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1/notify", "https://127.0.0.1/notify", "http://shop.example/notify", "http://127.0.0.1:x/"]
)
def test_nothing_is_sent_beyond_this_machine(sandbox: Sandbox, wechat: WeChatMerchant, url: str) -> None:
    """An address that is not loopback http is not contacted, and the log says so."""
    wechat.native("A100101", notify_url=url)
    sandbox.pay("wechatpay", "A100101")
    until(lambda: bool(sandbox.sent))
    assert "loopback" in sandbox.sent[0].result


def test_a_mode_that_does_not_exist_is_refused(sandbox: Sandbox) -> None:
    """The modes are named."""
    for mode in ("sometimes", "delayed", "delayed:soon"):
        with pytest.raises(SandboxError, match="out_of_order"):
            sandbox.notifications("jdpay", mode)
