"""A process that pays a list of orders in one way, from the moment at which its standard input ends.

Arguments: configuration, diary, name, choice, consent, number of orders.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from processes_town import PRICE, Diary, TownClock, open_payments

import payfallback as pf

THREADS = 4


def main(config: str, diary: str, name: str, choice: str, consent: str, orders: str) -> None:
    """Wait for the start, then pay."""
    with open_payments(config, TownClock()) as payments:
        journal = Diary(Path(diary))
        shopper = pf.Shopper(inputs={"": {"code": "130000000000001234"}})

        def pay(number: int) -> None:
            order, began = pf.Order(f"RACE{number:03}", PRICE), time.time()
            result = payments.pay(order, choice, consent=list(filter(None, [consent])), shopper=shopper, within=20.0)
            story = {"told": result.status, "number": getattr(result, "number", "")}
            journal.write(**story, order=order.id, by=name, began=began, ended=time.time())

        print("ready", flush=True)
        sys.stdin.read()
        with ThreadPoolExecutor(THREADS) as tills:
            list(tills.map(pay, range(int(orders))))


if __name__ == "__main__":
    main(*sys.argv[1:])
