"""Idempotency keys (docs.stripe.com/api/idempotent_requests and /error-low-level).

The first answer under a key is kept for a day and repeated, a 500 as well; but not that of a request that never began:
refused parameters, 429, and 409 for a second request while the first is under way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.exchange import Call, Reply
from payfallback.testing.sandbox.stripe.errors import ApiError

DAY = 86400.0
LONGEST = 255


@dataclass(frozen=True, slots=True)
class _Kept:
    fingerprint: tuple[str, bytes]
    reply: Reply
    until: float
    busy_until: float


class Keys:
    """The answers of a day by their keys."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept] = {}

    def repeated(self, call: Call) -> Reply | None:
        """The answer that this key had before. Raises `ApiError` for another request, or while it is under way."""
        key, now = _key(call), self._clock.now()
        kept = self._kept.get(key) if key else None
        if kept is None or kept.until <= now or "key_ignored" in call.struck:
            return None
        if kept.fingerprint != _fingerprint(call):
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first used with."
            )
            raise ApiError(400, "", message, type="idempotency_error")
        if now < kept.busy_until:
            message = "There is currently another in-progress request using this Stripe Idempotency-Key."
            raise ApiError(409, "idempotency_key_in_use", message, type="idempotency_error")
        headers: Mapping[str, str] = {**kept.reply.headers, "Idempotent-Replayed": "true"}
        return replace(kept.reply, headers=headers)

    def keep(self, call: Call, reply: Reply) -> None:
        """Remember the answer. While it is slow to leave (the fault), the request counts as under way."""
        key, now = _key(call), self._clock.now()
        if key and "key_ignored" not in call.struck:
            busy = now + (call.struck.seconds("slow") or 0.0)
            self._kept[key] = _Kept(_fingerprint(call), reply, now + DAY, busy)


def _key(call: Call) -> str:
    key = call.headers.get("idempotency-key", "") if call.endpoint.method == "POST" else ""
    if len(key) > LONGEST:
        raise ApiError(400, "", "Idempotency keys are at most 255 characters long.", type="idempotency_error")
    return key


def _fingerprint(call: Call) -> tuple[str, bytes]:
    return call.target, call.body
