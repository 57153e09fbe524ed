"""Where the sandbox's test keys and merchant identities are kept: made at its start, in a folder when one is given."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from payfallback.testing.sandbox.errors import SandboxError


class Credentials(dict[str, str]):
    """What a merchant needs, by name. Plain text values; `repr` shows the names only."""

    def __repr__(self) -> str:
        return f"Credentials({', '.join(self)})"


class KeyFolder:
    """A folder of one value a file, each readable by its owner only; or nothing, and every value is new."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        if path is not None:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def text(self, name: str, make: Callable[[], str]) -> str:
        """A value by its name, made at first."""
        return self.file(f"{name}.txt", make).strip()

    def pem(self, name: str, make: Callable[[], str]) -> str:
        """A certificate, or any PEM text, by its name, made at first."""
        return self.file(f"{name}.pem", make)

    def key_pair(self, name: str) -> tuple[str, RSAPrivateKey]:
        """A private RSA key, as PEM and as a key."""
        pem = self.pem(name, _new_key)
        try:
            # its primes are not checked again: the file is ours, and the check takes longer than all else at the start
            key = load_pem_private_key(pem.encode(), password=None, unsafe_skip_rsa_key_validation=True)
        except ValueError:
            key = None
        if not isinstance(key, RSAPrivateKey):
            raise SandboxError(f"{self._path}/{name}.pem is not a private RSA key: delete it and it is made anew")
        return pem, key

    def provider(self, name: str, public_name: str) -> tuple[RSAPrivateKey, str]:
        """A provider's key, and its public half as PEM, which is rewritten to fit."""
        _, key = self.key_pair(name)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        if self._path is not None:
            _write(self._path / f"{public_name}.pem", public)
        return key, public

    def file(self, file_name: str, make: Callable[[], str]) -> str:
        """ASCII text by the name of its file, made at first."""
        if self._path is None:
            return make()
        file = self._path / file_name
        if not file.exists():
            _write(file, make())
        return file.read_text(encoding="ascii")


def _new_key() -> str:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _write(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(text)
