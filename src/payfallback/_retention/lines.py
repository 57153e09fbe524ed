"""An order as one line of JSON, in a form that stays: `docs/retention.md`. Secrets are left out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from payfallback._core.events import Opened
from payfallback._core.remnants import Archived
from payfallback._retention.going import outcomes_of
from payfallback.journal.codec import Codec
from payfallback.storage import Held

FORMAT = 1
MARK = f'{{"payfallback":{FORMAT},'  # how every line begins
_PLAIN = Codec()  # without a sealing key: of secrets only their kind is written


def line_of(held: Held, told: Mapping[str, float | None]) -> str:
    """One order, with its events; what cannot be read says so instead. Ends with a line feed."""
    if held.stored is None:
        fields: dict[str, Any] = {"key": held.key, "version": held.version, "problem": held.problem}
        return f"{MARK}{json.dumps(fields)[1:]}\n"
    fields = {
        "key": held.key,
        **_order(held),
        "version": held.version,
        "due": held.due,
        "outcomes": {each: told[each] is not None for each in outcomes_of(held) if each in told},
    }
    events = _PLAIN.encode(held.stored.events, held.key).rstrip().replace("\n", ",")
    return f'{MARK}{_json(fields)[1:-1]},"events":[{events}]}}\n'


def _json(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, separators=(",", ":"))


def _order(held: Held) -> dict[str, Any]:
    """What there is without reading the events; orders without a decision have no columns yet."""
    summary = held.summary
    if summary is not None:
        names = ("order_id", "merchant", "state", "amount", "currency", "opened_at", "settled_at", "needs_person")
        return {"amount_minor" if name == "amount" else name: getattr(summary, name) for name in names}
    first = held.stored.events[0] if held.stored is not None and held.stored.events else None
    if not isinstance(first, Opened | Archived):
        return {}
    amount = first.amount
    return {
        "order_id": first.order_id,
        "merchant": first.merchant,
        "state": "open",
        "amount_minor": amount.minor,
        "currency": amount.currency,
        "opened_at": first.at,
        "settled_at": None,
        "needs_person": False,
    }
