"""Bills as files: plain, gzip or zip, within bounds, line by line."""

from __future__ import annotations

import gzip
import io
import re
import struct
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
MOST_LINES = 10_000_000
LONGEST_LINE = 16 * 1024
MOST_AT_ONCE = 128 * 1024  # bytes of an archive; its files are a handful, and its comment at most 64 KiB
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What Python's reader of zip files raises, beyond its own error, for archives that are damaged or hostile.
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError, LookupError)


@contextmanager
def unpacked(source: BinaryIO, wanted: str = "") -> Iterator[BinaryIO]:
    """The text inside: of a gzip file, of the one file of a zip whose name contains `wanted`, or the file itself.

    Raises `BillUnavailable` for an archive that is broken or has no such file.
    """
    try:
        magic = source.read(4)
        source.seek(0)
    except OSError as unreadable:
        raise BillUnavailable("the bill cannot be read", hint="give a file, not a pipe or a folder") from unreadable
    if magic[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=source) as inside:
            yield inside  # type: ignore[misc]  # a GzipFile reads like any binary file
    elif magic in (b"PK\x03\x04", b"PK\x05\x06"):  # the second: an archive without files
        with _member(source, wanted) as member:
            yield member
    else:
        yield source


@contextmanager
def _member(source: BinaryIO, wanted: str) -> Iterator[BinaryIO]:
    try:
        archive = zipfile.ZipFile(_Careful(source))
        found = [each for each in archive.infolist() if wanted in _name(each) and not each.is_dir()]
    except _BROKEN as broken:
        raise BillUnavailable("the archive is broken", hint="fetch the bill again") from broken
    if len(found) != 1 or found[0].compress_type not in _PACKED:
        what = (
            f"the archive holds {len(found)} files named like {wanted!r}" if len(found) != 1 else "the archive is odd"
        )
        raise BillUnavailable(what, hint="give the provider's own file")
    try:
        inside = archive.open(found[0])
    except _BROKEN as broken:
        raise BillUnavailable("the archive is broken", hint="fetch the bill again") from broken
    with io.BufferedReader(inside) as buffered:  # type: ignore[type-var]  # a ZipExtFile reads like any raw file
        yield buffered


class _Careful(io.RawIOBase):
    """A file of which nothing large is read at once: the list of a hostile archive's files would fill the memory."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source

    def read(self, size: int = -1) -> bytes:
        """So many bytes, or the rest; a list of files that is cut here is a broken one."""
        return self._source.read(min(size, MOST_AT_ONCE) if size >= 0 else MOST_AT_ONCE)

    def seek(self, offset: int, whence: int = 0) -> int:
        """As any file."""
        return self._source.seek(offset, whence)

    def tell(self) -> int:
        """As any file."""
        return self._source.tell()

    def seekable(self) -> bool:
        """Always."""
        return True


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
            if len(raw) > LONGEST_LINE or size > LARGEST_BILL or row > MOST_LINES:
                raise BillUnavailable(f"line {row}: larger than any bill", hint="is this the provider's own file?")
            yield row, raw.decode(encoding).rstrip("\r\n")
    except UnicodeDecodeError as wrong:
        raise BillUnavailable(f"line {row} is not {encoding}", hint="give the file as the provider made it") from wrong
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error) as broken:
        raise BillUnavailable(f"the file ends or breaks after line {row}", hint="fetch the bill again") from broken


def money_in(text: str, row: int, column: str, currency: str = "CNY") -> Money:
    """An amount of major units as a bill writes it; a refund's sign does not count. Raises `BillUnavailable`."""
    plain = re.fullmatch(r"[-+]?([0-9]{1,12}(?:\.[0-9]{1,8})?)", text.strip())
    try:
        return Money.of(plain[1] if plain else "", currency)
    except MoneyInvalid as wrong:
        what = f"line {row}: {column} is no amount of {currency}"
        raise BillUnavailable(what, hint="is this the right file?") from wrong


def number_in(text: str) -> str:
    """A number of a trade or a refund. One of characters that no number of this library has stays another's: they
    become `?`."""
    return re.sub(r"[^!-~]", "?", text.strip()[:64])


def beijing(text: str) -> float | None:
    """A time as bills write it (2026-11-11 12:00:01), in epoch seconds; None for anything else."""
    plain = _TIME.fullmatch(text.strip())
    try:
        return datetime.fromisoformat(plain[0]).replace(tzinfo=BEIJING).timestamp() if plain else None
    except ValueError:
        return None
