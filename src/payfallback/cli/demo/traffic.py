"""Shoppers, sync and async, through the same two doors that a shop uses; recovery and delivery beside them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

import anyio
import anyio.to_thread
from anyio.from_thread import BlockingPortal, start_blocking_portal

from payfallback.cli.demo.buyers import Buyer
from payfallback.cli.demo.journey import Cancel, Look, Open, Pay, Scan, Step, Switch, Wait, journey
from payfallback.cli.demo.stage import Stage
from payfallback.errors import PayfallbackError
from payfallback.model import Order, Shopper
from payfallback.results import Result

AT_ONCE = 12  # sync shoppers at a time; async ones are not counted
ROUND = 0.3  # seconds between two looks of recovery and delivery
FOR_ONE = 30.0  # seconds that a shopper may take in all; far above what any journey needs


def order_of(buyer: Buyer) -> Order:
    """What this shopper buys."""
    attributes = {"place": "store"} if buyer.store else {}
    return Order(buyer.order_id, buyer.amount, "demo", attributes=attributes)


class Traffic:
    """Walks shoppers through the checkout; `crowd` returns when they are through."""

    def __init__(self, stage: Stage, portal: BlockingPortal, pool: ThreadPoolExecutor) -> None:
        self._stage, self._portal, self._pool = stage, portal, pool
        self._providers = {name: each.account.provider for name, each in stage.payments.policy.channels.items()}

    def crowd(self, buyers: Sequence[Buyer]) -> None:
        """These shoppers at the same time. Raises what went wrong in one of them, which would be a bug."""
        walks: list[Future[Any]] = [
            self._portal.start_task_soon(self._walk_async, buyer)
            if buyer.is_async
            else self._pool.submit(self._walk, buyer)
            for buyer in buyers
        ]
        wait(walks, timeout=FOR_ONE)
        for walk in walks:
            walk.result(timeout=0)

    # ---- sync

    def _walk(self, buyer: Buyer) -> None:
        steps, reply = journey(buyer), None
        with suppress(StopIteration):
            while True:
                step = steps.send(reply)
                try:
                    reply = self._do(buyer, step)
                except PayfallbackError as error:
                    self._stage.shop.was_refused(buyer.order_id, error)
                    return

    def _do(self, buyer: Buyer, step: Step) -> Result | bool | None:
        payments, show = self._stage.payments, self._stage.shop.show
        match step:
            case Pay(choice):
                return show(payments.pay(order_of(buyer), choice, consent=buyer.consent, shopper=_shopper(buyer)))
            case Switch(choice):
                return show(payments.switch(order_of(buyer), choice, shopper=_shopper(buyer)))
            case Look(ask):
                return show(payments.status(buyer.order_id, ask=ask))
            case Cancel():
                return show(payments.cancel(buyer.order_id))
            case Open(action):
                self._stage.control.open(action)
            case Scan(option, number):
                return self._scan(option, number)
            case Wait(seconds):
                time.sleep(seconds)
        return None

    # ---- async

    async def _walk_async(self, buyer: Buyer) -> None:
        steps, reply = journey(buyer), None
        with suppress(StopIteration):
            while True:
                step = steps.send(reply)
                try:
                    reply = await self._do_async(buyer, step)
                except PayfallbackError as error:
                    self._stage.shop.was_refused(buyer.order_id, error)
                    return

    async def _do_async(self, buyer: Buyer, step: Step) -> Result | bool | None:
        payments, show = self._stage.apayments, self._stage.shop.show
        match step:
            case Pay(choice):
                return show(await payments.pay(order_of(buyer), choice, consent=buyer.consent, shopper=_shopper(buyer)))
            case Switch(choice):
                return show(await payments.switch(order_of(buyer), choice, shopper=_shopper(buyer)))
            case Look(ask):
                return show(await payments.status(buyer.order_id, ask=ask))
            case Cancel():
                return show(await payments.cancel(buyer.order_id))
            case Open(action):
                await anyio.to_thread.run_sync(self._stage.control.open, action)
            case Scan(option, number):
                return await anyio.to_thread.run_sync(self._scan, option, number)
            case Wait(seconds):
                await anyio.sleep(seconds)
        return None

    def _scan(self, option: str, number: str) -> bool:
        return self._stage.control.scan(self._providers[option.partition("/")[0]], number)


def _shopper(buyer: Buyer) -> Shopper:
    return Shopper(ip="127.0.0.1", return_url="http://127.0.0.1/thanks", inputs=buyer.inputs)


@contextmanager
def running(stage: Stage) -> Iterator[Traffic]:
    """The clients at work: `AsyncPayments.run` recovers and delivers, and a thread recovers through `Payments`."""
    over = Event()
    thread = Thread(target=_recovering, args=(stage, over), name="demo-recover")
    with start_blocking_portal() as portal, ThreadPoolExecutor(AT_ONCE, "demo-shopper") as pool:
        background = portal.start_task_soon(_deliver_until_cancelled, stage)
        thread.start()
        try:
            yield Traffic(stage, portal, pool)
        finally:
            over.set()
            thread.join()
            background.cancel()
            wait([background], timeout=FOR_ONE)
            portal.call(stage.apayments.aclose)


async def _deliver_until_cancelled(stage: Stage) -> None:
    await stage.apayments.run(stage.shop.take_async, every=ROUND)


def _recovering(stage: Stage, over: Event) -> None:
    while not over.wait(ROUND):
        with suppress(PayfallbackError):  # the next round is soon; the sum at the end shows what it did not do
            stage.payments.recover(within=1.0)
