"""What a paying process does: shoppers who click, scan, confirm, change their minds and click again, until it ends."""

from __future__ import annotations

import random
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

from processes_town import PRICE, Control, Diary, TownClock

import payfallback as pf

TILLS = 3  # threads, so that kills find groups of commits and several requests on the wire
LASTS = 20.0  # seconds after which a payer that nobody ends ends by itself
AWAY = 0.01  # seconds that a shop waits when its journal cannot be reached, before it serves the next one
CONFIRMED, REFUSED = "9901", "9902"  # endings of payment codes that the sandbox knows


class Shopping:
    """One payer's day. `job`: `round`, `seed`, and `name`, with which its orders' ids begin. `begun` is called once
    the first click was answered."""

    def __init__(
        self,
        payments: pf.Payments,
        clock: TownClock,
        control: Control,
        diary: Diary,
        job: dict[str, Any],
        begun: Callable[[], object],
    ) -> None:
        self.payments, self.clock, self.control, self.diary = payments, clock, control, diary
        self.round, self.seed, self.name = job["round"], job["seed"], job["name"]
        self._begun, self._closing = begun, threading.Event()

    def close(self) -> None:
        """Serve nobody new."""
        self._closing.set()

    def run(self) -> None:
        """Let every till work until the end."""
        tills = [threading.Thread(target=self._till, args=(till,), daemon=True) for till in range(TILLS)]
        for till in tills:
            till.start()
        for till in tills:
            till.join()

    def _till(self, till: int) -> None:
        chance, ends = random.Random(self.seed * TILLS + till), time.monotonic() + LASTS
        clicks = 0
        try:
            while time.monotonic() < ends and not self._closing.is_set():
                self._click(chance, self._order(chance, till, clicks))
                clicks += 1
                if clicks == 1:
                    self._begun()
        except BaseException:  # noqa: BLE001  # a till's end, whatever it is, is read by the test
            self.diary.write(broken=traceback.format_exc(), round=self.round, till=till)

    def _order(self, chance: random.Random, till: int, click: int) -> str:
        """A new order, or one that another payer may have died over."""
        if chance.random() < 0.15 and click:
            back = chance.choice((1, 1, 2, 5, 10, 20))
            return f"{self.name}{max(0, self.round - back):03}{chance.randrange(TILLS)}{chance.randrange(4):03}"
        return f"{self.name}{self.round:03}{till}{click:03}"

    # ------------------------------------------------------------ one click

    def _click(self, chance: random.Random, order_id: str) -> None:
        place = chance.choice(("kiosk", "store", ""))
        choice, consent = chance.choice(_WAYS[place])
        order = pf.Order(order_id, PRICE, attributes={"place": place} if place else {}, pay_by=1800.0)
        shopper = pf.Shopper(inputs={channel: {"code": _code(chance)} for channel in ("baitiao_code", "wechat_code")})
        within = chance.choice((0.15, 0.3, 0.6))
        self.diary.write(click=order_id)
        try:
            result = self._told(
                order_id, partial(self.payments.pay, order, choice, consent=consent, shopper=shopper, within=within)
            )
        except pf.OrderClosed:
            self.diary.write(closed=order_id)
        except pf.JournalUnavailable as problem:
            self.diary.write(unavailable=order_id, away=str(problem))
            time.sleep(AWAY)
        else:
            self._later(chance, order, result, shopper)

    def _later(self, chance: random.Random, order: pf.Order, result: pf.Result, shopper: pf.Shopper) -> None:
        try:
            self._after(chance, order, result, shopper)
        except pf.OrderClosed:
            self.diary.write(closed=order.id)
        except pf.JournalUnavailable as problem:
            self.diary.write(away=str(problem), order=order.id)

    def _after(self, chance: random.Random, order: pf.Order, result: pf.Result, shopper: pf.Shopper) -> None:
        match result:
            case pf.ActionRequired() if chance.random() < 0.6:
                self.control.shopper_pays(_provider(result.option), result.number)
                self._told(order.id, partial(self.payments.status, order.id, ask=True))
            case pf.ActionRequired() | pf.Pending() if chance.random() < 0.3:
                other = chance.choice(("wechat", "baitiao_code", "wechat_code"))
                self._told(order.id, partial(self.payments.switch, order, other, shopper=shopper, within=0.3))
            case pf.Pending() if result.option.endswith("_code") and chance.random() < 0.6:  # no QR code is shown
                if chance.random() < 0.5:  # gives up, and pays all the same
                    self._told(order.id, partial(self.payments.cancel, order.id, within=0.3))
                self.control.shopper_pays(_provider(result.option), result.number)
            case pf.Paid() if chance.random() < 0.05:
                self.payments.refund(order.id, "back", within=0.3)

    def _told(self, order_id: str, call: Callable[[], pf.Result]) -> pf.Result:
        """Make a call, and keep what it told and when: since then, and at that moment."""
        since = self.clock.epoch()
        result = call()
        number, at = getattr(result, "number", ""), self.clock.epoch()
        self.diary.write(told=result.status, order=order_id, number=number, since=since, at=at)
        return result


_WAYS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "kiosk": (("wechat", ("baitiao_code", "wechat_code")), ("wechat", ())),
    "store": (("baitiao_code", ("wechat_code",)), ("wechat_code", ("baitiao_code",))),
    "": (("wechat", ("baitiao/full",)), ("baitiao/full", ("wechat",))),
}


def _code(chance: random.Random) -> str:
    """A payment code of 18 digits; some must be confirmed on the shopper's phone, some are refused."""
    ending = chance.choices((CONFIRMED, REFUSED, f"{chance.randrange(1000, 9000)}"), (15, 5, 80))[0]
    return f"13{chance.randrange(10**12):012}{ending}"


def _provider(option: str) -> str:
    return "jdpay" if option.startswith("baitiao") else "wechatpay"
