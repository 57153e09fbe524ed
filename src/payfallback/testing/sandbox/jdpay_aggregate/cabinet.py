"""The aggregate payment's envelope from JD's side: flat JSON, DESede in ECB with PKCS#5, hexadecimal, and keyed MD5.

Written from JD's kit and public integrations, without the library's adapter, so that each checks the other.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from hashlib import md5

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.padding import PKCS7

from payfallback.testing.sandbox.incoming import read_object
from payfallback.testing.sandbox.keys import Credentials

Told = Mapping[str, str | int]


class Unreadable(Exception):
    """Not an envelope of this merchant's."""


class Cabinet:
    """Opens what a merchant sealed, and seals what the provider answers."""

    def __init__(self, keys: Credentials) -> None:
        self._cipher = Cipher(TripleDES(b64decode(keys["secret"])), ECB())  # noqa: S305  # the provider's protocol
        self._salt = keys["md5_key"]
        self._owner = {"merchantNo": keys["merchant"], "systemId": keys["system"]}

    def open(self, body: bytes) -> dict[str, str]:
        """The signed fields of a request, as text. Raises `Unreadable`."""
        outer = read_object(body) or {}
        if any(outer.get(name) != own for name, own in self._owner.items()):
            raise Unreadable
        inner = read_object(self._unlock(outer.get("cipherJson")))
        if inner is None or not all(isinstance(each, str | int) for each in inner.values()):
            raise Unreadable
        fields = {name: str(each) for name, each in inner.items()}
        if outer.get("sign") != signature(fields, self._salt) or fields.get("merchantNo") != self._owner["merchantNo"]:
            raise Unreadable
        return fields

    def _unlock(self, cipher_json: object) -> bytes:
        try:
            decryptor, unpadder = self._cipher.decryptor(), PKCS7(64).unpadder()
            padded = decryptor.update(bytes.fromhex(str(cipher_json))) + decryptor.finalize()
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError:
            raise Unreadable from None

    def seal(self, told: Told, unsigned: str | None = None) -> bytes:
        """An answer or a notification; with `unsigned` "" without a signature, with "wrong" under another key."""
        inner = {**told, "merchantNo": self._owner["merchantNo"]}
        padder, encryptor = PKCS7(64).padder(), self._cipher.encryptor()
        padded = padder.update(json.dumps(inner, ensure_ascii=False).encode()) + padder.finalize()
        outer: dict[str, str | bool] = {
            "success": True,
            **self._owner,
            "cipherJson": (encryptor.update(padded) + encryptor.finalize()).hex().upper(),
        }
        if unsigned != "":
            salt = self._salt if unsigned is None else self._salt[::-1]
            outer["sign"] = signature({name: str(each) for name, each in inner.items()}, salt)
        return json.dumps(outer).encode()


def signature(fields: Mapping[str, str], salt: str) -> str:
    """MD5 over the fields that say something, in the order of their names, and the key behind them."""
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if fields[name])
    return md5(f"{text}{salt}".encode(), usedforsecurity=False).hexdigest()
