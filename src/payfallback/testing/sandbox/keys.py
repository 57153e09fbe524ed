"""The test keys and merchant identities of the sandbox: made at its start, kept in a folder when one is given."""

from __future__ import annotations

import os
from base64 import b64encode
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
from payfallback.testing.sandbox.mint import Mint


class Credentials(dict[str, str]):
    """What a merchant needs, by name. Plain text values; `repr` shows the names only."""

    def __repr__(self) -> str:
        return f"Credentials({', '.join(self)})"


class KeyRing:
    """Every key of the sandbox. `jdpay` and `wechatpay` are the merchant's side; the rest is the providers' own."""

    def __init__(self, key_dir: Path | None, mint: Mint) -> None:
        folder = _Folder(key_dir)
        jd, self.jdpay_merchant = folder.key_pair("jdpay_private_key")
        self.jdpay_provider, jd_public = folder.provider("jdpay_provider_key", "jdpay_provider_public_key")
        wechat, self.wechatpay_merchant = folder.key_pair("wechatpay_private_key")
        self.wechatpay_platform, platform = folder.provider("wechatpay_platform_key", "wechatpay_platform_public_key")
        self.jdpay = Credentials(
            merchant=folder.text("jdpay_merchant", lambda: "11" + mint.digits(10)),
            private_key=jd,
            provider_public_key=jd_public,
            secret=folder.text("jdpay_secret", lambda: b64encode(mint.raw(24)).decode()),
        )
        self.wechatpay = Credentials(
            mchid=folder.text("wechatpay_mchid", lambda: "19" + mint.digits(8)),
            appid=folder.text("wechatpay_appid", lambda: "wx" + mint.raw(8).hex()),
            private_key=wechat,
            serial=folder.text("wechatpay_serial", lambda: mint.raw(20).hex().upper()),
            platform_public_key=platform,
            platform_public_key_id=folder.text("wechatpay_platform_public_key_id", lambda: _key_id(mint)),
            apiv3_key=folder.text("wechatpay_apiv3_key", lambda: mint.text(32)),
        )


def _key_id(mint: Mint) -> str:
    return f"PUB_KEY_ID_{mint.digits(24)}"


class _Folder:
    """A folder of one value a file, each readable by its owner only; or nothing, and every value is new."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        if path is not None:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def text(self, name: str, make: Callable[[], str]) -> str:
        """A value by its name, made at first."""
        return self._value(f"{name}.txt", make).strip()

    def key_pair(self, name: str) -> tuple[str, RSAPrivateKey]:
        """A private RSA key, as PEM and as a key."""
        pem = self._value(f"{name}.pem", _new_key)
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

    def _value(self, file_name: str, make: Callable[[], str]) -> str:
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
