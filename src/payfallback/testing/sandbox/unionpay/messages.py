"""ACP 5.1.0's messages from UnionPay's side: forms that come in, bare `name=text&...` that goes out, one signature.

Written from the published rules, without the library's adapter, so that each checks the other.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import parse_qsl, quote_plus

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

MOST_FIELDS = 100


def read_form(body: bytes) -> dict[str, str] | None:
    """The fields of a request, each once and none of them empty; None for anything else."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except (ValueError, UnicodeDecodeError):
        return None
    fields = dict(pairs)
    well = len(fields) == len(pairs) <= MOST_FIELDS and all(fields.values())
    return fields if well else None


def named(body: bytes, name: str) -> str:
    """One field of a form that may be anything."""
    return (read_form(body) or {}).get(name, "")


def digest(fields: Mapping[str, str]) -> bytes:
    """What is signed: the SHA-256 of all fields but the signature, sorted by name, in lowercase hexadecimal."""
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "signature")
    return sha256(text.encode()).hexdigest().encode()


def signature_holds(fields: Mapping[str, str], key: RSAPublicKey) -> bool:
    """Whether the merchant signed these fields."""
    try:
        key.verify(b64decode(fields.get("signature", "")), digest(fields), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def signed(fields: Mapping[str, str], key: RSAPrivateKey, certificate: str) -> dict[str, str]:
    """Fields with UnionPay's certificate and signature."""
    whole = {**fields, "signPubKeyCert": certificate}
    signature = key.sign(digest(whole), PKCS1v15(), SHA256())
    return {**whole, "signature": b64encode(signature).decode()}


def bare(fields: Mapping[str, str]) -> bytes:
    """Fields as an answer: nothing is encoded."""
    return "&".join(f"{name}={text}" for name, text in fields.items()).encode()


def form(fields: Mapping[str, str]) -> bytes:
    """Fields as a notification."""
    return "&".join(f"{name}={quote_plus(text)}" for name, text in fields.items()).encode()
