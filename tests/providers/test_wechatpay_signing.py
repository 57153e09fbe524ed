"""WeChat Pay's signatures and encryption, held against wechatpayv3."""

from __future__ import annotations

import re

import pytest
from wechatpay_counterpart import (
    ACCOUNT,
    NONCE,
    NOW,
    OTHER_SECRET,
    PAID,
    PUBLIC,
    SECRET,
    SERIAL,
    StoppedClock,
    answered,
    certificate_pem,
    notice,
    operation,
    private_pem,
    public_pem,
    rsa_key,
    stamped,
    wechatpay,
)
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.utils import load_public_key, rsa_sign, rsa_verify

from payfallback._core.operations import Kind
from payfallback._values import changed
from payfallback.errors import ConfigError, NotAuthentic
from payfallback.model import AppParams
from payfallback.ports import HttpResponse
from payfallback.providers.keys import Key
from payfallback.providers.wechatpay import WechatPay
from payfallback.taxonomy import Verdict


def theirs() -> WeChatPay:
    """The same merchant through wechatpayv3."""
    return WeChatPay(
        wechatpay_type=WeChatPayType.JSAPI,
        mchid=ACCOUNT.merchant,
        private_key=private_pem("merchant"),
        cert_serial_no=SERIAL,
        appid=ACCOUNT.app,
        apiv3_key=SECRET,
        notify_url="https://shop.example/notify",
        public_key=public_pem("wechat"),
        public_key_id=PUBLIC,
    )


@pytest.mark.parametrize("kind", [Kind.CHARGE, Kind.QUERY, Kind.CLOSE])
def test_our_requests_carry_the_signature_that_wechatpayv3_would_make(kind: Kind) -> None:
    """Method, target, time, nonce and body are signed as wechatpayv3 signs them."""
    request = wechatpay().request(operation(kind))
    target = request.url.removeprefix("https://api.mch.weixin.qq.com")
    lines = f"{request.method}\n{target}\n{int(NOW)}\n{NONCE}\n{request.body.decode()}\n"
    signature = rsa_sign(rsa_key("merchant"), lines)
    assert request.headers["authorization"] == (
        f'WECHATPAY2-SHA256-RSA2048 mchid="{ACCOUNT.merchant}",nonce_str="{NONCE}",signature="{signature}",'
        f'timestamp="{int(NOW)}",serial_no="{SERIAL}"'
    )


def test_wechatpayv3_verifies_our_signature() -> None:
    """A verifier of wechatpayv3 accepts what we sign."""
    request = wechatpay().request(operation(Kind.QUERY))
    target = request.url.removeprefix("https://api.mch.weixin.qq.com")
    signature = re.findall('signature="([^"]+)"', request.headers["authorization"])[0]
    key = load_public_key(public_pem("merchant"))
    assert rsa_verify(f"GET\n{target}\n{int(NOW)}", NONCE, "", signature, key)
    assert not rsa_verify(f"GET\n{target}x\n{int(NOW)}", NONCE, "", signature, key)


def test_the_second_signature_of_jsapi() -> None:
    """What the page hands to WeChat's bridge is signed as wechatpayv3's `sign` does, with the same merchant key."""
    answer = wechatpay().read(operation(product="jsapi"), answered({"prepay_id": "wx201410272009395522657a690"}))
    assert isinstance(answer.action, AppParams)
    package = "prepay_id=wx201410272009395522657a690"
    assert answer.action.params == {
        "appId": ACCOUNT.app,
        "timeStamp": str(int(NOW)),
        "nonceStr": NONCE,
        "package": package,
        "signType": "RSA",
        "paySign": theirs().sign([ACCOUNT.app, str(int(NOW)), NONCE, package]),
    }


def test_both_read_the_same_notification() -> None:
    """A notification that wechatpayv3 verifies and decrypts is the one we verify and decrypt."""
    body = notice(PAID)
    read = theirs().callback(stamped(body), body)
    assert read["resource"] == PAID
    ours = wechatpay().notification(stamped(body), body, "")
    assert (ours.number, ours.answer.provider_ref) == (PAID["out_trade_no"], PAID["transaction_id"])


def test_both_refuse_the_same_forgery() -> None:
    """A notification under another key is refused by both."""
    body = notice(PAID)
    assert theirs().callback(stamped(body, key="stranger"), body) is None
    with pytest.raises(NotAuthentic):
        wechatpay().notification(stamped(body, key="stranger"), body, "")


