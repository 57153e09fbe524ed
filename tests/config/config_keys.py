"""Test keys, made once for a run."""

from __future__ import annotations

from base64 import b64encode
from functools import cache

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

DES_KEY = b64encode(bytes(range(24))).decode()
V3_KEY = "0123456789abcdef0123456789abcdef"


@cache
def key_pair() -> tuple[str, str]:
    """A private RSA key and its public half, as PEM."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
