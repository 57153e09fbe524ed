"""Whatever is done to a configuration, it is read or refused properly, and gives nothing away."""

from __future__ import annotations

from pathlib import Path

import pytest
from config_shop import WHOLE, Shop
from hypothesis import example, given
from hypothesis import strategies as st

from payfallback._config_values import Settings
from payfallback.config import load
from payfallback.errors import ConfigError

BITS = (*"[]={},#1", "[[routes]]", '"', "'", "\n", "-1", "1.5", "nan", "inf", "true", "[]", "{}")
VALUES = ('""', '"x"', '"${env:}"', '"${env:NO}"', '"${file:/}"', '"${file:secrets}"', '"${file:\\u0000}"', "07:32:00")
ODD = ("order = 1", "when = []", "terms = 1", "[channels.x]", "accounts = 3", "channels = []", '"a b" = 1', "\x00", "é")
SNIPPETS = st.sampled_from([*BITS, *VALUES, *ODD])
PLACES = st.integers(0, len(WHOLE) - 1)
EDITS = st.lists(st.tuples(PLACES, st.integers(0, 40), SNIPPETS | st.just("")), min_size=1, max_size=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """One shop for all the edits."""
    return Shop(tmp_path_factory.mktemp("fuzz"))


def _loaded(file: Path, environ: dict[str, str]) -> Settings | ConfigError:
    try:
        return load(file, environ=environ)
    except ConfigError as error:
        return error


@given(EDITS)
@example([(0, len(WHOLE), "")])
def test_every_edit_is_read_or_refused(folder: Shop, edits: list[tuple[int, int, str]]) -> None:
    """Any text at all becomes settings or a `ConfigError` with its file, and no secret is ever shown."""
    text = WHOLE
    for place, removed, added in edits:
        text = text[:place] + added + text[place + removed :]
    file: Path = folder.file
    file.write_text(text, encoding="utf-8")
    found = _loaded(file, folder.environ)
    assert found.file == str(file)
    shown = f"{found}{found!r}{getattr(found, 'problems', '')}"
    assert not any(secret in shown for secret in ("jd-shared-secret", "new-v3-key", "wx private pem", "jd_2026 pem"))
