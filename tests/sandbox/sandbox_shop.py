"""A shop's notification endpoint on a real port: it keeps what arrives and answers as it is told."""

from __future__ import annotations

from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Thread


@dataclass
class Arrived:
    """One notification."""

    headers: dict[str, str]
    body: bytes


class Shop:
    """The endpoint; a context manager."""

    def __init__(self, status: int = 200, body: bytes = b"success") -> None:
        self.answers: Queue[tuple[int, bytes]] = Queue()
        self.usual = (status, body)
        self.arrived: Queue[Arrived] = Queue()
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                shop.arrived.put(Arrived({name.title(): value for name, value in self.headers.items()}, body))
                try:
                    status, answer = shop.answers.get_nowait()
                except Empty:
                    status, answer = shop.usual
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/notify"

    def __enter__(self) -> Shop:
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def next(self, within: float = 5.0) -> Arrived:
        """The next notification, waited for."""
        return self.arrived.get(timeout=within)

    def silent(self, seconds: float) -> bool:
        """Whether nothing arrives for some seconds."""
        try:
            self.arrived.get(timeout=seconds)
        except Empty:
            return True
        return False
