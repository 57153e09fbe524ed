"""A worker that lives on: it serves shoppers and recovers at the same time, as a shop's own process does.

Each line of JSON on its standard input is something to do, each line on its standard output what became of it.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from processes_recoverer import recover_once
from processes_shopping import Shopping
from processes_town import PRICE, Control, Diary, TownClock, open_payments

import payfallback as pf

CODES = "baitiao_code", "wechat_code"
BREATH = 0.02  # seconds between two rounds of recovery
WITHIN = 2.0  # seconds for one order, once the network is whole


class Worker:
    """One client, used by everything in this process."""

    def __init__(self, config: str, control_url: str, diary: str) -> None:
        self.clock = TownClock()
        self.payments: pf.Payments = open_payments(config, self.clock)
        self.control, self.diary = Control(control_url), Diary(Path(diary))
        self._shopping: Shopping | None = None
        self._threads: list[threading.Thread] = []
        self._resting = threading.Event()

    def do(self, job: dict[str, Any]) -> dict[str, Any]:
        """One job. `work` begins and goes on until `rest`; `serve` and `recover` are done when they are answered."""
        self.clock.ahead = job.get("ahead", self.clock.ahead)
        match job["do"]:
            case "work":
                return self._work(job)
            case "rest":
                return self._rest()
            case "serve":
                return {"told": self._serve_all(job["orders"], job["paid"])}
        try:
            return recover_once(self.payments, self.diary, job["within"])
        except pf.JournalUnavailable as problem:
            return {"looked": 0, "left": 1, "failed": 0, "needs_person": 0, "away": str(problem)}

    def _work(self, job: dict[str, Any]) -> dict[str, Any]:
        self._resting.clear()
        self._shopping = Shopping(self.payments, self.clock, self.control, self.diary, job, lambda: None)
        self._threads = [threading.Thread(target=each) for each in (self._shopping.run, self._recover)]
        for each in self._threads:
            each.start()
        return {}

    def _recover(self) -> None:
        while not self._resting.is_set():
            try:
                recover_once(self.payments, self.diary, 1.0)
            except pf.JournalUnavailable as problem:
                self.diary.write(away=str(problem))
            time.sleep(BREATH)

    def _rest(self) -> dict[str, Any]:
        assert self._shopping is not None
        self._shopping.close()
        self._resting.set()
        for each in self._threads:
            each.join()
        return {}

    def _serve_all(self, orders: Sequence[str], enough: int) -> dict[str, str]:
        """A shopper after another, until enough of them have paid: what each was told."""
        told: dict[str, str] = {}
        for order in orders:
            if list(told.values()).count("paid") < enough:
                told[order] = self._serve(order)
        return told

    def _serve(self, order_id: str) -> str:
        """One more shopper, who pays by a code: what she was told."""
        shopper = pf.Shopper(inputs={each: {"code": "130000000000001234"} for each in CODES})
        order = pf.Order(order_id, PRICE, attributes={"place": "store"})
        result = self.payments.pay(order, "baitiao_code", consent=["wechat_code"], shopper=shopper, within=WITHIN)
        number = getattr(result, "number", "")
        self.diary.write(told=result.status, order=order_id, number=number, at=self.clock.epoch())
        return result.status


def main(config: str, control_url: str, diary: str) -> None:
    """Serve jobs until the input ends."""
    worker = Worker(config, control_url, diary)
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(worker.do(json.loads(line))), flush=True)
    worker.payments.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
