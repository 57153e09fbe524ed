"""Fetching files that are too large or too slow for a payment's exchange: bills. No redirects, no retries, bounded."""

from __future__ import annotations

from collections.abc import Generator
from time import monotonic

import httpx

from payfallback.errors import BillUnavailable
from payfallback.ports import HttpRequest, HttpResponse

LARGEST_DOWNLOAD = 256 * 1024 * 1024
SLOWEST = 300.0  # seconds for all of it
MOST_STEPS = 8


def download(steps: Generator[HttpRequest, HttpResponse, bytes]) -> bytes:
    """Perform the requests that an adapter asks for, one after the other, and return what they led to.

    Raises `BillUnavailable` when there is no answer, or one that is too large or too slow.
    """
    until = monotonic() + SLOWEST
    timeout = httpx.Timeout(30.0, connect=10.0)
    with httpx.Client(trust_env=False, follow_redirects=False, timeout=timeout) as client:
        try:
            request = next(steps)
            for _ in range(MOST_STEPS):
                request = steps.send(_answer(client, request, until))
        except StopIteration as done:
            found: bytes = done.value
            return found
    raise BillUnavailable("the provider asks for more requests than a bill takes")


def _answer(client: httpx.Client, request: HttpRequest, until: float) -> HttpResponse:
    body = bytearray()
    headers = {"accept-encoding": "identity", "user-agent": "payfallback", **request.headers}
    try:
        with client.stream(request.method, request.url, headers=headers, content=request.body) as response:
            for piece in response.iter_raw():
                body += piece
                if len(body) > LARGEST_DOWNLOAD or monotonic() > until:
                    raise BillUnavailable("the bill is too large or comes too slowly", hint="fetch it by hand")
            named = {name.lower(): text for name, text in response.headers.items()}
            return HttpResponse(status=response.status_code, headers=named, body=bytes(body))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        what = f"no answer to a request for the bill: {type(error).__name__}"
        raise BillUnavailable(what, hint="try again") from error
