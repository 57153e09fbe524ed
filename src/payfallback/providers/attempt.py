"""What a wrapped callable and a reader are told about the attempt at hand."""

from __future__ import annotations

from payfallback._core.operations import Attempt

__all__ = ["Attempt"]
