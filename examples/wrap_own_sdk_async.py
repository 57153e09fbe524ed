"""One's own async SDK as a channel that shows a QR code, with a second one to switch to.

Run it: `python examples/wrap_own_sdk_async.py`. It starts a made-up wallet on loopback and needs nothing else.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

import payfallback as pf

# ---------------------------------------------------------------- what the shop has today: an async SDK


class WalletSdk:
    """The wallet's client. It sends each request once, and raises what httpx raises."""

    def __init__(self, base_url: str) -> None:
        self._http = httpx.AsyncClient(base_url=base_url)

    async def call(self, what: str, number: str, fen: int = 0, seconds: float = 3.0) -> dict[str, Any]:
        """Create, find or close an order."""
        response = await self._http.post(f"/{what}", json={"number": number, "fen": fen}, timeout=seconds)
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()


# ---------------------------------------------------------------- what it takes to wrap it


def read_wallet(attempt: pf.Attempt, result: Any) -> pf.Answer | pf.Verdict | None:
    """What the wallet's answer, or an exception, proves."""
    if isinstance(result, httpx.ConnectError | httpx.ConnectTimeout):
        return pf.Verdict.NOT_SENT
    match result:
        case {"state": "waiting", "qr": str(code)}:
            return pf.Answer(verdict=pf.Verdict.PENDING, cause=pf.Cause.AWAITING_SHOPPER, action=pf.Qr(code))
        case {"state": "paid", "fen": int(fen), "number": str(number)}:
            return pf.Answer(verdict=pf.Verdict.CAPTURED, amount=pf.Money(fen, "CNY"), number=number)
        case {"state": "closed"}:
            return pf.Verdict.CLOSED
        case {"state": "unknown"}:
            return pf.Verdict.NOT_FOUND
    return None


def wallet(sdk: WalletSdk, merchant: str) -> Any:
    """One account at the wallet. No money moves before the shopper has the code: `starts="shopper"`."""

    async def charge(a: pf.Attempt) -> dict[str, Any]:
        return await sdk.call("create", a.number, a.amount.minor, seconds=a.timeout)

    async def query(a: pf.Attempt) -> dict[str, Any]:
        return await sdk.call("find", a.number, seconds=a.timeout)

    async def close(a: pf.Attempt) -> dict[str, Any]:
        return await sdk.call("close", a.number, seconds=a.timeout)

    return pf.wrap(
        charge,
        query=query,
        close=close,
        close_names_trade=True,
        reads=read_wallet,
        account=f"wallet/{merchant}",
        starts="shopper",
    )


# ---------------------------------------------------------------- the made-up wallet


class Wallet:
    """Keeps its own book of orders; the shopper pays by scanning."""

    def __init__(self) -> None:
        self.book: dict[str, dict[str, Any]] = {}
        self.url = ""

    async def __aenter__(self) -> Wallet:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    def scan(self, code: str) -> bool:
        """The shopper scans: an open order is paid, a closed one is not."""
        order = self.book[code.removeprefix("wallet://")]
        if order["state"] == "waiting":
            order["state"] = "paid"
        return bool(order["state"] == "paid")

    def captured(self) -> int:
        """Fen that it took from shoppers."""
        return sum(order["fen"] for order in self.book.values() if order["state"] == "paid")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        asked = json.loads(await reader.readexactly(length))
        body = json.dumps(self._answer(head.split()[1].removeprefix("/"), asked)).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    def _answer(self, what: str, asked: dict[str, Any]) -> dict[str, Any]:
        number = asked["number"]
        if what == "create":
            new = {**asked, "state": "waiting", "qr": f"wallet://{number}"}
            return self.book.setdefault(number, new)
        order = self.book.get(number, {"state": "unknown"})
        if what == "close" and order["state"] == "waiting":
            order["state"] = "closed"
        return order


# ---------------------------------------------------------------- one checkout, and a shopper who changes their mind


async def main() -> None:
    """Show a code, switch to the other wallet, pay there, and tell the shop once."""
    async with Wallet() as red, Wallet() as blue:
        sdks = [WalletSdk(red.url), WalletSdk(blue.url)]
        providers = {"red": wallet(sdks[0], "m-1"), "blue": wallet(sdks[1], "m-2")}
        order = pf.Order("A2001", pf.Money.of("59.90", "CNY"), "tea")
        async with pf.AsyncPayments(**pf.channels(providers, order=["red", "blue"])) as payments:
            first = await payments.pay(order, "red")
            assert isinstance(first, pf.ActionRequired), first
            assert isinstance(first.action, pf.Qr)
            print(f"red shows {first.action.code}")

            second = await payments.switch(order, "blue")  # closes red first
            assert isinstance(second, pf.ActionRequired), second
            assert isinstance(second.action, pf.Qr)
            print(f"blue shows {second.action.code}")
            print(f"the old code is {'paid' if red.scan(first.action.code) else 'refused'}")

            blue.scan(second.action.code)
            print(f"{order.id}: {(await payments.status(order.id, ask=True)).status}")
            await payments.deliver(ship)
        for sdk in sdks:
            await sdk.aclose()
        assert red.captured() + blue.captured() == 5990, "the order was paid once"


async def ship(outcome: pf.Outcome) -> None:
    """What the shop does when it is told, in its own transaction under `UNIQUE(outcome.id)`."""
    print(f"told: {outcome.order_id} {outcome.kind} {outcome.amount}")


if __name__ == "__main__":
    asyncio.run(main())
