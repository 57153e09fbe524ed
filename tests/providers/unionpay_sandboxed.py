"""The UnionPay adapter, ready to talk to a sandbox's UnionPay."""

from __future__ import annotations

from typing import Any

from over_http import RealClock

from payfallback.policy import Account
from payfallback.providers.keys import Key
from payfallback.providers.unionpay import UnionPay
from payfallback.testing.sandbox import Sandbox

CODE = "6227520738923344502"
INPUTS = {"code": CODE, "token": "6235240000020837064"}
WAITS, REFUSED = {"code": CODE[:-4] + "9901"}, {"code": CODE[:-4] + "9902"}


def adapter_for(sandbox: Sandbox, **more: Any) -> UnionPay:
    """The adapter with the sandbox's keys."""
    known = sandbox.credentials["unionpay"]
    given: dict[str, Any] = {
        "sign": [Key(known["cert_id"], known["private_key"])],
        "verify": [Key("middle", known["middle_certificate"]), Key("root", known["root_certificate"])],
        "base_url": sandbox.url("unionpay"),
        "clock": RealClock(),
        "options": {"tr_id": known["tr_id"]},
    }
    account = Account(name="up", provider="unionpay", merchant=known["merchant"])
    return UnionPay(account, **{**given, **more})
