"""Bills as files: plain, gzip or zip, within bounds, line by line."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import BinaryIO

from payfallback.errors import BillUnavailable, MoneyInvalid
from payfallback.model import Money
from payfallback.providers.codes import BEIJING

LARGEST_BILL = 1 << 30  # bytes of text: some five million lines
LONGEST_LINE = 16 * 1024
MOST_FILES = 64  # in one archive


@contextmanager
def unpacked(source: BinaryIO, wanted: str = "") -> Iterator[BinaryIO]:
    """The text inside: of a gzip file, of the one file of a zip whose name contains `wanted`, or the file itself.

    Raises `BillUnavailable` for an archive that is broken or has no such file.
    """
    magic = source.read(4)
    source.seek(0)
    if magic[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=source) as inside:
            yield inside  # type: ignore[misc]  # a GzipFile reads like any binary file
    elif magic == b"PK\x03\x04":
        with _member(source, wanted) as inside:
            yield inside
    else:
        yield source


@contextmanager
def _member(source: BinaryIO, wanted: str) -> Iterator[BinaryIO]:
    try:
        with zipfile.ZipFile(source) as archive:
            listed = archive.infolist()[:MOST_FILES]
            found = [each for each in listed if wanted in _name(each) and not each.is_dir()]
            if len(found) != 1:
                raise BillUnavailable(
                    f"the archive holds {len(found)} files named like {wanted!r}", hint="give the provider's own file"
                )
            with archive.open(found[0]) as inside:
                yield inside  # type: ignore[misc]  # a ZipExtFile reads like any binary file
    except (zipfile.BadZipFile, zlib.error) as broken:
        raise BillUnavailable("the archive is broken", hint="fetch the bill again") from broken


def _name(member: zipfile.ZipInfo) -> str:
    """A name inside a zip; Chinese names without the UTF-8 flag are GBK, which zipfile takes for code page 437."""
    if member.flag_bits & 0x800:
        return member.filename
    return member.filename.encode("cp437", "replace").decode("gbk", "replace")


def text_lines(source: BinaryIO, encoding: str) -> Iterator[tuple[int, str]]:
    """The lines with their numbers from 1, without line ends. Raises `BillUnavailable` for what is no such text."""
    size, row = 0, 0
    try:
        while raw := source.readline(LONGEST_LINE + 1):
            size, row = size + len(raw), row + 1
            if len(raw) > LONGEST_LINE or size > LARGEST_BILL:
                raise BillUnavailable(f"line {row}: larger than any bill", hint="is this the provider's own file?")
            yield row, raw.decode(encoding).rstrip("\r\n")
    except UnicodeDecodeError as wrong:
        raise BillUnavailable(f"line {row} is not {encoding}", hint="give the file as the provider made it") from wrong
    except (OSError, EOFError, zlib.error) as broken:
        raise BillUnavailable(f"the file ends or breaks after line {row}", hint="fetch the bill again") from broken


def money_in(text: str, row: int, column: str, currency: str = "CNY") -> Money:
    """An amount of major units as a bill writes it; a refund's sign does not count. Raises `BillUnavailable`."""
    try:
        return Money.of(text.strip().lstrip("-+"), currency)
    except MoneyInvalid as wrong:
        what = f"line {row}: {column} is no amount of {currency}"
        raise BillUnavailable(what, hint="is this the right file?") from wrong


def beijing(text: str, form: str) -> float | None:
    """A time as a bill writes it, in epoch seconds; None for anything else."""
    try:
        return datetime.strptime(text.strip(), form).replace(tzinfo=BEIJING).timestamp()
    except ValueError:
        return None
