"""The pytest plugin: a marker that nothing would feel does not pass for a test of an outage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = """
import pytest


@pytest.fixture
def payments():
    return None


@pytest.mark.provider_outage("baitiao", "hang")
def test_without_the_lab(payments):
    pass


def test_without_the_marker():
    pass
"""


def test_an_outage_without_the_lab_warns(tmp_path: Path) -> None:
    """A marked test that does not ask for the lab runs, and is told that its marker has no effect."""
    (tmp_path / "test_shop.py").write_text(TESTS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_shop.py"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60)
    assert ran.returncode == 0, ran.stdout
    assert "2 passed, 1 warning" in ran.stdout
    assert "provider_outage has no effect: the test does not ask for the fixture `lab`" in ran.stdout
