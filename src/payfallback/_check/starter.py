"""The configuration that `payfallback init` writes: the shipped providers, against the local sandbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from payfallback._check.starter_parts import PARTS, Part
from payfallback.errors import ConfigError

_HEAD = """\
# A payfallback configuration for the local sandbox (`payfallback sandbox`). No real money moves.
# Look at it with `payfallback check` and `payfallback explain --amount 5999.00`.
version = 1

# How far it goes by itself: observe -> retry -> offer -> switch. Beside code that takes payments today, begin with
# "observe": it charges once, on the chosen channel, and records what it would have done.
autonomy = "switch"

[defaults]
within = "5s"           # `pay` answers within this time; what is open then is Pending, and `recover` finishes it
pay_by = "30m"          # after this no charge starts: what is open is closed, and a later capture is refunded
max_in_flight = 40      # calls per channel and process; above it the channel is passed over

[journal]
"""
_RULE = "# " + "-" * 64


def starter_config(
    sandbox_urls: Mapping[str, str],
    credential_folder: str = "sandbox-keys",
    *,
    notify_url: str = "http://127.0.0.1:8000/notify/{channel}",
    journal_url: str = "sqlite:///payments.db",
    seal: str = "",
) -> str:
    """The text of a configuration against a sandbox, with the providers whose addresses are given.

    sandbox_urls: addresses by provider, such as `Sandbox.urls`. credential_folder: where the sandbox keeps its test
    keys (its `key_dir`), relative to the configuration. seal: a reference such as ${file:seal.key}, or nothing. Raises
    `ConfigError` without an address of a provider that can be configured here.
    """
    parts = {name: part for name, part in PARTS.items() if name in sandbox_urls}
    if not parts:
        raise ConfigError("no address of a provider", hint=f"give `sandbox_urls` with one of {', '.join(PARTS)}")
    journal = f'url = "{journal_url}" # beside this file; written before anything is sent\n'
    given = {"keys": credential_folder, "notify": notify_url}
    sections = [_HEAD + journal + (f'seal = "{seal}"\n' if seal else ""), f"{_RULE} who is paid\n"]
    sections += [part.account % {**given, "url": sandbox_urls[name]} for name, part in parts.items()]
    sections += [f"{_RULE} ways to pay\n", *(part.channels for part in parts.values())]
    sections += [f"{_RULE} in which order: the first route that matches\n", *_routes(list(parts.values()))]
    return "\n".join(sections)


def _routes(parts: Sequence[Part]) -> Iterator[str]:
    """The first route that matches an order is its route, so the last one takes every order."""
    full, abroad = _steps(parts, "full"), _steps(parts, "abroad")
    asks = [step for step in _steps(parts, "asks") if step in full]
    plain = sorted(full, key=asks.__contains__)
    if store := _steps(parts, "store"):
        yield _route("store", store, when='{ attributes = { place = "store" } }')
    if instalments := _steps(parts, "instalments"):
        when = '{ currency = "CNY", amount = { from = "100.00", to = "50000.00" } }'
        yield _route("instalments", instalments + full, when=when, asks=asks)
    if abroad and plain:
        yield _route("yuan", plain, when='{ currency = "CNY" }')
    yield _route("the rest", abroad or plain or _steps(parts, "store"))


def _steps(parts: Iterable[Part], kind: str) -> list[str]:
    return [step for part in parts for step in getattr(part, kind)]


def _route(name: str, order: Iterable[str], *, when: str = "", asks: Iterable[str] = ()) -> str:
    condition = f"when = {when}\n" if when else ""
    asked = ", ".join(f'"{step}"' for step in asks)
    ask = f"always_ask = [{asked}] # nobody who agreed to instalments is charged in full by itself\n" if asked else ""
    steps = ", ".join(f'"{step}"' for step in order)
    return f'[[routes]]\nname = "{name}"\n{condition}order = [{steps}]\n{ask}'
