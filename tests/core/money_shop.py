"""The shop of these tests: three channels of every declared kind, and random days in its life."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import payfallback as pf
from payfallback.journal.memory import MemoryJournal
from payfallback.policy import Account, Capabilities
from payfallback.providers import _jdpay_products, _wechatpay_products
from payfallback.testing import EXTRAS, FAULTS, check_result
from payfallback.testing.crash import Crashed
from payfallback.testing.lab import Lab

ORDER = "A1001"
AMOUNT = pf.Money.of("59.00", "CNY")

KINDS: dict[str, Mapping[str, Any]] = {
    "named": {"close": True, "close_names_trade": True},
    "acked": {"close": True, "query_after": 1.0, "close_after": 2.0, "close_refunds": True, "lives": 60.0},
    "qr": {
        "starts": "shopper",
        "close": True,
        "expiry": True,
        "not_found_after": 30.0,
        "leaves": False,
        "query_every": 1.0,
    },
    "authorising": {"authorises": True, "close": True, "close_names_trade": True},
    "expiring": {"expiry": True, "expiry_min": 5.0, "expiry_default": 20.0, "not_found_after": 10.0},
    "idempotent": {"close": True, "close_names_trade": True, "resend": 600.0},
    "two_steps": {"creates": True, "close": True, "close_names_trade": True, "resend": 600.0},
    "two_steps_held": {"creates": True, "authorises": True, "close": True, "close_names_trade": True},
}


class Declared:
    """A provider of which only the declaration matters: the lab puts a fake in its place."""

    is_async = False

    def __init__(self, name: str, declared: Mapping[str, Any]) -> None:
        self.account = Account(name=name, provider=name, merchant="m1")
        self._declared = Capabilities(**declared)

    def capabilities(self, product: str) -> Capabilities:
        """What was declared."""
        return self._declared

    def memo(self, operation: object) -> Mapping[str, str]:
        """Nothing."""
        return {}

    def call(self, operation: object) -> None:
        """There is nobody behind it."""

    def read(self, operation: object, result: object) -> pf.Answer:
        """Never asked."""
        return pf.Answer(verdict=pf.Verdict.UNKNOWN)


def shipped() -> dict[str, Mapping[str, Any]]:
    """What the shipped adapters declare, product by product."""
    found = {name: _jdpay_products.capabilities(name) for name in ("baitiao", "baitiao_code", "jdpay", "jdpay_code")}
    found |= {name: _wechatpay_products.capabilities(name) for name in ("native", "h5", "jsapi", "codepay")}
    fields = [name for name in Capabilities.__value_fields__ if name != "inputs"]  # type: ignore[attr-defined]  # a value
    return {name: {each: getattr(declared, each) for each in fields} for name, declared in found.items()}


def arguments(
    kinds: Mapping[str, str], declared: Mapping[str, Mapping[str, Any]] = KINDS, **policy: Any
) -> dict[str, Any]:
    """Arguments of a client whose channels have these kinds."""
    providers = {name: Declared(f"provider-{name}", declared[kind]) for name, kind in kinds.items()}
    return pf.channels(providers, **policy)  # type: ignore[arg-type]  # Declared is a Callables by shape


def shop(kinds: Mapping[str, str], **policy: Any) -> pf.Payments:
    """A sync client."""
    return pf.Payments(**arguments(kinds, **policy), journal=MemoryJournal())


def order() -> pf.Order:
    """The order that everybody pays here."""
    return pf.Order(ORDER, AMOUNT)


class Day:
    """A random day: outages, clicks, switches, cancels, crashes, clock jumps. One seed is one day, always the same."""

    def __init__(self, seed: int, declared: Mapping[str, Mapping[str, Any]] = KINDS) -> None:
        self.random = chance = random.Random(seed)
        self.kinds = {name: chance.choice(list(declared)) for name in "abc"}
        autonomy = chance.choice(["switch"] * 4 + ["offer", "retry", "observe"])
        policy = arguments(self.kinds, declared, autonomy=autonomy, pay_by=chance.choice([60.0, 300.0, 1800.0]))
        self.payments = pf.Payments(**policy, journal=MemoryJournal())
        self.story = [f"{self.kinds} {autonomy}"]
        self.wrong: list[object] = []

    def live(self) -> list[object]:
        """Live through it; what was wrong with what anybody was told, or with the books at its end."""
        with self.payments.lab(notices=self.random.choice(["on", "off", "twice"])) as lab:
            for _ in range(self.random.randint(1, 9)):
                try:
                    self._step(lab)
                except (pf.ProgrammingError, Crashed) as error:
                    self.story.append(f"{lab.clock.monotonic():.1f} {type(error).__name__}")
            try:
                lab.settle()
                lab.assert_promises_kept()
            except AssertionError as error:
                self.wrong.append(error)
        return self.wrong

    def _step(self, lab: Lab) -> None:
        chance = self.random
        step = chance.choices(
            [
                self._outage,
                self._pay,
                self._switch,
                self._cancel,
                self._ask,
                self._refund,
                self._scan,
                self._crash,
                self._recover,
                self._lift,
                self._jump,
                self._wait,
            ],
            [30, 25, 10, 5, 4, 2, 8, 4, 6, 2, 2, 5],
        )[0]
        self.story.append(f"{lab.clock.monotonic():.1f} {step.__name__}")
        step(lab)

    def _told(self, lab: Lab, result: object) -> None:
        self.story.append(f"{lab.clock.monotonic():.1f} told {type(result).__name__}")
        if isinstance(result, pf.Result):
            self.wrong.extend(check_result(lab.ledger, result))

    def _outage(self, lab: Lab) -> None:
        fault, rule = self.random.choice(list({**FAULTS, **EXTRAS}.items()))
        kind = self.random.choice([None, *sorted(each.value for each in rule.may_strike)])
        lab.outage(self.random.choice("abc"), fault, operation=kind, times=self.random.choice([None, 1, 1, 2, 3]))

    def _pay(self, lab: Lab) -> None:
        consent = self.random.choice([(), ("b",), ("a", "b", "c")])
        within = self.random.choice([1.0, 5.0, 20.0])
        self._told(lab, self.payments.pay(order(), self.random.choice("abc"), consent=consent, within=within))

    def _switch(self, lab: Lab) -> None:
        consent = self.random.choice([(), ("b",)])
        self._told(lab, self.payments.switch(order(), self.random.choice("abc"), consent=consent))

    def _cancel(self, lab: Lab) -> None:
        self._told(lab, self.payments.cancel(ORDER))

    def _ask(self, lab: Lab) -> None:
        self._told(lab, self.payments.status(ORDER, ask=self.random.random() < 0.5))

    def _refund(self, lab: Lab) -> None:
        amount = self.random.choice([None, pf.Money(100, "CNY")])
        self.payments.refund(ORDER, f"refund-{self.random.randint(1, 2)}", amount)

    def _scan(self, lab: Lab) -> None:
        lab.shopper_pays(ORDER)

    def _crash(self, lab: Lab) -> None:
        lab.crash(self.random.randint(1, 12), self.random.choice(["before", "after"]))

    def _recover(self, lab: Lab) -> None:
        lab.recover()

    def _lift(self, lab: Lab) -> None:
        lab.lift()

    def _jump(self, lab: Lab) -> None:
        lab.clock.jump_epoch(self.random.choice([-30.0, 30.0, 400.0]))

    def _wait(self, lab: Lab) -> None:
        lab.advance(self.random.choice([1.0, 10.0, 100.0, 2000.0]))
