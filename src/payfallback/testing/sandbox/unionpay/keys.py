"""UnionPay's test keys: the merchant's pair, and UnionPay's own under a root, a middle and a signing certificate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from payfallback.testing.sandbox.errors import SandboxError
from payfallback.testing.sandbox.keys import Credentials, KeyFolder
from payfallback.testing.sandbox.mint import Mint

_ROOT, _MIDDLE = "Sandbox Root CA", "Sandbox OCA1"
_SIGNER = "041@Z2026@中国银联股份有限公司@00000001"  # the form of UnionPay's: its third part is the owner
_LASTS = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class UnionPayKeys:
    """`merchant` signs requests, `unionpay` answers; `certificate` goes with every answer.

    One pair of UnionPay's serves for the authority as well: making RSA keys is what takes time at the start.
    """

    credentials: Credentials
    merchant: RSAPrivateKey = field(repr=False)
    unionpay: RSAPrivateKey = field(repr=False)
    certificate: str


def make_keys(folder: KeyFolder, mint: Mint) -> UnionPayKeys:
    """Made at first, read afterwards."""
    private, merchant = folder.key_pair("unionpay_private_key")
    _, unionpay = folder.key_pair("unionpay_key")

    def certificate(name: str, subject: str, issuer: str, *, ca: bool) -> str:
        pem = folder.pem(name, _maker(unionpay, subject, issuer, ca=ca))
        if x509.load_pem_x509_certificate(pem.encode()).public_key() != unionpay.public_key():
            raise SandboxError(f"{name}.pem belongs to another key: delete it and it is made anew")
        return pem

    credentials = Credentials(
        merchant=folder.text("unionpay_merchant", lambda: "777" + mint.digits(12)),
        cert_id=folder.text("unionpay_cert_id", lambda: mint.digits(11)),
        private_key=private,
        root_certificate=certificate("unionpay_root_certificate", _ROOT, _ROOT, ca=True),
        middle_certificate=certificate("unionpay_middle_certificate", _MIDDLE, _ROOT, ca=True),
        tr_id=folder.text("unionpay_tr_id", lambda: "6" + mint.digits(10)),
    )
    signer = certificate("unionpay_certificate", _SIGNER, _MIDDLE, ca=False)
    return UnionPayKeys(credentials, merchant, unionpay, signer.strip().replace("\n", "\r\n"))


def _maker(key: RSAPrivateKey, subject: str, issuer: str, *, ca: bool) -> Callable[[], str]:
    def make() -> str:
        begins = datetime.now(UTC) - timedelta(days=1)
        made = (
            x509.CertificateBuilder()
            .subject_name(_name(subject))
            .issuer_name(_name(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(begins + _LASTS)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .sign(key, SHA256())
        )
        return made.public_bytes(Encoding.PEM).decode()

    return make


def _name(common: str) -> x509.Name:
    country = x509.NameAttribute(NameOID.COUNTRY_NAME, "CN")
    return x509.Name([country, x509.NameAttribute(NameOID.COMMON_NAME, common)])
