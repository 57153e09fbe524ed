"""What the tests of recovery on an engine share: a time that a file tells, and a payer that dies over its orders."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from processes_audit import Audit
from processes_town import HERE, PRICE, Town, TownClock, open_payments

import payfallback as pf

PATIENCE = 60.0  # seconds: real processes on a busy machine
WITHIN = 10.0  # seconds that a payer would have for an order
LATER = 30.0  # seconds after which the leases of dead processes are over, and their orders due


class ToldTime(TownClock):
    """The town's time, in processes that live on while a test puts it forward: a file says how far."""

    def __init__(self, told: Path) -> None:
        self._told = told

    @property
    def ahead(self) -> float:  # type: ignore[override]  # read anew, where the town's clock holds it
        """Seconds ahead of the machine."""
        return float(self._told.read_text(encoding="utf-8"))


def told_time(town: Town) -> Path:
    """The file that says how far the town's time is ahead."""
    path = town.folder / "ahead"
    path.write_text(str(town.ahead), encoding="utf-8")
    return path


def advance(town: Town) -> None:
    """Let `LATER` pass, for the providers and for every process at the told time."""
    town.advance(LATER)
    whole = town.folder / "ahead.new"
    whole.write_text(str(town.ahead), encoding="utf-8")
    whole.rename(town.folder / "ahead")


def until(done: Callable[[], bool], log: Path) -> None:
    """Wait for real processes, in small steps."""
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)


def die_paying(town: Town, orders: Sequence[str]) -> None:
    """A payer is killed while JD, which has taken the money for each order, leaves it without an answer."""
    town.control.fault("jdpay", "hang:processed", "charge")
    town.control.fault("jdpay", "hang", "query")
    command = [sys.executable, str(HERE / "engines_parts.py"), str(town.config), *orders]
    payer = subprocess.Popen(command, cwd=HERE)
    try:
        until(lambda: len(town.control.ledger()) == len(orders), town.config)
    finally:
        payer.kill()
        payer.wait(timeout=PATIENCE)
    town.control.clear()


def pay_unseen(town: Town, orders: Sequence[str]) -> None:
    """Shoppers pay the QR codes that they were shown, and nobody tells the shop."""
    with town.payments() as payments:
        for order_id in orders:
            shown = payments.pay(pf.Order(order_id, PRICE, attributes={"place": "kiosk"}), "wechat", within=PATIENCE)
            assert isinstance(shown, pf.ActionRequired)
            town.control.shopper_pays("wechatpay", shown.number)


def paid_once(town: Town, payments: pf.Payments, orders: Sequence[str]) -> bool:
    """Whether the journal says that every order is paid. By the providers' books each was captured once, whatever it
    says."""
    paid = [isinstance(payments.status(order), pf.Paid) for order in orders]
    captures = Counter((entry["kind"], entry["number"][:-2]) for entry in town.control.ledger())
    assert captures == Counter(("capture", order) for order in orders)
    return all(paid)


def all_is_well(town: Town, payments: pf.Payments, orders: Sequence[str]) -> None:
    """Every promise holds, by the books and by the journal; nobody charged but the payer."""
    audit = Audit(town)
    assert paid_once(town, payments, orders)
    assert [line["operation"] for line in audit.requests].count("charge") == len(orders)
    assert audit.promises(settled=True) == []


def _pay(payments: pf.Payments, order_id: str) -> None:
    shopper = pf.Shopper(inputs={"baitiao_code": {"code": "130000000000001234"}})
    order = pf.Order(order_id, PRICE, attributes={"place": "store"})
    payments.pay(order, "baitiao_code", shopper=shopper, within=WITHIN)


def main(config: str, *orders: str) -> None:
    """Pay every order at once."""
    payments = open_payments(config, TownClock())
    for order in orders:
        threading.Thread(target=_pay, args=(payments, order)).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
