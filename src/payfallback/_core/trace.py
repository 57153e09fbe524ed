"""The story of an order in words: what was tried, what was answered, why the next step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from payfallback._core import events as e
from payfallback._core.remnants import Archived, Ended, Returned
from payfallback._values import value
from payfallback.model import Money
from payfallback.results import Result
from payfallback.taxonomy import Cause


@value
class TraceLine:
    """One line: epoch seconds and what happened."""

    at: float
    text: str


@value
class Trace:
    """An order's story. `tell_shopper` is what to say to the shopper now."""

    order_id: str
    amount: Money
    lines: tuple[TraceLine, ...]
    result: Result

    def tell_shopper(self, locale: str = "zh-CN") -> str:
        """What to tell the shopper."""
        return self.result.message(locale)

    def to_json(self, locale: str = "zh-CN") -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "order_id": self.order_id,
            "amount": str(self.amount),
            "lines": [{"at": line.at, "text": line.text} for line in self.lines],
            "result": self.result.to_json(locale),
        }


def trace_of(events: Iterable[e.Event], result: Result) -> Trace:
    """Tell the events."""
    told = tuple(events)
    opened = next(event for event in told if isinstance(event, e.Opened | Archived))
    lines = tuple(
        TraceLine(event.at, _TELL[type(event)](event) + _other_amount(event, opened.amount)) for event in told
    )
    return Trace(opened.order_id, opened.amount, lines, result)


def _seen(event: e.Seen) -> str:
    who = {
        "answer": "answered",
        "report": "was reported by the shop",
        "crash": "fell silent",
        "local": "was held back",
        "notify": "the provider notified us",
        "bill": "the provider's bill says",
    }
    said = who.get(event.source, event.source)
    if event.source in ("notify", "bill"):
        return f"attempt {event.seq}: {said}: {event.verdict}{_code(event)}"
    why = f", because {event.cause}" if event.cause else ""
    code = _code(event)
    if event.cause in _EXPLAINED and event.text:
        why += f" ({event.text})"  # a reader's own trouble, words that nobody knows, or what is to be mended
    final = ", finally" if event.final else ""
    return f"attempt {event.seq}: the {event.what} {said}: {event.verdict}{final}{why}{code}"


_EXPLAINED = (Cause.UNRECOGNISED.value, Cause.MERCHANT_CONFIG.value, Cause.INPUT_MISSING.value)


def _other_amount(event: e.Event, amount: Money) -> str:
    """What was heard of another amount than the order's."""
    if type(event) is not e.Seen or event.minor is None or event.verdict not in ("captured", "authorised"):
        return ""
    heard = Money(event.minor, event.currency or amount.currency)
    return "" if heard == amount else f", but of {heard}, not {amount}"


def _code(event: e.Seen) -> str:
    return f" [{event.code}]" if event.code else ""


def _sending(event: e.Sending) -> str:
    refund = f" {event.refund}" if event.refund else ""
    return f"attempt {event.seq}: {event.what}{refund} written down, then sent (request {event.request})"


def _asked(event: e.Asked) -> str:
    wish = {"pay": "asked to pay", "switch": "asked for another way", "cancel": "gave the order up"}[event.what]
    choice = f" with {event.choice}" if event.choice else ""
    consent = f", agreed to {', '.join(event.consent)}" if event.consent else ""
    route = f" (route {event.route})" if event.route else ""
    return f"the shop {wish}{choice}{consent}{route}"


def _ended(event: Ended) -> str:
    reference = f", {event.provider_ref} at the provider" if event.provider_ref else ""
    why = f" ({event.cause})" if event.cause else ""
    return f"attempt {event.seq} on {event.option} under {event.number}{reference} ended: {event.status}{why}"


_DIED = {
    "never_sent": "was never sent",
    "not_exposed": "was never shown to the shopper, so nothing can be paid",
    "not_found": "is unknown to the provider after its expiry",
}

_TELL: dict[type, Callable[[Any], str]] = {
    e.Opened: lambda event: f"order opened for {event.amount}",
    e.Asked: _asked,
    e.Passed: lambda event: f"{event.option} was passed over: {event.cause}",
    e.Planned: lambda event: f"attempt {event.seq} on {event.option} got the number {event.number}",
    e.Sending: _sending,
    e.Seen: _seen,
    e.HandedOver: lambda event: f"attempt {event.seq}: handed to the shopper",
    e.Died: lambda event: f"attempt {event.seq} is dead: it {_DIED.get(event.reason, event.reason)}",
    e.Won: lambda event: f"attempt {event.seq} pays the order",
    e.Excess: lambda event: f"attempt {event.seq} captured too ({event.why}): it goes back",
    e.RefundAsked: lambda event: f"the shop asked for refund {event.refund} of {event.minor} minor units",
    e.Settled: lambda event: f"outcome for the shop: {event.kind}" + (f" ({event.cause})" if event.cause else ""),
    Archived: lambda event: f"the story ({event.events} events) was taken out of the journal; it came to this",
    Ended: _ended,
    Returned: lambda event: f"refund {event.refund} of {event.minor} minor units: {event.state}",
    e.Would: lambda event: f"with more autonomy: {event.what} {event.option} {event.cause}".rstrip(),
}
