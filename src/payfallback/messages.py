"""Texts for people. Placeholder until the table is written."""

from __future__ import annotations

from payfallback.taxonomy import Cause


def shopper_text(status: str, cause: Cause | None, locale: str) -> str:
    """What the shopper reads."""
    return status


def support_text(status: str, cause: Cause | None, locale: str) -> str:
    """What support reads."""
    return status
