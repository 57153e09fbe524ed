"""Alipay's signatures, derived again with the rsa package, and certificate mode."""

from __future__ import annotations

import re
from base64 import b64decode
from hashlib import md5
from typing import Any

import pytest
import rsa
from alipay.aop.api.util.SignatureUtils import verify_with_rsa
from alipay_counterpart import (
    NONCE,
    NOW,
    PAID,
    alipay,
    answered,
    bare,
    certificate_pem,
    operation,
    private_pem,
    public_pem,
    stamped,
)

from payfallback._core.operations import Kind
from payfallback.errors import ConfigError
from payfallback.ports import HttpRequest, HttpResponse
from payfallback.providers.alipay import Alipay
from payfallback.providers.keys import Key
from payfallback.taxonomy import Verdict

APP_CERT, OTHER_APP_CERT = certificate_pem("app", 1234567890), certificate_pem("stranger", 5)
ALIPAY_CERT = certificate_pem("alipay", 987654321)
ROOT = "\n".join([certificate_pem("root1", 11), certificate_pem("root2", 12, "ec"), certificate_pem("root3", 13)])
CERTIFIED = {"app_cert": APP_CERT, "root_cert": ROOT}


def serial(number: int) -> str:
    """A certificate's serial as Alipay's documents define it: MD5 of the issuer, last part first, and the number."""
    return md5(f"CN=Class 2 R1,OU=Certification Authority,O=Ant Financial,C=CN{number}".encode()).hexdigest()


def authorization(request: HttpRequest) -> tuple[str, str]:
    """What an `Authorization` header says, and its signature."""
    found = re.fullmatch(r"ALIPAY-SHA256withRSA (.*),sign=([^,]+)", request.headers["authorization"])
    assert found
    return found[1], found[2]


def verified(request: HttpRequest, *more: str) -> bool:
    """Whether a request is signed over what the documents say, checked without our code."""
    said, signature = authorization(request)
    path = request.url.removeprefix("https://openapi.alipay.com")
    message = "".join(f"{line}\n" for line in (said, request.method, path, request.body.decode(), *more)).encode()
    key = rsa.PublicKey.load_pkcs1_openssl_pem(public_pem("app").encode())
    assert rsa.verify(message, b64decode(signature), key) == "SHA-256"
    return bool(verify_with_rsa(bare(public_pem("app")), message, signature))


def test_a_request() -> None:
    """A request proves app, time in milliseconds, nonce, method, path and body."""
    request = alipay().request(operation())
    assert authorization(request)[0] == f"app_id=2014072300007148,nonce={NONCE},timestamp=1762876800250"
    assert verified(request)
    assert "alipay-root-cert-sn" not in request.headers


def test_a_nonce_is_new_each_time() -> None:
    """Without a source of its own, the adapter takes 32 random hexadecimal digits."""
    adapter = alipay(nonce=None)
    texts = {authorization(adapter.request(operation()))[0] for _ in range(5)}
    assert len(texts) == 5
    assert all(re.search(r"nonce=[0-9a-f]{32},", text) for text in texts)


def test_acting_for_a_merchant() -> None:
    """An app's token for the merchant it acts for is sent and signed."""
    request = alipay(options={"app_auth_token": "202207BB"}).request(operation())
    assert request.headers["alipay-app-auth-token"] == "202207BB"
    assert verified(request, "202207BB")


def certified(**more: Any) -> Alipay:
    """The adapter in certificate mode."""
    return alipay(**{"options": CERTIFIED, "verify": [Key("alipay", ALIPAY_CERT)], **more})


def test_certificate_mode() -> None:
    """The app's certificate and Alipay's root are named by their serials; SM2 certificates of the root do not count."""
    adapter = certified()
    adapter.check()
    request = adapter.request(operation())
    assert authorization(request)[0].startswith(f"app_id=2014072300007148,app_cert_sn={serial(1234567890)},nonce=")
    assert request.headers["alipay-root-cert-sn"] == f"{serial(11)}_{serial(13)}"
    assert verified(request)


@pytest.mark.parametrize("named", [serial(987654321), "", serial(987654322)])
def test_alipays_certificate(named: str) -> None:
    """An answer is believed for its signature, whatever certificate it names: one that was issued anew for the same
    key has another serial. When it does not hold, a certificate that is not in the list is named to people."""
    adapter = certified(verify=[Key("old", certificate_pem("old", 7)), Key("new", ALIPAY_CERT)])
    asked = operation(Kind.QUERY)
    assert adapter.read(asked, answered(PAID, serial=named)).verdict is Verdict.CAPTURED
    refused = adapter.read(asked, answered(PAID, serial=named, key="stranger"))
    assert refused.verdict is Verdict.UNKNOWN
    assert ("not in `verify`" in refused.text) == (named == serial(987654322))


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"options": {**CERTIFIED, "app_cert": OTHER_APP_CERT}}, "does not belong"),
        ({"options": {**CERTIFIED, "app_cert": "no certificate"}}, "not a readable certificate"),
        ({"options": {**CERTIFIED, "root_cert": certificate_pem("root2", 12, "ec")}}, "no RSA certificate"),
        ({"options": {**CERTIFIED, "root_cert": "-----BEGIN CERTIFICATE-----x-----END CERTIFICATE-----"}}, "no RSA"),
        ({"verify": [Key("alipay", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")]}, "certificate"),
        ({"sign": [Key("2025", public_pem("app"))]}, "private key"),
    ],
)
def test_bad_certificates_are_found_before_the_first_payment(given: dict[str, Any], match: str) -> None:
    """`check` names a certificate that cannot be read, or that belongs to another key."""
    with pytest.raises(ConfigError, match=match):
        certified(**given).check()


def test_key_change() -> None:
    """Of several keys the first signs and all verify, until their day."""
    adapter = alipay(
        sign=[Key("2026", private_pem("app")), Key("2025", private_pem("app2025"))],
        verify=[Key("new", public_pem("alipay2026")), Key("old", public_pem("alipay"), NOW - 1)],
    )
    assert verified(adapter.request(operation()))
    asked = operation(Kind.QUERY)
    assert adapter.read(asked, answered(PAID, key="alipay2026")).verdict is Verdict.CAPTURED
    assert adapter.read(asked, answered(PAID)).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "change",
    [
        {"alipay-signature": ""},
        {"alipay-signature": "not base64!"},
        {"alipay-signature": "AAAA"},
        {"alipay-signature": "null"},
        {"alipay-timestamp": ""},
        {"alipay-timestamp": "1762876800251"},
        {"alipay-timestamp": "yesterday"},
        {"alipay-timestamp": "1" * 40},
        {"alipay-nonce": ""},
        {"alipay-nonce": "other"},
        {"alipay-nonce": "\ud800"},
    ],
)
def test_a_signature_that_does_not_hold(change: dict[str, str]) -> None:
    """Without signature, time and nonce, or with others, an answer proves nothing."""
    good = answered(PAID)
    response = HttpResponse(status=200, headers={**good.headers, **change}, body=good.body)
    assert alipay().read(operation(Kind.QUERY), response).verdict is Verdict.UNKNOWN


def test_a_body_of_a_quarter_megabyte_is_not_read() -> None:
    """Even signed, an answer larger than any trade is not believed."""
    body = b'{"trade_status":"' + b"x" * 256 * 1024 + b'"}'
    answer = alipay().read(operation(Kind.QUERY), HttpResponse(status=200, headers=stamped(body), body=body))
    assert (answer.verdict, answer.provider_time) == (Verdict.UNKNOWN, None)
