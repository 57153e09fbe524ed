"""JD Pay's envelope: signing, 3DES and XML, held against arithmetic and another library."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from jdpay_counterpart import (
    HEADER,
    NOW,
    OTHER_SECRET,
    SECRET,
    StoppedClock,
    answered,
    decrypt,
    encrypt,
    inside,
    jdpay,
    operation,
    private_pem,
    public_pem,
    raw_sign,
    sealed,
    signed,
    wrapped,
)

from payfallback._core.operations import Answer, Kind
from payfallback.errors import ConfigError
from payfallback.providers.jdpay import JdPay
from payfallback.providers.keys import Key, Keyring
from payfallback.taxonomy import Verdict

PAID = "<tradeNum>A100101</tradeNum><tradeType>0</tradeType><amount>599900</amount><status>2</status>"


def queried(body: bytes, adapter: JdPay | None = None) -> Answer:
    """What a query's answer proves."""
    return (adapter or jdpay()).read(operation(Kind.QUERY), answered(body))


def test_a_request_is_these_bytes() -> None:
    """A query is one line of XML around base64 of hex of 3DES of the signed fields, for known keys and inputs."""
    request = jdpay().request(operation(Kind.QUERY))
    plain = (
        f"{HEADER}<jdpay><version>V2.0</version><merchant>110224535</merchant>"
        "<tradeNum>A100101</tradeNum><tradeType>0</tradeType></jdpay>"
    )
    whole = plain.replace("</jdpay>", f"<sign>{raw_sign(plain, 'merchant')}</sign></jdpay>")
    expected = (
        f"{HEADER}<jdpay><version>V2.0</version><merchant>110224535</merchant>"
        f"<encrypt>{encrypt(whole)}</encrypt></jdpay>"
    )
    assert request.body == expected.encode()
    assert (request.method, request.url) == ("POST", "https://paygate.jd.com/service/query")
    assert request.headers["content-type"].startswith("application/xml")


def test_texts_are_escaped_before_signing() -> None:
    """A title with markup stays a title, and the signature covers what is sent."""
    body = jdpay().request(operation()).body.decode()
    text = decrypt(re.findall("<encrypt>(.*)</encrypt>", body)[0])
    assert "<tradeName>Kettle &amp; &lt;cup&gt;</tradeName>" in text
    unsigned = re.sub("<sign>.*</sign>", "", text)
    assert re.findall("<sign>(.*)</sign>", text) == [raw_sign(unsigned, "merchant")]


def test_the_received_header_is_kept_byte_for_byte() -> None:
    """JD writes `encoding="UTF-8" ?>` with a space, and signs it like that."""
    spaced = '<?xml version="1.0" encoding="UTF-8" ?>'
    assert queried(sealed(PAID, header=spaced)).verdict is Verdict.CAPTURED
    without_the_space = wrapped(encrypt(signed(spaced + inside(PAID)).replace(spaced, HEADER)))
    assert queried(without_the_space).verdict is Verdict.UNKNOWN


def test_the_signature_may_stand_anywhere() -> None:
    """JD's notifications carry the signature in the middle; it covers everything else."""
    unsigned = HEADER + inside(PAID)
    middle = unsigned.replace("<tradeType>", f"<sign>{raw_sign(unsigned)}</sign><tradeType>")
    assert queried(wrapped(encrypt(middle))).verdict is Verdict.CAPTURED


def test_a_message_without_header_or_on_several_lines_is_signed_as_one_line() -> None:
    """JD's own kit adds a missing header and joins lines before it signs or verifies."""
    xml = HEADER + inside(PAID)
    sign = f"<sign>{raw_sign(xml)}</sign></jdpay>"
    bare = inside(PAID).replace("</jdpay>", sign)
    lines = xml.replace("</jdpay>", sign).replace("><", ">\r\n\t<")
    assert queried(wrapped(encrypt(bare))).verdict is Verdict.CAPTURED
    assert queried(wrapped(encrypt(lines))).verdict is Verdict.CAPTURED


