"""Whose certificate signed a message of UnionPay's: issued by a CA that the merchant trusts, valid, and UnionPay's own.

As the official SDK checks `signPubKeyCert` (CertUtil, verifyCertificate): its validity, its chain up to UnionPay's
middle and root certificate, and the third part of its common name. The chain's own signatures may be SHA-1: China's
financial CA (CFCA) issues UnionPay's certificates that way, and `cryptography` verifies such chains only by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from payfallback.errors import ConfigError
from payfallback.providers.keys import Key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import Certificate

OWNER = "中国银联股份有限公司"
TEST_OWNER = "00040000:SIGN"  # UnionPay's test system
LARGEST_PEM = 8 * 1024
_HASHES = frozenset({"sha1", "sha256", "sha384", "sha512"})


def authority(key: Key) -> Certificate:
    """A CA's certificate out of `verify`. Raises `ConfigError`."""
    from cryptography.x509 import (
        BasicConstraints,
        DuplicateExtension,
        ExtensionNotFound,
        UnsupportedGeneralNameType,
    )

    found = _parsed(key.pem)
    if found is None:
        raise ConfigError(
            f"key {key.id!r} is not a readable certificate", hint='PEM: "-----BEGIN CERTIFICATE-----" ...'
        )
    try:
        is_authority = bool(found.extensions.get_extension_for_class(BasicConstraints).value.ca)
    except (ExtensionNotFound, DuplicateExtension, UnsupportedGeneralNameType, ValueError):
        is_authority = False
    if not is_authority or _rsa(found) is None:
        raise ConfigError(
            f"key {key.id!r} is not an RSA certificate of a CA",
            hint="`verify` takes UnionPay's middle certificate (acp_prod_middle.cer), and beside it the root's",
        )
    return found


def check_chain(found: Sequence[Certificate]) -> None:
    """Beside a root, every other certificate must come from one that is there. Raises `ConfigError`."""
    roots = [each for each in found if each.issuer == each.subject]
    loose = [each for each in found if each not in roots and not any(_issued(each, by) for by in found)]
    if roots and loose:
        raise ConfigError(
            "`verify` holds a root, and a certificate that does not come from it",
            hint="middle and root are a pair: one pair for production, another for UnionPay's test system",
        )


def signers_key(pem: str, trusted: Iterable[Certificate], owners: Sequence[str], now: float) -> RSAPublicKey | None:
    """The key in a message's certificate; None unless one of the trusted CAs issued it to UnionPay and both hold."""
    found = _parsed(pem) if len(pem) <= LARGEST_PEM else None
    if found is None or not _holds(found, now):
        return None
    if not any(_holds(by, now) and _issued(found, by) for by in trusted):
        return None
    return _rsa(found) if _owner(found) in owners else None


def _parsed(pem: str) -> Certificate | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509 import InvalidVersion, load_pem_x509_certificate

    try:
        return load_pem_x509_certificate(pem.strip().encode())
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidVersion, Warning):
        return None  # `cryptography` warns of some odd certificates, which raises where warnings are errors


def _rsa(found: Certificate) -> RSAPublicKey | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        key = found.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPublicKey) else None


def _holds(found: Certificate, now: float) -> bool:
    """Whether a certificate's time has come and not yet gone."""
    try:
        moment = datetime.fromtimestamp(now, UTC)
        return found.not_valid_before_utc <= moment <= found.not_valid_after_utc
    except (ValueError, OverflowError, OSError):
        return False


def _issued(found: Certificate, by: Certificate) -> bool:
    """Whether one certificate carries the signature of another's key."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    try:
        algorithm, key = found.signature_hash_algorithm, _rsa(by)
        if key is None or algorithm is None or algorithm.name not in _HASHES or found.issuer != by.subject:
            return False
        key.verify(found.signature, found.tbs_certificate_bytes, PKCS1v15(), algorithm)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _owner(found: Certificate) -> str:
    """The third part of the common name: `041@Z12@中国银联股份有限公司@00000001`."""
    from cryptography.x509.oid import NameOID

    try:
        names = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except (ValueError, TypeError):
        return ""
    parts = str(names[0].value).split("@") if len(names) == 1 else []
    return parts[2] if len(parts) > 2 else ""
