"""On a terminal of 80 columns everything can be read: lines break between words, tables take the form that fits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cli_desk import TestShop, at_a_terminal
from rich.cells import cell_len

from payfallback.cli import say, tables

COLUMNS = 80


def lines_of(drawn: str) -> list[str]:
    """What stands on the screen, without colours."""
    return [line.rstrip("\r") for line in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn).split("\n")]


def shown(shop: TestShop, *words: object, columns: int = COLUMNS) -> list[str]:
    """The lines of a command on a terminal."""
    _, drawn = at_a_terminal(*words, "--config", shop.config, folder=shop.config.parent, columns=columns)
    return lines_of(drawn)


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("check",),
        ("open",),
        ("trace", "STORE1"),
        ("channels", "list"),
        ("explain", "--amount", "5999.00", "--consent", "wechat"),
    ],
    ids=lambda words: words[0],
)
def test_no_line_is_wider_than_the_terminal(shop: TestShop, words: tuple[str, ...]) -> None:
    """Whatever the command prints fits into 80 columns, and no word is torn apart for it."""
    shop.lose_the_answer("STORE1")
    lines = shown(shop, *words)
    assert len(lines) > 2
    assert [line for line in lines if cell_len(line) > COLUMNS] == []
    wide = " ".join(shown(shop, *words, columns=400)).split()
    longest = {word for word in wide if re.fullmatch(r"[a-z]{5,}", word)}
    assert longest <= set(re.findall(r"[a-z]{5,}", " ".join(lines)))


def test_nothing_is_broken_for_a_program() -> None:
    """Where stdout is no terminal a line stays one line, so that it can be searched for."""
    assert say.wrapped("note     ", "word " * 60, None) == ["note     " + "word " * 60]


def test_a_text_goes_on_under_its_own_beginning() -> None:
    """Lines break between words, Chinese anywhere, and what follows is indented like the beginning."""
    assert say.wrapped("now  ", "one two three four five", 25) == ["now  one two three four", "     five"]
    chinese = say.wrapped("说  ", "支付结果确认中请勿重复支付" * 3, 30)
    assert all(cell_len(line) <= 30 for line in chinese)
    assert "".join(line.strip() for line in chinese) == "说  " + "支付结果确认中请勿重复支付" * 3


HEADS = ("name", "state", "count", "why")
ROWS = [("baitiao", "ok", "12", ""), ("wechat", "FAILING", "3,456", "timeout 211, http_503 73, refused 5, unsigned 2")]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (120, ["wechat    FAILING   3,456   timeout 211, http_503 73, refused 5, unsigned 2"]),
        (60, ["wechat    FAILING   3,456   timeout 211, http_503 73,", " " * 28 + "refused 5, unsigned 2"]),
        (40, ["wechat    FAILING   3,456", "    why: timeout 211, http_503 73,", "         refused 5, unsigned 2"]),
        (20, ["wechat", "    state FAILING ·", "    count 3,456 · why", "    timeout 211,"]),
    ],
)
def test_a_table_takes_the_form_that_fits(
    columns: int, expected: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Side by side; the last column wrapped; below its row; as records."""
    monkeypatch.setattr(say, "columns", lambda: columns)
    monkeypatch.setattr(tables, "WIDE", columns)
    tables.table(HEADS, ROWS, right=("count",))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    first = lines.index(expected[0])
    assert lines[first : first + len(expected)] == expected
    assert not [line for line in lines if cell_len(line) > max(columns, 24)]


def test_only_the_last_column_is_broken(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever stands in the other columns stays on one line, however long it is."""
    monkeypatch.setattr(say, "columns", lambda: 80)
    monkeypatch.setattr(tables, "WIDE", 80)
    long = "a state in more words than most"
    tables.table(HEADS, [("wechat", long, "3", "timeout 211, http_503 73, refused 5, unsigned 2")])
    assert f"wechat   {long}   3" in capsys.readouterr().out


def test_a_table_without_rows_has_its_heads(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty table prints its heads, and nothing breaks."""
    tables.table(HEADS, [])
    assert capsys.readouterr().out.split() == list(HEADS)


def test_the_demo_fits_too(tmp_path: Path) -> None:
    """The table that moves, the one that stays and the story below it."""
    code, drawn = at_a_terminal("demo", "--orders", 2, "--seed", 3, folder=tmp_path, columns=COLUMNS)
    assert code == 0
    assert [line for line in lines_of(drawn) if cell_len(line.rpartition("\r")[2]) > COLUMNS] == []
