"""The one place where whatever a provider's side raises is caught, instead of unwinding a payment that may be sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from payfallback._core.operations import Answer


class Told:
    """Where a provider call leaves its answer."""

    __slots__ = ("answer",)
    answer: Answer


@contextmanager
def provider_call(failed: Callable[[Exception], Answer]) -> Iterator[Told]:
    """Run an adapter, an exchange or a merchant's callable, and set `answer`; `failed` answers for what it raises.

    Cancellation, `KeyboardInterrupt` and every other `BaseException` pass through: the journal already says what is
    in flight.
    """
    told = Told()
    try:
        yield told
    except Exception as error:  # noqa: BLE001  # whatever it is, it may have happened after sending: it is an answer
        told.answer = failed(error)
