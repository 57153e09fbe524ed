"""The aggregate payment's place in the sandbox."""

from __future__ import annotations

from payfallback.testing.sandbox.entry import Entry, Parts
from payfallback.testing.sandbox.exchange import Provider
from payfallback.testing.sandbox.jdpay_aggregate.keys import make_keys
from payfallback.testing.sandbox.jdpay_aggregate.notice import Announcements
from payfallback.testing.sandbox.jdpay_aggregate.provider import JdPayAggregate
from payfallback.testing.sandbox.notices import Announcer


def _build(parts: Parts) -> tuple[Provider, Announcer]:
    provider = JdPayAggregate(parts.keys, parts.bank, parts.clock, parts.mint, parts.page)
    return provider, Announcements(provider.sealed)


ENTRY = Entry(
    name="jdpay_aggregate",
    words={"zh": "京东聚合支付", "en": "JD aggregate"},
    port=8706,
    make_keys=make_keys,
    build=_build,
    refusals_are_final=True,  # assumption, as JD Pay's own page
    tells=frozenset({"paid", "refunded"}),
)
