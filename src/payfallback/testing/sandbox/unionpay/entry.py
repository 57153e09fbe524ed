"""UnionPay's place in the sandbox."""

from __future__ import annotations

from payfallback.testing.sandbox.entry import Entry, Parts
from payfallback.testing.sandbox.exchange import Provider
from payfallback.testing.sandbox.notices import Announcer
from payfallback.testing.sandbox.unionpay.keys import make_keys
from payfallback.testing.sandbox.unionpay.notice import Announcements
from payfallback.testing.sandbox.unionpay.provider import UnionPay


def _build(parts: Parts) -> tuple[Provider, Announcer]:
    unionpay = UnionPay(parts.keys, parts.bank, parts.clock, parts.mint, parts.page)
    return unionpay, Announcements(unionpay.signed, unionpay.refunds.time_of)


ENTRY = Entry(
    name="unionpay",
    words={"zh": "银联", "en": "UnionPay"},
    port=8705,
    make_keys=make_keys,
    build=_build,
    refusals_are_final=False,  # on its page the shopper may try another card until the order's time is over
    tells=frozenset({"paid", "refunded", "refused"}),
)
