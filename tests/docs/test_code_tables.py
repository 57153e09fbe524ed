"""The tables of codes in the documentation are the library's own."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from payfallback.providers.code_table import PROVIDERS, code_table

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "codes.md"


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The extension that prints them, as Sphinx loads it."""
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_ext"))
    import code_tables

    yield code_tables
    del sys.modules["code_tables"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_page_prints_every_row(tables: ModuleType, provider: str) -> None:
    """Each row of a provider once, under its operation, with what it proves, and each part with its sources."""
    printed = [(operation, *tables.cells(row)[:4]) for operation, rows in tables.parts(provider) for row in rows]
    rows = code_table(provider).rows()
    assert sorted(printed) == sorted(
        (row.operation, row.code, row.meaning, row.verdict.value, row.cause.value if row.cause else "") for row in rows
    )
    for _, part in tables.parts(provider):
        assert all(row.source in tables.sources(part) for row in part)


def test_every_provider_is_on_the_page() -> None:
    """Its directive stands there, and nothing is listed by hand."""
    text = PAGE.read_text(encoding="utf-8")
    assert sorted(re.findall(r"```\{code-tables\} (\w+)", text)) == sorted(PROVIDERS)
    assert "\n|" not in text
