"""Reading what came from outside: bodies of bounded length, JSON objects without surprises."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

LARGEST_BODY = 64 * 1024


async def read_body(request: Request) -> bytes | None:
    """The whole body; None when it is larger than 64 KiB. Raises `ClientDisconnect`."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)


def read_object(body: bytes) -> dict[str, Any] | None:
    """A JSON object whose text can be written again; None for anything else, such as depths or half characters."""
    try:
        given = json.loads(body)
        json.dumps(given, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return given if isinstance(given, dict) else None
