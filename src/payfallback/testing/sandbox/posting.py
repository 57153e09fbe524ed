"""One HTTP POST to a loopback address, and to nowhere else: no redirects, bounded, no dependency."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

PATIENCE = 5.0  # seconds; WeChat Pay waits as long for the shop's answer
LARGEST_ANSWER = 16 * 1024


class NotLoopback(Exception):
    """The address does not lead to this machine."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to post: an `http` address of this machine."""

    host: str
    port: int
    authority: str
    path: str

    @classmethod
    def of(cls, url: str) -> Target:
        """Raises `NotLoopback` for anything but http to `localhost` or a loopback address. Names are not resolved."""
        try:
            parts = urlsplit(url)
            host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
            if parts.scheme != "http" or not ip_address(host).is_loopback:
                raise NotLoopback
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            if re.search(r"[\x00-\x20\x7f]", path):
                raise NotLoopback
            return cls(host, parts.port or 80, parts.netloc.rpartition("@")[2], path)
        except ValueError:
            raise NotLoopback from None


async def post(target: Target, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    """The status and the body of the answer. Raises `OSError` (a timeout is one), `EOFError`, and `ValueError` or
    `asyncio.LimitOverrunError` for an answer that is not HTTP."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection(target.host, target.port, limit=LARGEST_ANSWER)
        try:
            writer.write(_head(target, headers, len(body)) + body)
            await writer.drain()
            return await _answer(reader)
        finally:
            writer.close()


def _head(target: Target, headers: Mapping[str, str], length: int) -> bytes:
    lines = [
        f"POST {target.path} HTTP/1.1",
        f"Host: {target.authority}",
        "Connection: close",
        f"Content-Length: {length}",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    found = re.match(r"HTTP/1\.[01] (\d{3})", head)
    if not found:
        raise ValueError("not an HTTP answer")
    stated = re.search(r"(?im)^content-length:\s*(\d{1,9})\s*$", head)
    if stated:
        return int(found[1]), await reader.readexactly(min(int(stated[1]), LARGEST_ANSWER))
    return int(found[1]), await reader.read(LARGEST_ANSWER)
