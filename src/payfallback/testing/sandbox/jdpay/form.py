"""The form that a shopper's browser posts to JD's cashier (saveOrder), and what it brings back to the shop.

Signed over the sorted plain fields; every field but version, merchant and sign is 3DES-encrypted to hexadecimal.
"""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from payfallback.testing.sandbox.jdpay.envelope import Cabinet, Unreadable, signature_holds

_PLAIN = ("version", "merchant", "sign")


def open_form(form: Mapping[str, str], merchant: str, cabinet: Cabinet, key: RSAPublicKey) -> dict[str, str]:
    """The verified plain fields. Raises `Unreadable`."""
    if form.get("version") != "V2.0" or form.get("merchant") != merchant:
        raise Unreadable("merchant")
    fields = {name: value if name in _PLAIN else cabinet.unlock(value) for name, value in form.items() if value}
    signature = fields.pop("sign", "").replace(" ", "+")
    if not signature_holds(key, signed_text(fields), signature):
        raise Unreadable("sign")
    return fields


def signed_text(fields: Mapping[str, str]) -> str:
    """The text that is signed: non-empty fields in the order of their names."""
    return "&".join(f"{name}={value}" for name, value in sorted(fields.items()) if value)
