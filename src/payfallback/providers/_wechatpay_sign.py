"""WeChat Pay APIv3's signatures (SHA256withRSA over lines of text) and its AES-256-GCM. Facts §3; agreed with
wechatpayv3 2.0.4 in the tests."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from payfallback.errors import ConfigError
from payfallback.providers.keys import Key, signing_keys, verifying_keys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

SCHEME = "WECHATPAY2-SHA256-RSA2048"
ALGORITHM = "AEAD_AES_256_GCM"
LARGEST = 256 * 1024  # a trade with 50 coupons stays far below


class Signer:
    """Signs for one merchant and verifies WeChat Pay's answers. Keys are parsed on first use and kept."""

    def __init__(self, merchant: str, sign: Sequence[Key], verify: Sequence[Key], secrets: Sequence[str]) -> None:
        if not secrets:
            raise ConfigError("no APIv3 key", hint="give at least one in `secrets`")
        self._merchant = merchant
        self._sign = signing_keys(sign)
        self._verify = verifying_keys(verify)
        self._secrets = tuple(_secret(place, text) for place, text in enumerate(secrets, 1))
        self._ciphers: dict[bytes, Any] = {}

    @property
    def key_id(self) -> str:
        """The serial number of the certificate whose key signs."""
        return self._sign.first_id

    def check(self) -> None:
        """Parse every key now. Raises `ConfigError`."""
        self._sign.check()
        self._verify.check()

    def sign(self, *lines: str) -> str:
        """The signature over these lines, each ended by a line feed; base64."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        message = "".join(f"{line}\n" for line in lines).encode()
        return b64encode(self._sign.first().sign(message, PKCS1v15(), SHA256())).decode()

    def authorization(self, method: str, target: str, body: bytes, timestamp: int, nonce: str) -> str:
        """The `Authorization` header for a request; `target` is the path with its query, as sent."""
        signature = self.sign(method, target, str(timestamp), nonce, body.decode())
        return (
            f'{SCHEME} mchid="{self._merchant}",nonce_str="{nonce}",signature="{signature}",'
            f'timestamp="{timestamp}",serial_no="{self.key_id}"'
        )

    def answering_key(self, now: float) -> str:
        """The id of WeChat Pay's public key, for the request header that asks for answers signed with it; empty for
        platform certificates, which need none."""
        return next((name for name in self._verify.ids(now) if name.startswith("PUB_KEY_ID")), "")

    def signed_at(self, headers: Mapping[str, str], body: bytes, now: float) -> float | None:
        """When WeChat Pay signed this (its own clock), or None when nothing proves that it did."""
        stamp, nonce = headers.get("wechatpay-timestamp", ""), headers.get("wechatpay-nonce", "")
        serial, signature = headers.get("wechatpay-serial", ""), _unbase64(headers.get("wechatpay-signature", ""))
        scheme = headers.get("wechatpay-signature-type", SCHEME)
        digits = stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12
        if not (signature and serial and nonce and digits and scheme == SCHEME) or len(body) > LARGEST:
            return None
        message = b"%s\n%s\n%s\n" % (stamp.encode(), nonce.encode("utf-8", "replace"), body)
        held = any(_holds(key, signature, message) for key in self._verify.valid(now, named=serial))
        return float(stamp) if held else None

    def decrypt(self, resource: Mapping[str, Any]) -> bytes | None:
        """The plain text of a notification's resource, or None when no configured APIv3 key opens it."""
        from cryptography.exceptions import InvalidTag

        if resource.get("algorithm") != ALGORITHM:
            return None
        sealed, nonce = _unbase64(resource.get("ciphertext")), _ascii(resource.get("nonce"))
        extra = _ascii(resource.get("associated_data") or "")
        if not sealed or nonce is None or extra is None or not 8 <= len(nonce) <= 128:
            return None
        for secret in self._secrets:
            try:
                return bytes(self._cipher(secret).decrypt(nonce, sealed, extra))
            except InvalidTag:
                continue
        return None

    def _cipher(self, secret: bytes) -> Any:
        if secret not in self._ciphers:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            self._ciphers[secret] = AESGCM(secret)
        return self._ciphers[secret]


def _secret(place: int, text: str) -> bytes:
    secret = text.strip().encode()
    if len(secret) != 32:
        raise ConfigError(f"APIv3 key {place} of `secrets` is not 32 bytes long", hint="as set in the merchant console")
    return secret


def _unbase64(text: object) -> bytes | None:
    try:
        return b64decode(text, validate=True) if isinstance(text, str) else None
    except (NotBase64, ValueError):
        return None


def _ascii(text: object) -> bytes | None:
    return text.encode() if isinstance(text, str) and text.isascii() else None


def _holds(key: RSAPublicKey, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(signature, message, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