def verdict(response: HttpResponse, **more: object) -> Verdict:
    """What a query's answer proves."""
    return wechatpay(**more).read(operation(Kind.QUERY), response).verdict


def test_the_key_is_the_one_that_the_answer_names() -> None:
    """An answer verifies with the key whose id it names, and with no other."""
    keys = [Key("OTHER", public_pem("wechat")), Key(PUBLIC, public_pem("stranger"))]
    assert verdict(answered(PAID)) is Verdict.CAPTURED
    assert verdict(answered(PAID), verify=keys) is Verdict.UNKNOWN
    assert verdict(answered(PAID, serial="OTHER"), verify=keys) is Verdict.CAPTURED


def test_a_platform_certificate_verifies() -> None:
    """A certificate serves as well as a public key; its serial number is read in either case."""
    keys = [Key(SERIAL, certificate_pem("wechat"))]
    assert verdict(answered(PAID, serial=SERIAL.lower()), verify=keys) is Verdict.CAPTURED


def test_a_key_past_its_end_no_longer_verifies() -> None:
    """`until` is the last second of a key."""
    keys = [Key(PUBLIC, public_pem("wechat"), until=NOW)]
    assert verdict(answered(PAID), verify=keys) is Verdict.CAPTURED
    assert verdict(answered(PAID), verify=keys, clock=StoppedClock(NOW + 1)) is Verdict.UNKNOWN


def test_an_answer_is_believed_whatever_our_clock_says() -> None:
    """The answer to our own request, over TLS, is not refused because our clock is wrong."""
    assert verdict(answered(PAID, at=NOW - 86400)) is Verdict.CAPTURED


@pytest.mark.parametrize(
    "changes",
    [
        {"wechatpay-signature": ""},
        {"wechatpay-signature": "WECHATPAY/SIGNTEST/AAAA"},
        {"wechatpay-serial": ""},
        {"wechatpay-nonce": "other"},
        {"wechatpay-timestamp": "now"},
        {"wechatpay-timestamp": "١٢٣"},
        {"wechatpay-signature-type": "WECHATPAY2-SM2-WITH-SM3"},
    ],
)
def test_odd_signature_headers(changes: dict[str, str]) -> None:
    """Missing, foreign or changed signature headers prove nothing."""
    good = answered(PAID)
    assert verdict(HttpResponse(status=200, headers={**good.headers, **changes}, body=good.body)) is Verdict.UNKNOWN


def test_any_secret_decrypts() -> None:
    """An APIv3 key is changed without losing notifications."""
    body = notice(PAID, OTHER_SECRET)
    found = wechatpay(secrets=[SECRET, OTHER_SECRET]).notification(stamped(body), body, "")
    assert found.number == "A100101"
    with pytest.raises(NotAuthentic, match="open"):
        wechatpay().notification(stamped(body), body, "")


def test_answers_are_asked_for_under_the_public_key() -> None:
    """With a public key instead of certificates, requests name it, so that WeChat Pay signs with it."""
    assert wechatpay().request(operation()).headers["wechatpay-serial"] == PUBLIC
    certificate = wechatpay(verify=[Key(SERIAL, certificate_pem("wechat"))])
    assert "wechatpay-serial" not in certificate.request(operation()).headers


@pytest.mark.parametrize("secret", ["", "short", SECRET + "x"])
def test_a_bad_secret_is_refused_without_showing_it(secret: str) -> None:
    """An APIv3 key has 32 bytes; the error says which one is wrong and never what it is."""
    with pytest.raises(ConfigError, match="APIv3 key 2") as caught:
        wechatpay(secrets=[SECRET, secret])
    assert not secret or secret not in str(caught.value)


def test_accounts_that_cannot_work() -> None:
    """An account without keys, with unreadable keys, with unknown options or without an appid is refused."""
    for missing in ("sign", "verify", "secrets"):
        with pytest.raises(ConfigError):
            wechatpay(**{missing: []})
    with pytest.raises(ConfigError, match="private key"):
        wechatpay(sign=[Key(SERIAL, public_pem("merchant"))]).check()
    with pytest.raises(ConfigError, match="h5_typ"):
        wechatpay(options={"h5_typ": "iOS"})
    with pytest.raises(ConfigError, match="appid"):
        WechatPay(changed(ACCOUNT, app=""), sign=[], verify=[], secrets=[], clock=StoppedClock())
    wechatpay().check()
