"""Every key of a TOML document is found on its line, however it is written."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from config_shop import WHOLE
from hypothesis import given
from hypothesis import strategies as st

from payfallback._config_lines import line_of, locate
from payfallback._core.safety import Where

ODD = '''# a comment with [a.table] and key = 1
top = 1   # [not.a.table]
"quoted key" = "a # no comment"
'literal.key' = 'C:\\path'
dotted . key = 3
text = """
[inside.a.string]
key = "also inside"
""""
raw = \'\'\'
raw = ]
\'\'\'
empty = ""
numbers = [ 1, 2, # two
  3,
  [ 4, [ 5 ] ],
]
inline = { a = 1, "b c" = { d = [ { e = 2 } ] } }
at = 2026-12-31 00:00:00+08:00

[ table . "with space" ]
x = 1
[table]
y.z = 2

[[list]]
name = "one"
[[list.inner]]
n = 1
[[list.inner]]
n = 2
[list.sub]
s = 1

[[list]]
name = "two"
[[list.inner]]
n = 3
'''


def every_path(value: Any, where: Where = ()) -> Iterator[Where]:
    """The paths of a parsed document."""
    if where:
        yield where
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inside in pairs:
        yield from every_path(inside, (*where, key))


@pytest.mark.parametrize("text", [ODD, ODD.replace("\n", "\r\n"), WHOLE], ids=["odd", "windows", "a whole shop"])
def test_every_key_has_a_line(text: str) -> None:
    """What `tomllib` reads and what the locator finds are the same keys, tables and elements."""
    assert set(locate(text)) == set(every_path(tomllib.loads(text)))


@pytest.mark.parametrize(
    ("where", "begins"),
    [
        (("top",), "top"),
        (("quoted key",), '"quoted'),
        (("literal.key",), "'literal"),
        (("dotted", "key"), "dotted"),
        (("raw",), "raw = '''"),
        (("numbers", 2), "  3,"),
        (("numbers", 3, 1, 0), "  [ 4"),
        (("inline", "b c", "d", 0, "e"), "inline"),
        (("table", "with space", "x"), "x = 1"),
        (("table", "y", "z"), "y.z"),
        (("list", 0, "inner", 1, "n"), "n = 2"),
        (("list", 0, "sub", "s"), "s = 1"),
        (("list", 1, "inner", 0, "n"), "n = 3"),
    ],
)
def test_the_line_is_where_it_stands(where: Where, begins: str) -> None:
    """The line of a path is the one on which it begins, in nested arrays of tables too."""
    line = locate(ODD)[where]
    assert ODD.splitlines()[line - 1].startswith(begins)


def test_what_is_missing_has_the_line_of_its_table() -> None:
    """A key that is not there is told with the line of the table in which it belongs; a top-level one has none."""
    lines = locate(ODD)
    assert line_of(lines, ("list", 1, "absent")) == lines["list", 1]
    assert line_of(lines, ("absent",)) is None


KEYS = st.text("ab", min_size=1, max_size=2)
VALUES = st.recursive(
    st.integers(0, 9) | st.sampled_from(['"]"', "'}'", '"#"', '"""\n[x]\n"""', "true", "1.5"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda each: f"[{', '.join(map(str, each))}]")
        | st.dictionaries(KEYS, inner, max_size=3).map(
            lambda d: "{" + ", ".join(f"{k} = {v}" for k, v in d.items()) + "}"
        )
    ),
    max_leaves=6,
)
TABLES = st.lists(
    st.tuples(
        st.sampled_from(["[{}]", "[[{}]]"]), st.lists(KEYS, min_size=1, max_size=3), st.dictionaries(KEYS, VALUES)
    ),
    max_size=5,
)


@given(TABLES)
def test_any_valid_document_is_followed(tables: list[tuple[str, list[str], dict[str, Any]]]) -> None:
    """Whatever valid document is made of tables, arrays of tables and nested values, no key is lost."""
    text = "".join(
        header.format(".".join(path)) + "\n" + "".join(f"{key} = {value}\n" for key, value in pairs.items())
        for header, path, pairs in tables
    )
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert set(locate(text)) == set(every_path(document))
