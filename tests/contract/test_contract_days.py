"""Random days against every provider of the sandbox: whatever happened, the books and what was told agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from contract_days import FAULTS, Day
from contract_town import MORE, town
from contract_world import WAYS, Shop, opened

from payfallback.testing.sandbox import Sandbox
from payfallback.testing.sandbox.faults import FORMS

DAYS = 80

pytestmark = pytest.mark.slow  # hundreds of orders over real HTTP


@pytest.fixture(scope="module")
def busy_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A sandbox and a door of their own: notifications of one day still come when the next has begun."""
    keys = tmp_path_factory.mktemp("days-keys")
    with Sandbox(key_dir=keys) as sandbox, opened(sandbox, keys, tmp_path_factory.mktemp("days")) as shop:
        yield shop


@pytest.mark.parametrize("seed", range(DAYS))
def test_a_random_day_ends_with_the_books_and_what_was_told_agreeing(
    busy_shop: Shop, tmp_path: Path, seed: int
) -> None:
    """Faults, double clicks, switches, cancels, refunds, old pages, dying workers, late notifications and bills: at
    most one capture is held at any time, paid is told only of what is held, and everything is settled."""
    with town(busy_shop) as (policy, providers, whose):
        day = Day(busy_shop, policy, providers, whose, tmp_path, seed)
        assert day.live() == [], "\n".join(day.story)


def test_the_days_know_every_way_and_only_faults_that_leave_the_amount_alone() -> None:
    """A fault that joins the vocabulary joins the days, but for providers that break their own final answers."""
    assert {fault.partition(":")[0] for fault in FAULTS} == set(FORMS) - {
        "refused",
        "slow",
        "wrong_amount",
        "key_ignored",
    }
    assert not MORE.keys() & {way.channel for way in WAYS}
