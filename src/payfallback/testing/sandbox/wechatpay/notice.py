"""WeChat Pay's notifications: JSON with a part sealed by AES-256-GCM, signed like an answer.

Payments by payment code have none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from payfallback.testing.sandbox.bank import Happening
from payfallback.testing.sandbox.clock import Clock, rfc3339
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.notices import Notice
from payfallback.testing.sandbox.trades import Refund, Trade
from payfallback.testing.sandbox.wechatpay import views
from payfallback.testing.sandbox.wechatpay.signing import seal

Sign = Callable[[bytes, str | None], Mapping[str, str]]
_WORDS = {"transaction": ("TRANSACTION.SUCCESS", "支付成功"), "refund": ("REFUND.SUCCESS", "退款成功")}


class Announcements:
    """Writes notifications. `sign` makes the signature headers of a body."""

    def __init__(self, apiv3_key: str, owner: dict[str, str], sign: Sign, clock: Clock, mint: Mint) -> None:
        self._key, self._owner, self._sign, self._clock, self._mint = apiv3_key, owner, sign, clock, mint

    def notice(
        self, happening: Happening, trade: Trade, refund: Refund | None, *, forged: bool, extra: int
    ) -> Notice | None:
        """What happened, for the address that was given with the charge or the refund."""
        url = trade.notify_url if refund is None else refund.notify_url
        if not url or happening == "ended":  # nobody is told of a close
            return None
        if refund is None:
            kind, told = "transaction", views.transaction(trade, self._owner, extra, "SUCCESS")
        else:
            kind, told = "refund", views.refund_notice(refund, self._owner["mchid"], extra)
        body = self._body(kind, told)
        wrong = "wrong" if forged else None

        def render() -> tuple[Mapping[str, str], bytes]:
            return {"Content-Type": "application/json", **self._sign(body, wrong)}, body

        return Notice("wechatpay", trade.number, happening, url, render, _taken)

    def _body(self, kind: str, told: dict[str, Any]) -> bytes:
        event, summary = _WORDS[kind]
        nonce = self._mint.text(12)
        resource = {
            "original_type": kind,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": seal(self._key, nonce, kind, json.dumps(told, ensure_ascii=False).encode()),
            "associated_data": kind,
            "nonce": nonce,
        }
        notification = {
            "id": f"EV-{self._mint.digits(19)}",
            "create_time": rfc3339(self._clock.now()),
            "resource_type": "encrypt-resource",
            "event_type": event,
            "summary": summary,
            "resource": resource,
        }
        return json.dumps(notification, ensure_ascii=False).encode()


def _taken(status: int, body: bytes) -> bool:
    return status in (200, 204)
