"""The bugs that the tests plant in the money path, one by one, and whether the simulator saw each."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from _table import Row

TESTS = Path(__file__).parents[1] / "tests"


def killed() -> list[Row]:
    """Plant each bug, play the named schedules and a bounded number of orders, and take it out again."""
    sys.path[:0] = [str(TESTS), str(TESTS / "core")]
    import pytest

    planted = import_module("test_simulator_planted")
    survived = []
    for plant in planted.PLANTED:
        with pytest.MonkeyPatch.context() as patch:
            plant(patch)
            if not planted.is_killed():
                survived.append(plant.__name__)
    found = len(planted.PLANTED) - len(survived)
    return [{"planted": len(planted.PLANTED), "killed": found, "survived": ", ".join(survived) or "none"}]
