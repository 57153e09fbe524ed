"""The shop of the tests about credit: Baitiao with terms, other ways beside it, and shoppers who come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core_world import Scripted, captured

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.policy import Policy, Route
from payfallback.ports import Journal
from payfallback.testing import VirtualClock

PRICE = pf.Money.of("5999.00", "CNY")
LADDER = ("baitiao/12", "baitiao/6", "baitiao/3", "baitiao/full", "wechat", "card")
KEY = b"a key of the shop's own"


def yuan(major: str) -> pf.Money:
    """An amount."""
    return pf.Money.of(major, "CNY")


class CreditShop:
    """Scripted providers behind Baitiao in four terms, WeChat and a card; a journal, virtual time, all events heard."""

    def __init__(
        self,
        *baitiao: Any,
        journal: Callable[[VirtualClock], Journal] = MemoryJournal,
        route: Mapping[str, Any] | None = None,
        routes: Sequence[Route] = (),
        declares: Mapping[str, Any] | None = None,
        channel: Mapping[str, Any] | None = None,
        **policy: Any,
    ) -> None:
        self.clock = VirtualClock()
        self.heard: list[tuple[str, dict[str, Any]]] = []
        named = {"close": True, "close_names_trade": True}
        self.baitiao = Scripted("jd", **named, **(declares or {})).on(Kind.CHARGE, *(baitiao or (captured(PRICE),)))
        self.wechat = Scripted("tencent", **named).on(Kind.CHARGE, captured(PRICE))
        self.card = Scripted("bank", **named, card=("card",)).on(Kind.CHARGE, captured(PRICE))
        providers = {"baitiao": self.baitiao, "wechat": self.wechat, "card": self.card}
        given = pf.channels(
            providers, order=LADDER, terms={"baitiao": (12, 6, 3, 0)}, channel={"baitiao": channel or {}}, **policy
        )
        made: Policy = given["policy"]
        default = Route(name="default", order=made.routes[0].order, **(route or {}))
        self.policy = Policy(**{**_fields(made), "routes": (*routes, default)})
        self.payments = pf.Payments(
            self.policy,
            providers,
            journal(self.clock),
            clock=self.clock,
            sleep=self.clock.sleep,
            observer=lambda event, /, **fields: self.heard.append((event, fields)),
            backoff=lambda *_: 0.1,
            ref_key=KEY,
        )

    def pay(self, order_id: str, choice: str | None = "baitiao/12", **more: Any) -> pf.Result:
        """One click. `price`, `ref` and `card` are of this order and shopper; consent is to the whole ladder."""
        amount, shopper = more.pop("price", PRICE), self.shopper(more.pop("ref", "u1"), more.pop("card", ""))
        order = pf.Order(order_id, amount, merchant=more.pop("merchant", ""))
        return self.payments.pay(order, choice, consent=more.pop("consent", LADDER), shopper=shopper, **more)

    def options(self, order_id: str = "A9", **more: Any) -> dict[str, pf.OptionState]:
        """What a page would show, by option."""
        price, shopper = more.pop("price", PRICE), self.shopper(more.pop("ref", "u1"), more.pop("card", ""))
        facts = {name: more.pop(name) for name in ("categories", "region", "merchant") if name in more}
        told = self.payments.options(pf.Order(order_id, price, **facts), shopper=shopper, **more)
        return {each.option: each for each in told.options}

    def shopper(self, ref: str, card: str = "") -> pf.Shopper:
        """Who pays."""
        return pf.Shopper(ref=ref, inputs={"": {"card": card}} if card else {})

    def charged(self) -> list[str]:
        """The options that a charge was sent for, in the order of sending, over all providers."""
        return [fields["option"] for event, fields in self.heard if event == "attempt.sending"]

    def passed(self, order_id: str) -> list[tuple[str, str]]:
        """What was passed over, and why."""
        return [
            (fields["option"], fields["cause"])
            for event, fields in self.heard
            if event == "attempt.passed_over" and fields["order_id"] == order_id
        ]

    def surges(self) -> list[tuple[str, str]]:
        """The surges that were told."""
        return [(fields["channel"], fields["cause"]) for event, fields in self.heard if event == "channel.surge"]


def _fields(made: Policy) -> dict[str, Any]:
    return {name: getattr(made, name) for name in Policy.__value_fields__}  # type: ignore[attr-defined]  # a value


def refused(cause: pf.Cause, *, final: bool = True, **more: Any) -> pf.Answer:
    """A stated refusal."""
    return pf.Answer(verdict=pf.Verdict.DECLINED, cause=cause, final=final, **more)


def plan(terms: int, **sums: Any) -> pf.Plan:
    """One plan."""
    return pf.Plan(terms=terms, **{name: yuan(major) for name, major in sums.items()})


def plans(*told: pf.Plan, **more: Any) -> pf.Answer:
    """What a provider tells when it is asked for plans."""
    return pf.Answer(verdict=pf.Verdict.ACCEPTED, plans=told, **more)


TOLD = plans(
    plan(12, each="520.00", first="520.00", fee="240.00", total="6239.00"),
    plan(6, each="999.84", first="999.80", fee="60.00", total="5999.00"),
    plan(3, each="1999.67", fee="0.00", total="5999.00"),
)


def shop_of(*told: Any, **more: Any) -> CreditShop:
    """A shop whose Baitiao tells plans."""
    shop = CreditShop(declares={"plans": True, **more.pop("declares", {})}, **more)
    shop.baitiao.on(Kind.PLANS, *told)
    return shop


def asked(shop: CreditShop) -> int:
    """How often Baitiao was asked for plans."""
    return len(shop.baitiao.of(Kind.PLANS))
