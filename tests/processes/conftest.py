"""A town for each test with real processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from processes_town import Town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A running sandbox, and a shop that is configured for it."""
    with Town(tmp_path) as running:
        yield running
