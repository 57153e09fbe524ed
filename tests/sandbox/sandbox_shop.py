"""A shop's notification endpoint on a real port: it keeps what arrives and answers as it is told."""

from __future__ import annotations

from dataclasses import dataclass
from queue import Empty, Queue

import door


@dataclass
class Arrived:
    """One notification."""

    headers: dict[str, str]
    body: bytes


class Shop(door.Door):
    """The endpoint; a context manager."""

    def __init__(self, status: int = 200, body: bytes = b"success") -> None:
        super().__init__(self._keep)
        self.answers: Queue[tuple[int, bytes]] = Queue()
        self.usual = (status, body)
        self.arrived: Queue[Arrived] = Queue()

    def _keep(self, posted: door.Posted) -> door.Answer:
        self.arrived.put(Arrived({name.title(): value for name, value in posted.headers.items()}, posted.body))
        try:
            status, body = self.answers.get_nowait()
        except Empty:
            status, body = self.usual
        return door.Answer(status, body=body)

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
