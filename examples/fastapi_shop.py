"""A web shop on FastAPI: options, pay, a status page, another way, notifications, and a worker that recovers and ships.

Run it: `python examples/fastapi_shop.py`. It starts the sandbox and the shop on free ports of loopback, goes shopping
over real HTTP through an outage of JD's, and stops. It needs fastapi and the extra `sandbox`.
"""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

import payfallback as pf
from payfallback.testing import starter_config
from payfallback.testing.sandbox import Sandbox

# ---------------------------------------------------------------- the shop's own data


class Book:
    """The shop's database: what each payment id costs, and which outcomes it has acted on."""

    def __init__(self) -> None:
        self._db = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._db.execute("CREATE TABLE told (outcome TEXT PRIMARY KEY, order_id TEXT, kind TEXT)")
        self._prices = {"A1001": "5999.00", "A1002": "899.00"}

    def order(self, order_id: str) -> pf.Order:
        """The order as the shop knows it: the browser never names a price. Raises `KeyError`."""
        return pf.Order(order_id, pf.Money.of(self._prices[order_id], "CNY"), "phone")

    async def act(self, outcome: pf.Outcome) -> None:
        """Ship, or release the stock, once: an outcome may be told again, and its id is unique here."""
        row = (outcome.id, outcome.order_id, outcome.kind)
        if self._db.execute("INSERT OR IGNORE INTO told VALUES (?, ?, ?)", row).rowcount:
            print(f"  shop: {outcome.order_id} {outcome.kind} by {outcome.option}")

    def told(self) -> list[tuple[str, str]]:
        """Orders and what became of them."""
        return list(self._db.execute("SELECT order_id, kind FROM told ORDER BY order_id"))


# ---------------------------------------------------------------- the shop's pages


class Click(BaseModel):
    """What the page sends: the option that was clicked, and those that were ticked as a fallback."""

    choice: str
    consent: list[str] = []


def shop(payments: pf.AsyncPayments, book: Book) -> FastAPI:
    """The application. One client of the library serves all requests and the worker."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        worker = asyncio.create_task(payments.run(book.act, every=0.2))  # recovers and delivers; one process is enough
        try:
            yield
        finally:
            worker.cancel()
            with suppress(asyncio.CancelledError):
                await worker
            await payments.aclose()

    app = FastAPI(lifespan=lifespan)
    _pages(app, payments, book)
    _doors(app, payments, book)
    _errors(app)
    return app


def _pages(app: FastAPI, payments: pf.AsyncPayments, book: Book) -> None:
    @app.get("/orders/{order_id}/options")
    async def options(order_id: str) -> dict[str, Any]:
        return (await payments.options(book.order(order_id))).to_json()

    @app.post("/orders/{order_id}/pay")
    async def pay(order_id: str, click: Click, request: Request) -> dict[str, Any]:
        shopper = _shopper(request, order_id)
        result = await payments.pay(book.order(order_id), click.choice, consent=click.consent, shopper=shopper)
        return result.to_json("en")

    @app.post("/orders/{order_id}/switch")
    async def switch(order_id: str, click: Click, request: Request) -> dict[str, Any]:
        shopper = _shopper(request, order_id)
        return (await payments.switch(book.order(order_id), click.choice, shopper=shopper)).to_json("en")

    @app.get("/orders/{order_id}")
    async def status(order_id: str, *, ask: bool = False) -> dict[str, Any]:
        """What the page polls. The provider's redirect ends here too: with `ask`, and its parameters unread."""
        return (await payments.status(order_id, ask=ask)).to_json("en")


def _doors(app: FastAPI, payments: pf.AsyncPayments, book: Book) -> None:
    @app.post("/notify/{channel}")
    async def notify(channel: str, request: Request) -> Response:
        """The raw body and headers, as they came; the answer goes back as it is."""
        ack = await payments.notify(channel, request.headers, await request.body(), query=request.url.query)
        return Response(ack.body, ack.status, dict(ack.headers))