@pytest.mark.parametrize("signer", ["merchant", "stranger"])
def test_another_key_proves_nothing(signer: str) -> None:
    """What JD did not sign proves nothing, the merchant's own signature included."""
    assert queried(sealed(PAID, key=signer)).verdict is Verdict.UNKNOWN


def test_two_signatures_are_none() -> None:
    """A message with two signatures is refused, whichever of them holds."""
    whole = signed(HEADER + inside(PAID))
    twice = whole.replace("</jdpay>", "<sign>AAAA</sign></jdpay>")
    assert queried(wrapped(encrypt(twice))).verdict is Verdict.UNKNOWN


def test_any_key_of_the_list_verifies() -> None:
    """While JD changes its key, the old and the new one both verify."""
    keys = [Key("new", public_pem("stranger")), Key("old", public_pem("jd"))]
    assert queried(sealed(PAID), jdpay(verify=keys)).verdict is Verdict.CAPTURED


def test_a_key_past_its_end_no_longer_verifies() -> None:
    """`until` is the last second of a key."""
    keys = [Key("old", public_pem("jd"), until=NOW)]
    assert queried(sealed(PAID), jdpay(verify=keys)).verdict is Verdict.CAPTURED
    assert queried(sealed(PAID), jdpay(StoppedClock(NOW + 1), verify=keys)).verdict is Verdict.UNKNOWN


def test_the_first_secret_encrypts_and_all_decrypt() -> None:
    """A 3DES key is changed without an outage."""
    adapter = jdpay(secrets=[OTHER_SECRET, SECRET])
    body = adapter.request(operation(Kind.QUERY)).body.decode()
    assert "<tradeNum>A100101</tradeNum>" in decrypt(re.findall("<encrypt>(.*)</encrypt>", body)[0], OTHER_SECRET)
    assert queried(sealed(PAID), adapter).verdict is Verdict.CAPTURED
    assert queried(sealed(PAID, secret=OTHER_SECRET), adapter).verdict is Verdict.CAPTURED


@pytest.mark.parametrize("secret", ["", "short", "MDEyMw==", "not base64 at all!!", "MDEyMzQ1Njc4OWFiY2RlZg=="])
def test_a_bad_secret_is_refused_without_showing_it(secret: str) -> None:
    """A 3DES key is base64 of 24 bytes; the error says which one is wrong and never what it is."""
    with pytest.raises(ConfigError) as caught:
        jdpay(secrets=[SECRET, secret])
    assert "3DES key 2" in str(caught.value)
    assert not secret or secret not in str(caught.value)


def test_empty_lists_are_refused() -> None:
    """An account without keys cannot be built."""
    for missing in ("sign", "verify", "secrets"):
        with pytest.raises(ConfigError):
            jdpay(**{missing: []})


@pytest.mark.parametrize("pem", ["", "MIIBVgIBADAN", "-----BEGIN PRIVATE KEY-----"])
def test_what_is_not_pem_is_refused_without_showing_it(pem: str) -> None:
    """A key that is not PEM is refused when it is read from the configuration."""
    with pytest.raises(ConfigError) as caught:
        Key("2026", pem)
    assert "2026" in str(caught.value)
    assert not pem or pem not in str(caught.value)


def test_unreadable_pem_is_found_by_check() -> None:
    """`check` parses every key; a public key cannot sign, and nothing of it is shown."""
    wrong = public_pem("merchant")
    with pytest.raises(ConfigError, match="private key") as caught:
        jdpay(sign=[Key("2026", wrong)]).check()
    assert wrong.splitlines()[1] not in str(caught.value)
    with pytest.raises(ConfigError, match="public key"):
        jdpay(verify=[Key("jd", private_pem("merchant"))]).check()
    jdpay().check()


def test_keys_never_show() -> None:
    """A key's `repr` tells its name alone."""
    assert "BEGIN" not in repr(Key("2026", private_pem("merchant")))


