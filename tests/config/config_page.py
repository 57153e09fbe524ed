"""The tables of `docs/configuration.md`, rendered from the schema. `python tests/config/config_page.py` writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from payfallback._config_types import written
from payfallback.policy import REMEMBERED
from payfallback.schema import config_schema

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"

TABLES = {
    "file": "",
    "defaults": "DefaultsTable",
    "memory": "MemoryTable",
    "credit": "CreditTable",
    "cards": "CardsTable",
    "journal": "JournalTable",
    "shared_health": "SharedHealthTable",
    "account": "AccountTable",
    "sign": "SignKeyTable",
    "verify": "VerifyKeyTable",
    "code": "CodeRowTable",
    "channel": "ChannelTable",
    "circuit": "CircuitTable",
    "retry": "RetryTable",
    "route": "RouteTable",
    "when": "WhenTable",
    "amount": "AmountTable",
}


def tables() -> dict[str, str]:
    """Every table of the page, by the name of its marker."""
    schema = config_schema()
    made = {name: _table(schema if not kind else schema["$defs"][kind]) for name, kind in TABLES.items()}
    return {**made, "remembered": _remembered()}


def _remembered() -> str:
    rows = [f"| `{cause.value}` | {written(seconds)} |" for cause, seconds in REMEMBERED.items()]
    return "\n".join(["| refused because | remembered for |", "| --- | --- |", *rows])


def _table(schema: Mapping[str, Any]) -> str:
    lines = ["| key | is | default | means |", "| --- | --- | --- | --- |"]
    required = schema.get("required", [])
    for key, each in schema["properties"].items():
        default = "must be given" if key in required else _default(each)
        lines.append(f"| `{key}` | {_kind(each)} | {default} | {each.get('description', '')} |")
    return "\n".join(lines)


def _default(schema: Mapping[str, Any]) -> str:
    if "default" not in schema:
        return ""
    default = schema["default"]
    return f"`{str(default).lower() if isinstance(default, bool) else default}`" if default != "" else ""


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return "table"
    if len(schema.get("enum", ())) > 12:
        return "cause"
    if "enum" in schema:
        return " / ".join(f"`{each}`" for each in schema["enum"])
    if "env" in schema.get("pattern", "") or "env" in str(schema.get("anyOf", "")):
        return "reference" if "anyOf" not in schema else "reference, or several"
    if "ms|s|m|h|d" in schema.get("pattern", ""):
        return "duration"
    if schema.get("format") == "date-time":
        return "time"
    if "enum" in schema.get("items", {}):
        return "list of causes"
    if {"const": "full"} in schema.get("items", {}).get("anyOf", []):
        return 'list of numbers, or `"full"`'
    if schema.get("type") == "array":
        return "list of " + {"text": "texts", "reference": "references"}.get(_kind(schema["items"]), "tables")
    names = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true / false"}
    return names.get(schema.get("type", ""), "table")


def section(page: str, name: str) -> str:
    """What stands between a marker and its end."""
    found = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- end {name} -->", page, re.DOTALL)
    return found[1].strip() if found else ""


def write() -> None:
    """Put the rendered tables between their markers."""
    page = PAGE.read_text(encoding="utf-8")
    for name, text in tables().items():
        between = rf"(<!-- {name} -->\n).*?(<!-- end {name} -->)"
        page = re.sub(between, lambda m, text=text: f"{m[1]}\n{text}\n\n{m[2]}", page, flags=re.DOTALL)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    write()
