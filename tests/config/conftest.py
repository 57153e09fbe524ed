"""Fixtures of the configuration's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from config_shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A folder with a right configuration, to be edited."""
    return Shop(tmp_path)
