"""The sandbox's control server, over HTTP: faults, the shopper's hand, and the ledger."""

from __future__ import annotations

from collections import Counter
from types import TracebackType
from typing import Any, Self

import httpx

from payfallback.cli.demo.plan import Phase

JD = "jdpay"


class Control:
    """Safe for threads. Raises `httpx.HTTPError` when the control server does not do what it is asked."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=10.0, trust_env=False)

    def begin(self, phase: Phase) -> None:
        """JD Pay behaves as this phase says, from now on."""
        self.mend()
        self._post("/notifications", {"provider": JD, "mode": phase.notices})
        for fault, operation in phase.rules:
            self._post("/faults", {"provider": JD, "fault": fault, "operation": operation})

    def mend(self) -> None:
        """Lift every fault."""
        self._client.delete("/faults").raise_for_status()
        self._post("/notifications", {"provider": JD, "mode": "on"})

    def scan(self, provider: str, number: str) -> None:
        """The shopper pays what is open under a number. What is closed or unknown stays unpaid, as on a real phone."""
        answer = self._client.post("/pay", json={"provider": provider, "number": number})
        if answer.status_code != httpx.codes.NOT_FOUND:
            answer.raise_for_status()

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
