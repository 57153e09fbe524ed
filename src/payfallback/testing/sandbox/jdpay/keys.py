"""JD Pay's test keys: a merchant number, an RSA pair on either side, and the 3DES key."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from payfallback.testing.sandbox.keys import Credentials, KeyFolder
from payfallback.testing.sandbox.mint import Mint


@dataclass(frozen=True, slots=True)
class JdKeys:
    """`merchant` signs requests, `provider` answers."""

    credentials: Credentials
    merchant: RSAPrivateKey = field(repr=False)
    provider: RSAPrivateKey = field(repr=False)


def make_keys(folder: KeyFolder, mint: Mint) -> JdKeys:
    """Made at first, read afterwards."""
    private, merchant = folder.key_pair("jdpay_private_key")
    provider, public = folder.provider("jdpay_provider_key", "jdpay_provider_public_key")
    credentials = Credentials(
        merchant=folder.text("jdpay_merchant", lambda: "11" + mint.digits(10)),
        private_key=private,
        provider_public_key=public,
        secret=folder.text("jdpay_secret", lambda: b64encode(mint.raw(24)).decode()),
    )
    return JdKeys(credentials, merchant, provider)