def _errors(app: FastAPI) -> None:
    @app.exception_handler(pf.PayfallbackError)
    async def refused(request: Request, error: pf.PayfallbackError) -> JSONResponse:
        """The call is wrong, or the journal is away; either way this call sent nothing."""
        status = {"unknown_order": 404, "unknown_option": 404, "journal_unavailable": 503}.get(error.code, 409)
        return JSONResponse({"error": error.code}, status)

    @app.exception_handler(KeyError)
    async def no_such_order(request: Request, error: KeyError) -> JSONResponse:
        return JSONResponse({"error": "unknown_order"}, 404)


def _shopper(request: Request, order_id: str) -> pf.Shopper:
    page = str(request.url_for("status", order_id=order_id).include_query_params(ask="true"))
    return pf.Shopper(ip=request.client.host if request.client else "", return_url=page)


# ---------------------------------------------------------------- running it on loopback


@contextmanager
def served(folder: Path, sandbox: Sandbox, book: Book) -> Iterator[httpx.Client]:
    """The shop, on a free port, until the block ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    file = folder / "payfallback.toml"
    file.write_text(
        starter_config(
            {"jdpay": sandbox.jdpay_url, "wechatpay": sandbox.wechatpay_url},
            notify_url=url + "/notify/{channel}",
            journal_url="sqlite:///payments.db?allow_volatile=yes",  # a temporary folder: a shop leaves the option out
        ),
        encoding="utf-8",
    )
    app = shop(pf.AsyncPayments.from_config(str(file)), book)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        with httpx.Client(base_url=url, timeout=20, trust_env=False) as browser:
            yield browser
    finally:
        server.should_exit = True
        thread.join()


def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something that happens elsewhere. Raises `TimeoutError`."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError("it did not happen")
        time.sleep(0.02)


# ---------------------------------------------------------------- two shoppers


def through_an_outage(browser: httpx.Client, sandbox: Sandbox) -> None:
    """JD answers 503; the shopper had agreed to WeChat Pay, scans its code, and WeChat Pay notifies the shop."""
    offered = browser.get("/orders/A1001/options").json()["options"]
    print(f"A1001: the page offers {[each['option'] for each in offered if each['available']]}")
    sandbox.fault("jdpay", "http_503")
    shown = browser.post("/orders/A1001/pay", json={"choice": "baitiao/12", "consent": ["wechat"]}).json()
    print(f"A1001: {shown['option']} shows a {shown['action']['kind']}, after leaving {shown['switched_from']}")
    sandbox.pay("wechatpay", shown["number"])
    until(lambda: browser.get("/orders/A1001").json()["status"] == "paid")  # nobody asked: the notification said so
    sandbox.clear()


def another_way(browser: httpx.Client, sandbox: Sandbox) -> None:
    """The shopper looks at JD's code, thinks again, and takes WeChat Pay; the old code cannot be paid any more."""
    old = browser.post("/orders/A1002/pay", json={"choice": "baitiao/6"}).json()
    print(f"A1002: {old['option']} shows a {old['action']['kind']}")
    new = browser.post("/orders/A1002/switch", json={"choice": "wechat"}).json()
    print(f"A1002: {new['option']} shows a {new['action']['kind']}, after leaving {new['switched_from']}")
    print(f"A1002: JD's old code is {sandbox.pay('jdpay', old['number'])}")
    sandbox.notifications("wechatpay", "off")
    sandbox.pay("wechatpay", new["number"])
    back = browser.get("/orders/A1002", params={"ask": True, "result": "success"}).json()  # the page after the redirect
    print(f"A1002: {back['status']}: {back['message']}")


def main() -> None:
    """Go shopping twice, and hold the shop's book against the providers'."""
    book = Book()
    with TemporaryDirectory() as folder, Sandbox(key_dir=Path(folder) / "sandbox-keys") as sandbox:
        with served(Path(folder), sandbox, book) as browser:
            through_an_outage(browser, sandbox)
            another_way(browser, sandbox)
            until(lambda: len(book.told()) == 2)
        captured = sandbox.captures()
    print(f"captured, by the providers' books: {[(entry.number, entry.amount) for entry in captured]}")
    assert book.told() == [("A1001", "paid"), ("A1002", "paid")]
    assert len(captured) == 2, "every order was paid once"


if __name__ == "__main__":
    main()
