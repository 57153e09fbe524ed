"""Driving an adapter over real HTTP against the sandbox, and an endpoint that keeps the notifications it gets."""

from __future__ import annotations

import time
from queue import Queue
from typing import Any

import httpx

import door
from door import Door, Posted
from payfallback._core.operations import Answer, Kind, Notice, Operation
from payfallback._values import changed
from payfallback.model import Money, Option
from payfallback.ports import HttpResponse, Wire


class RealClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        """Seconds."""
        return time.monotonic()

    def epoch(self) -> float:
        """Epoch seconds."""
        return time.time()


class Checkout:
    """One attempt at a provider: every call is built, sent and read by the adapter."""

    def __init__(self, adapter: Wire, http: httpx.Client, product: str, number: str, **more: Any) -> None:
        self.adapter, self.http = adapter, http
        self.given = Operation(
            kind=Kind.CHARGE,
            option=Option("c", more.pop("terms", None)),
            product=product,
            number=number,
            amount=Money(599900, "CNY"),
            order_id=number,
            title="壶 & cup",
            now=time.time(),
            **more,
        )
        self.given = changed(self.given, memo=adapter.memo(self.given))

    def __call__(self, kind: Kind, **more: Any) -> Answer:
        """What the provider's answer to one operation proves."""
        asked = changed(self.given, kind=kind, now=time.time(), **more)
        request = self.adapter.request(asked)
        sent = self.http.request(request.method, request.url, headers=dict(request.headers), content=request.body)
        response = HttpResponse(status=sent.status_code, headers=dict(sent.headers.items()), body=sent.content)
        return self.adapter.read(asked, response)


class Endpoint(Door):
    """A shop's notification endpoint: verified by the adapter, acknowledged, and kept."""

    def __init__(self, adapter: Wire) -> None:
        super().__init__(self._take)
        self.adapter = adapter
        self.notices: Queue[Notice] = Queue()

    def _take(self, posted: Posted) -> door.Answer:
        self.notices.put(self.adapter.notification(posted.headers, posted.body, ""))
        return door.Answer(*self.adapter.acknowledge(True))


class Kept(Door):
    """A shop's notification endpoint that says "not yet" and keeps what arrives, as it came."""

    def __init__(self) -> None:
        super().__init__(self._keep)
        self.arrived: Queue[Posted] = Queue()

    def _keep(self, posted: Posted) -> door.Answer:
        self.arrived.put(posted)
        return door.Answer(500)