def test_an_option_nobody_knows_is_refused() -> None:
    """A misspelt option of the account is named, with those that exist."""
    with pytest.raises(ConfigError, match="devise"):
        jdpay(options={"devise": "1"})


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502</html>",
        b"\xff\xfe\x00",
        inside(PAID).encode("utf-16"),
        b'<?xml version="1.0" encoding="GBK"?><jdpay/>',
        f"{HEADER}{LAUGHS}<jdpay><result><code>&b;</code></result></jdpay>".encode(),
        b'<!DOCTYPE jdpay SYSTEM "file:///etc/passwd"><jdpay/>',
        b"<jdpay><encrypt>AA==</encrypt><encrypt>AA==</encrypt></jdpay>",
        b"<jdpay><result><code>1</code><code>2</code></result></jdpay>",
        b"<jdpay>" + b"<a>" * 40 + b"</a>" * 40 + b"</jdpay>",
        b"<jdpay>" + b"<a/>" * 20000 + b"</jdpay>",
        b"<jdpay><encrypt>" + b"A" * 70000 + b"</encrypt></jdpay>",
        wrapped("not base64!"),
        wrapped("YWJj"),
        wrapped(encrypt("x" * 20000)),
        wrapped(encrypt("no signature at all")),
        wrapped(encrypt(signed(HEADER + LAUGHS + inside(PAID)))),
        wrapped(encrypt(signed(HEADER + inside(PAID + "<status>3</status>")))),
    ],
    ids=lambda body: repr(body[:24]),
)
def test_odd_messages_prove_nothing_and_break_nothing(body: bytes) -> None:
    """Entities, DTDs, repeated or deeply nested elements, other charsets and sizes: UNKNOWN, never an exception."""
    assert queried(body).verdict is Verdict.UNKNOWN


def nested(depth: int) -> str:
    """A harmless element so deep inside."""
    return "<a>" * depth + "</a>" * depth


@pytest.mark.parametrize(
    "body",
    [
        wrapped(encrypt(signed(HEADER + inside(PAID + nested(9))))),
        wrapped(encrypt(signed(HEADER + "<!DOCTYPE jdpay>" + inside(PAID)))),
        wrapped(encrypt(signed(HEADER.replace("UTF-8", "GBK") + inside(PAID)))),
        sealed(PAID) + b" " * 70000,
        sealed(PAID).replace(HEADER.encode(), HEADER.encode() + b"<!DOCTYPE jdpay>"),
    ],
    ids=["deep", "doctype", "charset", "large", "doctype outside"],
)
def test_what_jd_signed_is_still_bounded(body: bytes) -> None:
    """Depth, DTDs, charset and size are refused for their own sake, whoever signed."""
    assert queried(sealed(PAID + nested(2))).verdict is Verdict.CAPTURED
    assert queried(body).verdict is Verdict.UNKNOWN


def test_keys_are_parsed_on_first_use_and_once() -> None:
    """A key is parsed when it is first needed, and never again for a later request."""
    parsed: list[str] = []
    ring: Keyring[str] = Keyring(
        "verify", [Key("a", public_pem("jd")), Key("b", public_pem("jd"), until=NOW)], _noting(parsed)
    )
    assert parsed == []
    for _ in range(3):
        assert list(ring.valid(NOW + 1)) == [ring.first()] == ["a"]
    assert parsed == ["a"]


def _noting(parsed: list[str]) -> Callable[[Key], str]:
    def parse(key: Key) -> str:
        parsed.append(key.id)
        return key.id

    return parse


@pytest.mark.parametrize(("module", "name"), [("jdpay", "JdPay"), ("wechatpay", "WechatPay")])
def test_building_an_adapter_loads_no_cryptography(module: str, name: str) -> None:
    """A process that only builds its configuration does not pay for loading the cryptography library."""
    code = (
        "import sys\n"
        f"from payfallback.providers.{module} import {name}\n"
        "from payfallback.providers.keys import Key\n"
        "from payfallback.policy import Account\n"
        "pem = '-----BEGIN PRIVATE KEY-----\\nAA==\\n-----END PRIVATE KEY-----'\n"
        "secret = 'MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u'\n"
        f"{name}(Account(name='a', provider='p', merchant='1', app='wx1'), sign=[Key('1', pem)], "
        "verify=[Key('1', pem)], secrets=[secret], clock=None)\n"
        "sys.exit(any(name in sys.modules for name in ('cryptography', 'defusedxml', 'httpx')))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
