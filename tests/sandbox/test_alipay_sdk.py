"""Clients that know nothing of us agree with the sandbox: python-alipay-sdk and the official alipay-sdk-python.

Both bring a package `alipay`. They share one file, `alipay/__init__.py`: the official one holds a name and a version
that nothing reads, the other one all of its client. So both work where python-alipay-sdk was installed last, which pip
does by itself: it installs a package after what it needs, and the chain below pyOpenSSL is the longer one.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path
from urllib.parse import parse_qsl

import alipay
import httpx
import pytest
from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient
from alipay.aop.api.request.AlipayTradePagePayRequest import AlipayTradePagePayRequest
from alipay.aop.api.util.SignatureUtils import get_sign_content, verify_with_rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sandbox_alipay_client import ASKS, CODE, AlipayMerchant
from sandbox_shop import Shop

from payfallback.testing.sandbox import Sandbox

REPAIR = "pip install --force-reinstall --no-deps python-alipay-sdk"
# python-alipay-sdk reads certificates by means that pyOpenSSL calls deprecated; the tests make warnings errors
OF_PYOPENSSL = pytest.mark.filterwarnings("ignore:X509.get_issuer is deprecated:DeprecationWarning")


def test_both_sdks_are_whole() -> None:
    """Each file of python-alipay-sdk is its own, also the one that the official SDK has too."""
    broken = []
    for file in distribution("python-alipay-sdk").files or ():
        if file.hash is not None and file.suffix == ".py":
            digest = sha256(Path(str(file.locate())).read_bytes()).digest()
            broken += [str(file)] if urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value else []
    assert not broken, f"alipay-sdk-python was installed over python-alipay-sdk; repair it with: {REPAIR}"
    assert distribution("alipay-sdk-python").version


@pytest.fixture
def sdk(sandbox: Sandbox) -> alipay.AliPay:
    """The SDK in public key mode."""
    known = sandbox.credentials["alipay"]
    client = alipay.AliPay(
        appid=known["app_id"],
        app_private_key_string=known["private_key"],
        alipay_public_key_string=known["alipay_public_key"],
    )
    client._gateway = f"{sandbox.url('alipay')}/gateway.do"  # the SDK has no setting for its host
    return client


def test_the_sdk_completes_a_payment_a_query_and_a_refund(sandbox: Sandbox, sdk: alipay.AliPay) -> None:
    """It signs what the sandbox verifies, and verifies what the sandbox signs."""
    paid = sdk.api_alipay_trade_pay("A100101", "bar_code", CODE, "耳机", total_amount="59.99")
    assert (paid["code"], paid["total_amount"]) == ("10000", "59.99")
    assert sdk.api_alipay_trade_query("A100101")["trade_status"] == "TRADE_SUCCESS"
    assert sdk.api_alipay_trade_query(trade_no=paid["trade_no"])["out_trade_no"] == "A100101"
    part = sdk.api_alipay_trade_refund("9.99", "A100101", out_request_no="R1")
    assert (part["fund_change"], part["refund_fee"]) == ("Y", "9.99")
    found = sdk.api_alipay_trade_fastpay_refund_query("R1", out_trade_no="A100101")
    assert (found["refund_status"], found["refund_amount"]) == ("REFUND_SUCCESS", "9.99")
    assert sdk.api_alipay_trade_refund("50.00", "A100101", out_request_no="R2")["fund_change"] == "Y"
    assert sdk.api_alipay_trade_query("A100101")["trade_status"] == "TRADE_CLOSED"
    assert ([entry.amount for entry in sandbox.refunds()], sandbox.held()) == ([999, 5000], 0)


def test_the_sdk_waits_for_a_password_and_gives_up(sdk: alipay.AliPay) -> None:
    """It hears 10003, and a cancel that says that it closed; one for an unknown number says nothing of the kind."""
    asked = sdk.api_alipay_trade_pay("A100101", "bar_code", ASKS, "耳机", total_amount="59.99")
    assert asked["code"] == "10003"
    assert sdk.api_alipay_trade_cancel("A100101")["action"] == "close"
    assert "action" not in sdk.api_alipay_trade_cancel("A100109")


def test_the_sdk_makes_an_order_code(sandbox: Sandbox, sdk: alipay.AliPay) -> None:
    """The code that it got is scanned, closed and cannot be paid any more."""
    code = sdk.api_alipay_trade_precreate("耳机", "A100101", 59.99)["qr_code"]
    assert sdk.api_alipay_trade_query("A100101")["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    httpx.get(code, trust_env=False)
    assert sdk.api_alipay_trade_query("A100101")["trade_status"] == "WAIT_BUYER_PAY"
    assert sdk.api_alipay_trade_close("A100101")["out_trade_no"] == "A100101"
    assert sandbox.pay("alipay", "A100101") == "closed"


@pytest.mark.parametrize("kind", ["page", "wap"])
def test_the_sdk_sends_a_shopper_to_a_page(sandbox: Sandbox, sdk: alipay.AliPay, kind: str) -> None:
    """The address that it signs opens; the notification of the payment passes its check."""
    make = sdk.api_alipay_trade_page_pay if kind == "page" else sdk.api_alipay_trade_wap_pay
    with Shop() as shop:
        asked = make("耳机", "A100101", "59.99", notify_url=shop.url)
        assert httpx.get(f"{sdk._gateway}?{asked}", trust_env=False).status_code == 302
        sandbox.pay("alipay", "A100101")
        told = dict(parse_qsl(shop.next().body.decode()))
    sign = told.pop("sign")
    assert sdk.verify(dict(told), sign)
    assert not sdk.verify({**told, "total_amount": "0.01"}, sign)
    assert (told["out_trade_no"], told["total_amount"], told["trade_status"]) == ("A100101", "59.99", "TRADE_SUCCESS")


@OF_PYOPENSSL
def test_the_sdk_in_certificate_mode(sandbox: Sandbox) -> None:
    """It works out the same serials, and both sides name their certificates."""
    known = sandbox.credentials["alipay"]
    client = alipay.DCAliPay(
        appid=known["app_id"],
        app_private_key_string=known["private_key"],
        app_public_key_cert_string=known["app_cert"],
        alipay_public_key_cert_string=known["alipay_cert"],
        alipay_root_cert_string=known["root_cert"],
    )
    client._gateway = f"{sandbox.url('alipay')}/gateway.do"
    paid = client.api_alipay_trade_pay("A100101", "bar_code", CODE, "耳机", total_amount="59.99")
    assert paid["code"] == "10000"
    raw = httpx.get(
        f"{client._gateway}?{client.sign_data(client.build_body('alipay.trade.query', {'out_trade_no': 'A100101'}))}",
        trust_env=False,
    ).json()
    assert raw["alipay_cert_sn"] == client.get_cert_sn(known["alipay_cert"])


def test_the_sdk_notices_a_forgery(sandbox: Sandbox, sdk: alipay.AliPay) -> None:
    """An answer under another key, or under none, fails the SDK's own check."""
    sandbox.fault("alipay", "unsigned:wrong", operation="query", times=1)
    with pytest.raises(alipay.AliPayValidationError):
        sdk.api_alipay_trade_query("A100109")
    sandbox.fault("alipay", "unsigned", operation="query", times=1)
    with pytest.raises(alipay.AliPayException):
        sdk.api_alipay_trade_query("A100109")


