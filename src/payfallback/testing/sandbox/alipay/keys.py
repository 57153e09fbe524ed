"""Alipay's test keys: the app's key pair, Alipay's own, and certificates over both for certificate mode."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from payfallback.testing.sandbox.errors import SandboxError
from payfallback.testing.sandbox.keys import Credentials, KeyFolder
from payfallback.testing.sandbox.mint import Mint

_ISSUER = (("CN", "Sandbox Authority R1"), ("OU", "Sandbox"), ("O", "Payment Sandbox"), ("C", "CN"))
_OIDS = {
    "CN": NameOID.COMMON_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "C": NameOID.COUNTRY_NAME,
}
_LASTS = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class AlipayKeys:
    """`app` signs requests, `alipay` answers. The serials are those by which each side names a certificate."""

    credentials: Credentials
    app: RSAPrivateKey = field(repr=False)
    alipay: RSAPrivateKey = field(repr=False)
    app_serial: str
    alipay_serial: str
    root_serial: str


def make_keys(folder: KeyFolder, mint: Mint) -> AlipayKeys:
    """Made at first, read afterwards."""
    private, app = folder.key_pair("alipay_app_private_key")
    alipay, public = folder.provider("alipay_key", "alipay_public_key")
    app_cert = folder.pem("alipay_app_cert", lambda: _certificate("app", app, alipay))
    alipay_cert = folder.pem("alipay_cert", lambda: _certificate("alipay", alipay, alipay))
    root_cert = folder.pem("alipay_root_cert", lambda: _roots(alipay))
    credentials = Credentials(
        app_id=folder.text("alipay_app_id", lambda: "2021" + mint.digits(12)),
        seller_id=folder.text("alipay_seller_id", lambda: "2088" + mint.digits(12)),
        private_key=private,
        alipay_public_key=public,
        app_cert=app_cert,
        alipay_cert=alipay_cert,
        root_cert=root_cert,
    )
    return AlipayKeys(
        credentials=credentials,
        app=app,
        alipay=alipay,
        app_serial=_serial_over("alipay_app_cert", app_cert, app),
        alipay_serial=_serial_over("alipay_cert", alipay_cert, alipay),
        root_serial=_serial_over("alipay_root_cert", root_cert, alipay),
    )


def _serial_over(name: str, pem: str, key: RSAPrivateKey) -> str:
    """The serial of the first certificate of a file, which must be over the key that lies beside it."""
    found = x509.load_pem_x509_certificate(pem.encode())
    if found.public_key() != key.public_key():
        raise SandboxError(f"{name}.pem belongs to another key: delete it and it is made anew")
    said = ",".join(f"{short}={text}" for short, text in _ISSUER)
    return md5(f"{said}{found.serial_number}".encode(), usedforsecurity=False).hexdigest()


def _roots(alipay: RSAPrivateKey) -> str:
    """Alipay's root file holds certificates of several kinds; only those signed with RSA count."""
    other = ec.generate_private_key(ec.SECP256R1())
    return _certificate("root", alipay, alipay) + "\n" + _certificate("root of another kind", other, other)


def _certificate(name: str, key: Any, authority: Any) -> str:
    named = [(_OIDS[short], text) for short, text in reversed(_ISSUER)]
    issuer = x509.Name([x509.NameAttribute(oid, text) for oid, text in named])
    begins = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"sandbox {name}")]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + _LASTS)
        .sign(authority, SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()
