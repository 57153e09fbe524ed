"""The aggregate payment's test keys: a merchant number, a system id, the 3DES key and the key of the signature."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

from payfallback.testing.sandbox.keys import Credentials, KeyFolder
from payfallback.testing.sandbox.mint import Mint


@dataclass(frozen=True, slots=True)
class AggregateKeys:
    """Both sides have the same keys."""

    credentials: Credentials


def make_keys(folder: KeyFolder, mint: Mint) -> AggregateKeys:
    """Made at first, read afterwards."""
    return AggregateKeys(
        Credentials(
            merchant=folder.text("jdpay_aggregate_merchant", lambda: "11" + mint.digits(7)),
            system=folder.text("jdpay_aggregate_system", lambda: f"SYS{mint.digits(6)}"),
            secret=folder.text("jdpay_aggregate_secret", lambda: b64encode(mint.raw(24)).decode()),
            md5_key=folder.text("jdpay_aggregate_md5_key", lambda: mint.text(32)),
        )
    )
