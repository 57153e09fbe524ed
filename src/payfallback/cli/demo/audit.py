"""What the demo was told, held against the providers' own ledger. Pure; it reads nothing of the library's books."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from payfallback._values import field, value
from payfallback.results import NotPaid, Outcome, Paid, Result


@value(kw_only=True)
class Audit:
    """The sum. The last four are promises: each must be 0.

    captured_twice: orders of which the providers hold more than their amount. paid_without_capture: orders that we said
    are paid, and of which the providers hold less. captured_not_recorded: orders of which the providers hold money, and
    that we do not know as paid. undelivered: settled orders that the shop was not told about.
    """

    orders: int
    paid: int
    not_paid: int
    pending: int
    by_channel: Mapping[str, int] = field(factory=dict)
    switched: int = 0
    captures: int = 0
    refunds: int = 0
    outcomes: int = 0
    captured_twice: int = 0
    paid_without_capture: int = 0
    captured_not_recorded: int = 0
    undelivered: int = 0

    @property
    def kept(self) -> bool:
        """Whether every promise was kept."""
        broken = self.captured_twice + self.paid_without_capture + self.captured_not_recorded + self.undelivered
        return broken == 0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        names = Audit.__value_fields__  # type: ignore[attr-defined]  # set by `value`
        return {name: getattr(self, name) for name in names} | {"by_channel": dict(self.by_channel)}


def audit(
    amounts: Mapping[str, int],
    results: Mapping[str, Result],
    told_paid: Collection[str],
    ledger: Iterable[Mapping[str, Any]],
    outcomes: Iterable[Outcome],
    undelivered: int,
) -> Audit:
    """Hold them against each other. amounts: of every order, in minor units; results: how each stands."""
    entries = list(ledger)
    held = _held(entries)
    told = list(outcomes)
    paid = {order: each for order, each in results.items() if isinstance(each, Paid)}
    named = {each.order_id for each in told if each.kind == "paid"}
    return Audit(
        orders=len(amounts),
        paid=len(paid),
        not_paid=sum(isinstance(each, NotPaid) for each in results.values()),
        pending=len(amounts) - len(paid) - sum(isinstance(each, NotPaid) for each in results.values()),
        by_channel=dict(Counter(each.option.partition("/")[0] for each in paid.values()).most_common()),
        switched=sum(bool(each.switched_from) for each in paid.values()),
        captures=sum(entry["kind"] == "capture" for entry in entries),
        refunds=sum(entry["kind"] == "refund" for entry in entries),
        outcomes=len(told),
        captured_twice=sum(minor > amounts.get(order, 0) for order, minor in held.items()),
        paid_without_capture=sum(held.get(order, 0) < amounts.get(order, 1) for order in {*told_paid, *paid}),
        captured_not_recorded=sum(minor > 0 and order not in paid for order, minor in held.items()),
        undelivered=undelivered + sum(order not in named for order in paid),
    )


def _held(entries: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Minor units that the providers hold of each order. An attempt's number is the order's id and two digits."""
    held: dict[str, int] = defaultdict(int)
    for entry in entries:
        sign = {"capture": 1, "refund": -1}[entry["kind"]]
        held[entry["number"][:-2]] += sign * int(entry["amount"])
    return dict(held)
