"""The aggregate payment's notifications: the same sealed JSON as its answers (a public integration reads them so)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from payfallback.testing.sandbox.bank import Happening
from payfallback.testing.sandbox.jdpay_aggregate import answers
from payfallback.testing.sandbox.jdpay_aggregate.cabinet import Told
from payfallback.testing.sandbox.notices import Notice
from payfallback.testing.sandbox.trades import Refund, Trade

Seal = Callable[[Told, str | None], bytes]


class Announcements:
    """Writes notifications. `seal` puts a body under JD's seal."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def notice(
        self, happening: Happening, trade: Trade, refund: Refund | None, *, forged: bool, extra: int
    ) -> Notice | None:
        """What happened, for the address that was given with the charge or the refund."""
        url = trade.notify_url if refund is None else refund.notify_url
        if not url:
            return None
        about = answers.trade(trade, extra, "FINISH") if refund is None else answers.refund(refund, extra)
        told = {"resultCode": "SUCCESS", **about}
        wrong = "wrong" if forged else None

        def render() -> tuple[Mapping[str, str], bytes]:
            return {"Content-Type": "application/json"}, self._seal(told, wrong)

        return Notice("jdpay_aggregate", trade.number, happening, url, render, _taken)


def _taken(status: int, body: bytes) -> bool:
    return status == 200 and body.strip().lower() == b"ok"
