"""APIv3's signatures and its sealed notifications, from the provider's side.

Written from the published rules, without the library's adapter, so that each checks the other.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

SCHEME = "WECHATPAY2-SHA256-RSA2048"
OLDEST = 300.0  # seconds by which a request's time may differ from the provider's
_PARTS = frozenset({"mchid", "nonce_str", "signature", "timestamp", "serial_no"})


@dataclass(frozen=True, slots=True)
class Claim:
    """The `Authorization` header of a request."""

    mchid: str
    nonce_str: str
    signature: str
    timestamp: str
    serial_no: str


def read_claim(header: str) -> Claim | None:
    """None for a header of another form."""
    scheme, _, rest = header.partition(" ")
    found = re.findall(r'(\w+)="([^"]*)"', rest)
    parts = dict(found)
    if scheme != SCHEME or len(found) != len(_PARTS) or parts.keys() != _PARTS:
        return None
    return Claim(**parts)


def claim_holds(claim: Claim, key: RSAPublicKey, method: str, target: str, body: bytes) -> bool:
    """Whether the claim signs this request: method, path with query, time, nonce, body, each followed by a newline."""
    head = f"{method}\n{target}\n{claim.timestamp}\n{claim.nonce_str}\n".encode()
    try:
        key.verify(b64decode(claim.signature), head + body + b"\n", PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def is_recent(claim: Claim, *moments: float) -> bool:
    """Whether the claim's time is within the window around one of the moments."""
    if not re.fullmatch(r"\d{1,12}", claim.timestamp):
        return False
    return any(abs(int(claim.timestamp) - moment) <= OLDEST for moment in moments)


def signature(key: RSAPrivateKey, timestamp: str, nonce: str, body: bytes) -> str:
    """What goes into `Wechatpay-Signature`."""
    message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
    return b64encode(key.sign(message, PKCS1v15(), SHA256())).decode()


def seal(apiv3_key: str, nonce: str, associated: str, plain: bytes) -> str:
    """The `ciphertext` of a notification: AES-256-GCM under the APIv3 key."""
    return b64encode(AESGCM(apiv3_key.encode()).encrypt(nonce.encode(), plain, associated.encode())).decode()
