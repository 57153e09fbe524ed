"""Sphinx builds these pages: `sphinx-build -W docs docs/_build/html`. Nothing is fetched from the network."""

from __future__ import annotations

import sys
from importlib.metadata import version as _installed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "payfallback"
author = "the payfallback project"
copyright = author  # noqa: A001  # the name that Sphinx reads
release = _installed("payfallback")
version = ".".join(release.split(".")[:2])

extensions = ["myst_parser", "sphinx.ext.autodoc", "attempt_states", "code_tables", "plain_docstrings"]
exclude_patterns = ["_build", "conftest.py"]
source_suffix = {".md": "markdown"}
language = "en"

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
python_use_unqualified_type_names = True
add_module_names = False
default_role = "code"  # docstrings write `names` in single backticks

html_theme = "furo"
html_title = "payfallback"
html_copy_source = False
html_show_sphinx = False
pygments_style = "tango"
pygments_dark_style = "github-dark"
