"""JD Pay's XML: written as one line, read through defusedxml with bounds, every element at most once.

A message is at most 64 KiB (JD's own limit for the encrypted part is 16,384 bytes), UTF-8, and six elements deep.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

HEADER = '<?xml version="1.0" encoding="UTF-8"?>'
LARGEST = 64 * 1024
DEEPEST = 6
LISTS = frozenset({"payList", "refList", "billsInfoList"})  # the elements whose children repeat (JD's demo, models)

Fields = Mapping[str, "str | Fields | tuple[Fields, ...]"]

_DECLARED = re.compile(r"""<\?xml[^>]*?encoding\s*=\s*["']([^"']*)["']""")


class Unreadable(ValueError):
    """Not a message as JD sends them. Never leaves the adapter."""


def compose(fields: Iterable[tuple[str, str]]) -> str:
    """`<jdpay>` with one element per field, in order, without line breaks and without a header."""
    return "<jdpay>" + "".join(f"<{name}>{_escaped(text)}</{name}>" for name, text in fields) + "</jdpay>"


def _escaped(text: str) -> str:
    plain = "".join(c if c.isprintable() else " " for c in text)
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def text_of(body: bytes) -> str:
    """A message as text. Raises `Unreadable` for one that is too large or not UTF-8."""
    if len(body) > LARGEST:
        raise Unreadable("too large")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("not UTF-8") from None
    declared = _DECLARED.match(text.lstrip())
    if declared is not None and declared[1].upper() != "UTF-8":
        raise Unreadable("declared in another charset")
    return text


def parse(text: str) -> Fields:
    """The fields of a `<jdpay>` message. Raises `Unreadable`: entities, DTDs, repeated or deeply nested elements."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(text.strip(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        raise Unreadable("not well-formed, or more than plain elements") from None
    if root.tag != "jdpay":
        raise Unreadable("not a jdpay message")
    return _fields(root, 1)


def _fields(element: Element, depth: int) -> Fields:
    if depth > DEEPEST:
        raise Unreadable("nested too deeply")
    found: dict[str, str | Fields | tuple[Fields, ...]] = {}
    for child in element:
        if child.tag in found:
            raise Unreadable("an element comes twice")
        found[child.tag] = _value(child, depth)
    return found


def _value(child: Element, depth: int) -> str | Fields | tuple[Fields, ...]:
    if child.tag in LISTS:
        return tuple(_fields(each, depth + 2) for each in child)
    if len(child):
        return _fields(child, depth + 1)
    return (child.text or "").strip()


def text_in(fields: Fields, *path: str) -> str:
    """The text at a path of elements; empty where there is none."""
    here: object = fields
    for name in path:
        if not isinstance(here, Mapping):
            return ""
        here = here.get(name, "")
    return here if isinstance(here, str) else ""


def items_in(fields: Fields, name: str) -> Iterator[Fields]:
    """The items of a list element; none where it is missing or empty."""
    found = fields.get(name)
    if isinstance(found, tuple):
        yield from found
