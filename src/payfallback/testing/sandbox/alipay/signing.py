"""RSA2 from Alipay's side: v3's headers, the gateway's parameters and answers, notifications.

Written from the published rules, without the library's adapter, so that each checks the other.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

SCHEME = "ALIPAY-SHA256withRSA"
OLDEST = 600.0  # seconds by which a v3 request's time may differ from the provider's; an assumption


@dataclass(frozen=True, slots=True)
class Claim:
    """The `Authorization` header of a v3 request: what it says, and the signature over it."""

    said: str
    app_id: str
    app_cert_sn: str
    timestamp: str
    sign: str

    def is_recent(self, *moments: float) -> bool:
        """Whether its time, in milliseconds, is within the window around one of the moments."""
        if not re.fullmatch(r"\d{13}", self.timestamp):
            return False
        return any(abs(int(self.timestamp) / 1000 - moment) <= OLDEST for moment in moments)

    def holds(self, key: RSAPublicKey, method: str, target: str, body: bytes, token: str) -> bool:
        """Whether it signs this request: what it says, method, path, body and token, each with a newline."""
        head = f"{self.said}\n{method}\n{target}\n".encode()
        return verified(key, head + body + b"\n" + (f"{token}\n".encode() if token else b""), self.sign)


def read_claim(header: str) -> Claim | None:
    """None for a header of another form."""
    found = re.fullmatch(rf"{SCHEME} (.{{1,512}}),sign=([^,\s]{{1,1024}})", header)
    if found is None:
        return None
    parts = dict(re.findall(r"(\w+)=([^,]*)", found[1]))
    if not {"app_id", "nonce", "timestamp"} <= parts.keys() <= {"app_id", "app_cert_sn", "nonce", "timestamp"}:
        return None
    return Claim(found[1], parts["app_id"], parts.get("app_cert_sn", ""), parts["timestamp"], found[2])


def joined(fields: Mapping[str, str]) -> bytes:
    """What the gateway and notifications sign: the filled fields, sorted, as `name=text` joined by `&`."""
    return "&".join(f"{name}={text}" for name, text in sorted(fields.items()) if text).encode()


def verified(key: RSAPublicKey, message: bytes, sign: str) -> bool:
    """Whether a signature in base64 is over a message."""
    try:
        key.verify(b64decode(sign, validate=True), message, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def signature(key: RSAPrivateKey, message: bytes) -> str:
    """RSA2: SHA256withRSA with PKCS#1 v1.5, in base64."""
    return b64encode(key.sign(message, PKCS1v15(), SHA256())).decode()
