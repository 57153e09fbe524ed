"""`import payfallback` costs a checkout next to nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys

# Modules of the standard library that cost milliseconds and are needed only by a client, a reader or a driver.
HEAVY = {
    *("asyncio", "concurrent.futures", "ctypes", "dataclasses", "email", "http", "http.client", "inspect", "logging"),
    *("multiprocessing", "socket", "sqlite3", "ssl", "subprocess", "tempfile", "tomllib", "unittest"),
    *("urllib.request", "xml", "xml.etree.ElementTree", "zoneinfo"),
}

PROGRAM = """
import json, sys
before = set(sys.modules)
import payfallback
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def loaded() -> set[str]:
    """What importing the library adds to a fresh interpreter."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=clean, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_importing_the_library_loads_no_dependency() -> None:
    """Third-party packages are loaded by the first client, reader or configuration that needs them."""
    packages = {name.split(".")[0] for name in loaded()}
    assert packages - set(sys.stdlib_module_names) == {"payfallback"}


def test_importing_the_library_loads_nothing_heavy() -> None:
    """Nor are the costly parts of the standard library: no event loop, no TLS, no database, no logging."""
    assert loaded() & HEAVY == set()
