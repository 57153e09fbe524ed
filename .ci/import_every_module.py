"""Import every module of the installed wheel. Without extras, only the modules that say they need one may refuse.

Run in an environment that holds the wheel and its core dependencies alone.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import payfallback

_OF_POSTGRES = (
    *("archive", "engine", "groups", "patience", "queries", "reader", "refusals", "server", "session", "writer"),
)

# What may be missing, by the part of the package that an extra is for.
EXTRAS = {
    "payfallback.cli": {"typer", "rich", "click"},
    "payfallback.journal.postgres": {"psycopg"},
    **{f"payfallback.journal._postgres_{part}": {"psycopg"} for part in _OF_POSTGRES},
    "payfallback.testing.sandbox": {"starlette", "uvicorn"},
    "payfallback.pytest_plugin": {"pytest"},
    "payfallback.shared_health.redis": {"redis"},
}


def missing(name: str) -> str:
    """The package that an import failed for, when it belongs to the extra of this module; else the error stands."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        wanted = (error.name or "").split(".")[0]
        if any(wanted in packages for part, packages in EXTRAS.items() if f"{name}.".startswith(f"{part}.")):
            return wanted
        raise
    return ""


def main() -> int:
    """Import all, print the sum."""
    names = ["payfallback", *(found.name for found in pkgutil.walk_packages(payfallback.__path__, "payfallback."))]
    refused = {name: wanted for name in names if not name.endswith("__main__") and (wanted := missing(name))}
    for name, wanted in refused.items():
        print(f"{name}: needs an extra ({wanted})")
    print(f"{len(names) - len(refused)} of {len(names)} modules import without extras")
    return 0


if __name__ == "__main__":
    sys.exit(main())
