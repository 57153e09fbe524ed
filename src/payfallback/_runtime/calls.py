"""Calling what the merchant handed in: whatever it raises becomes an answer, with the cause kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from payfallback._core.operations import Answer, Operation, sound
from payfallback.ports import Callables


def read_safely(provider: Callables, operation: Operation, call: Callable[[], Any]) -> Answer:
    """Call and read. Only `Exception` is an answer; cancellation and interrupts pass through."""
    try:
        result = call()
    except Exception as error:  # noqa: BLE001  # what the shop's callable raises is evidence: its reader says of what
        return provider.read(operation, error)  # kept in no variable: its traceback holds this frame, for the collector
    return sound(provider.read(operation, result))


async def read_safely_async(provider: Callables, operation: Operation, call: Callable[[], Awaitable[Any]]) -> Answer:
    """The same, awaited."""
    try:
        result = await call()
    except Exception as error:  # noqa: BLE001  # what an awaited callable raises is evidence as well
        return provider.read(operation, error)
    return sound(provider.read(operation, result))
