"""Running a sandbox in the foreground, for a command line."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

from payfallback.testing.sandbox.sandbox import Sandbox


def serve(sandbox: Sandbox, on_ready: Callable[[Sandbox], None] | None = None) -> None:
    """Start the sandbox, call `on_ready` when it answers, and return after SIGINT or SIGTERM, with it stopped.

    For the main thread, whose handlers of these signals are put back at the end.
    """
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with sandbox:
            if on_ready is not None:
                on_ready(sandbox)
            while not ended.wait(timeout=3600):
                pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
