"""The events of this library: stable dotted names, their level, and the fields that come with each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from payfallback._values import value

Level = Literal["debug", "info", "warning", "error"]


@value
class EventName:
    """One event. `fields` are the keys it may carry; `says` is what happened, in words."""

    level: Level
    fields: tuple[str, ...]
    says: str


def _on(level: Level, fields: str, says: str) -> EventName:
    return EventName(level, tuple(fields.split()), says)


EVENT_NAMES: Mapping[str, EventName] = {
    "payment.started": _on("info", "order_id amount choice", "a shop asked for an order to be paid"),
    "payment.joined": _on("info", "order_id number option", "another caller of the same order joined the live attempt"),
    "attempt.planned": _on("debug", "order_id number option account", "an attempt got its number; nothing was sent"),
    "attempt.sending": _on("debug", "order_id number option request", "from here on it may have been sent"),
    "attempt.answered": _on(
        "info", "order_id number option what verdict cause code elapsed", "an answer came, and this is what it proves"
    ),
    "attempt.passed_over": _on("info", "order_id option cause", "an option was not tried, and why"),
    "attempt.resend_refused": _on(
        "warning", "order_id number option", "the same number would have carried another request: not sent, but asked"
    ),
    "attempt.closed": _on("info", "order_id number option reason", "an attempt is dead on evidence"),
    "attempt.unknown": _on(
        "warning", "order_id number option cause", "it may have been charged; it is being found out"
    ),
    "order.paid": _on("info", "order_id number option amount", "captured, and recorded as the winner"),
    "order.not_paid": _on("info", "order_id cause", "certainly not charged, and nothing is open"),
    "order.pending": _on("info", "order_id number option cause", "not known yet when the shop was answered"),
    "order.action_required": _on(
        "info", "order_id number option", "the shopper was handed a QR code, form or redirect"
    ),
    "order.expired": _on("info", "order_id cause", "its time to be paid is over; what was open is closed"),
    "order.cancelled": _on("info", "order_id cause", "cancelled by the shop"),
    "order.needs_person": _on("error", "order_id number option cause", "no proof can be had by machine; still watched"),
    "surplus.found": _on(
        "warning", "order_id number option amount why", "a capture that is not the winner's goes back"
    ),
    "refund.sent": _on("info", "order_id number refund amount", "a refund may have been sent"),
    "refund.done": _on("info", "order_id number refund amount", "the provider confirms the refund"),
    "refund.failed": _on("error", "order_id number refund cause", "the refund will not happen under this number"),
    "recovery.looked": _on("debug", "order_id outcomes", "an unfinished order was looked at again"),
    "recovery.failed": _on("error", "order_id error", "an order, or a whole round, could not be looked at"),
    "journal.unavailable": _on("error", "order_id error", "the journal cannot be read or written"),
    "journal.evidence_refused": _on(
        "error", "order_id error", "no journal can hold this evidence: it is not offered again; recovery asks instead"
    ),
    "journal.conflict": _on("info", "order_id conflict", "somebody else wrote this order first; it is loaded anew"),
    "bill.finding": _on("info", "order_id number met account", "a line of a daily bill that the journal did not say"),
    "notification.received": _on("info", "order_id channel number kind", "an authentic notification"),
    "notification.refused": _on("warning", "order_id channel why", "a notification that proves nothing"),
    "outcome.delivered": _on("info", "order_id outcome", "the shop acknowledged an outcome"),
    "outcome.delivery_failed": _on("warning", "order_id outcome error", "the shop did not; it will be told again"),
    "autonomy.would": _on("info", "order_id what option cause", "what more autonomy would have done"),
    "provider.request_not_built": _on(
        "warning", "order_id channel operation why", "a request could not be built, so nothing was sent"
    ),
    "provider.unlisted_code": _on(
        "warning",
        "order_id channel account operation code hint",
        "a code that is in no table of ours; told once for each operation, and in which order it came first",
    ),
    "retry.wait_failed": _on(
        "warning", "order_id channel error", "a wait strategy raised: a usual pause is made instead"
    ),
    "circuit.opened": _on(
        "warning", "channel reason cause calls failed slow retry_after", "too many failures: no new charges"
    ),
    "circuit.half_opened": _on("info", "channel", "one charge is let through, to see"),
    "circuit.closed": _on("info", "channel reason", "the channel works again"),
    "channel.stopped": _on("warning", "channel reason actor until", "stopped by hand; nothing half-opens it"),
    "channel.surge": _on(
        "warning", "channel cause shoppers", "so many shoppers show the same trouble at once that it is not theirs"
    ),
    "channel.resumed": _on("info", "channel", "a stop by hand ended"),
    "health.shared_lost": _on(
        "warning", "error", "the health that workers share cannot be reached: this worker goes on alone; told once"
    ),
    "health.shared_back": _on("info", "", "health is shared again"),
    "channel.rejected": _on("debug", "channel cause retry_after", "our own gate refused a charge; nothing was sent"),
}
