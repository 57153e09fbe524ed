"""One's own SDK as a channel: two acquirers that the shop talks to already, made safe to fall back between.

Run it: `python examples/wrap_own_sdk.py`. It starts a made-up acquirer on loopback and needs nothing else.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

import payfallback as pf

# ---------------------------------------------------------------- what the shop has today: an SDK


class AcmeSdk:
    """The acquirer's client. It sends each request once, and raises what httpx raises."""

    def __init__(self, base_url: str, timeout: float) -> None:
        self._http = httpx.Client(base_url=base_url, timeout=timeout)

    def create_charge(self, number: str, fen: int) -> dict[str, Any]:
        """Take the money."""
        return self._answer(self._http.post(f"/charges/{number}", json={"fen": fen}))

    def find_charge(self, number: str) -> dict[str, Any]:
        """Where a charge stands."""
        return self._answer(self._http.get(f"/charges/{number}"))

    def void_charge(self, number: str) -> dict[str, Any]:
        """End a charge that was not paid."""
        return self._answer(self._http.post(f"/charges/{number}/void"))

    @staticmethod
    def _answer(response: httpx.Response) -> dict[str, Any]:
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer


# ---------------------------------------------------------------- what it takes to wrap it: one reader, one call


def read_acme(attempt: pf.Attempt, result: Any) -> pf.Answer | pf.Verdict | None:
    """What the SDK's answer, or its exception, proves. None: I do not know; then it is asked about."""
    if isinstance(result, httpx.ConnectError | httpx.ConnectTimeout):
        return pf.Verdict.NOT_SENT  # no connection was made, and the SDK sends once
    if not isinstance(result, dict):
        return None
    if result["state"] == "paid":
        amount = pf.Money(result["fen"], "CNY")
        return pf.Answer(verdict=pf.Verdict.CAPTURED, amount=amount, number=result["number"])
    if result["state"] == "refused":  # Acme states that a refused number stays refused
        return pf.Answer(verdict=pf.Verdict.DECLINED, cause=pf.Cause.CREDIT_EXHAUSTED, final=True)
    return {"void": pf.Verdict.CLOSED, "unknown": pf.Verdict.NOT_FOUND}.get(result["state"])


def acme(base_url: str, merchant: str) -> Any:
    """One account at the acquirer, as a provider."""
    sdk = AcmeSdk(base_url, timeout=0.5)
    return pf.wrap(
        lambda a: sdk.create_charge(a.number, a.amount.minor),
        query=lambda a: sdk.find_charge(a.number),
        close=lambda a: sdk.void_charge(a.number),
        close_names_trade=True,
        reads=read_acme,
        account=f"acme/{merchant}",
        timeout=0.5,
    )


# ---------------------------------------------------------------- the made-up acquirer


class Acquirer(ThreadingHTTPServer):
    """Keeps its own book of charges. `mood`: fine, refuses, or loses_replies (after it took the money)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Desk)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.mood = "fine"
        self.book: dict[str, dict[str, Any]] = {}
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def captured(self) -> int:
        """Fen that it took from shoppers."""
        return sum(charge["fen"] for charge in self.book.values() if charge["state"] == "paid")


class Desk(BaseHTTPRequestHandler):
    """One request at the acquirer's."""

    server: Acquirer

    def do_POST(self) -> None:
        """Charge or void. What is void, refused or paid stays so."""
        number = self.path.split("/")[2]
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        charge = self.server.book.setdefault(number, {"number": number, "fen": body.get("fen", 0), "state": "new"})
        if charge["state"] == "new":
            asked = "refused" if self.server.mood == "refuses" else "paid"
            charge["state"] = "void" if self.path.endswith("/void") else asked
        if self.server.mood != "loses_replies":
            self._say(charge)

    def do_GET(self) -> None:
        """Find a charge."""
        self._say(self.server.book.get(self.path.split("/")[2], {"state": "unknown"}))

    def _say(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


# ---------------------------------------------------------------- three checkouts


def main() -> None:
    """Pay while the first acquirer is fine, loses a reply, refuses, and is gone."""
    first, second = Acquirer(), Acquirer()
    providers = {"card": acme(first.url, "m-1"), "card2": acme(second.url, "m-2")}
    with pf.Payments(**pf.channels(providers, order=["card", "card2"])) as payments:
        for number, mood in enumerate(("fine", "loses_replies", "refuses", "gone"), 1):
            first.mood = mood
            if mood == "gone":
                first.shutdown()
                first.server_close()
            order = pf.Order(f"A100{number}", pf.Money.of("59.90", "CNY"), "tea")
            match payments.pay(order, "card", consent=["card2"]):
                case pf.Paid() as paid:
                    print(f"{order.id}: {mood}: paid by {paid.option}, after leaving {list(paid.switched_from)}")
                case other:
                    print(f"{order.id}: {mood}: {other.status} {other.cause}")
    for server in (first, second):
        server.shutdown()
        server.server_close()
    assert first.captured() + second.captured() == 4 * 5990, "every order was paid once"
    print(f"captured: {first.captured()} + {second.captured()} fen")


if __name__ == "__main__":
    main()
