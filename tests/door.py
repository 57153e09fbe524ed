"""An address on a real port of loopback: what is sent there is answered by a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple, Self


class Posted(NamedTuple):
    """One request: the path it came to, its headers as they were sent, its body, and its method."""

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"


class Answer(NamedTuple):
    """What goes back."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Door:
    """Answers every GET and POST on 127.0.0.1, each on a thread of its own; a context manager."""

    def __init__(self, answer: Callable[[Posted], Answer], path: str = "/notify") -> None:
        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                status, headers, text = answer(Posted(self.path, dict(self.headers.items()), body, self.command))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = _answer  # noqa: N815  # the names that http.server calls

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.url = f"http://127.0.0.1:{self._server.server_port}{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
