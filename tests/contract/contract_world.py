"""Real payments over real HTTP against every provider of the sandbox, in the sandbox's own time."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx

import door
import payfallback as pf
from payfallback.testing import starter_config
from payfallback.testing.sandbox import Sandbox
from payfallback.testing.sandbox.errors import SandboxError
from payfallback.testing.sandbox.ledger import Entry
from payfallback.testing.sandbox.registry import ENTRIES
from sandbox_time import SandboxTime

AMOUNT = pf.Money.of("128.00", "CNY")
CODE = {"code": "134567890123450001"}
CARD = {"payment_method": "pm_card_visa"}
RETURN = "https://shop.example/back"


@dataclass(frozen=True)
class Way:
    """One way to pay: an option of the starter configuration, and what a shopper gives for it."""

    option: str
    provider: str
    inputs: dict[str, str] = field(default_factory=dict)
    closes: bool = True
    local: bool = (
        False  # what the shopper is shown is made here: the charge itself asks the provider nothing but a query
    )

    absence: bool = True  # that a charge never arrived can be proven; if not, it stands before a person in the end

    notifies: bool = True  # the provider notifies of it; WeChat Pay's payment codes have no address for that

    @property
    def channel(self) -> str:
        """The channel of the option."""
        return self.option.partition("/")[0]


_ALL = (
    Way("baitiao/12", "jdpay"),
    Way("baitiao_code", "jdpay", CODE, absence=False),
    Way("huabei/12", "alipay"),
    Way("alipay", "alipay", local=True),
    Way("alipay_code", "alipay", {"code": "281234567890120001"}),
    Way("wechat", "wechatpay"),
    Way("wechat_code", "wechatpay", CODE, notifies=False),
    Way("card", "stripe", CARD),
    Way("unionpay", "unionpay", closes=False, local=True),
    Way("unionpay_code", "unionpay", {"code": "621234567890120001"}, absence=False),
    Way("jd_aggregate", "jdpay_aggregate", CODE, closes=False, absence=False),
)
WAYS = tuple(way for way in _ALL if way.provider in ENTRIES)
_orders = count(1)


@dataclass
class Shop:
    """A client over every provider, and what the providers' answers proved to it."""

    sandbox: Sandbox
    payments: pf.Payments
    answered: list[dict[str, Any]] = field(default_factory=list)
    delivered: list[pf.Outcome] = field(default_factory=list)
    noticed: list[tuple[str | None, int, str]] = field(default_factory=list)

    def hears(self, event: str, /, **told: Any) -> None:
        """The observer."""
        if event == "attempt.answered":
            self.answered.append(told)

    def verdicts(self, order_id: str, *what: str) -> list[str]:
        """What the answers to requests of these kinds proved, in turn."""
        return [each["verdict"] for each in self.answered if each["order_id"] == order_id and each["what"] in what]

    def pay(self, way: Way, *, consent: tuple[Way, ...] = (), within: float = 8.0) -> tuple[pf.Order, pf.Result]:
        """A new order, paid this way."""
        order = pf.Order(f"C{next(_orders):06}", AMOUNT, "耳机")
        inputs = {each.channel: each.inputs for each in (way, *consent)}
        shopper = pf.Shopper(ip="203.0.113.9", return_url=RETURN, inputs=inputs)
        consented = [each.option for each in consent]
        return order, self.payments.pay(order, way.option, consent=consented, shopper=shopper, within=within)

    def finish(self, order: pf.Order, result: pf.Result) -> pf.Result:
        """Faults are over: the shopper pays what was shown, and recovery and delivery go on until nothing is due."""
        self.sandbox.clear()
        if isinstance(result, pf.ActionRequired):
            self.shopper_pays(result)
        for seconds in (1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 3600.0, 90000.0):
            self.sandbox.advance(seconds)
            self.payments.recover()
        self.deliver()
        return self.payments.status(order.id)

    def deliver(self) -> None:
        """Take every outcome."""
        while self.payments.deliver(self.delivered.append):
            pass

    def shopper_pays(self, result: pf.ActionRequired, provider: str = "") -> None:
        """The shopper opens what the page shows, and pays it, if it can still be paid. `provider`: of another way."""
        match result.action:
            case pf.Redirect(url=url) if url.startswith("http://127.0.0.1"):
                httpx.get(url, follow_redirects=True, timeout=10.0)
            case pf.Form(url=url, fields=fields):
                httpx.post(url, data=dict(fields), follow_redirects=True, timeout=10.0)
        channel = result.option.partition("/")[0]
        whose = provider or next(each.provider for each in WAYS if each.channel == channel)
        with suppress(SandboxError):
            self.sandbox.pay(whose, result.number)

    def story(self, order: pf.Order) -> str:
        """What happened, for the message of a failing test."""
        told = self.payments.trace(order.id).lines
        return "".join(f"\n{line.at - told[0].at:9.2f} {line.text}" for line in told)

    def wait_for_notice(self, order: pf.Order, times: int = 1) -> None:
        """Until the shop has taken so many notifications of an order, really waited for: they come over HTTP."""
        until = time.monotonic() + 10.0
        while sum(1 for each, *_ in self.noticed if each == order.id) < times:
            assert time.monotonic() < until, f"no notification of {order.id}: {self.sandbox.sent[-3:]}"
            time.sleep(0.005)

    def wait_until_refused(self, way: Way, before: int) -> None:
        """Until a notification at this way's address was refused, really waited for."""
        until = time.monotonic() + 10.0
        while not any(status >= 400 for _, status, channel in self.noticed[before:] if channel == way.channel):
            assert time.monotonic() < until, f"nothing was refused: {self.sandbox.sent[-3:]}"
            time.sleep(0.005)

    def outcomes(self, order: pf.Order) -> list[str]:
        """What the shop was told of the order."""
        return [each.kind for each in self.delivered if each.order_id == order.id]

    def held(self, order: pf.Order) -> int:
        """Minor units that the providers hold for the order."""
        return sum(self.sandbox.held(number) for number in self.numbers(order))

    def numbers(self, order: pf.Order) -> set[str]:
        """The order's numbers in the books."""
        entries = [*self.sandbox.captures(), *self.sandbox.refunds()]
        return {each.number for each in entries if each.number.startswith(order.id)}

    def most_held(self, order: pf.Order) -> int:
        """The most captures that the providers ever held at a time for the order."""
        moved: list[Entry] = [*self.sandbox.captures(), *self.sandbox.refunds()]
        mine = sorted((each for each in moved if each.number.startswith(order.id)), key=lambda each: each.at)
        held, most = 0, 0
        for each in mine:
            held += each.amount if each.kind == "capture" else -each.amount
            most = max(most, -(-held // AMOUNT.minor))
        return most


@contextmanager
def opened(sandbox: Sandbox, keys: Path, folder: Path, timeout: str = "300ms") -> Iterator[Shop]:
    """A shop as the starter configuration makes it, with one route over every way.

    `timeout`: of a call. Short for silences, which are really waited for; a call that should be answered needs a long
    one on a busy machine.
    """
    shops: list[Shop] = []

    def take(posted: door.Posted) -> door.Answer:
        """To `/notify/{channel}`, answered in the provider's own form."""
        channel = posted.path.rpartition("/")[2]
        ack = shops[0].payments.notify(channel, posted.headers, posted.body)
        shops[0].noticed.append((ack.order_id, ack.status, channel))
        return door.Answer(ack.status, ack.headers, ack.body)

    at_the_door = door.Door(take, "/notify/{channel}")
    text = starter_config(sandbox.urls, str(keys), notify_url=at_the_door.url, journal_url="memory:")
    with _client(sandbox, text, folder, timeout) as shop:
        shops.append(shop)
        sandbox.notifications("stripe", "off", url=at_the_door.url.format(channel="card"))
        with at_the_door:
            yield shop


@contextmanager
def _client(sandbox: Sandbox, text: str, folder: Path, timeout: str) -> Iterator[Shop]:
    text = re.sub(r'timeout = "3s"', f'timeout = "{timeout}"\ncircuit = {{ failures_in_a_row = 1000 }}', text)
    text, _, _ = text.partition("[[routes]]")
    order = ", ".join(f'"{way.option}"' for way in sorted(WAYS, key=lambda way: not way.closes))
    file = folder / "payfallback.toml"
    file.write_text(f'{text}[[routes]]\nname = "all"\norder = [{order}]\n', encoding="utf-8")
    ticking = SandboxTime(sandbox)
    shop = Shop(sandbox, None)  # type: ignore[arg-type]  # filled in below: the client needs its observer
    with pf.Payments.from_config(str(file), clock=ticking, sleep=ticking.sleep, observer=shop.hears) as payments:
        shop.payments = payments
        yield shop
