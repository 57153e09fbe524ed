"""The serial numbers by which Alipay knows certificates: MD5 over the issuer's name and the serial number, as the
official SDKs build them (AntCertificationUtil)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import md5
from typing import TYPE_CHECKING

from payfallback.errors import ConfigError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
# sha1WithRSAEncryption and sha256WithRSAEncryption: the root file also holds SM2 certificates, which do not count.
_RSA = frozenset({"1.2.840.113549.1.1.5", "1.2.840.113549.1.1.11"})


def certificate(pem: str, what: str) -> Certificate:
    """The first certificate of a PEM. Raises `ConfigError`."""
    found = next(_certificates(pem), None)
    if found is None:
        raise ConfigError(f"{what} is not a readable certificate", hint='PEM: "-----BEGIN CERTIFICATE-----" ...')
    return found


def serial_of(found: Certificate) -> str:
    """What `app_cert_sn` and `alipay-sn` hold."""
    parts = reversed([f"{part.rfc4514_attribute_name}={part.value!s}" for part in found.issuer])
    return _md5(",".join(parts) + str(found.serial_number))


def root_serial(pem: str) -> str:
    """What `alipay-root-cert-sn` holds: the serials of the RSA certificates of Alipay's root file. Raises
    `ConfigError` when it has none."""
    serials = [serial_of(each) for each in _certificates(pem) if each.signature_algorithm_oid.dotted_string in _RSA]
    if not serials:
        raise ConfigError("`root_cert` holds no RSA certificate", hint="give the whole alipayRootCert.crt")
    return "_".join(serials)


def _certificates(pem: str) -> Iterator[Certificate]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509 import load_pem_x509_certificate

    for block in _PEM.findall(pem):
        try:
            yield load_pem_x509_certificate(block.encode())
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue  # the SDKs pass over what they cannot read as well


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
