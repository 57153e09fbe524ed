"""Every provider of the sandbox, one line each. Nothing else in the sandbox names a provider.

A new provider is a package beside `jdpay` and `wechatpay` and one line in `ENTRIES`:

- `<name>/keys.py`: `make_keys(folder, mint)` returns its keys, an object with `.credentials` (what a merchant gets).
  `KeyFolder.key_pair`, `.provider`, `.text`, `.pem` and `.file` keep one value a file, so that the next start and the
  starter configuration find the same.
- `<name>/provider.py`: a `Provider` (see `exchange.py`) with its `endpoints`: `read` finds the merchant's number,
  `handle` verifies and answers, `unavailable` and `rate_limited` say so in the provider's form. Several endpoints may
  share a path (a gateway that is told the method in its parameters): each says in `when` which requests it is for; the
  last one without `when` takes the rest. `Endpoint.operation` is one of `faults.OPERATIONS`.
- Money moves only through `Parts.bank`. A trade is a `Trade`: CREATED waits for another request, OPEN and CONFIRMING
  for the shopper; `holds=True` makes a payment stop at AUTHORIZED until `Bank.take`. `Trade.currency` is CNY unless
  said. What a fault does to a request is in `call.struck`: `wechatpay/operations.py` shows every one of them.
- `<name>/notice.py`: an `Announcer` that writes its notifications, genuine or `forged`. It hears what `Entry.tells`
  names. A provider that has no address in its requests asks `Parts.shop()`.
- `<name>/entry.py`: `ENTRY = Entry(...)`, and the line below.

Then the provider has a port (`Sandbox.url(name)`, `Sandbox(ports={name: 0})`), keys (`Sandbox.credentials[name]`),
faults, a request log, notification modes, the shopper's page and a place in the one ledger, over Python and over HTTP.
"""

from __future__ import annotations

from payfallback.testing.sandbox.alipay.entry import ENTRY as ALIPAY
from payfallback.testing.sandbox.entry import Entry
from payfallback.testing.sandbox.jdpay.entry import ENTRY as JDPAY
from payfallback.testing.sandbox.jdpay_aggregate.entry import ENTRY as JDPAY_AGGREGATE
from payfallback.testing.sandbox.stripe.entry import ENTRY as STRIPE
from payfallback.testing.sandbox.unionpay.entry import ENTRY as UNIONPAY
from payfallback.testing.sandbox.wechatpay.entry import ENTRY as WECHATPAY

ENTRIES: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        JDPAY,
        WECHATPAY,
        ALIPAY,
        JDPAY_AGGREGATE,
        STRIPE,
        UNIONPAY,
    )
}
