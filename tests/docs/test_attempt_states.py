"""The picture of the states in the documentation is the library's own transition table."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest

from payfallback._core.state import TRANSITIONS, Fact, Status

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"

Move = tuple[Status, Fact, Status]


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The extension that draws it, as Sphinx loads it."""
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_ext"))
    import attempt_states

    yield attempt_states
    del sys.modules["attempt_states"]


def table() -> set[Move]:
    """Every step that leads to another state."""
    return {(start, fact, to) for start, row in TRANSITIONS.items() for fact, to in row.items() if to is not start}


def arrows(picture: ET.Element, framed: set[Status]) -> Iterator[Move]:
    """What the arrows of the picture say, one by one."""
    for arrow in picture.iter(f"{SVG}g"):
        if "data-to" not in arrow.attrib:
            continue
        to = Status(arrow.attrib["data-to"])
        named = arrow.attrib["data-from"]
        starts = {"frame": framed, "every": set(Status) - {to}}.get(named) or {Status(named)}
        for fact in arrow.attrib["data-facts"].split():
            yield from ((start, Fact(fact), to) for start in starts)


def test_the_picture_says_what_the_table_says(states: ModuleType) -> None:
    """Each step of the table is an arrow of the picture, and each arrow is a step of the table."""
    drawn = list(arrows(ET.fromstring(states.svg()), set(states.FRAMED)))
    assert set(drawn) == table()
    assert len(drawn) == len(set(drawn))


def test_every_arrow_can_be_read(states: ModuleType) -> None:
    """Beside each arrow stand the facts that lead along it."""
    for arrow in ET.fromstring(states.svg()).iter(f"{SVG}g"):
        if "data-to" in arrow.attrib:
            words = [str(text.text).replace(" ", "_") for text in arrow.iter(f"{SVG}text")]
            assert words == arrow.attrib["data-facts"].split()


def test_every_state_has_a_place_of_its_own(states: ModuleType) -> None:
    """All states are drawn inside the picture, and no two of them overlap."""
    assert {group.attrib.get("data-state") for group in ET.fromstring(states.svg()).iter(f"{SVG}g")} >= {
        status.value for status in Status
    }
    width, height = states.BOX
    for x, y in states.PLACES.values():
        assert width / 2 <= x <= states.WIDTH - width / 2
        assert height / 2 <= y <= states.HEIGHT - height / 2
    for (x1, y1), (x2, y2) in combinations(states.PLACES.values(), 2):
        assert abs(x1 - x2) > width or abs(y1 - y2) > height


def test_the_list_of_steps_is_the_table(states: ModuleType) -> None:
    """The list below the picture names each step of the table once."""
    listed = [(start, fact, to) for start, facts, to in states.rows() for fact in facts.split(", ")]
    assert {(Status[start], Fact(fact.replace(" ", "_")), Status[to]) for start, fact, to in listed} == table()
    assert len(listed) == len(table())
