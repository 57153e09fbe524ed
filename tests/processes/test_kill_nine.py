"""Payers that are killed with `kill -9` at any moment, on one file: nothing is captured twice, nothing is forgotten."""

from __future__ import annotations

import random

import pytest
from processes_audit import Audit
from processes_kills import crews, murder, recover_everything, trouble
from processes_town import Town
from processes_verdict import lost_so_far, verdict

pytestmark = pytest.mark.slow

ROUNDS, A_PHASE = 200, 8


def test_a_payer_killed_two_hundred_times(town: Town) -> None:
    """Killed before, in and after commits and requests, under every fault, a payer leaves nothing twice and nothing
    that recovery in another process does not finish."""
    seed = random.getrandbits(32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with crews(town, 2) as (payer, recoverer):
        for number in range(ROUNDS):
            if number % A_PHASE == 0:
                trouble(town, number // A_PHASE)
                town.advance(5.0)
            payer.begin(role="pay", name="K", **murder(chance, town, number))
            assert payer.end()["killed"] == 9
        before = Audit(town)
        assert lost_so_far(before) == []
        recover_everything(town, recoverer)
    audit = Audit(town)
    assert verdict(audit) == []
    assert len(before.neither_won_nor_back()) >= 10  # captured, and the payer died before it knew
    day = audit.summary()
    assert (day["crashed"] >= 30, day["several attempts"] >= 10, day["surplus"] >= 1) == (True, True, True), day


def test_payers_and_a_recoverer_killed_together(town: Town) -> None:
    """Two payers and a recoverer on one file at once, each killed at its own moment, over and over."""
    seed = random.getrandbits(32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with crews(town, 3) as (one, two, recoverer):
        for number in range(40):
            if number % 4 == 0:
                trouble(town, number // 4)
            town.advance(4.0)
            one.begin(role="pay", name="D", **murder(chance, town, number))
            two.begin(role="pay", name="D", **murder(chance, town, number))
            recoverer.begin(role="recover", **murder(chance, town, number))
            assert [crew.end()["killed"] for crew in (one, two, recoverer)] == [9, 9, 9]
        assert lost_so_far(Audit(town)) == []
        recover_everything(town, recoverer)
    audit = Audit(town)
    assert verdict(audit) == []
    assert audit.summary()["crashed"] >= 10