# ---------------------------------------------------------------- the official SDK


def test_the_official_sdk_verifies_the_answers_of_v3(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """Its check of signatures accepts what the sandbox's v3 signs."""
    answer = ali.code("A100101")
    told = answer.headers
    message = f"{told['alipay-timestamp']}\n{told['alipay-nonce']}\n{answer.text}\n".encode()
    key = "".join(ali.known["alipay_public_key"].splitlines()[1:-1])
    assert verify_with_rsa(key, message, told["alipay-signature"])
    assert len(sandbox.captures()) == 1


def test_the_official_sdk_sends_a_shopper_to_a_page(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """The address that its `page_execute` builds opens at the sandbox."""
    config = AlipayClientConfig()
    config.server_url = f"{ali.url}/gateway.do"
    config.app_id = ali.known["app_id"]
    config.app_private_key = _pkcs1(ali)
    request = AlipayTradePagePayRequest()
    request.biz_content = {**ali.order("A100101"), "product_code": "FAST_INSTANT_TRADE_PAY"}
    link = DefaultAlipayClient(config).page_execute(request, http_method="GET")
    assert ali.opens(link).status_code == 302
    assert sandbox.pay("alipay", "A100101") == "paid"
    fields = dict(parse_qsl(link.partition("?")[2]))
    sign = fields.pop("sign")
    assert ali.signed(get_sign_content(fields)) == sign


def _pkcs1(ali: AlipayMerchant) -> str:
    pem = ali.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    return "".join(pem.splitlines()[1:-1])
