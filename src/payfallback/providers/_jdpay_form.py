"""JD Pay's cashier form (saveOrder): made and signed here, posted by the shopper's browser.

Facts §1.2: signed over the sorted non-empty plain fields; every field but version, merchant and sign is encrypted to
hexadecimal. Agreed byte for byte with the jdpay gem's own test vectors (PC and H5).
"""

from __future__ import annotations

from collections.abc import Mapping

from payfallback._core.operations import Operation
from payfallback.model import Form
from payfallback.providers._jdpay_envelope import VERSION, Envelope
from payfallback.providers._jdpay_products import FORMS
from payfallback.providers._jdpay_requests import form_fields

_PRODUCTION = "https://paygate.jd.com"
_CASHIERS = {"pc": "https://wepay.jd.com", "h5": "https://h5pay.jd.com"}


class Cashier:
    """Makes the forms of one merchant account. `base`: where the account's other requests go; elsewhere than JD, the
    cashier is there too unless the options say otherwise."""

    def __init__(self, merchant: str, envelope: Envelope, options: Mapping[str, str], base: str) -> None:
        self._merchant, self._envelope, self._options = merchant, envelope, options
        here = {place: own if base == _PRODUCTION else base for place, own in _CASHIERS.items()}
        self._places = {place: options[f"{place}_url"].rstrip("/") or at for place, at in here.items()}

    def form(self, operation: Operation, now: float) -> Form:
        """The form that opens this order on the cashier."""
        plain = [("version", VERSION), ("merchant", self._merchant)]
        fields = form_fields(operation, self._options, now)
        text = "&".join(f"{name}={value}" for name, value in sorted([*plain, *fields]) if value)
        hidden = [(name, self._envelope.hide(value)) for name, value in fields]
        address = f"{self._places[FORMS[operation.product]]}/jdpay/saveOrder"
        return Form(address, dict([*plain, *hidden, ("sign", self._envelope.sign(text))]))
