"""Making and bringing forward a PostgreSQL journal from the command line, and looking into it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from cli_desk import Desk
from cli_old_orders import LongAgo, shown, story, write

from payfallback.journal import open_journal

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


def test_a_database_is_looked_after_too(
    desk: Desk, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Verified, archived by the role whose address the environment holds, exported, and verified again."""
    (tmp_path / "payfallback.toml").write_text(CONFIG.format(url=address), encoding="utf-8")
    assert desk.run("journal", "migrate").code == 0
    journal = open_journal(address, clock=LongAgo())
    write(journal, (story("A1", 500), story("A2", 5), shown("A3", 1)))
    journal.close()
    assert desk.run("journal", "verify").out == "looked at 3 orders: all is whole\n"
    monkeypatch.setenv("KEEPER_URL", address)
    archived = desk.run("journal", "archive", "--to", "old.jsonl", "--url-env", "KEEPER_URL", "--json")
    assert archived.json == {"dry_run": False, "gone": 1, "events": 7, "kept": {}}
    assert desk.run("journal", "purge", "--url-env", "NOT_SET").code == 2
    names = [(line["order_id"], line["events"][0]["e"]) for line in desk.run("journal", "export").objects]
    assert names == [("A1", "archived"), ("A2", "opened"), ("A3", "opened")]
    assert desk.run("journal", "verify").code == 0
