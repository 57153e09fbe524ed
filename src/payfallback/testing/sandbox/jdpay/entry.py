"""JD Pay's place in the sandbox."""

from __future__ import annotations

from payfallback.testing.sandbox.entry import Entry, Parts
from payfallback.testing.sandbox.exchange import Provider
from payfallback.testing.sandbox.jdpay.keys import make_keys
from payfallback.testing.sandbox.jdpay.notice import Announcements
from payfallback.testing.sandbox.jdpay.provider import JdPay
from payfallback.testing.sandbox.notices import Announcer


def _build(parts: Parts) -> tuple[Provider, Announcer]:
    jd = JdPay(parts.keys, parts.bank, parts.clock, parts.mint, parts.page)
    return jd, Announcements(jd.sealed, parts.clock)


ENTRY = Entry(
    name="jdpay",
    words={"zh": "京东支付", "en": "JD Pay"},
    port=8701,
    make_keys=make_keys,
    build=_build,
    refusals_are_final=True,  # a shopper who says no at JD has failed the payment
)
