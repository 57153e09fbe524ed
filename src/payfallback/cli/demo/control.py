"""The sandbox's control server, over HTTP: faults, the shopper's hand and browser, and the ledger."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import httpx

from payfallback.cli.demo.plan import FIRST, Phase
from payfallback.model import Action, Form, Qr, Redirect

PATIENCE = 2.0  # seconds that a shopper looks at an empty page


class Control:
    """Safe for threads. Raises `httpx.HTTPError` when the control server does not do what it is asked."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=10.0, trust_env=False)
        self._browser = httpx.Client(timeout=PATIENCE, trust_env=False, follow_redirects=True)

    def begin(self, phase: Phase, beside: tuple[str, str] | None) -> None:
        """JD Pay behaves as this phase says, from now on; `beside`: another provider, and a fault of its charges."""
        self.mend()
        self._post("/notifications", {"provider": FIRST, "mode": phase.notices})
        for fault, operation in phase.rules:
            self._post("/faults", {"provider": FIRST, "fault": fault, "operation": operation})
        if beside is not None:
            self._post("/faults", {"provider": beside[0], "fault": beside[1], "operation": "charge"})

    def mend(self) -> None:
        """Lift every fault."""
        self._client.delete("/faults").raise_for_status()
        self._post("/notifications", {"provider": FIRST, "mode": "on"})

    def scan(self, provider: str, number: str) -> bool:
        """The shopper pays what is open under a number, and sees whether that went through. What is closed or unknown
        stays unpaid, as on a real phone."""
        answer = self._client.post("/pay", json={"provider": provider, "number": number})
        if answer.status_code == httpx.codes.NOT_FOUND:
            return False
        return answer.raise_for_status().json()["state"] in ("paid", "processing")

    def open(self, action: Action) -> None:
        """The shopper opens what is shown: a QR code that is an address, a page. It may fail, as everything may."""
        with suppress(httpx.TransportError):
            match action:
                case Qr(url) | Redirect(url) if url.startswith("http://127.0.0.1:"):
                    self._browser.get(url)
                case Form(url, fields):
                    self._browser.post(url, data=dict(fields))

    def ledger(self) -> list[dict[str, Any]]:
        """Every capture and refund, as the providers booked them."""
        answer = self._client.get("/ledger")
        entries: list[dict[str, Any]] = answer.raise_for_status().json()["entries"]
        return entries

    def struck(self) -> dict[str, int]:
        """How many requests met each fault; a refused connection never became a request."""
        answer = self._client.get("/requests")
        lines = answer.raise_for_status().json()["requests"]
        return dict(Counter(fault for line in lines for fault in line["faults"]).most_common())

    def _post(self, path: str, body: dict[str, Any]) -> None:
        self._client.post(path, json=body).raise_for_status()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()
        self._browser.close()
