"""Alipay's place in the sandbox."""

from __future__ import annotations

from payfallback.testing.sandbox.alipay.keys import make_keys
from payfallback.testing.sandbox.alipay.notice import Announcements
from payfallback.testing.sandbox.alipay.provider import Alipay
from payfallback.testing.sandbox.entry import Entry, Parts
from payfallback.testing.sandbox.exchange import Provider
from payfallback.testing.sandbox.notices import Announcer


def _build(parts: Parts) -> tuple[Provider, Announcer]:
    alipay = Alipay(parts.keys, parts.bank, parts.clock, parts.mint, url=parts.url, page=parts.page)
    return alipay, Announcements(parts.keys, parts.clock, parts.mint)


ENTRY = Entry(
    name="alipay",
    words={"zh": "支付宝", "en": "Alipay"},
    port=8703,
    make_keys=make_keys,
    build=_build,
    refusals_are_final=False,  # on its page the shopper may choose another source of money
    tells=frozenset({"paid", "refunded"}),  # closing is not told unless it was agreed
)
