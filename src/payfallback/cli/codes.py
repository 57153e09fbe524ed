"""`codes`: what a provider's code means, what the library does, and what people read."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from payfallback.cli import say, tables
from payfallback.cli.exits import FINE
from payfallback.cli.guard import command
from payfallback.cli.options import AsJson
from payfallback.errors import ConfigError

if TYPE_CHECKING:
    from payfallback.providers.code_table import CodeRow, CodeTable


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(codes)


@command
def codes(
    provider: Annotated[str, typer.Argument(help="jdpay, wechatpay, alipay, unionpay or stripe.")] = "",
    code: Annotated[str, typer.Argument(help="A code, in any of its spellings.")] = "",
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Also show the rows of its accounts.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Explain a provider's code.

    What it proves, why, what the library does, and what the shopper and the support read. Without a code, one line a
    code; without a provider, one line a provider.
    """
    if not provider:
        _overview(as_json=as_json)
        return FINE
    table = _table(provider, config)
    if code:
        _explain(table, code.strip(), as_json=as_json)
    else:
        _list(table, as_json=as_json)
    return FINE


def _table(provider: str, config: Path | None) -> CodeTable:
    from payfallback.providers.code_table import PROVIDERS, code_table

    if provider not in PROVIDERS:
        close = get_close_matches(provider.lower(), PROVIDERS, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(PROVIDERS)}"
        raise ConfigError(f"no table of codes for {provider!r}", hint=hint)
    return code_table(provider, () if config is None else _own(provider, config))


def _own(provider: str, config: Path) -> tuple[CodeRow, ...]:
    from payfallback._assemble.codes import rows_of_file
    from payfallback.config import load

    return tuple(row for row in rows_of_file(load(config)) if row.provider == provider)


def _overview(*, as_json: bool) -> None:
    from payfallback.providers.code_table import PROVIDERS, code_table

    for name in PROVIDERS:
        rows = code_table(name).rows()
        stated, final = sum(row.stated for row in rows), sum(row.final for row in rows)
        if as_json:
            say.as_json({"provider": name, "codes": len(rows), "stated": stated, "final": final})
        else:
            say.line(f"{name:<11} {len(rows):>4} codes, {stated} stated, {final} end an attempt without asking")


# ---------------------------------------------------------------- one line a code


def _list(table: CodeTable, *, as_json: bool) -> None:
    from payfallback.providers.code_words import handling, plain

    rows = table.rows()
    if as_json:
        for row in rows:
            say.as_json(plain(row))
        return
    cells = [(row.operation, row.code, row.verdict.value, _cause(row), handling(row), row.meaning) for row in rows]
    tables.table(("operation", "code", "proves", "cause", "handling", "meaning"), cells)


def _cause(row: CodeRow) -> str:
    return "-" if row.cause is None else row.cause.value


# ---------------------------------------------------------------- one code


def _explain(table: CodeTable, code: str, *, as_json: bool) -> None:
    from payfallback.providers.code_words import plain, told, unlisted

    rows = table.of(code)
    if as_json:
        shown = rows or (unlisted(table.provider, code),)
        entries = [{**plain(row), **told(row)} for row in shown]
        say.as_json({"provider": table.provider, "code": code, "listed": bool(rows), "rows": entries})
        return
    if not rows:
        _say_unlisted(table, code)
    for place, alike in enumerate(_together(rows)):
        if place:
            say.line()
        _say(alike)
    _say_texts(rows or (unlisted(table.provider, code),))


def _together(rows: tuple[CodeRow, ...]) -> list[list[CodeRow]]:
    """Rows that prove the same, together."""
    found: dict[tuple[object, ...], list[CodeRow]] = {}
    for row in rows:
        found.setdefault((row.verdict, row.cause, row.stated, row.final, row.resendable), []).append(row)
    return list(found.values())


def _say(alike: list[CodeRow]) -> None:
    row = alike[0]
    where = ", ".join("every operation" if each.operation == "*" else each.operation for each in alike)
    say.line(f"{row.provider} {row.code} ({where})")
    for meaning in dict.fromkeys(each.meaning for each in alike):
        say.line(f"meaning   {meaning}")
    _say_proof(row)
    for source in dict.fromkeys(each.source for each in alike):
        say.line(f"source    {source}")


def _say_unlisted(table: CodeTable, code: str) -> None:
    from payfallback.providers.code_words import unlisted

    close = get_close_matches(code, [row.code for row in table.rows()], n=1, cutoff=0.8)
    say.line(f"{table.provider} {code}: in no table" + (f" (did you mean {close[0]}?)" if close else ""))
    _say_proof(unlisted(table.provider, code))
    say.line("to do     ask the provider what it means, and add a row under [[accounts.<name>.codes]]")


def _say_proof(row: CodeRow) -> None:
    from payfallback.providers.code_words import does, handling

    sure = f" ({handling(row)})" if row.source else ""
    proves = "UNKNOWN: neither that it was charged, nor that it was not" if row.verdict.value == "unknown" else ""
    say.line(f"proves    {proves or row.verdict.value}{sure}")
    say.line(f"cause     {_cause(row)}")
    say.line(f"does      {does(row)}")


def _say_texts(rows: tuple[CodeRow, ...]) -> None:
    """What people read, once for each cause."""
    from payfallback.providers.code_words import told

    for row in {(row.verdict, row.cause): row for row in rows}.values():
        say.line()
        say.line(f"people read after {row.verdict.value}{f', {row.cause.value}' if row.cause is not None else ''}")
        for who, texts in told(row).items():
            for locale, text in texts.items():
                say.line(f"{who:<9} {locale:<5}  {text}")
