"""JD Pay V2's envelope: RSA over a SHA-256 in hex, 3DES over the signed XML, hex, base64.

Facts: IJPay and the jdpay gem agree byte for byte, and JD's own signed samples in the latter and in
JD's demo verify with what stands here. The signature is PKCS#1 v1.5 type 1 over the 64 ASCII characters of
the digest, without DigestInfo: not SHA256withRSA. Only the inside of an envelope is signed; its outside proves nothing.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from payfallback.errors import ConfigError
from payfallback.providers._jdpay_xml import HEADER, Fields, Unreadable, compose, parse, text_in, text_of
from payfallback.providers.keys import Key, Keyring, signing_keys, verifying_keys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

VERSION = "V2.0"
LARGEST_INSIDE = 16384  # JD's own limit: ThreeDesUtil refuses more
_END = "</jdpay>"
_SIGN = re.compile(r"<sign>([^<]*)</sign>")


class Envelope:
    """Seals requests and opens answers for one merchant. Keys are parsed on first use and kept."""

    def __init__(self, merchant: str, sign: Sequence[Key], verify: Sequence[Key], secrets: Sequence[str]) -> None:
        if not secrets:
            raise ConfigError("no 3DES key", hint="give at least one in `secrets`")
        self._merchant = merchant
        self._sign = signing_keys(sign)
        self._verify = verifying_keys(verify)
        self._secrets = tuple(_secret(place, text) for place, text in enumerate(secrets, 1))
        self._ciphers: dict[bytes, Any] = {}

    @property
    def key_id(self) -> str:
        """The id of the key that signs."""
        return self._sign.first_id

    def check(self) -> None:
        """Parse every key now. Raises `ConfigError`."""
        self._sign.check()
        self._verify.check()

    def seal(self, fields: Iterable[tuple[str, str]]) -> bytes:
        """A signed and encrypted request around these fields; version and merchant come first."""
        xml = HEADER + compose([("version", VERSION), ("merchant", self._merchant), *fields])
        signed = xml[: -len(_END)] + f"<sign>{self.sign(xml)}</sign>" + _END
        inside = b64encode(self._encrypt(signed.encode()).hex().encode()).decode()
        outside = [("version", VERSION), ("merchant", self._merchant), ("encrypt", inside)]
        return (HEADER + compose(outside)).encode()

    def sign(self, text: str) -> str:
        """The merchant's signature over a text; base64."""
        return _signature(text, self._sign.first())

    def hide(self, text: str) -> str:
        """One field of the cashier form, encrypted; hexadecimal, without the base64 of an envelope."""
        return self._encrypt(text.encode()).hex()

    def open(self, outside: Fields, now: float) -> Fields:
        """The signed inside of a message. Raises `Unreadable` when no configured key opens and verifies it."""
        sealed = _unbase64(text_in(outside, "encrypt"))
        if not sealed or not re.fullmatch(rb"(?:[0-9A-Fa-f]{16})+", sealed):
            raise Unreadable("nothing encrypted inside")
        data = bytes.fromhex(sealed.decode())
        for secret in self._secrets:
            text = self._decrypt(secret, data)
            verified = _verified(text, self._verify, now) if text is not None else None
            if verified is not None:
                return parse(verified)
        raise Unreadable("no key opens it, or its signature does not hold")

    def _cipher(self, secret: bytes) -> Any:
        if secret not in self._ciphers:
            from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
            from cryptography.hazmat.primitives.ciphers import Cipher, modes

            self._ciphers[secret] = Cipher(TripleDES(secret), modes.ECB())  # noqa: S305  # JD's protocol
        return self._ciphers[secret]

    def _encrypt(self, plain: bytes) -> bytes:
        framed = len(plain).to_bytes(4, "big") + plain
        framed += bytes(-len(framed) % 8)
        encryptor = self._cipher(self._secrets[0]).encryptor()
        return bytes(encryptor.update(framed) + encryptor.finalize())

    def _decrypt(self, secret: bytes, data: bytes) -> str | None:
        """The framed text, or None when this key cannot have made it."""
        decryptor = self._cipher(secret).decryptor()
        framed = bytes(decryptor.update(data) + decryptor.finalize())
        length = int.from_bytes(framed[:4], "big")
        if length > min(LARGEST_INSIDE, len(framed) - 4):
            return None
        try:
            return text_of(framed[4 : 4 + length])
        except Unreadable:
            return None


def _secret(place: int, text: str) -> bytes:
    secret = _unbase64(text)
    if secret is None or len(secret) != 24:
        raise ConfigError(f"3DES key {place} of `secrets` is not base64 of 24 bytes", hint="as JD's console shows it")
    return secret


def _unbase64(text: str) -> bytes | None:
    try:
        return b64decode("".join(text.split()), validate=True)
    except (NotBase64, ValueError):
        return None


def _digest(xml: str) -> bytes:
    return sha256(xml.encode()).hexdigest().encode()


def _signature(xml: str, key: RSAPrivateKey) -> str:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo

    return b64encode(key.sign(_digest(xml), PKCS1v15(), NoDigestInfo())).decode()


def _verified(text: str, keys: Keyring[RSAPublicKey], now: float) -> str | None:
    """The form of the text, without its `sign`, over which the signature holds; None when it holds over none."""
    found = _SIGN.findall(text)
    signature = _unbase64(found[0]) if len(found) == 1 else None
    if not signature:
        return None
    forms = tuple(_forms(_SIGN.sub("", text)))
    for key in keys.valid(now):
        for form in forms:
            if _holds(key, signature, form):
                return form
    return None


def _forms(text: str) -> Iterator[str]:
    """What may have been signed: the received text byte for byte (JD writes `encoding="UTF-8" ?>` with a space), with
    a header where it came without one, and on one line where it came on several (both as JD's own kit does)."""
    yield text
    if not text.startswith("<?xml"):
        yield HEADER + text
    joined = "".join(part.strip() for part in re.split(r"[\t\r\n]+", text))
    if joined != text:
        yield joined


def _holds(key: RSAPublicKey, signature: bytes, xml: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo

    try:
        signed = key.recover_data_from_signature(signature, PKCS1v15(), NoDigestInfo())
    except InvalidSignature:
        return False
    return compare_digest(signed, _digest(xml))
