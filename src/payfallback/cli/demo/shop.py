"""The demo's shop: what it told its shoppers, what it was told, and its endpoint for notifications."""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Self

from payfallback.results import Ack, Outcome, Paid, Result

LARGEST = 1 << 20

Notify = Callable[[str, dict[str, str], bytes, str], Ack]


class Shop:
    """Safe for threads. `outcomes` is its table with UNIQUE(outcome.id)."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.told_paid: set[str] = set()
        self.outcomes: dict[str, Outcome] = {}
        self.raised: dict[str, str] = {}

    def show(self, result: Result) -> Result:
        """Show a result to the shopper."""
        if isinstance(result, Paid):
            with self._lock:
                self.told_paid.add(result.order_id)
        return result

    def take(self, outcome: Outcome) -> None:
        """Act on an outcome, once."""
        with self._lock:
            self.outcomes.setdefault(outcome.id, outcome)
            if outcome.kind == "paid":
                self.told_paid.add(outcome.order_id)

    async def take_async(self, outcome: Outcome) -> None:
        """The same, awaited."""
        self.take(outcome)

    def was_refused(self, order_id: str, error: Exception) -> None:
        """A call raised: it sent nothing."""
        with self._lock:
            self.raised[order_id] = type(error).__name__


class Endpoint:
    """A tiny HTTP server: POST /notify/{channel} goes to `notify`, and its `Ack` is the answer."""

    def __init__(self) -> None:
        self.notify: Notify | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/notify/{{channel}}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            path, _, query = self.path.partition("?")
            length = min(int(self.headers.get("content-length") or 0), LARGEST)
            body = self.rfile.read(length)
            if endpoint.notify is None or not path.startswith("/notify/"):
                self.send_error(404)
                return
            ack = endpoint.notify(path.removeprefix("/notify/"), dict(self.headers.items()), body, query)
            self.send_response(ack.status)
            for name, text in ack.headers.items():
                self.send_header(name, text)
            self.send_header("content-length", str(len(ack.body)))
            self.end_headers()
            self.wfile.write(ack.body)

        def log_message(self, format: str, *_: object) -> None:
            """Its log is the demo's table."""

    return Handler
