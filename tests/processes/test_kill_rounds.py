"""A round of `benchmarks/kills.py`: payers, recoverers and the PostgreSQL server killed, nothing twice, nothing
forgotten."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from processes_rounds import SERVER_DIES_EVERY, some_rounds

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("journal", ["sqlite", "postgres"])
def test_killed_in_a_round(tmp_path: Path, journal: str) -> None:
    """Killed at any moment under any fault, and in the days of recovery too, payers and recoverers, and a database
    that is shut down at once in the middle of it, leave every order paid once or not at all, and told."""
    seed = random.getrandbits(32)
    first = SERVER_DIES_EVERY * random.Random(seed).randrange(100)  # other faults every time
    print(f"seed {seed}")
    figures = some_rounds(tmp_path, journal, seed, 1, first)
    assert not figures.violations, "\n".join(figures.violations)
    assert figures.struck["payer"] == figures.struck["recoverer"] == 2
    assert figures.struck["server"] >= (journal == "postgres")
    assert figures.counts["orders"] >= 1
