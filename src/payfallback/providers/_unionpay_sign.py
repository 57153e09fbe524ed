"""UnionPay's signatures (ACP 5.1.0, signMethod 01).

The SHA-256 of the sorted text in lowercase hexadecimal is what SHA256withRSA signs (official SDK, SDKUtil and
AcpService). A request names the merchant's certificate by its serial number (`certId`); an answer brings UnionPay's
own (`signPubKeyCert`), which is signed along. `cryptography` is imported when a key is first needed.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from payfallback.errors import ConfigError
from payfallback.policy import Account
from payfallback.providers._unionpay_certificates import OWNER, TEST_OWNER, authority, check_chain, signers_key
from payfallback.providers._unionpay_fields import Fields, signed_text
from payfallback.providers.keys import Key, Keyring, signing_keys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

VERSION = "5.1.0"
RSA = "01"


class Signer:
    """Signs for one merchant and verifies what UnionPay says. Keys are parsed on first use and kept.

    sign: private keys, each under its certificate's serial number in decimal digits. verify: the certificates of the
    CAs that issue UnionPay's: its middle certificate, and the root beside it. A certificate of UnionPay's test system
    is believed only where the account's environment is not `production`.
    """

    def __init__(self, account: Account, sign: Sequence[Key], verify: Sequence[Key]) -> None:
        for key in sign:
            if not (key.id.isascii() and key.id.isdecimal()):
                raise ConfigError(
                    f"key {key.id!r}: UnionPay knows it by its certificate's serial number",
                    hint="give `id` as the certId: `openssl x509 -serial`, turned from hexadecimal into decimal",
                )
        self._sign = signing_keys(sign)
        self._verify = Keyring("verify", verify, authority)
        self._owners = (OWNER,) if account.environment == "production" else (OWNER, TEST_OWNER)

    def check(self) -> None:
        """Parse every key and certificate now, and hold the chain together. Raises `ConfigError`."""
        self._sign.check()
        self._verify.check()
        check_chain(list(self._verify.valid(float("-inf"))))

    def signed(self, fields: Fields) -> Mapping[str, str]:
        """The fields without the empty ones, with `certId` and `signature`: what is sent."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        whole = {name: text for name, text in fields.items() if text} | {"certId": self._sign.first_id}
        signature = self._sign.first().sign(_digest(signed_text(whole)), PKCS1v15(), SHA256())
        return whole | {"signature": b64encode(signature).decode()}

    def holds(self, fields: Fields, now: float) -> bool:
        """Whether UnionPay signed these fields. With and without empty ones: the SDK signs whatever was sent."""
        signature = _unbase64(fields.get("signature", ""))
        if signature is None or fields.get("version") != VERSION or fields.get("signMethod") != RSA:
            return False
        key = signers_key(fields.get("signPubKeyCert", ""), self._verify.valid(now), self._owners, now)
        texts = {signed_text(fields, filled=filled) for filled in (False, True)}
        return key is not None and any(_made(key, signature, text) for text in texts)


def _digest(text: str) -> bytes:
    return sha256(text.encode()).hexdigest().encode()


def _unbase64(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True) or None
    except (NotBase64, ValueError):
        return None


def _made(key: RSAPublicKey, signature: bytes, text: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(signature, _digest(text), PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
