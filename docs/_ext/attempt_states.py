"""Draws the states of an attempt from the library's own transition table, as SVG and as a table. No network.

Only the places of the states stand here; every arrow is read from `TRANSITIONS`. What all states on the left have in
common is drawn once, from the frame around them; what all states have in common, once from nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import hypot
from typing import Any, Literal

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from payfallback._core.state import LIVE, TRANSITIONS, Fact, Status

Start = Status | Literal["frame", "every"]
Point = tuple[float, float]

WIDTH, HEIGHT = 1070, 640
BOX = (116, 34)
FRAME = (14, 34, 546, 592)  # x, y, width, height
FRAMED: dict[Status, tuple[int, int]] = {
    Status.PLANNED: (90, 90),
    Status.SENDING: (240, 190),
    Status.UNKNOWN: (85, 400),
    Status.PENDING: (250, 400),
    Status.AUTHORISED: (410, 150),
    Status.CAPTURING: (490, 370),
    Status.CLOSING: (390, 570),
}
PLACES = FRAMED | {
    Status.CAPTURED: (730, 110),
    Status.SURPLUS: (950, 110),
    Status.REFUNDING: (950, 240),
    Status.DISPUTED: (730, 340),
    Status.MANUAL: (950, 340),
    Status.REFUNDED: (950, 570),
    Status.DEAD: (730, 570),
}
EVERY = (950, 480)  # where the arrow of every state begins

# ---------------------------------------------------------------- what is drawn


def moves() -> Iterator[tuple[Status, Fact, Status]]:
    """Every step of the table that leads to another state."""
    for status, row in TRANSITIONS.items():
        for fact, to in row.items():
            if to is not status:
                yield status, fact, to


def shared(states: Iterable[Status]) -> set[tuple[Fact, Status]]:
    """The steps that lead out of a group of states and that all of them have."""
    group = set(states)
    found = [{(fact, to) for status, fact, to in moves() if status is each} for each in group]
    return {pair for pair in set.intersection(*found) if pair[1] not in group}


def drawn() -> dict[tuple[Start, Status], list[Fact]]:
    """The arrows of the picture with their facts."""
    of_frame = shared(FRAMED)
    every = {pair for pair in of_frame if pair in shared(set(Status) - {pair[1]})}
    arrows: dict[tuple[Start, Status], list[Fact]] = {}
    for status, fact, to in moves():
        start: Start = status
        if (fact, to) in every:
            start = "every"
        elif status in FRAMED and (fact, to) in of_frame:
            start = "frame"
        facts = arrows.setdefault((start, to), [])
        if fact not in facts:
            facts.append(fact)
    return arrows


# ---------------------------------------------------------------- the picture


def svg() -> str:
    """The picture. Each arrow says in `data-from`, `data-to` and `data-facts` what it stands for."""
    arrows = drawn()
    x, y, width, height = FRAME
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="The states of an attempt, and what leads from one '
        'to another" xmlns="http://www.w3.org/2000/svg" style="max-width:100%;height:auto;font:12px sans-serif">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" '
        'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="currentColor"/></marker></defs>',
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="10" fill="none" stroke="currentColor" '
        'stroke-dasharray="5 5" opacity="0.6"/>',
        _text((x + 10, y - 10), ["money may still move"], "start"),
        _text((EVERY[0], EVERY[1] - 8), ["every other state"], "middle"),
    ]
    parts += [_arrow(start, to, facts, (to, start) in arrows) for (start, to), facts in arrows.items()]
    parts += [_box(status) for status in Status]
    return "\n".join([*parts, "</svg>"])


def _box(status: Status) -> str:
    (x, y), (width, height) = PLACES[status], BOX
    return (
        f'<g data-state="{status.value}"><rect x="{x - width / 2}" y="{y - height / 2}" width="{width}" '
        f'height="{height}" rx="6" fill="var(--color-background-primary, Canvas)" stroke="currentColor" '
        f'stroke-width="{2.5 if status in LIVE else 1.2}"/><text x="{x}" y="{y + 4}" text-anchor="middle" '
        f'font-weight="bold" fill="currentColor">{status.name}</text></g>'
    )


def _arrow(start: Start, to: Status, facts: list[Fact], both: bool) -> str:
    begin, end = _begin(start, to), PLACES[to]
    middle = _bent(begin, end, 26.0 if both else 0.0)
    tail = _edge(begin, middle) if isinstance(start, Status) else begin
    tip = _edge(end, middle)
    half = ((tail[0] + tip[0]) / 4 + middle[0] / 2, (tail[1] + tip[1]) / 4 + middle[1] / 2)
    anchor = "middle" if not both else "start" if end[1] < begin[1] else "end"
    words = [fact.value.replace("_", " ") for fact in facts]
    name = start.value if isinstance(start, Status) else start
    return (
        f'<g data-from="{name}" data-to="{to.value}" data-facts="{" ".join(fact.value for fact in facts)}">'
        f'<path d="M {tail[0]:.0f} {tail[1]:.0f} Q {middle[0]:.0f} {middle[1]:.0f} {tip[0]:.0f} {tip[1]:.0f}" '
        f'fill="none" stroke="currentColor" stroke-width="{1 if isinstance(start, Status) else 2}" '
        f'marker-end="url(#tip)"/>{_text(half, words, anchor)}</g>'
    )


def _text(at: Point, lines: list[str], anchor: str) -> str:
    """Lines of text, the last one a little above the point."""
    x, last = at[0] + {"start": 4, "end": -4}.get(anchor, 0), at[1] - 4
    return "".join(
        f'<text x="{x:.0f}" y="{last - 13 * (len(lines) - 1 - place):.0f}" text-anchor="{anchor}" fill="currentColor" '
        f'stroke="var(--color-background-primary, Canvas)" stroke-width="4" paint-order="stroke">{line}</text>'
        for place, line in enumerate(lines)
    )


def _begin(start: Start, to: Status) -> Point:
    if isinstance(start, Status):
        return PLACES[start]
    return EVERY if start == "every" else (FRAME[0] + FRAME[2], PLACES[to][1])


def _bent(begin: Point, end: Point, bend: float) -> Point:
    """The control point of a curve that leaves the straight line to one side, seen from its begin."""
    dx, dy = end[0] - begin[0], end[1] - begin[1]
    length = hypot(dx, dy)
    return (begin[0] + end[0]) / 2 - dy / length * bend, (begin[1] + end[1]) / 2 + dx / length * bend


def _edge(place: Point, towards: Point) -> Point:
    """The point of a box's border on the way to another point."""
    (x, y), (width, height) = place, BOX
    dx, dy = towards[0] - x, towards[1] - y
    scale = min((width / 2 + 2) / abs(dx) if dx else 1e9, (height / 2 + 2) / abs(dy) if dy else 1e9)
    return x + dx * scale, y + dy * scale


# ---------------------------------------------------------------- the table


def rows() -> Iterator[tuple[str, str, str]]:
    """State, what happens, next state."""
    for status in Status:
        by_end: dict[Status, list[str]] = {}
        for start, fact, to in moves():
            if start is status:
                by_end.setdefault(to, []).append(fact.value.replace("_", " "))
        for to, facts in by_end.items():
            yield status.name, ", ".join(facts), to.name


class AttemptStates(SphinxDirective):
    """`{attempt-states}`: the picture. `{attempt-states} table`: every step."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        if self.arguments == ["table"]:
            return [_table(("from", "what happens", "to"), rows())]
        return [nodes.raw("", svg(), format="html")]


def _table(head: tuple[str, ...], body: Iterable[tuple[str, ...]]) -> nodes.table:
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in head), cols=len(head))
    group += nodes.thead("", _row(head))
    group += nodes.tbody("", *map(_row, body))
    return nodes.table("", group)


def _row(cells: Iterable[str]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", cell)) for cell in cells))


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_directive("attempt-states", AttemptStates)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
