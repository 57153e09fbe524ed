"""Whom UnionPay's adapter believes: the signature, the certificate that came with it, and the CA that issued that."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from unionpay_counterpart import (
    ACCOUNT,
    NOW,
    OWNER,
    PAID,
    TEST_OWNER,
    TOLD,
    StoppedClock,
    answered,
    bare,
    certificate,
    form,
    middle,
    operation,
    private_pem,
    root,
    signed,
    signer,
    told,
    unionpay,
)

from payfallback._core.operations import Kind
from payfallback._values import changed
from payfallback.errors import ConfigError, NotAuthentic
from payfallback.ports import HttpResponse
from payfallback.providers.keys import Key
from payfallback.taxonomy import Verdict

ASKED = operation(Kind.QUERY)


def verdict(adapter: Any = None, **how: Any) -> Verdict:
    """What a paid trade proves when it was signed like this."""
    return (adapter or unionpay()).read(ASKED, answered(PAID, **how)).verdict


def test_believed() -> None:
    """A message is believed when UnionPay's certificate comes from a CA that the merchant trusts."""
    assert verdict() is Verdict.CAPTURED
    assert unionpay().notification({}, told(TOLD), "").answer.verdict is Verdict.CAPTURED


def test_the_certificate_itself() -> None:
    """A stranger's certificate, an expired one, one of another owner and one that is none prove nothing."""
    strangers = {
        "of no known CA": {"cert": signer(issuer="CFCA TEST OCA2")},
        "signed by itself": {"cert": signer(issuer=OWNER)},
        "expired": {"cert": signer(ends=-1)},
        "not valid yet": {"cert": signer(starts=1)},
        "of a merchant": {"cert": signer("041@8310000000083040@某商户有限公司@00000001", key=OWNER)},
        "without an owner": {"cert": signer("UnionPay", key=OWNER)},
        "not a certificate": {"cert": "-----BEGIN CERTIFICATE-----\r\nAAAA\r\n-----END CERTIFICATE-----"},
        "endless": {"cert": "A" * 9000},
        "none": {"cert": ""},
        "the right one, another key": {"key": "merchant"},
    }
    assert {why: verdict(**how) for why, how in strangers.items()} == dict.fromkeys(strangers, Verdict.UNKNOWN)


def test_odd_certificates() -> None:
    """A certificate of an impossible version, or with a negative serial number, is no reason to fail."""
    whole = x509.load_pem_x509_certificate(signer().encode()).public_bytes(Encoding.DER)
    version = whole.index(b"\xa0\x03\x02\x01\x02")
    serial = version + 7
    odd = (
        whole[: version + 4] + b"\x07" + whole[version + 5 :],
        whole[:serial] + bytes([whole[serial] | 0x80]) + whole[serial + 1 :],
    )
    for der in odd:
        pem = f"-----BEGIN CERTIFICATE-----\r\n{b64encode(der).decode()}\r\n-----END CERTIFICATE-----"
        assert verdict(cert=pem) is Verdict.UNKNOWN
        with pytest.raises(ConfigError):
            unionpay(verify=[Key("odd", pem)]).check()


def test_a_ca_is_its_name_and_its_key() -> None:
    """A CA that only calls itself like the trusted one, or only has its key, issues nothing that is believed."""
    imitation = certificate("CFCA TEST OCA1", "CFCA TEST CS CA", ca=True, key="imitation")
    renamed = certificate("CFCA TEST OCA9", "CFCA TEST CS CA", ca=True, key="CFCA TEST OCA1")
    for authority in (imitation, renamed):
        assert verdict(unionpay(verify=[Key("middle", authority)])) is Verdict.UNKNOWN


def test_an_expired_ca() -> None:
    """What a CA issued is not believed once the CA's own certificate, or the merchant's trust in it, has ended."""
    old = certificate("CFCA TEST OCA1", "CFCA TEST CS CA", ca=True, ends=-1)
    assert verdict(unionpay(verify=[Key("middle", old)])) is Verdict.UNKNOWN
    assert verdict(unionpay(verify=[Key("middle", middle(), until=NOW - 1)])) is Verdict.UNKNOWN
    assert verdict(unionpay(verify=[Key("old", old), Key("new", middle())])) is Verdict.CAPTURED


