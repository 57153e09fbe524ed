"""Alipay's JSON: names once, numbers as they are written, amounts in yuan, times in Beijing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from payfallback.model import Money
from payfallback.providers._json import json_object as as_object
from payfallback.providers.codes import rfc3339


def json_object(body: bytes) -> Mapping[str, Any] | None:
    """A JSON object with each name once, its numbers as text; `{}` for an empty body; None for anything else."""
    return as_object(body, as_written=True) if body else {}


def text_in(body: Mapping[str, Any], name: str) -> str:
    """A text field, or a number as it is written; empty where it is missing or of another type."""
    found = body.get(name)
    return found if isinstance(found, str) else ""


def trade_number(body: Mapping[str, Any], name: str) -> str:
    """A number as Alipay writes one: 1 to 64 letters, digits and underscores; anything else is empty."""
    found = text_in(body, name)
    return found if re.fullmatch(r"[0-9A-Za-z_]{1,64}", found) else ""


def yuan(body: Mapping[str, Any], name: str) -> Money | None:
    """An amount in yuan, at most two digits after the point. Models say text, the documentation shows numbers."""
    found = re.fullmatch(r"([0-9]{1,11})(?:\.([0-9]{1,2}))?", text_in(body, name))
    return Money(int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")), "CNY") if found else None


def beijing(body: Mapping[str, Any], name: str) -> float | None:
    """A time in epoch seconds. Alipay's carry no zone and are Beijing's."""
    return rfc3339(f"{text_in(body, name)}+08:00")
