"""Daily bills: their lines, what each line met in the journal, and the report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, Literal

from payfallback._values import value
from payfallback.model import Money

Met = Literal[
    "matched",  # the journal says the same
    "learned",  # a capture that the journal did not know: now the winner, or surplus that goes back
    "refund_learned",  # a refund that was still open in the journal
    "amount_differs",  # for a person; also a number that the provider charged twice, or a refund that it made twice
    "contradicted",  # the journal had heard of this line before, and the provider said something else since
    "unknown",  # no order of this journal has the number
    "refund_unknown",  # money went back, and the journal never asked for it
    "missing",  # the journal says captured on that day, and the bill does not
]
FOR_A_PERSON = frozenset({"amount_differs", "contradicted", "unknown", "refund_unknown", "missing"})


@value(kw_only=True)
class BillLine:
    """One movement of money in a provider's daily bill. `number`: the merchant's own of the trade, `refund` that of a
    refund. `amount`: the trade's total, or the refund's. `at`: epoch seconds. `done`: False for a refund on its way."""

    row: int
    what: Literal["paid", "refunded"]
    number: str
    amount: Money
    provider_ref: str = ""
    refund: str = ""
    at: float | None = None
    done: bool = True


@value(kw_only=True)
class BillDays:
    """Which time a provider's daily bill covers: 24 hours of `zone` from `starts` seconds after midnight on. A capture
    within `edge` seconds of either end may stand in the neighbouring bill."""

    zone: tzinfo
    starts: float = 0.0
    edge: float = 300.0


@value(kw_only=True)
class Finding:
    """What became of one line, or of an order that no line speaks of (`row` 0)."""

    met: Met
    number: str
    amount: Money
    row: int = 0
    order_id: str = ""
    refund: str = ""
    state: str = ""

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to look at it."""
        return self.met in FOR_A_PERSON

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        amount = {"minor": self.amount.minor, "currency": self.amount.currency, "text": str(self.amount)}
        return {
            "met": self.met,
            "number": self.number,
            "amount": amount,
            "row": self.row,
            "order_id": self.order_id,
            "refund": self.refund,
            "state": self.state,
        }


@value(kw_only=True)
class Reconciled:
    """What a daily bill came to. `counts`: lines, and orders that no line speaks of, by what was met; `findings`: all
    but those that match, in the bill's order, at most 10,000."""

    channel: str
    account: str
    day: str
    lines: int
    counts: Mapping[str, int]
    findings: tuple[Finding, ...] = ()

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to look at something."""
        return any(self.counts.get(met) for met in FOR_A_PERSON)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "channel": self.channel,
            "account": self.account,
            "day": self.day,
            "lines": self.lines,
            "counts": dict(self.counts),
            "needs_person": self.needs_person,
            "findings": [each.to_json() for each in self.findings],
        }
