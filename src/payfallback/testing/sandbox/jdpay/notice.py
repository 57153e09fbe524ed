"""JD Pay's notifications: the same sealed XML as its answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from payfallback.testing.sandbox.bank import Happening
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.jdpay import answers
from payfallback.testing.sandbox.jdpay.envelope import Tree
from payfallback.testing.sandbox.notices import Notice
from payfallback.testing.sandbox.trades import Refund, State, Trade

Seal = Callable[[Tree, str | None], bytes]


class Announcements:
    """Writes notifications. `seal` puts a body under JD's seal."""

    def __init__(self, seal: Seal, clock: Clock) -> None:
        self._seal, self._clock = seal, clock

    def notice(
        self, happening: Happening, trade: Trade, refund: Refund | None, *, forged: bool, extra: int
    ) -> Notice | None:
        """What happened, for the address that was given with the charge or the refund."""
        url = trade.notify_url if refund is None else refund.notify_url
        if not url or (happening == "ended" and not trade.revoked_under):
            return None
        if happening == "ended":
            told = answers.revoked(trade, trade.revoked_under, self._clock.now())
        else:
            told = answers.queried(trade, extra, State.PAID) if refund is None else answers.refunded(refund, extra)
        wrong = "wrong" if forged else None

        def render() -> tuple[Mapping[str, str], bytes]:
            return {"Content-Type": "application/xml;charset=UTF-8"}, self._seal(told, wrong)

        return Notice("jdpay", trade.number, happening, url, render, _taken)


def _taken(status: int, body: bytes) -> bool:
    """The shop says ok or success; JD's demo answers with a page that does."""
    return status == 200 and re.search(rb"(?i)\b(ok|success)\b", body) is not None