def test_the_test_system() -> None:
    """UnionPay's test system is believed only by an account that is not in production."""
    how = {"cert": signer(TEST_OWNER, key=OWNER)}
    elsewhere = unionpay(account=changed(ACCOUNT, environment="test"))
    assert (verdict(**how), verdict(elsewhere, **how), verdict(elsewhere)) == (
        Verdict.UNKNOWN,
        Verdict.CAPTURED,
        Verdict.CAPTURED,
    )


@pytest.mark.parametrize("name", [name for name in PAID if name not in ("accNo", "traceNo")])
def test_every_field_is_signed(name: str) -> None:
    """A field that was changed or left out on the way takes the signature with it."""
    whole = signed(PAID)
    for forged in ({**whole, name: "99"}, {n: t for n, t in whole.items() if n != name}):
        assert unionpay().read(ASKED, HttpResponse(status=200, body=bare(forged))).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("odd", [{"version": "5.0.0"}, {"version": ""}, {"signMethod": "11"}, {"signMethod": "12"}])
def test_other_versions(odd: dict[str, str]) -> None:
    """Only ACP 5.1.0 with RSA is understood, whatever is signed."""
    assert unionpay().read(ASKED, answered({**PAID, **odd})).verdict is Verdict.UNKNOWN
    with pytest.raises(NotAuthentic):
        unionpay().notification({}, told({**TOLD, **odd}), "")


def test_empty_fields() -> None:
    """The SDK signs whatever was sent: an empty field may be signed along."""
    assert unionpay().read(ASKED, answered({**PAID, "reqReserved": ""})).verdict is Verdict.CAPTURED


def test_texts_that_look_like_fields() -> None:
    """A signed text that could be cut into other fields is refused: the same signature would hold for those."""
    cut = {**PAID, "origRespMsg": "no&respCode=00", "accNo": "{a&txnAmt=1}"}
    assert unionpay().read(ASKED, answered(cut)).verdict is Verdict.UNKNOWN
    joined = {**TOLD, "accNo": "1&txnAmt=1"}
    with pytest.raises(NotAuthentic):
        unionpay().notification({}, told(joined), "")


def test_nested_texts() -> None:
    """Braces and brackets hold their own `&` and `=`; a field that comes twice ruins the message."""
    nested = {**PAID, "reqReserved": "{a=1&b=2}", "cardTransData": "[x&y]"}
    assert unionpay().read(ASKED, answered(nested)).verdict is Verdict.CAPTURED
    whole = bare(signed(PAID))
    for body in (whole + b"&respCode=00", whole + b"&", b"{" + whole + b"}", whole + b"&reserved={open"):
        expected = Verdict.CAPTURED if body in (whole + b"&", b"{" + whole + b"}") else Verdict.UNKNOWN
        assert unionpay().read(ASKED, HttpResponse(status=200, body=body)).verdict is expected


def test_a_signature_is_for_its_trade() -> None:
    """What UnionPay signed about another merchant, number or time says nothing about this trade."""
    for other in ({"merId": "777290058110049"}, {"orderId": "A1001002"}, {"txnTime": "20251112000001"}):
        answer = unionpay().read(ASKED, answered({**PAID, **other}))
        assert (answer.verdict, answer.amount) == (Verdict.UNKNOWN, None)


def test_check_reads_every_certificate() -> None:
    """A certificate that is none, or of no CA, or beside a foreign root, is found before the first payment."""
    unionpay().check()
    unionpay(verify=[Key("middle", middle())]).check()
    other_root = certificate("OTHER CA", "OTHER CA", ca=True)
    garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
    for verify in (
        [Key("leaf", signer())],
        [Key("garbage", garbage)],
        [Key("key", private_pem("merchant"))],
        [Key("middle", middle()), Key("root", other_root)],
    ):
        with pytest.raises(ConfigError):
            unionpay(verify=verify).check()
    with pytest.raises(ConfigError):
        unionpay(sign=[Key("1", root())]).check()
    with pytest.raises(ConfigError):
        unionpay(verify=[])


def test_a_clock_far_away() -> None:
    """A clock that is years off believes nothing instead of failing."""
    for at in (0.0, 1e18):
        adapter = unionpay(StoppedClock(at))
        answer = adapter.read(changed(ASKED, now=NOW), answered(PAID))
        assert answer.verdict is Verdict.UNKNOWN


def test_percent_and_plus() -> None:
    """A notification is a form: what was encoded is read as it was signed."""
    fields = signed({**TOLD, "reqReserved": "a+b c%20d/é"})
    assert unionpay().notification({}, form(fields), "").answer.verdict is Verdict.CAPTURED
