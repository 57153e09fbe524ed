"""The list of surviving mutants speaks of the code there is, and each of its reasons is explained."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "src/payfallback/_core"


def listed() -> list[dict[str, str]]:
    """The rows of the list."""
    with (ROOT / "docs/mutants.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def functions(tree: ast.AST, within: str = "") -> Iterator[str]:
    """The functions and methods of a file, `Class.method`, nested ones as the function around them."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            yield within + node.name
        elif isinstance(node, ast.ClassDef):
            yield from functions(node, f"{node.name}.")


@pytest.mark.parametrize("file", sorted({row["file"] for row in listed()}))
def test_every_listed_survivor_is_in_a_function_that_exists(file: str) -> None:
    """Who renames a function of `_core` moves its survivors along."""
    known = set(functions(ast.parse((CORE / file).read_text(encoding="utf-8"))))
    assert {row["function"] for row in listed() if row["file"] == file} <= known


def test_every_reason_is_explained() -> None:
    """A survivor stands in the list with a reason of the page, and the page has no reason that nobody gives."""
    page = (ROOT / "docs/mutants.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| `([a-z]+)` \|", page, re.MULTILINE)
    assert sorted(explained) == sorted({row["reason"] for row in listed()})


def test_no_survivor_is_listed_twice() -> None:
    """One line for each change."""
    rows = [tuple(row.values())[:4] for row in listed()]
    assert len(set(rows)) == len(rows)
