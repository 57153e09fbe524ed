"""The Alipay adapter, ready to talk to a sandbox's Alipay."""

from __future__ import annotations

from typing import Any

from over_http import RealClock

from payfallback.policy import Account
from payfallback.providers.alipay import Alipay
from payfallback.providers.keys import Key
from payfallback.testing.sandbox import Sandbox

WAITS = "280000000000009901"  # a payment code whose shopper is asked for the password


def adapter_for(sandbox: Sandbox, *, certified: bool = False, **more: Any) -> Alipay:
    """The adapter with the sandbox's keys, or with its certificates."""
    known = sandbox.credentials["alipay"]
    options = {"app_cert": known["app_cert"], "root_cert": known["root_cert"]} if certified else {}
    given: dict[str, Any] = {
        "sign": [Key("app", known["private_key"])],
        "verify": [Key("alipay", known["alipay_cert" if certified else "alipay_public_key"])],
        "base_url": sandbox.url("alipay"),
        "clock": RealClock(),
        **more,
    }
    account = Account(name="ali", provider="alipay", merchant=known["seller_id"], app=known["app_id"])
    return Alipay(account, options={**options, **given.pop("options", {})}, **given)
