"""What every provider's answer goes through: text without personal data, times, and the refusal of odd values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from payfallback._core.operations import Answer, Kind, Operation
from payfallback.errors import ConfigError, UnknownOption
from payfallback.taxonomy import Cause, Verdict

BEIJING = timezone(timedelta(hours=8))
LONGEST_WAIT = 86400.0  # a provider that asks for more is not taken at its word
_LONG_DIGITS = re.compile(r"[0-9](?:[ -]?[0-9]){10,}[0-9Xx]?")  # cards, phones, identity numbers, also in groups


def clean_text(text: object, limit: int = 200) -> str:
    """A provider's words, cut, on one line, with runs of 11 and more digits masked. Anything but text is empty."""
    if not isinstance(text, str):
        return ""
    masked = _LONG_DIGITS.sub("*", text[: limit * 4])
    return "".join(c if c.isprintable() else " " for c in masked).strip()[:limit]


def clean_code(code: object) -> str:
    """A provider's code, cut to 64 characters of the alphabet that codes are written in."""
    return re.sub(r"[^0-9A-Za-z_.:=-]", "", str(code))[:64] if isinstance(code, str | int) else ""


def plain_number(number: object) -> str:
    """A trade's or refund's number as any provider writes one; anything else is empty."""
    return number if isinstance(number, str) and re.fullmatch(r"[!-~]{1,64}", number) else ""


def unknown(
    cause: Cause,
    code: object = "",
    text: object = "",
    *,
    provider_time: float | None = None,
    retry_after: float | None = None,
    resendable: bool = False,
) -> Answer:
    """An answer that proves nothing, with what it said kept."""
    return Answer(
        verdict=Verdict.UNKNOWN,
        cause=cause,
        code=clean_code(code),
        text=clean_text(text),
        provider_time=provider_time,
        retry_after=retry_after,
        resendable=resendable,
    )


def http_date(headers: Mapping[str, str]) -> float | None:
    """The `Date` header in epoch seconds; None where it is missing or unreadable."""
    return _when(headers.get("date", ""))


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that a `Retry-After` header asks for, given as seconds or as a date; at most a day."""
    given = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", given):
        return min(float(given), LONGEST_WAIT)
    when = _when(given)
    return None if when is None else min(max(when - now, 0.0), LONGEST_WAIT)


def _when(text: str) -> float | None:
    try:
        found = parsedate_to_datetime(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def rfc3339(text: object) -> float | None:
    """An RFC 3339 time with its zone in epoch seconds; None for anything else."""
    if not isinstance(text, str) or len(text) > 40:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.timestamp() if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def known_options(provider: str, given: Mapping[str, str] | None, known: Mapping[str, str]) -> dict[str, str]:
    """The account's options with their defaults. Raises `ConfigError` for an option the provider does not know."""
    chosen = dict(given or {})
    strange = sorted(set(chosen) - set(known))
    if strange:
        raise ConfigError(f"{provider} has no option {strange[0]!r}", hint=f"known: {', '.join(sorted(known))}")
    return {**known, **chosen}


def without_terms(provider: str, operation: Operation) -> None:
    """Raise `UnknownOption` where instalments are asked of a product that cannot be asked for them: nobody who chose
    twelve instalments is charged in full."""
    if operation.kind in (Kind.CREATE, Kind.CHARGE) and operation.option.terms is not None:
        raise UnknownOption(
            f"{provider} product {operation.product!r} cannot be asked for {operation.option.id!r}",
            hint="leave `terms` out of its channel",
        )


def cut_bytes(text: str, limit: int) -> str:
    """Text without control characters, cut to so many bytes of UTF-8 at a character's edge."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return plain.encode("utf-8", "ignore")[:limit].decode("utf-8", "ignore").strip()
