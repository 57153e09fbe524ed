"""The shop as a WSGI application: GET /pay/ORDER pays it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from served_shop import pay


def app(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Pay the order that the path names."""
    told = pay(environ["PATH_INFO"].rpartition("/")[2])
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(told).encode()]
