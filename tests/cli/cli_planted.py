"""A journal that tells of money held twice, as a provider that refuses every refund would leave it."""

from __future__ import annotations

import time

from payfallback._core import events as e
from payfallback._core.fold import fold
from payfallback._core.order import key_of
from payfallback._runtime.commits import summary_of
from payfallback._runtime.sync import Slot
from payfallback.model import Money
from payfallback.ports import Commit, Journal

ACCOUNT = "jdpay/1//sandbox"


def plant_stuck_surplus(
    journal: Journal, order_id: str, *, due_ago: float = -3600.0, person_called: bool = True
) -> None:
    """An order paid by WeChat Pay, and captured late by JD Pay too, on an account that can give nothing back."""
    at = time.time() - 100.0
    events: tuple[e.Event, ...] = (
        e.Opened(at, order_id, "", Money(590_00, "CNY"), at + 1800.0, "switch"),
        e.Planned(at, 1, f"{order_id}01", "baitiao_code", ACCOUNT, "server"),
        e.Sending(at, 1, 1, "charge", at + 3.0),
        e.Seen(at + 1.0, 1, "charge", "declined", 1, final=True, cause="declined"),
        e.Planned(at + 1.0, 2, f"{order_id}02", "wechat_code", ACCOUNT, "server"),
        e.Sending(at + 1.0, 2, 1, "charge", at + 4.0),
        e.Seen(at + 2.0, 2, "charge", "captured", 1, minor=590_00, currency="CNY"),
        e.Won(at + 2.0, 2),
        e.Settled(at + 2.0, f"{order_id}:paid", "paid", 2),
        e.Seen(at + 9.0, 1, "query", "captured", minor=590_00, currency="CNY", asked_at=at + 8.0),
        e.Seen(at + 12.0, 1, "query", "captured", minor=590_00, currency="CNY", asked_at=at + 11.0),
        e.Excess(at + 12.0, 1, "late"),
    )
    if person_called:
        events += (e.Settled(at + 50.0, f"{order_id}:needs_person", "needs_person", 1, "refund_stuck"),)
    slot = Slot()
    journal.submit(
        Commit(
            key=key_of("", order_id),
            version=0,
            events=events,
            summary=summary_of(fold(events)),
            due=time.time() - due_ago,
        ),
        slot,
    )
    assert slot.wait().ok
