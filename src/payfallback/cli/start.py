"""`init` and `sandbox`: a first configuration, and providers to try it against."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from payfallback.cli import say
from payfallback.cli.codes import FINE
from payfallback.cli.guard import command
from payfallback.cli.options import AsJson
from payfallback.errors import ConfigError

if TYPE_CHECKING:
    from payfallback.testing.sandbox import Sandbox

CONTROL_PORT, JDPAY_PORT, WECHATPAY_PORT = 8700, 8701, 8702
KEYS = "sandbox-keys"
FILE = "payfallback.toml"

Port = typer.Option(min=0, max=65535, help="0 chooses a free one.")


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
    urls = {"jdpay": f"http://127.0.0.1:{JDPAY_PORT}", "wechatpay": f"http://127.0.0.1:{WECHATPAY_PORT}"}
    write_config(file, urls, keys)
    if as_json:
        say.as_json({"config": str(file), "keys": str(keys), **{f"{name}_url": url for name, url in urls.items()}})
        return FINE
    say.line(f"wrote {file} and the sandbox's test keys in {keys}/ (keep both out of version control)")
    at = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
    say.line(f"next:  {at}payfallback check          # nothing to mend")
    say.line(f"       {at}payfallback sandbox        # JD Pay and WeChat Pay on this machine, until Ctrl-C")
    return FINE


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
    from payfallback._check import starter_config

    folder = os.path.relpath(keys, file.parent)
    text = starter_config(urls, folder, **more)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", file=str(file)) from None


@command
def sandbox(
    jdpay_port: Annotated[int, Port] = JDPAY_PORT,
    wechatpay_port: Annotated[int, Port] = WECHATPAY_PORT,
    control_port: Annotated[int, Port] = CONTROL_PORT,
    key_dir: Annotated[Path, typer.Option(metavar="DIR", help="Where the test keys are, or will be.")] = Path(KEYS),
    config: Annotated[
        Path | None, typer.Option("--write-config", metavar="FILE", help="Also write a configuration that fits.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Repeats every identifier.")] = None,
    as_json: AsJson = False,
) -> int:
    """Run JD Pay and WeChat Pay on this machine.

    As real HTTP servers with books of their own, until Ctrl-C. No real money moves.
    """
    from payfallback.testing.sandbox import Sandbox, SandboxError, serve

    if config is not None and config.exists():
        raise ConfigError("is there already", hint="name another file", file=str(config))

    def ready(running: Sandbox) -> None:
        if config is not None:
            write_config(config, {"jdpay": running.jdpay_url, "wechatpay": running.wechatpay_url}, key_dir)
        _tell(running, key_dir, config, as_json)

    try:
        made = Sandbox(
            jdpay_port=jdpay_port,
            wechatpay_port=wechatpay_port,
            control_port=control_port,
            key_dir=key_dir,
            seed=seed,
        )
        serve(made, ready)
    except (SandboxError, OSError) as error:
        raise ConfigError(str(error)) from None
    return FINE


def _tell(running: Sandbox, keys: Path, config: Path | None, as_json: bool) -> None:
    if as_json:
        urls = {f"{name}_url": getattr(running, f"{name}_url") for name in ("jdpay", "wechatpay", "control")}
        say.as_json({**urls, "keys": str(keys), "config": None if config is None else str(config)})
        return
    say.line(f"JD Pay       {running.jdpay_url}")
    say.line(f"WeChat Pay   {running.wechatpay_url}")
    say.line(f"control      {running.control_url}   open it to see what was charged, and to pay as the shopper")
    say.line(f"test keys    {keys}/")
    if config is not None:
        say.line(f"wrote        {config}")
    say.line(f"""break it     curl -d '{{"provider":"jdpay","fault":"reply_lost"}}' {running.control_url}/faults""")
    say.line(f"mend it      curl -X DELETE {running.control_url}/faults")
    say.line("Ctrl-C ends it; its books end with it.")
