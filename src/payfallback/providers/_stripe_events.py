"""Stripe's events (webhooks): their signature, and what they prove.

`Stripe-Signature: t=<epoch seconds>,v1=<hex>`, where v1 is the HMAC-SHA256 of "t.body" under an endpoint's secret;
while a secret is rolled there is one v1 for each (facts §5; stripe-python `_webhook.py`).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from payfallback._core.operations import Answer, Kind, Notice
from payfallback._values import changed
from payfallback.errors import NotAuthentic
from payfallback.providers import _stripe_objects as objects
from payfallback.providers._stripe_answers import Reader, json_object
from payfallback.providers._stripe_objects import ATTEMPT, REFUND
from payfallback.providers.codes import clean_code, unknown
from payfallback.taxonomy import Cause, Verdict

Body = Mapping[str, Any]

TOLERANCE = 300.0  # seconds between the signature's time and ours (stripe-python's default)
_LONGEST = 4096  # characters of a header
_KINDS: Mapping[str, str | tuple[str, ...]] = {
    "payment_intent": "payment_intent.",
    "charge": "charge.refunded",
    "refund": ("refund.", "charge.refund."),
}


def verify(header: str, body: bytes, secrets: Sequence[str], now: float) -> None:
    """Raises `NotAuthentic` unless one of the secrets signed this body, not long ago."""
    if not secrets:
        raise NotAuthentic("no webhook secret is configured", hint="add the endpoint's whsec_... to `secrets`")
    stamp, signatures = _parts(header)
    if stamp is None or not signatures:
        raise NotAuthentic("no Stripe-Signature that can be read", hint="hand over headers and body as they came")
    message = stamp.encode() + b"." + body
    wanted = [hmac.new(secret.encode(), message, sha256).hexdigest().encode() for secret in secrets]
    if not any(hmac.compare_digest(each, given) for each in wanted for given in signatures):
        raise NotAuthentic("not signed with any of our webhook secrets", hint="each endpoint has a secret of its own")
    age = now - float(stamp)
    if abs(age) > TOLERANCE:
        raise NotAuthentic(
            f"signed {abs(age):.0f} s {'ago' if age > 0 else 'ahead of our clock'}",
            hint="replayed, or this machine's clock is wrong; Stripe sends it again, and a query tells as well",
        )


def _parts(header: str) -> tuple[str | None, list[bytes]]:
    stamps, signatures = [], []
    for name, _, text in (part.strip().partition("=") for part in header[:_LONGEST].split(",")):
        if name == "t":
            stamps.append(text)
        elif name == "v1" and re.fullmatch(r"[0-9a-f]{64}", text):
            signatures.append(text.encode())
    stamp = stamps[0] if len(stamps) == 1 and re.fullmatch(r"[0-9]{1,12}", stamps[0]) else None
    return stamp, signatures


def notice(body: bytes, reader: Reader, whose: str) -> Notice:
    """What an authentic event is about. `whose`: the connected account that is ours, empty without Connect.

    Raises `NotAuthentic` for an event of another account, or about nothing that this library asked for.
    """
    event = json_object(body) or {}
    data = event.get("data")
    about = data.get("object") if isinstance(data, Mapping) else None
    if event.get("object") != "event" or not isinstance(about, Mapping):
        raise NotAuthentic("authentic, but not an event", hint="thin events are not read: choose snapshot payloads")
    if (event.get("account") or "") != whose:
        raise NotAuthentic("authentic, but of another account", hint="`stripe_account` names the connected one")
    told = next(_told(clean_code(event.get("type")), about, reader), None)
    if told is None or not told.number:
        raise NotAuthentic("authentic, but about no payment", hint=f"send this endpoint {', '.join(WANTED)} only")
    dated = changed(told.answer, provider_time=objects.moment(event, "created"))
    return changed(told, answer=dated, id=clean_code(event.get("id")))


WANTED = ("payment_intent.*", "charge.refunded", "refund.*")


def _told(type_: str, about: Body, reader: Reader) -> Iterator[Notice]:
    kind = about.get("object")
    if not isinstance(kind, str) or kind not in _KINDS or not type_.startswith(_KINDS[kind]):
        return
    if kind == "payment_intent":
        answer = reader.intent(about)
        yield Notice(number=answer.number or answer.provider_ref, answer=answer)
    elif kind == "charge":
        yield _charge_refunded(about)
    elif kind == "refund":
        answer = objects.refund(about)
        number = objects.labelled(about, ATTEMPT) or _intent_of(about)
        yield Notice(number=number, answer=answer, kind=Kind.REFUND, refund_number=objects.labelled(about, REFUND))


def _charge_refunded(charge: Body) -> Notice:
    """Money of a charge went back, all of it or a part. Which refund that was, `refund.*` tells."""
    number, ref = objects.labelled(charge, ATTEMPT), _intent_of(charge)
    back = objects.units(charge, "amount_refunded")
    if charge.get("refunded") is True and back is not None:
        answer = Answer(verdict=Verdict.REFUNDED, named=True, code="refunded", amount=back)
        return Notice(number=number or ref, answer=changed(answer, number=number, provider_ref=ref))
    part = unknown(Cause.AWAITING_PROVIDER, "partially_refunded")
    return Notice(number=number or ref, answer=part, kind=Kind.REFUND)


def _intent_of(body: Body) -> str:
    """The id of the intent that a charge or refund belongs to."""
    found = body.get("payment_intent")
    return found if isinstance(found, str) and re.fullmatch(r"pi_[0-9A-Za-z_]{1,250}", found) else ""
