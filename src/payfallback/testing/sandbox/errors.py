"""What goes wrong at the sandbox's own door."""

from __future__ import annotations


class SandboxError(ValueError):
    """The sandbox was asked for something it cannot do; the message says what, and what can be asked instead.

    The control server answers it with HTTP 400.
    """


class UnknownNumber(SandboxError, LookupError):
    """No trade was created under this number at this provider."""
