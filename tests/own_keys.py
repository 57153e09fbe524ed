"""RSA key pairs of the tests' own, made at run time, by name."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key pair by name."""
    return _made(name, bits)


@cache
def _made(_: str, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def private_pem(name: str, form: PrivateFormat = PrivateFormat.PKCS8, bits: int = 2048) -> str:
    """The private half of a key pair."""
    return rsa_key(name, bits).private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def public_pem(name: str, bits: int = 2048) -> str:
    """The public half of a key pair."""
    made = rsa_key(name, bits).public_key()
    return made.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
