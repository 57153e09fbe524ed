"""The smallest checkout: one order, Baitiao first and WeChat Pay behind it, over real HTTP, and the shop is told.

Run it: `python examples/smallest_checkout.py`. It starts the sandbox (both providers' protocols on loopback) and needs
the extra `sandbox`. With `payfallback init` and `payfallback sandbox` the first three lines of `main` are two commands.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import payfallback as pf
from payfallback.testing import starter_config
from payfallback.testing.sandbox import Sandbox


def configure(sandbox: Sandbox, folder: Path) -> str:
    """What `payfallback init` does: a configuration against this sandbox, with its test keys beside it."""
    urls = {"jdpay": sandbox.jdpay_url, "wechatpay": sandbox.wechatpay_url}
    file = folder / "payfallback.toml"
    journal = "sqlite:///payments.db?allow_volatile=yes"  # a temporary folder: a shop leaves the option out
    file.write_text(starter_config(urls, journal_url=journal), encoding="utf-8")
    return str(file)


def checkout(payments: pf.Payments, order: pf.Order) -> pf.Result:
    """The whole of a checkout: every way it can go is one of these four."""
    result = payments.pay(order, "baitiao/12", consent=["wechat"])
    match result:
        case pf.Paid():
            print(f"{order.id}: paid by {result.option}")
        case pf.ActionRequired():
            print(f"{order.id}: {result.option} shows a {result.action.kind}, left: {list(result.switched_from)}")
        case pf.NotPaid():
            print(f"{order.id}: certainly not charged: {result.message('en')} offer {list(result.alternatives)}")
        case pf.Pending():
            print(f"{order.id}: {result.message('en')}")
    return result


def ship(outcome: pf.Outcome) -> None:
    """What the shop does once it is told, in its own transaction under `UNIQUE(outcome.id)`."""
    print(f"told: {outcome.order_id} {outcome.kind} by {outcome.option}, {outcome.amount}")


def main() -> None:
    """Pay two orders: one while JD is fine, one while JD's answers get lost."""
    with TemporaryDirectory() as folder, Sandbox(key_dir=Path(folder) / "sandbox-keys") as sandbox:
        with pf.Payments.from_config(configure(sandbox, Path(folder))) as payments:
            price = pf.Money.of("5999.00", "CNY")
            first = checkout(payments, pf.Order("A1001", price, "phone"))
            assert isinstance(first, pf.ActionRequired)
            sandbox.pay("jdpay", first.number)  # the shopper scans JD's code

            sandbox.fault("jdpay", "reply_lost", operation="charge")
            second = checkout(payments, pf.Order("A1002", price, "phone"))
            assert isinstance(second, pf.ActionRequired)
            sandbox.pay("wechatpay", second.number)

            for order_id in ("A1001", "A1002"):
                print(f"{order_id}: {payments.status(order_id, ask=True).status}")
            assert payments.deliver(ship) == 2
        captures = sandbox.captures()
    print(f"captured, by the providers' books: {[(entry.number, entry.amount) for entry in captures]}")
    assert len(captures) == 2, "every order was paid once"


if __name__ == "__main__":
    main()
