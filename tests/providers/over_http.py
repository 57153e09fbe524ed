"""Driving an adapter over real HTTP against the sandbox, and an endpoint that keeps the notifications it gets."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any

import httpx

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


class Endpoint:
    """A shop's notification endpoint: verified by the adapter, acknowledged, and kept."""

    def __init__(self, adapter: Wire) -> None:
        self.notices: Queue[Notice] = Queue()
        notices = self.notices

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                notices.put(adapter.notification(dict(self.headers.items()), body, ""))
                status, headers, answer = adapter.acknowledge(True)
                self.send_response(status)
                for name, text in headers.items():
                    self.send_header(name, text)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/notify"

    def __enter__(self) -> Endpoint:
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Kept:
    """A shop's notification endpoint that says "not yet" and keeps what arrives: headers and body, as they came."""

    def __init__(self) -> None:
        self.arrived: Queue[tuple[dict[str, str], bytes]] = Queue()
        arrived = self.arrived

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                arrived.put((dict(self.headers.items()), self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(500)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/notify"

    def __enter__(self) -> Kept:
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
