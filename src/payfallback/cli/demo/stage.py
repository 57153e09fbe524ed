"""Where the demo plays: a folder on a real disk, the sandbox, the configuration that `init` writes, two clients."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from payfallback._values import field, value
from payfallback.aclient import AsyncPayments
from payfallback.cli.demo.control import Control
from payfallback.cli.demo.shop import Endpoint, Shop
from payfallback.cli.start import FILE, KEYS, tell_shop, write_config
from payfallback.client import Payments
from payfallback.errors import ConfigError
from payfallback.journal import open_journal
from payfallback.ports import Observer
from payfallback.results import Ack

TIMEOUT = "800ms"  # of one call: short, so that an outage of minutes plays in seconds
WITHIN = "2500ms"
_CIRCUIT = """
[defaults.circuit]              # for the demo: an outage of seconds instead of minutes
failures_in_a_row = 3
open_for = "250ms"
"""
OPEN_FOR = 0.25


@value(kw_only=True)
class Stage:
    """Everything that is running. `names`: of the providers, for people."""

    folder: Path
    config: Path
    payments: Payments = field(repr=False)
    apayments: AsyncPayments = field(repr=False)
    control: Control = field(repr=False)
    shop: Shop = field(repr=False)
    names: Mapping[str, str]


@contextmanager
def stage(observer: Observer, seed: int, keep: Path | None = None) -> Iterator[Stage]:
    """Set it up, and take it down again. `keep`: a folder that stays. Raises `ConfigError`."""
    from payfallback.testing.sandbox import Sandbox, SandboxError
    from payfallback.testing.sandbox.registry import ENTRIES

    with ExitStack() as stack:
        folder = _kept(keep) if keep is not None else Path(stack.enter_context(_folder()))
        keys = folder / KEYS
        try:
            sandbox = stack.enter_context(Sandbox(key_dir=keys, seed=seed))
        except SandboxError as error:
            raise ConfigError(f"the sandbox does not start: {error}") from None
        endpoint = stack.enter_context(Endpoint())
        config = folder / FILE
        write_config(config, sandbox.urls, keys, notify_url=endpoint.url)
        tell_shop(sandbox, endpoint.url)
        _hurry(config)
        payments = stack.enter_context(Payments.from_config(str(config), observer=observer))
        endpoint.notify = _notifying(payments)
        control = stack.enter_context(Control(sandbox.control_url))
        apayments = AsyncPayments.from_config(str(config), observer=observer)
        yield Stage(
            folder=folder,
            config=config,
            payments=payments,
            apayments=apayments,
            control=control,
            shop=Shop(),
            names={name: entry.words["en"] for name, entry in ENTRIES.items()},
        )


def _notifying(payments: Payments) -> Any:
    def notify(channel: str, headers: dict[str, str], body: bytes, query: str) -> Ack:
        return payments.notify(channel, headers, body, query=query)

    return notify


def _hurry(config: Path) -> None:
    """The starter's configuration with shorter times; nothing else is changed."""
    text = config.read_text(encoding="utf-8")
    text, calls = re.subn(r'^timeout = "[^"]+"', f'timeout = "{TIMEOUT}"', text, flags=re.MULTILINE)
    text, whole = re.subn(r'^within = "[^"]+"', f'within = "{WITHIN}"', text, flags=re.MULTILINE)
    if not calls or whole != 1:
        raise ConfigError("the starter configuration has no times to shorten", file=str(config))
    config.write_text(text + _CIRCUIT, encoding="utf-8")


# ---------------------------------------------------------------- where


def _kept(folder: Path) -> Path:
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty", hint="name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that goes away again, on a disk where the journal may be. Raises `ConfigError` when there is none."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    refusals = []
    for base in (Path(tempfile.gettempdir()), cache, Path.cwd()):
        try:
            made = tempfile.TemporaryDirectory(prefix="payfallback-demo-", dir=base)
        except OSError as error:
            refusals.append(f"{base}: {error.strerror}")
            continue
        try:
            open_journal(f"sqlite:///{Path(made.name).absolute()}/payments.db").close()
        except ConfigError as error:
            refusals.append(error.message)
            made.cleanup()
        else:
            return made
    raise ConfigError("no place for the demo's journal: " + "; ".join(refusals), hint="name one with --keep DIR")
