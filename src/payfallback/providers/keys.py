"""The keys of a merchant account: of a list the first signs and all verify; parsed once, on first use.

`cryptography` is imported here and in the other provider modules only when a key is first needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from payfallback._values import field, value
from payfallback.errors import ConfigError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

T = TypeVar("T")

_PEM = re.compile(r"\s*-----BEGIN [A-Z0-9 ]+-----\s.*-----END [A-Z0-9 ]+-----\s*", re.DOTALL)
_MISSING = object()


@value
class Key:
    """One RSA key as PEM: a private key that signs, or a public key or certificate that verifies.

    `id` is what the provider calls it (WeChat Pay: the certificate's serial number or the PUB_KEY_ID; JD Pay gives
    none, so any name). `until` is epoch seconds; a key past it no longer verifies. The PEM never shows in `repr`.
    """

    id: str
    pem: str = field(repr=False)
    until: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.pem, str) or not _PEM.fullmatch(self.pem):
            raise ConfigError(
                f"key {self.id!r} is not PEM", hint='expected "-----BEGIN ...-----", base64 lines, "-----END ...-----"'
            )


class Keyring(Generic[T]):
    """Keys of one purpose, parsed on first use and kept. Safe for threads: parsing twice does no harm.

    Raises `ConfigError` for an empty list, and on first use for a key that cannot be read.
    """

    def __init__(self, purpose: str, keys: Sequence[Key], parse: Callable[[Key], T]) -> None:
        if not keys:
            raise ConfigError(f"no key to {purpose} with", hint=f"give at least one key in `{purpose}`")
        self._keys = tuple(keys)
        self._parse = parse
        self._parsed: dict[int, T] = {}

    @property
    def first_id(self) -> str:
        """The id of the key that signs."""
        return self._keys[0].id

    def ids(self, now: float) -> tuple[str, ...]:
        """The ids of the keys that may verify at this time (epoch seconds)."""
        return tuple(key.id for key in self._keys if key.until is None or now <= key.until)

    def first(self) -> T:
        """The key that signs."""
        return self._at(0)

    def valid(self, now: float, *, named: str | None = None) -> Iterator[T]:
        """The keys that may verify at this time (epoch seconds); with `named`, only those of that id."""
        for index, key in enumerate(self._keys):
            if key.until is not None and now > key.until:
                continue
            if named is None or key.id.casefold() == named.casefold():
                yield self._at(index)

    def check(self) -> None:
        """Parse every key now, to find a bad one before the first payment does."""
        for index in range(len(self._keys)):
            self._at(index)

    def _at(self, index: int) -> T:
        found: Any = self._parsed.get(index, _MISSING)
        if found is _MISSING:
            found = self._parsed[index] = self._parse(self._keys[index])
        return found  # type: ignore[no-any-return]  # what `_parse` made


def signing_keys(keys: Sequence[Key]) -> Keyring[RSAPrivateKey]:
    """A ring of RSA private keys."""
    return Keyring("sign", keys, private_key)


def verifying_keys(keys: Sequence[Key]) -> Keyring[RSAPublicKey]:
    """A ring of RSA public keys, from public keys or certificates."""
    return Keyring("verify", keys, public_key)


def private_key(key: Key) -> RSAPrivateKey:
    """Parse an unencrypted RSA private key. Raises `ConfigError` that does not echo it."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        found = load_pem_private_key(key.pem.strip().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, RSAPrivateKey):
        raise ConfigError(
            f"key {key.id!r} is not a readable RSA private key", hint="PEM, PKCS#8 or PKCS#1, without a password"
        )
    return found


def public_key(key: Key) -> RSAPublicKey:
    """Parse an RSA public key, also out of an X.509 certificate. Raises `ConfigError` that does not echo it."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from cryptography.x509 import load_pem_x509_certificate

    pem = key.pem.strip().encode()
    try:
        certificate = b"CERTIFICATE" in pem.split(b"\n", 1)[0]
        found: object = load_pem_x509_certificate(pem).public_key() if certificate else load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, RSAPublicKey):
        raise ConfigError(
            f"key {key.id!r} is not a readable RSA public key or certificate", hint="the provider's, not the merchant's"
        )
    return found
