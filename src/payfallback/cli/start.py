"""`init` and `sandbox`: a first configuration, and providers to try it against."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from payfallback.cli import say
from payfallback.cli.exits import FINE
from payfallback.cli.guard import command
from payfallback.cli.options import AsJson
from payfallback.errors import ConfigError

if TYPE_CHECKING:
    from payfallback.testing.sandbox import Sandbox

CONTROL = "control"
CONTROL_PORT = 8700
KEYS = "sandbox-keys"
FILE = "payfallback.toml"
NOTIFY = "http://127.0.0.1:8000/notify/{channel}"  # as the starter has it

_PORT_HELP = (
    "Where a provider, or `control`, listens; 0 is any free port. Without it: control 8700, jdpay 8701, "
    "wechatpay 8702, alipay 8703, stripe 8704, unionpay 8705, jdpay_aggregate 8706. May be repeated."
)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(init)
    app.command()(sandbox)


@command
def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where; it is made when it is not there.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace a configuration that is there.")] = False,
    as_json: AsJson = False,
) -> int:
    """Write a configuration for the local sandbox.

    It works as it is, with the sandbox's test keys, which are made beside it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file, keys = folder / FILE, folder / KEYS
    if file.exists() and not force:
        raise ConfigError("is there already", hint="--force replaces it", file=str(file))
    _make_keys(keys)
    urls = {name: f"http://127.0.0.1:{port}" for name, port in _usual_ports().items() if name != CONTROL}
    write_config(file, urls, keys)
    if as_json:
        say.as_json({"config": str(file), "keys": str(keys), **{f"{name}_url": url for name, url in urls.items()}})
        return FINE
    say.line(f"wrote {file} and the sandbox's test keys in {keys}/ (keep both out of version control)")
    at = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
    say.line(f"next:  {at}payfallback check          # nothing to mend")
    say.line(f"       {at}payfallback sandbox        # the providers, on this machine, until Ctrl-C")
    return FINE


def _usual_ports() -> dict[str, int]:
    from payfallback.testing.sandbox.registry import ENTRIES

    return {CONTROL: CONTROL_PORT, **{name: entry.port for name, entry in ENTRIES.items()}}


def _make_keys(keys: Path) -> None:
    """Have the sandbox make its keys, as its first start would."""
    from payfallback.testing.sandbox import Sandbox, SandboxError

    try:
        with Sandbox(key_dir=keys):
            pass
    except (SandboxError, OSError) as error:
        raise ConfigError(f"cannot make test keys in {keys}: {error}") from None


def write_config(file: Path, urls: dict[str, str], keys: Path, **more: Any) -> None:
    """Write the starter configuration, readable by its owner only. `keys` is written relative to the file."""
    from payfallback.testing import starter_config

    folder = os.path.relpath(keys, file.parent)
    text = starter_config(urls, folder, **more)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", file=str(file)) from None


def tell_shop(running: Sandbox, notify_url: str = NOTIFY) -> None:
    """Tell the providers that take it once where the shop is notified, as one would on their own site."""
    from payfallback._check.starter_parts import PARTS

    for provider, part in PARTS.items():
        if part.told_once and provider in running.urls:
            running.notifications(provider, "on", notify_url.replace("{channel}", part.told_once))


@command
def sandbox(
    ports: Annotated[list[str] | None, typer.Option("--port", metavar="NAME=PORT", help=_PORT_HELP)] = None,
    free_ports: Annotated[bool, typer.Option("--free-ports", help="Any free port for those not named.")] = False,
    key_dir: Annotated[Path, typer.Option(metavar="DIR", help="Where the test keys are, or will be.")] = Path(KEYS),
    config: Annotated[
        Path | None, typer.Option("--write-config", metavar="FILE", help="Also write a configuration that fits.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Repeats every identifier.")] = None,
    as_json: AsJson = False,
) -> int:
    """Run the payment providers on this machine.

    JD Pay, WeChat Pay and the others, as real HTTP servers with one ledger, until Ctrl-C. No real money moves.
    """
    from payfallback.testing.sandbox import Sandbox, SandboxError, serve

    if config is not None and config.exists():
        raise ConfigError("is there already", hint="name another file", file=str(config))

    def ready(running: Sandbox) -> None:
        if config is not None:
            write_config(config, running.urls, key_dir)
            tell_shop(running)
        _tell(running, key_dir, config, as_json)

    try:
        chosen = {**({} if free_ports else _usual_ports()), **dict(map(_named_port, ports or ()))}
        serve(Sandbox(ports=chosen, key_dir=key_dir, seed=seed), ready)
    except (SandboxError, OSError) as error:
        raise ConfigError(str(error)) from None
    return FINE


def _named_port(text: str) -> tuple[str, int]:
    """NAME=PORT. Raises `BadParameter`."""
    name, _, port = text.partition("=")
    if not (port.isascii() and port.isdecimal()) or int(port) > 65535:
        raise typer.BadParameter(f"{text!r} is not NAME=PORT, such as jdpay=0", param_hint="--port")
    return name, int(port)


def _tell(running: Sandbox, keys: Path, config: Path | None, as_json: bool) -> None:
    from payfallback.testing.sandbox.registry import ENTRIES

    if as_json:
        urls = {f"{name}_url": url for name, url in running.urls.items()} | {"control_url": running.control_url}
        say.as_json({**urls, "keys": str(keys), "config": None if config is None else str(config)})
        return
    for name, url in running.urls.items():
        say.line(f"{ENTRIES[name].words['en']:<13}{url}")
    say.line(f"control      {running.control_url}   (what was charged; the shopper's hand)")
    say.line(f"test keys    {keys}/")
    if config is not None:
        say.line(f"wrote        {config}")
    control = running.control_url
    say.line(f"break it     curl {control}/faults \\")
    say.line("""               -d '{"provider":"jdpay","fault":"reply_lost"}'""")
    say.line(f"mend it      curl -X DELETE {control}/faults")
    say.line("Ctrl-C ends it; its books end with it.")
