"""The providers' own books: every capture and every refund that happened, in order, never changed.

This is the truth against which a checkout is judged. It knows nothing of faults, answers or signatures.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any, Literal

Kind = Literal["capture", "refund"]


@dataclass(frozen=True, slots=True)
class Entry:
    """Money that moved. `amount` in minor units; `at` epoch seconds of the provider's clock.

    `number` is the merchant's number of the charge, also for a refund, whose own is `refund_number`. `order` is what
    the merchant sent along as its order (WeChat `attach`, JD `note`), empty when nothing was.
    """

    kind: Kind
    provider: str
    number: str
    amount: int
    currency: str
    at: float
    provider_ref: str
    refund_number: str = ""
    order: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def about(self, order_or_number: str) -> bool:
        """Whether this concerns a charge number, or an order: the order sent along, or number = order + two digits."""
        wanted = order_or_number
        if wanted in (self.number, self.order):
            return True
        return self.number.startswith(wanted) and re.fullmatch(r"\d{2}", self.number[len(wanted) :]) is not None


class Ledger:
    """Append-only and safe for threads."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._lock = Lock()

    def append(self, entry: Entry) -> None:
        """Write one line."""
        with self._lock:
            self._entries.append(entry)

    def entries(self, order_or_number: str | None = None) -> list[Entry]:
        """Every line, or those about one order or number, oldest first."""
        with self._lock:
            entries = self._entries.copy()
        return entries if order_or_number is None else [e for e in entries if e.about(order_or_number)]

    def captures(self, order_or_number: str | None = None) -> list[Entry]:
        """The captures among them."""
        return [entry for entry in self.entries(order_or_number) if entry.kind == "capture"]

    def refunds(self, order_or_number: str | None = None) -> list[Entry]:
        """The refunds among them."""
        return [entry for entry in self.entries(order_or_number) if entry.kind == "refund"]

    def held(self, order_or_number: str | None = None) -> int:
        """Minor units captured and not refunded."""
        signs = {"capture": 1, "refund": -1}
        return sum(signs[entry.kind] * entry.amount for entry in self.entries(order_or_number))
