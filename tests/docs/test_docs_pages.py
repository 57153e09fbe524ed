"""README and documentation name what there is: commands, promises, faults, public names, pages and links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import payfallback
from payfallback.testing import FAULTS, PROMISES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *(page for page in sorted(DOCS.rglob("*.md")) if "_build" not in page.parts)]


def text_of(page: str) -> str:
    """A page's source."""
    return (ROOT / page).read_text(encoding="utf-8")


def prose(text: str) -> str:
    """A page without its code and without what readers do not see."""
    return re.sub(r"```.*?```|<!--.*?-->", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("end", [".venv/bin/payfallback demo", ".venv/bin/pytest -q"])
def test_the_readme_has_each_of_its_two_commands_once(end: str) -> None:
    """Whoever copies one line of the README sees the demo, or runs the tests."""
    lines = [line for line in text_of("README.md").splitlines() if line.startswith("python3 -m venv ")]
    assert len(lines) == 2
    assert sum(line.endswith(end) for line in lines) == 1


def test_every_promise_is_written_down() -> None:
    """How it decides lists I1 to I17, and README names each of them."""
    wanted = [f"I{number}" for number in range(1, 18)]
    assert re.findall(r"^\| (I\d+) \|", text_of("docs/how-it-decides.md"), re.MULTILINE) == wanted
    named = set(re.findall(r"\bI\d+\b", text_of("README.md")))
    assert named == set(wanted) >= set(PROMISES)


def test_every_fault_is_in_the_list() -> None:
    """The testing page lists the vocabulary of faults, in its order."""
    listed = text_of("docs/testing.md").partition("## Faults")[2].partition("## pytest")[0]
    assert re.findall(r"^\| `([a-z_0-9]+)(?::[A-Z]+)?`", listed, re.MULTILINE) == list(FAULTS)


def test_every_public_name_is_in_the_reference() -> None:
    """Whatever can be imported from the front door is described in the reference, once."""
    described = re.findall(r"^\.\. auto\w+:: payfallback\.(\w+)$", text_of("docs/reference.md"), re.MULTILINE)
    assert sorted(described) == sorted(payfallback.__all__)


def test_every_page_can_be_reached_from_the_index() -> None:
    """The tables of contents of the index name every page."""
    listed = re.findall(r"^[a-z/-]+$", text_of("docs/index.md"), re.MULTILINE)
    pages = [page.relative_to(DOCS).with_suffix("").as_posix() for page in PAGES[1:]]
    assert sorted(listed) == sorted(page for page in pages if page != "index")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_into_the_repository_leads_somewhere(page: Path) -> None:
    """Relative links of a page lead to files, and anchors to headings."""
    for target in re.findall(r"\]\(((?!https?:|mailto:)[^)\s]*)\)", prose(page.read_text(encoding="utf-8"))):
        file, _, anchor = target.partition("#")
        found = page.parent / file if file else page
        assert found.exists(), target
        if anchor and found.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, target


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda file: file.name)
def test_every_example_says_how_it_is_run(example: Path) -> None:
    """An example's docstring says what it shows and the command that runs it."""
    assert f"`python examples/{example.name}`" in example.read_text(encoding="utf-8").split('"""')[1]
