"""A town for each test with real processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from processes_town import Town

from payfallback.journal import migrate_journal


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A running sandbox, and a shop that is configured for it."""
    with Town(tmp_path) as running:
        yield running


@pytest.fixture
def postgres_town(tmp_path: Path, postgres_url: str) -> Iterator[Town]:
    """The same, with the journal in a PostgreSQL. What a test keeps there itself goes into the schema `dbos_` and our
    pid, and is thrown away as well."""
    schema = f"town_{os.getpid()}"
    url = f"{postgres_url}?schema={schema}&allow_volatile=yes"
    migrate_journal(url)
    with Town(tmp_path, url) as running:
        yield running
    with closing(psycopg.connect(postgres_url, autocommit=True)) as connection:
        for each in (schema, f"dbos_{os.getpid()}"):
            connection.execute(f"SET client_min_messages = warning; DROP SCHEMA IF EXISTS {each} CASCADE")
