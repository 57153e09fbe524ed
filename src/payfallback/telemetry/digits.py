"""Numbers of people in texts: cards by Luhn's check, mobile and identity numbers of China by their own rules.

A random run of digits passes Luhn's check one time in ten: such a number, of 13 to 19 digits, is masked too. That is
why the fields that hold our own numbers are left alone (see `redaction`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_SEPARATOR = r"[ \-\u00a0\u2010-\u2015]"
_RUN = re.compile(rf"\d(?:{_SEPARATOR}?\d){{10,}}")
_GROUP = re.compile(r"\d+")
_MOBILE = re.compile(r"(?:00)?(?:86)?1[3-9]\d{9}")
_IDENTITY = re.compile(  # GB 11643: region, date of birth, sequence, check character
    rf"(?<!\d)[1-9]\d{{5}}{_SEPARATOR}?(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
    rf"{_SEPARATOR}?\d{{3}}[0-9Xx](?![0-9A-Za-z])"
)

SHORTEST_CARD, LONGEST_CARD = 13, 19
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def mask_digits(text: str) -> str:
    """Mask cards, mobile and identity numbers. Other numbers are left as they are."""
    if len(text) < 11 or not _RUN.search(text):
        return text
    return _RUN.sub(_mask_run, _IDENTITY.sub(_mask_identity, text))


def is_card(digits: str) -> bool:
    """Whether this many digits could be a card number, and they pass Luhn's check (ISO/IEC 7812-1)."""
    if not SHORTEST_CARD <= len(digits) <= LONGEST_CARD:
        return False
    values = [int(each) for each in reversed(digits)]
    return (sum(values[::2]) + sum(_DOUBLED[each] for each in values[1::2])) % 10 == 0


def is_identity(digits: str) -> bool:
    """Whether the last character is the check (ISO 7064, MOD 11-2) of the seventeen digits before it."""
    total = sum(weight * int(each) for weight, each in zip(_WEIGHTS, digits[:17], strict=True))
    return _CHECKS[total % 11] == digits[17].upper()


def _mask_identity(found: re.Match[str]) -> str:
    digits = re.sub(_SEPARATOR, "", found.group())
    return "[identity]" if is_identity(digits) else found.group()


def _mask_run(found: re.Match[str]) -> str:
    """Mask what is a card or a mobile number in one run of digits, read along its own groups."""
    run = found.group()
    masked, end = "", 0
    for first, last, label in _merged(_found_in(run)):
        masked += run[end:first] + label
        end = last
    return masked + run[end:]


def _found_in(run: str) -> Iterator[tuple[int, int, str]]:
    """Where groups that stand side by side make a card or a mobile number: start, end, label."""
    groups = [(each.start(), each.end()) for each in _GROUP.finditer(run)]
    for place, (start, _) in enumerate(groups):
        digits = ""
        for first, end in groups[place:]:
            digits += run[first:end]
            if len(digits) > LONGEST_CARD:
                break
            if _MOBILE.fullmatch(digits):
                yield start, end, "[mobile]"
            elif is_card(digits):
                yield start, end, f"[card *{digits[-4:]}]"


def _merged(found: Iterator[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Overlapping finds become one, under the label of the longest."""
    kept: list[tuple[int, int, str]] = []
    for start, end, label in found:
        if kept and start < kept[-1][1]:
            before = kept[-1]
            longer = label if end - start > before[1] - before[0] else before[2]
            kept[-1] = (before[0], max(before[1], end), longer)
        else:
            kept.append((start, end, label))
    yield from kept
