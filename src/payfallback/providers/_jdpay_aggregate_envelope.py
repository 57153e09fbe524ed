"""The envelope of JD's aggregate payment (聚合支付 V3.0): flat JSON, 3DES in hexadecimal, and MD5 with a shared key.

Facts §1.6, and JD's own kit (com.jd.jr.aggre) as public repositories quote it. MD5 over the text and a shared key is
JD's scheme, not a choice: whoever has the key can write in JD's name, so it is kept like a private key.
"""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping, Sequence
from hashlib import md5
from hmac import compare_digest
from typing import Any

from payfallback.errors import ConfigError
from payfallback.providers._json import json_object

LARGEST = 64 * 1024

Fields = Mapping[str, str]


class Unreadable(ValueError):
    """Not a message as JD sends them. Never leaves the adapter."""


class Envelope:
    """Seals requests and opens answers for one merchant. `secrets`: base64 3DES keys, the first encrypts, all decrypt;
    `md5_keys`: the first signs, all verify."""

    def __init__(self, merchant: str, system: str, secrets: Sequence[str], md5_keys: Sequence[str]) -> None:
        if not secrets:
            raise ConfigError("no 3DES key", hint="give at least one in `secrets`")
        if not md5_keys:
            raise ConfigError("no MD5 key", hint="give it as option `md5_key`")
        self._ours = {"systemId": system, "merchantNo": merchant}
        self._secrets = tuple(_secret(place, text) for place, text in enumerate(secrets, 1))
        self._md5_keys = tuple(md5_keys)
        self._ciphers: dict[bytes, Any] = {}

    def seal(self, fields: Mapping[str, str | int]) -> bytes:
        """A signed and encrypted request around these fields, which are without empty ones."""
        said = {**fields, **self._ours}
        inside = json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        text = next(_signed_texts({name: str(given) for name, given in said.items()}))
        sealed = {
            **self._ours,
            "cipherJson": self._encrypt(inside.encode()).hex(),
            "sign": _sign(text, self._md5_keys[0]),
        }
        return json.dumps(sealed, separators=(",", ":")).encode()

    def open(self, outside: Fields) -> Fields:
        """The signed inside of a message. Raises `Unreadable` when no configured key opens and verifies it."""
        try:
            sealed = bytes.fromhex(outside.get("cipherJson", ""))
        except ValueError:
            sealed = b""
        if not sealed or len(sealed) % 8:
            raise Unreadable("nothing encrypted inside")
        signature = outside.get("sign", "").lower().encode("utf-8", "replace")
        for secret in self._secrets:
            inside = self._decrypt(secret, sealed)
            if inside is not None and self._holds(inside, signature):
                return inside
        raise Unreadable("no key opens it, or its signature does not hold")

    def _holds(self, inside: Fields, signature: bytes) -> bool:
        texts = tuple(_signed_texts(inside))
        made = (_sign(text, key) for key in self._md5_keys for text in texts)
        return any(compare_digest(each.encode(), signature) for each in made)

    def _cipher(self, secret: bytes) -> Any:
        if secret not in self._ciphers:
            from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
            from cryptography.hazmat.primitives.ciphers import Cipher, modes

            self._ciphers[secret] = Cipher(TripleDES(secret), modes.ECB())  # noqa: S305  # JD's protocol
        return self._ciphers[secret]

    def _encrypt(self, plain: bytes) -> bytes:
        missing = 8 - len(plain) % 8  # PKCS#5
        encryptor = self._cipher(self._secrets[0]).encryptor()
        return bytes(encryptor.update(plain + bytes([missing]) * missing) + encryptor.finalize())

    def _decrypt(self, secret: bytes, sealed: bytes) -> Fields | None:
        """The fields, or None when this key cannot have sealed them."""
        decryptor = self._cipher(secret).decryptor()
        padded = bytes(decryptor.update(sealed) + decryptor.finalize())
        missing = padded[-1]
        if not 1 <= missing <= 8 or padded[-missing:] != bytes([missing]) * missing:
            return None
        try:
            return flat(padded[:-missing])
        except Unreadable:
            return None


def flat(body: bytes) -> Fields:
    """A flat JSON object, each name once, every value as the text that it is written with. Raises `Unreadable`."""
    if len(body) > LARGEST:
        raise Unreadable("too large")
    found = json_object(body, as_written=True)
    if found is None:
        raise Unreadable("not a JSON object, or a name comes twice")
    return {name: _text(given) for name, given in found.items()}


def _text(given: object) -> str:
    if isinstance(given, str):
        return given
    if given is None:
        return ""
    if isinstance(given, bool):
        return "true" if given else "false"
    raise Unreadable("not flat")


def _signed_texts(fields: Fields) -> Iterator[str]:
    """What may have been signed: the fields that are not blank, by name. JD's own kit leaves a `&` at the end when the
    last field is blank."""
    names = sorted(fields)
    text = "&".join(f"{name}={fields[name]}" for name in names if fields[name].strip())
    yield text
    if names and not fields[names[-1]].strip():
        yield f"{text}&"


def _sign(text: str, key: str) -> str:
    return md5((text + key).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()  # JD's protocol


def _secret(place: int, text: str) -> bytes:
    try:
        secret = b64decode("".join(text.split()), validate=True)
    except (NotBase64, ValueError):
        secret = b""
    if len(secret) != 24:
        raise ConfigError(f"3DES key {place} of `secrets` is not base64 of 24 bytes", hint="as JD's console shows it")
    return secret
