"""Prints the library's tables of codes: every row, from the data that the adapters look codes up in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from payfallback.providers.code_table import PROVIDERS, CodeRow, code_table
from payfallback.providers.code_words import handling

HEAD = ("code", "meaning", "proves", "cause", "handling")
WIDTHS = (22, 34, 12, 18, 14)


def parts(provider: str) -> Iterator[tuple[str, tuple[CodeRow, ...]]]:
    """The operations of a provider with their rows, in the order of its file."""
    for operation, rows in groupby(_in_order(provider), key=lambda row: row.operation):
        yield operation, tuple(rows)


def _in_order(provider: str) -> list[CodeRow]:
    rows = code_table(provider).rows()
    first: dict[str, int] = {}
    for row in rows:
        first.setdefault(row.operation, len(first))
    return sorted(rows, key=lambda row: first[row.operation])


def cells(row: CodeRow) -> tuple[str, ...]:
    """One line of the table; below a refusal that may be repeated, that it may."""
    again = ", may be sent again" if row.resendable else ""
    cause = row.cause.value if row.cause is not None else ""
    return row.code, row.meaning, row.verdict.value, cause, handling(row) + again


def sources(rows: Iterable[CodeRow]) -> str:
    """Where the rows come from, each source once."""
    return "; ".join(dict.fromkeys(row.source for row in rows))


class CodeTables(SphinxDirective):
    """`{code-tables} alipay`: the provider's tables, one an operation, each with its sources."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        made: list[nodes.Node] = []
        for operation, rows in parts(self.arguments[0]):
            made.append(nodes.rubric("", "", nodes.literal("", operation)))
            made.append(_table(rows))
            made.append(nodes.paragraph("", "", nodes.emphasis("", f"Sources: {sources(rows)}")))
        return made


class CodeCounts(SphinxDirective):
    """`{code-counts}`: how many codes each provider's table holds, and how sure they are."""

    def run(self) -> list[nodes.Node]:
        return [_plain(("provider", "rows", "stated", "end an attempt without asking"), map(_count, PROVIDERS))]


def _count(provider: str) -> tuple[str, ...]:
    rows = code_table(provider).rows()
    figures = (len(rows), sum(row.stated for row in rows), sum(row.final for row in rows))
    return (provider, *map(str, figures))


def _table(rows: Iterable[CodeRow]) -> nodes.table:
    group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in WIDTHS), cols=len(HEAD))
    group += nodes.thead("", _row(map(_words, HEAD)))
    group += nodes.tbody("", *(_row(_shown(cells(row))) for row in rows))
    return nodes.table("", group)


def _shown(texts: tuple[str, ...]) -> Iterator[nodes.paragraph]:
    code, *rest = texts
    yield nodes.paragraph("", "", nodes.literal("", code))
    yield from map(_words, rest)


def _plain(head: tuple[str, ...], body: Iterable[tuple[str, ...]]) -> nodes.table:
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in head), cols=len(head))
    group += nodes.thead("", _row(map(_words, head)))
    group += nodes.tbody("", *(_row(map(_words, texts)) for texts in body))
    return nodes.table("", group)


def _words(text: str) -> nodes.paragraph:
    return nodes.paragraph("", text)


def _row(contents: Iterable[nodes.paragraph]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", content) for content in contents))


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_directive("code-tables", CodeTables)
    app.add_directive("code-counts", CodeCounts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
