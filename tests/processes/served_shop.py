"""A shop with one client, built when this module is imported: before gunicorn or Celery forks their workers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from processes_town import PRICE, Diary, TownClock, open_payments

import payfallback as pf

PAYMENTS = open_payments(os.environ["SHOP_CONFIG"], TownClock())
DIARY = Diary(Path(os.environ["SHOP_DIARY"]))
KIOSK = {"place": "kiosk"}


def pay(order_id: str) -> dict[str, Any]:
    """Pay an order by QR code, and by payment code where the shop may fall back; say who did it."""
    order = pf.Order(order_id, PRICE, attributes=KIOSK)
    shopper = pf.Shopper(inputs={"baitiao_code": {"code": "130000000000001234"}})
    result = PAYMENTS.pay(order, "wechat", consent=["baitiao_code"], shopper=shopper, within=20.0)
    line = {"told": result.status, "order": order_id, "number": getattr(result, "number", ""), "pid": os.getpid()}
    DIARY.write(**line)
    return line


if os.environ.get("SHOP_USED_BY_MASTER"):
    pay("MASTER")  # its threads, locks and connections are there when the workers are forked
