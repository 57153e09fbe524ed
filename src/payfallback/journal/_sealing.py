"""Sealing what may not stand in the journal in clear: AES-256-GCM, bound to the order and the kind of secret."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from payfallback.errors import ConfigError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Key = bytes | str

_NONCE = 12  # bytes; NIST SP 800-38D, 8.2.2: random nonces of 96 bits


class Seal:
    """The sealing keys: the first seals, all open. Loads `cryptography` with the first secret."""

    __slots__ = ("_ciphers", "_keys")

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)
        self._ciphers: tuple[AESGCM, ...] = ()

    def __repr__(self) -> str:
        return f"Seal({len(self._keys)} keys)"

    def close(self, clear: str, context: str) -> str:
        """Seal a text for one context; it opens under the same context only."""
        nonce = os.urandom(_NONCE)
        sealed = self._loaded()[0].encrypt(nonce, clear.encode("utf-8", "surrogatepass"), _bound(context))
        return base64.b64encode(nonce + sealed).decode("ascii")

    def open(self, sealed: str, context: str) -> str | None:
        """The text, or None when no key opens it: another key, another context, or a changed record."""
        from cryptography.exceptions import InvalidTag  # loaded already, by the cipher

        try:
            raw = base64.b64decode(sealed, validate=True)
        except (binascii.Error, ValueError):
            return None
        for cipher in self._loaded():
            try:
                return cipher.decrypt(raw[:_NONCE], raw[_NONCE:], _bound(context)).decode("utf-8", "surrogatepass")
            except (InvalidTag, ValueError):
                continue
        return None

    def _loaded(self) -> tuple[AESGCM, ...]:
        if not self._ciphers:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            self._ciphers = tuple(AESGCM(key) for key in self._keys)
        return self._ciphers


def _bound(context: str) -> bytes:
    return b"payfallback.journal\x00" + context.encode("utf-8", "surrogatepass")


def seal_of(given: Key | Sequence[Key] | None) -> Seal | None:
    """The seal of one key or several, newest first; None for none. Raises `ConfigError` for what is not a key."""
    keys = () if given is None else (given,) if isinstance(given, bytes | str) else tuple(given)
    return Seal([_key(each) for each in keys]) if keys else None


def _key(given: Key) -> bytes:
    raw = _decoded(given.strip()) if isinstance(given, str) else given
    if len(raw) != 32:
        raise ConfigError(
            "a sealing key of the journal is not 32 bytes", hint="make one: openssl rand -hex 32 (or -base64 32)"
        )
    return raw


def _decoded(text: str) -> bytes:
    """Hexadecimal or base64; what is neither comes back empty, so that the length refuses it."""
    try:
        return bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text, validate=True)
    except ValueError:
        return b""
