"""Payers and recoverers that are killed with `kill -9`, on one PostgreSQL: nothing twice, nothing forgotten."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from processes_audit import Audit
from processes_town import Town
from test_kill_nine import A_PHASE, all_is_well, crews, murder, nothing_lost_yet, recover_everything, trouble

from payfallback.journal import migrate_journal

pytestmark = pytest.mark.slow

ROUNDS = 20


@pytest.fixture
def postgres_town(tmp_path: Path, postgres_url: str) -> Iterator[Town]:
    """A running sandbox, and a shop whose journal is in PostgreSQL."""
    schema = f"town_{os.getpid()}"
    url = f"{postgres_url}?schema={schema}&allow_volatile=yes"
    migrate_journal(url)
    with Town(tmp_path, url) as running:
        yield running
    with closing(psycopg.connect(postgres_url, autocommit=True)) as connection:
        connection.execute(f"SET client_min_messages = warning; DROP SCHEMA {schema} CASCADE")


def test_payers_and_a_recoverer_killed_on_one_database(postgres_town: Town) -> None:
    """Killed before, in and after commits and requests, under every fault, they leave nothing twice and nothing that
    recovery in another process does not finish."""
    town, seed = postgres_town, random.getrandbits(32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with crews(town, 2) as (payer, recoverer):
        for number in range(ROUNDS):
            if number % (A_PHASE // 4) == 0:
                trouble(town, number // (A_PHASE // 4))
            town.advance(4.0)
            payer.begin(role="pay", name="P", **murder(chance, town, number))
            recoverer.begin(role="recover", **murder(chance, town, number))
            assert [crew.end()["killed"] for crew in (payer, recoverer)] == [9, 9]
    nothing_lost_yet(Audit(town))
    recover_everything(town)
    audit = Audit(town)
    all_is_well(audit)
    assert audit.summary()["crashed"] >= 3
