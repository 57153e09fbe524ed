"""The sandbox's Alipay notifies: forms under RSA2, repeated until the shop answers `success`."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from alipay.aop.api.util.SignatureUtils import get_sign_content
from sandbox_alipay_client import AlipayMerchant
from sandbox_shop import Arrived, Shop

from payfallback.testing.sandbox import Sandbox


def opened(arrived: Arrived) -> dict[str, str]:
    """The fields of a notification."""
    assert arrived.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    return dict(parse_qsl(arrived.body.decode(), strict_parsing=True))


def genuine(ali: AlipayMerchant, fields: dict[str, str]) -> bool:
    """Whether Alipay signed it, joined as the official SDK joins it: without `sign` and `sign_type`."""
    signed = {name: text for name, text in fields.items() if name not in ("sign", "sign_type")}
    return ali.genuine(get_sign_content(signed).encode(), fields["sign"])


def test_a_payment_is_told(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """Who was paid, under which number, how much: all under Alipay's signature."""
    with Shop() as shop:
        ali.code("A100101", notify_url=shop.url)
        fields = opened(shop.next())
    assert genuine(ali, fields)
    assert (
        fields.items()
        >= {
            "notify_type": "trade_status_sync",
            "app_id": ali.known["app_id"],
            "seller_id": ali.known["seller_id"],
            "out_trade_no": "A100101",
            "trade_no": sandbox.captures()[0].provider_ref,
            "trade_status": "TRADE_SUCCESS",
            "total_amount": "5999.00",
            "subject": "耳机",
        }.items()
    )
    assert "refund_fee" not in fields


def test_it_is_repeated_until_the_shop_says_success(ali: AlipayMerchant) -> None:
    """Anything but exactly `success` asks for another one, signed anew."""
    with Shop() as shop:
        for answer in ((200, b"SUCCESS"), (500, b"success"), (200, b"success")):
            shop.answers.put(answer)
        ali.code("A100101", notify_url=shop.url)
        told = [opened(shop.next()) for _ in range(3)]
        assert shop.silent(0.6)
    assert len({fields["notify_id"] for fields in told}) == 1


def test_a_refund_is_told_with_the_sum_of_all(ali: AlipayMerchant) -> None:
    """A refund of a part leaves the trade paid; with the last part it is closed."""
    with Shop() as shop:
        ali.code("A100101", notify_url=shop.url)
        shop.next()
        ali.refund("A100101", "1000.00", under="R1")
        part = opened(shop.next())
        ali.refund("A100101", "4999.00", under="R2")
        whole = opened(shop.next())
    assert (part["trade_status"], part["refund_fee"], part["out_biz_no"]) == ("TRADE_SUCCESS", "1000.00", "R1")
    assert (whole["trade_status"], whole["refund_fee"], whole["out_biz_no"]) == ("TRADE_CLOSED", "5999.00", "R2")
    assert genuine(ali, part)


@pytest.mark.parametrize("kind", ["page", "wap"])
def test_a_page_is_told_where_its_address_says(sandbox: Sandbox, ali: AlipayMerchant, kind: str) -> None:
    """The notification's address is a parameter of the page's."""
    with Shop() as shop:
        ali.opens(ali.link(kind, "A100101", sent={"notify_url": shop.url}))
        sandbox.pay("alipay", "A100101")
        assert opened(shop.next())["out_trade_no"] == "A100101"


def test_a_forger_does_not_wait_for_the_money(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """A forged notification says "paid" of an unpaid trade, under the wrong key."""
    sandbox.notifications("alipay", "forged")
    with Shop() as shop:
        ali.qr("A100101", notify_url=shop.url)
        fields = opened(shop.next())
    assert (fields["trade_status"], genuine(ali, fields), sandbox.captures()) == ("TRADE_SUCCESS", False, [])


def test_a_wrong_amount_may_be_told(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """One fen too many, under a good signature."""
    sandbox.notifications("alipay", "wrong_amount")
    with Shop() as shop:
        ali.code("A100101", notify_url=shop.url)
        fields = opened(shop.next())
    assert (fields["total_amount"], genuine(ali, fields)) == ("5999.01", True)


def test_closing_is_not_told(ali: AlipayMerchant) -> None:
    """Nobody is notified of a close, nor where no address was given."""
    with Shop() as shop:
        ali.opens(ali.qr("A100101", notify_url=shop.url).json()["qr_code"])
        ali.close("A100101")
        ali.code("A100102")
        assert shop.silent(0.1)
