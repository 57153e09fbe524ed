"""Alipay's notifications: a form whose fields are signed like a request's, but for `sign` and `sign_type`."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from payfallback.testing.sandbox.alipay import signing, views
from payfallback.testing.sandbox.alipay.fields import local
from payfallback.testing.sandbox.alipay.keys import AlipayKeys
from payfallback.testing.sandbox.bank import Happening
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.notices import Notice
from payfallback.testing.sandbox.trades import Refund, Trade


class Announcements:
    """Writes notifications, for the address that came with the charge."""

    def __init__(self, keys: AlipayKeys, clock: Clock, mint: Mint) -> None:
        self._keys, self._clock, self._mint = keys, clock, mint

    def notice(
        self, happening: Happening, trade: Trade, refund: Refund | None, *, forged: bool, extra: int
    ) -> Notice | None:
        """What happened. A cancel that refunds, like any refund, is told with the sum of what went back."""
        if not trade.notify_url:
            return None
        app = self._keys.credentials["app_id"]
        told = {
            "notify_id": f"{local(self._clock.now())[:10].replace('-', '')}{self._mint.raw(12).hex()}",
            "notify_type": "trade_status_sync",
            "charset": "utf-8",
            "version": "1.0",
            "app_id": app,
            "auth_app_id": app,
            "seller_id": self._keys.credentials["seller_id"],
            **views.notified(trade, refund, extra),
        }
        key = self._keys.app if forged else self._keys.alipay

        def render() -> tuple[Mapping[str, str], bytes]:
            dated = {**told, "notify_time": local(self._clock.now())}
            signed = {**dated, "sign_type": "RSA2", "sign": signing.signature(key, signing.joined(dated))}
            return {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, urlencode(signed).encode()

        return Notice("alipay", trade.number, happening, trade.notify_url, render, _taken)


def _taken(status: int, body: bytes) -> bool:
    """Exactly these seven letters end it."""
    return status == 200 and body.strip() == b"success"
