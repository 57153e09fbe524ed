"""Alipay's signatures: v3 requests and responses, and notifications (RSA2: SHA256withRSA, PKCS#1 v1.5).

Official SDK, AlipayConfigUtil and AlipaySignature: requests over `authString\\n METHOD\\n URI\\n body\\n [token\\n]`,
responses over `timestamp\\n nonce\\n body\\n`. `cryptography` is imported when a key is first needed.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from payfallback.errors import ConfigError
from payfallback.providers._alipay_certificates import certificate, root_serial, serial_of
from payfallback.providers.keys import Key, Keyring, public_key, signing_keys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

SCHEME = "ALIPAY-SHA256withRSA"
LARGEST = 256 * 1024  # a trade with all its vouchers stays far below


class Signer:
    """Signs for one app and verifies what Alipay says. Keys are parsed on first use and kept.

    app_cert and root_cert: PEM; both given is certificate mode, both empty is public key mode. In certificate mode
    the keys in `verify` are Alipay's certificates. token: `app_auth_token`, for an app that acts for the merchant.
    """

    def __init__(
        self, app: str, sign: Sequence[Key], verify: Sequence[Key], *, app_cert: str, root_cert: str, token: str
    ) -> None:
        if bool(app_cert) != bool(root_cert):
            raise ConfigError(
                "certificate mode needs both `app_cert` and `root_cert`", hint="leave both out for public key mode"
            )
        self._app = app
        self._token = token
        self._app_cert, self._root_cert = app_cert, root_cert
        self._sign = signing_keys(sign)
        self._verify = Keyring("verify", verify, _named)

    def check(self) -> None:
        """Parse every key and certificate now. Raises `ConfigError`."""
        self._sign.check()
        self._verify.check()
        if self._app_cert:
            self._check_pair()
            root_serial(self._root_cert)

    def _check_pair(self) -> None:
        ours = self._sign.first().public_key()
        if certificate(self._app_cert, "`app_cert`").public_key() != ours:
            raise ConfigError("`app_cert` does not belong to the first key in `sign`", hint="they are made together")

    @cached_property
    def app_serial(self) -> str:
        """`app_cert_sn`; empty in public key mode."""
        return serial_of(certificate(self._app_cert, "`app_cert`")) if self._app_cert else ""

    @cached_property
    def root_serial(self) -> str:
        """`alipay-root-cert-sn`; empty in public key mode."""
        return root_serial(self._root_cert) if self._root_cert else ""

    def sign(self, message: bytes) -> str:
        """The signature over these bytes; base64."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        return b64encode(self._sign.first().sign(message, PKCS1v15(), SHA256())).decode()

    def headers(self, method: str, target: str, body: bytes, now: float, nonce: str) -> dict[str, str]:
        """The headers that prove who asks; `target` is the path, `now` in epoch seconds (sent in milliseconds)."""
        serial = f",app_cert_sn={self.app_serial}" if self._app_cert else ""
        said = f"app_id={self._app}{serial},nonce={nonce},timestamp={int(now * 1000)}"
        lines = [said, method, target, body.decode(), *([self._token] if self._token else [])]
        signature = self.sign("".join(f"{line}\n" for line in lines).encode())
        headers = {"authorization": f"{SCHEME} {said},sign={signature}"}
        if self._token:
            headers["alipay-app-auth-token"] = self._token
        if self._root_cert:
            headers["alipay-root-cert-sn"] = self.root_serial
        return headers

    def signed_at(self, headers: Mapping[str, str], body: bytes, now: float) -> float | None:
        """When Alipay signed this response (its own clock), or None when nothing proves that it did."""
        stamp, nonce = headers.get("alipay-timestamp", ""), headers.get("alipay-nonce", "")
        digits = stamp.isascii() and stamp.isdecimal() and len(stamp) <= 16
        if not (digits and nonce) or len(body) > LARGEST:
            return None
        message = b"%s\n%s\n%s\n" % (stamp.encode(), nonce.encode("utf-8", "replace"), body)
        held = self.holds(headers.get("alipay-signature", ""), message, now)
        return int(stamp) / 1000 if held else None

    def holds(self, signature: str, message: bytes, now: float) -> bool:
        """Whether one of Alipay's keys made this signature. Whatever certificate it names: one that Alipay issued anew
        for the same key has another serial."""
        raw = _unbase64(signature)
        return raw is not None and any(_holds(key, raw, message) for _, key in self._verify.valid(now))

    def unknown_serial(self, headers: Mapping[str, str], now: float) -> str:
        """The certificate that a response names and that is not in `verify`: a sign that it has to be renewed."""
        named = headers.get("alipay-sn", "")
        known = [serial for serial, _ in self._verify.valid(now)] if named else []
        return "" if named in known else named


def _named(key: Key) -> tuple[str, RSAPublicKey]:
    """A public key and the serial of the certificate that it came in, or else its id."""
    if "BEGIN CERTIFICATE" not in key.pem:
        return key.id, public_key(key)
    return serial_of(certificate(key.pem, f"key {key.id!r}")), public_key(key)


def _unbase64(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True) or None
    except (NotBase64, ValueError):
        return None


def _holds(key: RSAPublicKey, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(signature, message, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
