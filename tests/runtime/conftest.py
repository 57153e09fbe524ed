"""Workers that share their health."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from secrets import token_hex

import pytest
from sharers import Sharer


@pytest.fixture
def prefix() -> str:
    """Nobody else's keys."""
    return f"test-{token_hex(6)}"


@pytest.fixture
def worker(redis_url: str, prefix: str) -> Iterator[Callable[..., Sharer]]:
    """Makes workers that share with each other."""
    made: list[Sharer] = []

    def make(host: str = "web-1", **more: object) -> Sharer:
        made.append(Sharer(redis_url, prefix, host, **more))
        return made[-1]

    yield make
    for each in made:
        each.sharing.close()
