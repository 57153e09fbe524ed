"""Masking secrets and personal data inside a text, by their shape."""

from __future__ import annotations

import re

from payfallback.telemetry.digits import mask_digits
from payfallback.telemetry.secrets import MASK, is_secret

LONGEST = 8192  # characters of a text that are looked at and kept
_CUT = 300  # what is dropped with the cut: it may hold the half of something that is no longer recognised

_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\Z)"
    r"|\bMII[A-Za-z0-9+/=]{60,}",  # the same without its header, as many shops keep it
    re.DOTALL,
)
_HEADER = re.compile(r"(?i)\b((?:proxy-)?authorization[\"']?\s{0,3}[:=]\s{0,3})[^\r\n]{1,4096}")
_TOKEN = re.compile(
    r"(?i:\bbearer\s{1,4})(?=\S{0,200}[\d._\-])[A-Za-z0-9._~+/=\-]{8,}"
    r"|\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.?[A-Za-z0-9_\-]*"
    r"|(?<![0-9A-Za-z])[a-z]{2,6}_(?:live|test)_[0-9A-Za-z]{6,}"
    r"|(?<![0-9A-Za-z])whsec_[0-9A-Za-z+/=]{6,}"
    r"|(?<![0-9A-Za-z])[a-z]{2,6}_[0-9A-Za-z]{6,}_secret_[0-9A-Za-z]{6,}"
)
_MAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,8}")
_PAIR = re.compile(
    r"(?<![A-Za-z0-9_\-])([A-Za-z][A-Za-z0-9_\-]{1,40})([\"']?\s{0,2}[=:]\s{0,2})"
    r"(\"[^\"\r\n]{0,2048}\"|'[^'\r\n]{0,2048}'|[^\s\"'&,;<>{}\[\]()]{1,2048})"
)
_ELEMENT = re.compile(r"<([A-Za-z][A-Za-z0-9_\-]{1,40})>([^<]{1,4096})</")


def redact_text(text: str) -> str:
    """The text with what is secret or personal masked by its shape. A long text is cut. Never raises for a `str`.

    Masked: card numbers (13 to 19 digits that pass Luhn's check, with single spaces or dashes), mobile and resident
    identity numbers of China, private keys, bearer and API tokens, e-mail addresses, and the values of names such as
    `password` or `openid` in `name=value`, JSON and XML.
    """
    return redacted(text, digits=True)


def redacted(text: str, *, digits: bool) -> str:
    """`redact_text`; without `digits`, numbers are left as they are."""
    if len(text) > LONGEST:
        return _mask(text[:LONGEST], digits)[:-_CUT] + "…[cut]"
    return _mask(text, digits)


def _mask(text: str, digits: bool) -> str:
    if ":" in text or "=" in text:
        text = _HEADER.sub(rf"\g<1>{MASK}", text)
        text = _PAIR.sub(_pair, text)
    if "<" in text:
        text = _ELEMENT.sub(_element, text)
    if len(text) > 12:
        text = _KEY.sub("[key]", text)
        text = _TOKEN.sub("[token]", text)
    if "@" in text:
        text = _MAIL.sub("[e-mail]", text)
    return mask_digits(text) if digits else text


def _pair(found: re.Match[str]) -> str:
    name, between, value = found.groups()
    if not is_secret(name):
        return found.group()
    quote = value[0] if value[0] in "\"'" else ""
    return f"{name}{between}{quote}{MASK}{quote}"


def _element(found: re.Match[str]) -> str:
    name = found.group(1)
    return f"<{name}>{MASK}</" if is_secret(name) else found.group()
