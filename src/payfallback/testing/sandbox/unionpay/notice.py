"""UnionPay's notifications: the transaction's fields as a form, signed like an answer.

Of payments on a page only successes are told, of those in the back failures as well (UnionPay's demo).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from payfallback.testing.sandbox.bank import Happening
from payfallback.testing.sandbox.notices import Notice
from payfallback.testing.sandbox.trades import Refund, State, Trade
from payfallback.testing.sandbox.unionpay import views
from payfallback.testing.sandbox.unionpay.codes import of_cause
from payfallback.testing.sandbox.unionpay.messages import form

Sign = Callable[[views.Fields, str | None], views.Fields]


class Announcements:
    """Writes notifications. `sign` puts fields under UnionPay's signature; `time_of`: a refund's txnTime."""

    def __init__(self, sign: Sign, time_of: Callable[[str], str]) -> None:
        self._sign, self._time_of = sign, time_of

    def notice(
        self, happening: Happening, trade: Trade, refund: Refund | None, *, forged: bool, extra: int
    ) -> Notice | None:
        """What happened, for the address that was given with the charge or the refund."""
        url = trade.notify_url if refund is None else refund.notify_url
        failed = happening == "refused"
        if not url or (failed and trade.state is not State.REFUSED):
            return None
        if refund is None:
            told = views.told(views.transaction(trade, extra), of_cause(trade.cause) if failed else "00")
        else:
            told = views.told(views.refund(refund, self._time_of(refund.number), extra), "00")
        wrong = "wrong" if forged else None

        def render() -> tuple[Mapping[str, str], bytes]:
            headers = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}
            return headers, form(self._sign(told, wrong))

        return Notice("unionpay", trade.number, happening, url, render, _taken)


def _taken(status: int, body: bytes) -> bool:
    return status in (200, 302)
