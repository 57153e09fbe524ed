"""Stripe's test keys: the account, its API keys, and the secret of its webhook endpoint."""

from __future__ import annotations

from dataclasses import dataclass

from payfallback.testing.sandbox.keys import Credentials, KeyFolder
from payfallback.testing.sandbox.mint import Mint


@dataclass(frozen=True, slots=True)
class StripeKeys:
    """Everything that is secret here, the merchant has as well."""

    credentials: Credentials


def make_keys(folder: KeyFolder, mint: Mint) -> StripeKeys:
    """Made at first, read afterwards."""
    made = {
        "account": lambda: f"acct_{mint.text(16)}",
        "secret_key": lambda: f"sk_test_{mint.text(32)}",
        "publishable_key": lambda: f"pk_test_{mint.text(32)}",
        "webhook_secret": lambda: f"whsec_{mint.text(32)}",
    }
    return StripeKeys(Credentials({name: folder.text(f"stripe_{name}", make) for name, make in made.items()}))
