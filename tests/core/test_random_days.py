"""Random schedules over the real core: whatever happens, the providers' own ledger shows the promises kept."""

from __future__ import annotations

import os

import pytest
from money_shop import Day, shipped

SEEDS = 2400
BLOCK = 200


@pytest.mark.parametrize("block", range(SEEDS // BLOCK))
def test_no_random_day_breaks_a_promise(block: int) -> None:
    """Outages, double clicks, switches, cancels, crashes and clock jumps never charge twice and never lose money."""
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        day = Day(seed)
        wrong = day.live()
        assert not wrong, f"seed {seed}: {wrong}\n" + "\n".join(day.story)


def test_a_fresh_seed_each_day_breaks_no_promise() -> None:
    """A block of seeds nobody has seen before; `PAYFALLBACK_SEED` repeats one that failed."""
    first = int(os.environ.get("PAYFALLBACK_SEED") or int.from_bytes(os.urandom(4), "big") + 1_000_000)
    for seed in range(first, first + BLOCK):
        day = Day(seed)
        wrong = day.live()
        assert not wrong, f"PAYFALLBACK_SEED={seed}: {wrong}\n" + "\n".join(day.story)


@pytest.mark.parametrize("block", range(3))
def test_no_random_day_with_the_shipped_adapters_declarations_breaks_a_promise(block: int) -> None:
    """The same holds for channels that can do just what JD Pay's and WeChat Pay's adapters declare."""
    declared = shipped()
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        day = Day(seed, declared)
        wrong = day.live()
        assert not wrong, f"seed {seed}: {wrong}\n" + "\n".join(day.story)
