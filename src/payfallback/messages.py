"""What people are told: a text for the shopper and one for the person who helps them, in Chinese and English.

A text has two parts: what is known about the money (from the result's status) and why (from its cause). The tables
stand in `_texts_zh.py` and `_texts_en.py` and load with the first text. Rules, held by `tests/test_messages.py`:

- a pending payment is never called failed, in any language: it is being confirmed, and must not be paid again;
- what only concerns the library (an open circuit, a recent refusal, a full queue) is never shown to a shopper;
- a refusal for risk reads exactly like any other refusal that the provider does not explain.
"""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from payfallback.taxonomy import Cause

LOCALES = ("zh-CN", "en")
STATUSES = ("paid", "action_required", "not_paid", "pending", "option")

_loaded: dict[str, Texts] = {}


class Texts(Protocol):
    """One language. `CAUSES`: for each cause the shopper's and support's sentence; the shopper's is empty where the
    cause only concerns the library, and `UNAVAILABLE` is read instead. `SHOPPER` and `SUPPORT`: what the
    status says. `CONFIRMING`: what a shopper can do, or should know, while a payment is being confirmed. `RETURNED`:
    what shopper and support read of an order that was refunded, instead of that nothing was charged. `LABELS`: an
    option in instalments, and one in full, of a channel that has both."""

    SHOPPER: dict[str, str]
    SUPPORT: dict[str, str]
    CONFIRMING: dict[Cause, str]
    LABELS: tuple[str, str]
    RETURNED: tuple[str, str]
    UNAVAILABLE: str
    CAUSES: dict[Cause, tuple[str, str]]
    JOIN: str


def shopper_text(status: str, cause: Cause | None, locale: str) -> str:
    """What the shopper reads: what is known about the money, then why and what to do.

    `status`: a result's, or `"option"` for the reason why an option cannot be chosen, before anything was tried; any
    other is treated as pending, which promises nothing. `locale`: every `zh…` reads Chinese, every other English.
    """
    texts = _texts(locale)
    known = texts.RETURNED[0] if _returned(status, cause) else texts.SHOPPER.get(status, texts.SHOPPER["pending"])
    match status:
        case "not_paid" | "option":
            return _join(texts, known, "" if cause is None else _why(texts, cause))
        case "paid" | "action_required":
            return known
        case _:
            return _join(texts, known, "" if cause is None else texts.CONFIRMING.get(cause, ""))


def option_label(name: str, terms: int | None, locale: str) -> str:
    """What a page calls an option: the channel's name, and its terms where it has any (0: in full)."""
    if terms is None:
        return name
    in_terms, in_full = _texts(locale).LABELS
    return (in_terms if terms else in_full).format(name=name, terms=terms)


def support_text(status: str, cause: Cause | None, locale: str) -> str:
    """What the person reads who helps the shopper: what is known, the cause by its name, and what to do."""
    texts = _texts(locale)
    known = texts.RETURNED[1] if _returned(status, cause) else texts.SUPPORT.get(status, texts.SUPPORT["pending"])
    if cause is None:
        return known
    return _join(texts, known, f"[{cause.value}] {texts.CAUSES[cause][1]}")


def _returned(status: str, cause: Cause | None) -> bool:
    """Whether the money was there and went back: nobody may read then that there was no charge."""
    return status == "not_paid" and cause is Cause.REFUNDED


def _why(texts: Texts, cause: Cause) -> str:
    return texts.CAUSES[cause][0] or texts.UNAVAILABLE


def _join(texts: Texts, known: str, why: str) -> str:
    return texts.JOIN.join(part for part in (known, why) if part)


def _texts(locale: str) -> Texts:
    language = "zh" if locale.lower().startswith("zh") else "en"
    found = _loaded.get(language)
    if found is None:
        found = _loaded[language] = cast("Texts", import_module(f"payfallback._texts_{language}"))
    return found
