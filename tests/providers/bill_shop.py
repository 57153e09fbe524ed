"""A shop whose providers' bills are fetched and held against its journal, at noon, in the sandbox's own time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import httpx

import door
import payfallback as pf
from payfallback.testing import starter_config
from payfallback.testing.sandbox import Sandbox

BEIJING = timezone(timedelta(hours=8))
AMOUNT = pf.Money.of("128.00", "CNY")
CODES = {
    "wechat_code": "134567890123450001",
    "alipay_code": "281234567890120001",
    "unionpay_code": "621234567890120001",
}
_OF_THE_CONNECTION = ("transfer-encoding", "connection", "content-length")
PROVIDERS = {"wechat_code": "wechatpay", "alipay_code": "alipay", "unionpay_code": "unionpay"}


def noon(sandbox: Sandbox) -> None:
    """Go on to the next noon in Beijing, far from where any provider's day ends."""
    now = datetime.fromtimestamp(sandbox.now, BEIJING)
    next_noon = now.replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    sandbox.advance(next_noon.timestamp() - sandbox.now)


def configured(sandbox: Sandbox, keys: Path, folder: Path, **urls: str) -> str:
    """The starter configuration with a journal in memory; `urls`: providers that are met elsewhere."""
    file = folder / "payfallback.toml"
    file.write_text(starter_config({**sandbox.urls, **urls}, str(keys), journal_url="memory:"), encoding="utf-8")
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


class Meddler(door.Door):
    """Stands between the shop and a provider, and changes the files that are fetched through it."""

    def __init__(self, behind: str) -> None:
        super().__init__(self._pass_on, "")
        self.behind, self.meddles = behind, False

    def _pass_on(self, asked: door.Posted) -> door.Answer:
        headers = {name: text for name, text in asked.headers.items() if name.lower() != "host"}
        sent = httpx.request(
            asked.method, self.behind + asked.path, headers=headers, content=asked.body, trust_env=False
        )
        kept = {name: text for name, text in sent.headers.items() if name.lower() not in _OF_THE_CONNECTION}
        return door.Answer(sent.status_code, kept, _changed(sent.content) if self.meddles else sent.content)


def _changed(body: bytes) -> bytes:
    """Another digit in a plain file, another letter in the base64 of one; answers without a file stay."""
    if body.startswith(b"{"):
        return body
    place = body.find(b"fileContent=") + 40 if b"fileContent=" in body else len(body) - 4
    return body[:place] + (b"2" if body[place : place + 1] == b"1" else b"1") + body[place + 1 :]
