"""The sandbox's time, for a shop that lives in it."""

from __future__ import annotations

from payfallback.testing.sandbox import Sandbox


class SandboxTime:
    """The sandbox's clock as the shop's: waiting puts it forward for both."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def monotonic(self) -> float:
        """Never goes back."""
        return self._sandbox.now

    def epoch(self) -> float:
        """Seconds since 1970."""
        return self._sandbox.now

    def sleep(self, seconds: float) -> None:
        """Let time pass for everybody."""
        self._sandbox.advance(seconds)
