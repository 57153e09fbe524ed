"""What the shop gets back: results, offers, refunds, acknowledgements and outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from payfallback._values import field, fields_of, value
from payfallback.messages import shopper_text, support_text
from payfallback.model import Action, Money
from payfallback.taxonomy import Cause

RESULT_VERSION = 1
OutcomeKind = Literal["paid", "expired", "cancelled", "refunded", "needs_person"]
CheckedBy = Literal["provider", "health", "no"]


@value(kw_only=True)
class Result:
    """Base of the four results. `alternatives` are option ids that the shopper may be offered; `switched_from` the
    options that this order left. `message` is for the shopper, `support` for the person who helps them."""

    status: ClassVar[str] = ""
    order_id: str
    cause: Cause | None = None
    alternatives: tuple[str, ...] = ()
    switched_from: tuple[str, ...] = ()

    def message(self, locale: str = "zh-CN") -> str:
        """What to tell the shopper, in `zh-CN` or `en`. Never says "failed" of a payment that is uncertain."""
        return shopper_text(self.status, self.cause, locale)

    def support(self, locale: str = "zh-CN") -> str:
        """What to tell the person who helps the shopper."""
        return support_text(self.status, self.cause, locale)

    def to_json(self, locale: str = "zh-CN") -> dict[str, Any]:
        """Plain JSON values for a page; `payfallback schema results` prints its schema."""
        own = {name: _plain(getattr(self, name)) for name in fields_of(type(self))}
        return {"version": RESULT_VERSION, "status": self.status, **own, "message": self.message(locale)}


@value(kw_only=True)
class Paid(Result):
    """Captured, recorded, and nothing we sent can undo it. Ship in `deliver`, not here."""

    status: ClassVar[str] = "paid"
    option: str
    amount: Money
    number: str
    provider_ref: str = ""
    paid_at: float | None = None


@value(kw_only=True)
class ActionRequired(Result):
    """The shopper must act: show the QR code, send the browser on. Times are epoch seconds; `poll_after` seconds."""

    status: ClassVar[str] = "action_required"
    option: str
    number: str
    action: Action = field(repr=False)
    expires_at: float | None = None
    poll_after: float = 2.0


@value(kw_only=True)
class NotPaid(Result):
    """Certainly not charged, and nothing is open. `retry_after`: seconds after which the same choice may work."""

    status: ClassVar[str] = "not_paid"
    retry_after: float | None = None


@value(kw_only=True)
class Pending(Result):
    """Not known yet, and being found out: 支付结果确认中，请勿重复支付. Times are epoch seconds; `poll_after` seconds.

    `switchable_at`: when the attempt can be left at the latest as far as is known; None when it cannot be left by
    itself. `settles_by`: when it will be certain at the latest; None when only a person or the provider can tell.
    """

    status: ClassVar[str] = "pending"
    option: str = ""
    number: str = ""
    since: float = 0.0
    poll_after: float = 2.0
    switchable_at: float | None = None
    settles_by: float | None = None
    needs_person: bool = False


@value(kw_only=True)
class Refund:
    """A merchant's refund. `done`: the provider confirms it; `failed`: it will not happen under this id. A refusal of a
    request that was sent again makes it neither: the one before may have gone through."""

    order_id: str
    refund_id: str
    amount: Money
    state: Literal["pending", "done", "failed"]
    provider_ref: str = ""
    cause: Cause | None = None


@value(kw_only=True)
class Ack:
    """What to answer a provider's notification with, and what it was about."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    handled: bool
    order_id: str | None = None


@value(kw_only=True)
class Outcome:
    """What became of an order, told to the shop at least once under one `id`.

    The shop makes it exactly once: `UNIQUE(outcome.id)` in the transaction in which it acts on it.
    """

    id: str
    order_id: str
    kind: OutcomeKind
    amount: Money
    at: float
    merchant: str = ""
    option: str = ""
    number: str = ""
    provider_ref: str = ""
    cause: Cause | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, for a queue or an HTTP target."""
        return {name: _plain(getattr(self, name)) for name in fields_of(type(self))}


@value(kw_only=True)
class Recovered:
    """What one `recover` did. `left`: orders that are due and were not looked at for lack of time or limit. `held`:
    orders that stand in line because the query budget of their channel was spent; neither `looked` nor `left` counts
    them."""

    looked: int = 0
    settled: int = 0
    refunded: int = 0
    needs_person: int = 0
    failed: int = 0
    left: int = 0
    held: int = 0


@value(kw_only=True)
class DueOrder:
    """An unfinished order that it is time to look at, and at which nobody looks. `due`: since when, epoch seconds;
    `overdue`: for how many seconds, by the journal's clock.

    `fence` grows with each look that begins: the same `due` and `fence` mean the same look.
    """

    order_id: str
    merchant: str = ""
    due: float
    overdue: float = 0.0
    fence: int = 0


@value(kw_only=True)
class Resolved:
    """What one `resolve` did. `looked`: False when the order was not due, or another worker looks at it. `look_again`:
    when somebody must look at it again, epoch seconds; None when nothing is open. `fence`: as of `DueOrder`."""

    order_id: str
    looked: bool
    look_again: float | None = None
    fence: int = 0


@value(kw_only=True)
class OptionState:
    """One option before the click. `checked`: who said so, just now or a moment ago; `reason` is for the shop, `text`
    for the shopper.

    An available option may have a reason too: `not_consented` (it is never taken by itself, the shopper has to choose
    it) or `limit_glitch` (its limit reads absurdly low; it is asked again before that is believed). each, first, fee,
    total: what the shopper pays an instalment, in the first one, as a fee, and in all, where the provider says so.
    fee_by: who bears the fee. open: what the shopper was shown for this order and can still pay, should they come back.
    """

    option: str
    available: bool
    label: str = ""
    checked: CheckedBy = "no"
    reason: Cause | None = None
    text: str = ""
    each: Money | None = None
    first: Money | None = None
    fee: Money | None = None
    total: Money | None = None
    fee_by: Literal["", "shopper", "merchant"] = ""
    open: Action | None = None


@value(kw_only=True)
class Options:
    """The options of an order, in the order of its route; then those of other routes, and why not for this order."""

    order_id: str
    options: tuple[OptionState, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values for a page."""
        return {"version": RESULT_VERSION, "order_id": self.order_id, "options": _plain(self.options)}


def _plain(given: Any) -> Any:
    if isinstance(given, Money):
        return {"minor": given.minor, "currency": given.currency, "text": str(given)}
    if isinstance(given, Cause):
        return given.value
    if isinstance(given, tuple | list):
        return [_plain(each) for each in given]
    if isinstance(given, Mapping):
        return {str(k): _plain(v) for k, v in given.items()}
    fields = getattr(type(given), "__value_fields__", None)
    if fields is None:
        return given
    kind = getattr(given, "kind", None)
    plain = {name: _plain(getattr(given, name)) for name in fields}
    return {"kind": kind, **plain} if isinstance(kind, str) and "kind" not in fields else plain
