"""A shop with every kind of Stripe product, made from a file, on the sandbox and a clock that a test puts forward."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import payfallback as pf
from payfallback.model import Money
from payfallback.testing.sandbox import Sandbox
from shifted_clock import Shifted

SUM = Money(599900, "CNY")
BACK = "https://shop.example/back"
CONFIG = """
version = 1
[defaults]
timeout = "{timeout}"
[journal]
url = "memory:"
[accounts.st]
provider = "stripe"
merchant = "{account}"
environment = "sandbox"
base_url = "{url}"
notify_url = "https://shop.example/notify/{{channel}}"
secrets = ["${{file:api}}", "${{file:hook}}"]
[channels.card]
account = "st"
product = "card"
[channels.klarna]
account = "st"
product = "klarna"
[channels.page]
account = "st"
product = "elements"
[channels.hold]
account = "st"
product = "card_hold"
[[routes]]
order = ["card", "klarna", "page", "hold"]
"""


@contextmanager
def shop(sandbox: Sandbox, folder: Path, clock: Shifted, timeout: str = "1500ms") -> Iterator[pf.Payments]:
    """A client made from a file, as a shop writes it."""
    sandbox.clear("stripe")
    keys = sandbox.credentials["stripe"]
    for name, key in (("api", "secret_key"), ("hook", "webhook_secret")):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(keys[key])
    (folder / "shop.toml").write_text(
        CONFIG.format(account=keys["account"], url=sandbox.url("stripe"), timeout=timeout)
    )
    with pf.Payments.from_config(str(folder / "shop.toml"), clock=clock, sleep=clock.sleep) as client:
        yield client


def shopper(method: str = "pm_card_visa") -> pf.Shopper:
    """Somebody with a card."""
    return pf.Shopper(return_url=BACK, inputs={"": {"payment_method": method}})
