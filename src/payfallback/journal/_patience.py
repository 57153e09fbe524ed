"""Trying again what is known to have written nothing: at once the first time, then with jitter, for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def patiently(
    work: Callable[[], T],
    patience: float,
    problems: type[Exception],
    passing: Callable[[BaseException], bool],
    waits: tuple[float, float],
) -> T:
    """Do it, and again while it raises one of `problems` that is `passing`, for `patience` seconds at most; then raise
    the last of it. `waits`: seconds of the first and of the longest wait, before jitter."""
    try:
        return work()
    except problems as problem:
        if not passing(problem):
            raise
    from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

    again = Retrying(
        retry=retry_if_exception(passing),
        wait=wait_random_exponential(multiplier=waits[0], max=waits[1]),
        stop=stop_after_delay(patience),
        reraise=True,
    )
    return again(work)
