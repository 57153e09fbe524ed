"""Making and bringing forward a PostgreSQL journal from the command line, and looking into it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from cli_desk import Desk

CONFIG = '[journal]\nurl = "{url}"\n'


@pytest.fixture
def address(postgres_url: str) -> Iterator[str]:
    """Of a journal that is not made yet."""
    schema = f"cli_{os.getpid()}"
    yield f"{postgres_url}?schema={schema}&allow_volatile=yes"
    with closing(psycopg.connect(postgres_url, autocommit=True)) as connection:
        connection.execute(f"SET client_min_messages = warning; DROP SCHEMA IF EXISTS {schema} CASCADE")


def test_a_journal_is_made_and_then_used(desk: Desk, address: str, tmp_path: Path) -> None:
    """Looking makes nothing; `journal migrate` does, and again changes nothing."""
    (tmp_path / "payfallback.toml").write_text(CONFIG.format(url=address), encoding="utf-8")
    looked = desk.run("open")
    assert (looked.code, "journal migrate" in looked.err) == (3, True)
    for _ in range(2):
        made = desk.run("journal", "migrate")
        assert (made.code, made.err) == (0, "")
    assert desk.run("open").code == 0


def test_the_owners_address_comes_from_the_environment(
    desk: Desk, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The schema's owner has another password than the shop, and it stands in no file and on no command line."""
    (tmp_path / "payfallback.toml").write_text(CONFIG.format(url=address), encoding="utf-8")
    monkeypatch.setenv("OWNER_URL", address)
    assert desk.run("journal", "migrate", "--url-env", "OWNER_URL").code == 0
    refused = desk.run("journal", "migrate", "--url-env", "NOT_SET")
    assert (refused.code, "NOT_SET" in refused.err) == (2, True)
    assert desk.run("open").code == 0
