"""The client that a command works with: of the configuration file, or the shop's own."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from payfallback.client import Payments
from payfallback.errors import ConfigError


def payments_of(config: Path, app: str = "") -> Payments:
    """The `Payments` of a file, or the one that `module:name` names (or makes, when it is a callable).

    Raises `ConfigError`. Whatever the shop's own module raises while it is imported is its own error.
    """
    if not app:
        return Payments.from_config(str(config))
    module, colon, name = app.partition(":")
    if not colon or not name:
        raise ConfigError(f"--app {app!r} is not MODULE:NAME", hint="write it as shop.payments:payments")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = import_module(module)
    except ModuleNotFoundError as missing:
        if missing.name is None or not f"{module}.".startswith(f"{missing.name}."):
            raise
        raise ConfigError(
            f"--app: there is no module {missing.name!r}", hint="run it where it can be imported"
        ) from None
    for part in name.split("."):
        if not hasattr(found, part):
            raise ConfigError(f"--app: {module} has no {name!r}")
        found = getattr(found, part)
    if not isinstance(found, Payments) and callable(found):
        found = found()
    if not isinstance(found, Payments):
        raise ConfigError(f"--app {app} is no Payments", hint="AsyncPayments recovers by its own `run`")
    return found
