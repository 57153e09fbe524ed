"""A shop whose providers' bills are fetched and held against its journal, at noon, in the sandbox's own time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx

import payfallback as pf
from payfallback._assemble.accounts import SHIPPED
from payfallback.ports import HttpResponse
from payfallback.testing import starter_config
from payfallback.testing.sandbox import Sandbox

BEIJING = timezone(timedelta(hours=8))
AMOUNT = pf.Money.of("128.00", "CNY")
CODES = {
    "wechat_code": "134567890123450001",
    "alipay_code": "281234567890120001",
    "unionpay_code": "621234567890120001",
}
PROVIDERS = {"wechat_code": "wechatpay", "alipay_code": "alipay", "unionpay_code": "unionpay"}
assert set(PROVIDERS.values()) <= set(SHIPPED)


class SandboxTime:
    """The sandbox's clock as the shop's: waiting puts it forward for both."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def monotonic(self) -> float:
        """Never goes back."""
        return self._sandbox.now

    def epoch(self) -> float:
        """Seconds since 1970."""
        return self._sandbox.now

    def sleep(self, seconds: float) -> None:
        """Let time pass for everybody."""
        self._sandbox.advance(seconds)


def noon(sandbox: Sandbox) -> None:
    """Go on to the next noon in Beijing, far from where any provider's day ends."""
    now = datetime.fromtimestamp(sandbox.now, BEIJING)
    next_noon = now.replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    sandbox.advance(next_noon.timestamp() - sandbox.now)


def configured(sandbox: Sandbox, keys: Path, folder: Path) -> str:
    """The starter configuration with a journal in memory."""
    file = folder / "payfallback.toml"
    file.write_text(starter_config(sandbox.urls, str(keys), journal_url="memory:"), encoding="utf-8")
    return str(file)


def order(order_id: str) -> pf.Order:
    """An order at the counter; its title holds a comma."""
    return pf.Order(order_id, AMOUNT, "耳机, 两副", attributes={"place": "store"})


def shopper(channel: str) -> pf.Shopper:
    """Who holds a payment code."""
    return pf.Shopper(ip="203.0.113.9", inputs={channel: {"code": CODES[channel]}})


@dataclass
class Shop:
    """A client of one channel, and its sandbox."""

    sandbox: Sandbox
    payments: pf.Payments
    channel: str

    @property
    def provider(self) -> str:
        """Whose channel it is."""
        return PROVIDERS[self.channel]

    @property
    def today(self) -> date:
        """The day at the provider."""
        return datetime.fromtimestamp(self.sandbox.now, BEIJING).date()

    def pays(self, order_id: str, within: float = 8.0) -> pf.Result:
        """Charge a payment code."""
        return self.payments.pay(order(order_id), self.channel, shopper=shopper(self.channel), within=within)

    def loses_the_answer(self, order_id: str) -> None:
        """The provider takes the money; nobody hears of it, and whoever asks gets no answer."""
        self.sandbox.notifications(self.provider, "off")
        self.sandbox.fault(self.provider, "reply_lost")
        assert isinstance(self.pays(order_id, within=0.6), pf.Pending)
        self.sandbox.clear()

    def recovers(self) -> None:
        """Let an hour pass, with recovery."""
        for seconds in (1.0, 5.0, 15.0, 60.0, 300.0, 3600.0):
            self.sandbox.advance(seconds)
            self.payments.recover()

    def met(self, bill: bytes | None = None) -> dict[str, int]:
        """What today's bill meets."""
        return dict(self.payments.reconcile(self.channel, self.today, bill).counts)


def fetched(adapter: Any, day: date, alter: Any = None) -> bytes:
    """Fetch a bill with an adapter; `alter` changes each response's status and body on its way."""
    steps = adapter.bill(day)
    with httpx.Client(trust_env=False) as http:
        try:
            request = next(steps)
            while True:
                sent = http.request(request.method, request.url, headers=dict(request.headers), content=request.body)
                status, body = alter(sent.status_code, sent.content) if alter else (sent.status_code, sent.content)
                request = steps.send(HttpResponse(status=status, headers=dict(sent.headers.items()), body=body))
        except StopIteration as done:
            found: bytes = done.value
            return found
