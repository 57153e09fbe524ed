"""Runs the Python blocks of README.md and of the pages below docs/, in order, each page in a folder of its own.

A block that only sets the scene stands in an HTML comment, which readers do not see:

    <!-- invisible-code-block: python
    ...
    -->
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sybil import Sybil
from sybil.parsers.myst import PythonCodeBlockParser

ROOT = Path(__file__).parent


def _enter(namespace: dict[str, Any]) -> None:
    """A page's code runs in an empty folder: it may write its journal and configuration there."""
    folder = TemporaryDirectory(prefix="page-")
    namespace.update(_folder=folder, _home=Path.cwd(), ROOT=ROOT)
    os.chdir(folder.name)


def _leave(namespace: dict[str, Any]) -> None:
    os.chdir(namespace["_home"])
    namespace["_folder"].cleanup()


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()],
    patterns=["README.md", "docs/*.md", "docs/**/*.md"],
    excludes=["docs/_build/**"],
    setup=_enter,
    teardown=_leave,
).pytest()
