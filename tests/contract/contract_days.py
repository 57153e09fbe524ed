"""A random day in the life of one order: every shipped way, several workers on one journal, real HTTP, one seed.

Workers die in the middle of a request and are never closed; another opens the same journal. The day is held against
the sandbox's own books at every answer and at its end.
"""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock, Thread
from typing import Any, cast

import httpx
from contract_happenings import CARDS, CODES, FAULTS, PART, STEPS
from contract_town import Died, Mortal
from contract_world import AMOUNT, CODE, RETURN, WAYS, Shop

import payfallback as pf
from payfallback._values import changed
from payfallback.policy import Policy
from payfallback.ports import Wire
from payfallback.testing.sandbox.errors import SandboxError
from payfallback.testing.sandbox.faults import FORMS
from payfallback.testing.sandbox.ledger import Entry
from sandbox_time import SandboxTime

CHINA = timedelta(hours=8)


@dataclass
class Day:
    """One seed. `wrong` is what was told or held that should not have been; `story` how it came to that."""

    shop: Shop
    policy: Policy
    providers: dict[str, Wire]
    whose: dict[str, str]
    folder: Path
    seed: int
    story: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = chance = random.Random(self.seed)
        autonomy = chance.choice(("switch", "switch", "switch", "offer", "retry"))
        self.policy = changed(self.policy, autonomy=autonomy, pay_by=chance.choice((60.0, 300.0, 1800.0)))
        self.order = pf.Order(f"D{self.seed:05}", AMOUNT, "耳机")
        self.sandbox, self.time = self.shop.sandbox, SandboxTime(self.shop.sandbox)
        self.fuse, self.wishes, self.over, self.given_up = 0, 0, False, False
        self.shown: list[pf.ActionRequired] = []
        self.told_not_paid: list[tuple[float, int]] = []
        self.outcomes: list[pf.Outcome] = []
        self.surplus: dict[str, float] = {}  # since when each is known to be
        self.buried: list[pf.Payments] = []
        self.workers = [self._worker() for _ in range(chance.randint(1, 3))]
        ways = [option.id for channel in self.policy.channels.values() for option in channel.options]
        at_once = [way for way in ways if way in ("card", "card_hold") or way.endswith(("_code", "aggregate"))]
        shown = sorted({*ways} - {*at_once})
        self.ways = [*chance.sample(shown, chance.randint(1, 2)), *chance.sample(at_once, chance.randint(1, 2))]
        self._door = Lock()

    def live(self) -> list[str]:
        """Live through it, and through the days after it; what was wrong."""
        self.shop.payments = cast("pf.Payments", self)  # for `Door`
        self.sandbox.clear()
        for provider in sorted({*self.whose.values()}):
            self.sandbox.notifications(provider, self.chance.choice(("on", "off")))
        try:
            self._do("pay")
            for _ in range(self.chance.randint(3, 14)):
                self._do(self.chance.choices(list(STEPS), list(STEPS.values()))[0])
            self._settle()
        finally:
            with self._door:
                self.over = True
            for worker in (*self.workers, *self.buried):
                worker.close()
        return self.wrong

    def notify(self, channel: str, headers: dict[str, str], body: bytes) -> pf.Ack:
        """What `Door` hands on: to any of the workers, while there are any."""
        with self._door:
            if self.over:
                return pf.Ack(status=500, headers={}, body=b"", handled=False)
            return self.workers[0].notify(channel, headers, body)

    # ------------------------------------------------------------ workers

    def _worker(self) -> pf.Payments:
        providers = {name: cast("Wire", Mortal(each, self._burn)) for name, each in self.providers.items()}
        journal = f"sqlite:///{self.folder}/day{self.seed}.db"
        time = self.time
        return pf.Payments(
            self.policy, providers, journal, clock=time, sleep=time.sleep, observer=self._hears, ref_key=b"k" * 32
        )

    def _hears(self, event: str, /, **told: Any) -> None:
        if event == "surplus.found":
            self.surplus.setdefault(told["number"], self.sandbox.now)
        self.story.append(f"{self.sandbox.now:.2f} {event} {' '.join(str(each) for each in told.values())}")

    def _burn(self) -> None:
        self.fuse -= 1
        if self.fuse == 0:
            raise Died

    def _any(self) -> pf.Payments:
        return self.chance.choice(self.workers)

    # ------------------------------------------------------------ steps

    def _do(self, step: str) -> None:
        self.story.append(f"{self.sandbox.now:.2f} {step}")
        try:
            told = getattr(self, f"_{step}")()
        except pf.PayfallbackError as error:
            self.story.append(f"{self.sandbox.now:.2f} {error!r}")
        except Died:
            place = self.chance.randrange(len(self.workers))
            self.buried.append(self.workers[place])
            self.workers[place] = self._worker()
        else:
            self._check_told(told)

    def _wish(self) -> dict[str, Any]:
        self.wishes += 1
        consent = [way for way in self.ways if self.chance.random() < 0.7]
        return {"consent": consent, "shopper": self._shopper(), "within": self.chance.choice((0.4, 1.0, 4.0, 12.0))}

    def _shopper(self) -> pf.Shopper:
        code, card = self.chance.choice(CODES), {"payment_method": self.chance.choice(CARDS)}
        begins = {"alipay_code": "28", "unionpay_code": "62"}
        scanned = [way.channel for way in WAYS if CODE.keys() <= way.inputs.keys()]
        given = {channel: {"code": begins.get(channel, code[:2]) + code[2:]} for channel in scanned}
        given |= {"card": card, "card_hold": card, "wechat_jsapi": {"openid": "o1234567890123456789012345"}}
        return pf.Shopper(ref="shopper-1", ip="203.0.113.9", return_url=RETURN, inputs=given)

    def _pay(self) -> pf.Result:
        return self._any().pay(self.order, self.chance.choice(self.ways), **self._wish())

    def _switch(self) -> pf.Result:
        return self._any().switch(self.order, self.chance.choice(self.ways), **self._wish())

    def _double_click(self) -> None:
        """Two tabs at once: what each is told may already be older than what the other did."""
        clicks = [(self._any(), self.chance.choice(self.ways), self._wish()) for _ in range(2)]
        tabs = [Thread(target=self._click, args=click) for click in clicks]
        for tab in tabs:
            tab.start()
        for tab in tabs:
            tab.join()

    def _click(self, worker: pf.Payments, choice: str, wish: dict[str, Any]) -> None:
        with suppress(pf.PayfallbackError, Died):
            told = worker.pay(self.order, choice, **wish)
            if isinstance(told, pf.ActionRequired):
                self.shown.append(told)

    def _cancel(self) -> pf.Result:
        told = self._any().cancel(self.order.id)
        self.given_up = self.given_up or not (isinstance(told, pf.Paid) or told.cause is pf.Cause.SURPLUS_RETURNING)
        return told

    def _status(self) -> pf.Result:
        return self._any().status(self.order.id, ask=self.chance.random() < 0.6)

    def _refund(self) -> None:
        self._any().refund(self.order.id, self.chance.choice(("r1", "r2")), self.chance.choice((None, PART)))

    def _scan(self) -> None:
        """The shopper pays what a page still shows, were it an old one."""
        if self.shown:
            told = self.chance.choice(self.shown)
            with suppress(httpx.HTTPError):  # the provider's page does not open either
                self.shop.shopper_pays(told, self.whose[told.option.partition("/")[0]])

    def _refuse(self) -> None:
        if self.shown:
            told = self.chance.choice(self.shown)
            with suppress(SandboxError):
                self.sandbox.refuse(self.whose[told.option.partition("/")[0]], told.number)

    def _recover(self) -> None:
        self._any().recover()

    def _fault(self) -> None:
        provider, fault = self._one(), self.chance.choice(FAULTS)
        others = ("plans", "bill", *(() if provider == "stripe" else ("create", "capture")))
        operation = self.chance.choice([each for each in FORMS[fault.partition(":")[0]] if each not in others])
        self.sandbox.fault(provider, fault, operation=operation, times=self.chance.randint(1, 3))
        self.story.append(f"{provider} {fault} {operation}")

    def _announce(self) -> None:
        modes = ("on", "off", "twice", "out_of_order", "forged", "delayed:0.05")
        self.sandbox.notifications(self._one(), self.chance.choice(modes))

    def _one(self) -> str:
        return self.whose[self.chance.choice(self.ways).partition("/")[0]]

    def _wait(self) -> None:
        self.sandbox.advance(self.chance.choice((0.5, 2.0, 6.0, 16.0, 32.0, 64.0, 128.0, 2000.0)))

    def _bill(self) -> None:
        day = (datetime.fromtimestamp(self.sandbox.now, UTC) + CHINA).date()
        self._any().reconcile("wechat", day - timedelta(days=self.chance.randint(0, 1)))

    def _arm(self) -> None:
        self.fuse = self.chance.randint(1, 4)

    # ------------------------------------------------------------ what must be true

    def _moved(self) -> list[Entry]:
        moved = [*self.sandbox.captures(), *self.sandbox.refunds()]
        return sorted((each for each in moved if each.number.startswith(self.order.id)), key=lambda each: each.at)

    def _held(self, number: str = "") -> int:
        sign = {"capture": 1, "refund": -1}
        return sum(sign[each.kind] * each.amount for each in self._moved() if number in ("", each.number))

    def _given_back(self) -> int:
        """At the merchant's wish."""
        return sum(each.amount for each in self._moved() if each.kind == "refund" and "M" in each.refund_number)

    def _check_told(self, told: object) -> None:
        self.story.append(f"{self.sandbox.now:.2f} told {told}")
        if isinstance(told, pf.ActionRequired):
            self.shown.append(told)
        if isinstance(told, pf.Paid) and not self._held(told.number) >= AMOUNT.minor - self._given_back() > 0:
            self.wrong.append(f"told paid, and {self._held(told.number)} are held")
        if isinstance(told, pf.NotPaid):
            self.told_not_paid.append((self.sandbox.now, self.wishes))
            if self._held():
                self.wrong.append(f"told not paid, and {self._held()} are held")

    def _settle(self) -> None:
        """The faults are over: recovery and delivery go on until nothing is due."""
        self.fuse = 0
        self.sandbox.clear()
        for seconds in (1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 1800.0, 3600.0, 7200.0, *3 * (90000.0,)):
            self.sandbox.advance(seconds)
            self._do("recover")
        while self._any().deliver(self.outcomes.append):
            pass
        with suppress(pf.UnknownOrder):
            self._check_end(self._any().status(self.order.id))
        self._check_books()

    def _check_end(self, told: pf.Result) -> None:
        kinds = [each.kind for each in self.outcomes]
        self.story.append(f"ends as {told}, told {kinds}")
        if isinstance(told, pf.Paid) and ("paid" not in kinds or self._held() != AMOUNT.minor - self._given_back()):
            self.wrong.append(f"ends as paid: {self._held()} held, told {kinds}")
        elif isinstance(told, pf.NotPaid) and (self._held() or not {"expired", "cancelled", "refunded"} & set(kinds)):
            self.wrong.append(f"ends as not paid: {self._held()} held, told {kinds}")
        elif isinstance(told, pf.Pending | pf.ActionRequired) and (self._held() or "needs_person" not in kinds):
            self.wrong.append(f"ends open: {self._held()} held, told {kinds}")
        if isinstance(told, pf.Paid) and self.given_up:
            self.wrong.append("ends as paid, after it was cancelled")
        if "paid" in kinds and {"expired", "cancelled"} & set(kinds[: kinds.index("paid")]):
            self.wrong.append(f"told {kinds}")

    def _check_books(self) -> None:
        held: dict[str, int] = {}
        for each in self._moved():
            held[each.number] = held.get(each.number, 0) + (each.amount if each.kind == "capture" else -each.amount)
            on_its_way_back = {number for number, found in self.surplus.items() if found <= each.at}
            kept = sum(amount for number, amount in held.items() if number not in on_its_way_back)
            if kept > AMOUNT.minor or min(held.values()) < 0:
                self.wrong.append(f"{held} are held at {each.at:.2f}, of which {on_its_way_back} go back")
        captured = [each.at for each in self._moved() if each.kind == "capture"]
        for at, wishes in self.told_not_paid:
            if wishes == self.wishes and any(each > at for each in captured):
                self.wrong.append("told not paid, nothing was wished for since, and money moved after it")
