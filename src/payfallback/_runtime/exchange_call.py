"""One operation against a provider behind HTTP, but for the sending itself: what threads and tasks share.

What an exception proves is decided by how far the call had come: while the request is built nothing was sent; while
it is sent, only four of httpx's exceptions prove that; afterwards nothing does.
"""

from __future__ import annotations

from collections.abc import Callable
from email.utils import mktime_tz, parsedate_tz
from math import isfinite
from time import monotonic

import httpx

from payfallback._core.operations import Answer, Operation
from payfallback._runtime.exchange_deadline import Unreadable
from payfallback._values import changed
from payfallback.errors import InputMissing, NumberInvalid, PayfallbackError
from payfallback.ports import HttpResponse, Wire
from payfallback.taxonomy import Cause, Verdict

LARGEST_BODY = 1024 * 1024
MOST_HEADERS, LARGEST_HEADERS = 128, 64 * 1024  # httpcore itself gives up on a block of more than about 160 KiB

# What every request says unless the adapter says otherwise. Encoded bodies are not asked for: a small one could
# unfold to gigabytes.
_HEADERS = {"user-agent": "payfallback", "accept": "*/*", "accept-encoding": "identity"}

# The connection was never made, or never ours: the request was certainly not sent. Not LocalProtocolError, which over
# HTTP/2 is raised after the server had the whole request.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Call:
    """One operation under way. Use in this order: `built`, then send, then `took` each piece, then `answered`.

    `failed` says what an exception proves, whenever it was raised.
    """

    def __init__(self, provider: Wire, operation: Operation) -> None:
        self._provider = provider
        self._operation = operation
        self._deadline = monotonic() + operation.timeout
        self._body = bytearray()
        self._failed: Callable[[Exception], Answer] = _not_built

    @property
    def left(self) -> float:
        """Seconds until the call must be over."""
        return self._deadline - monotonic()

    def built(self) -> httpx.Request:
        """The request, with the deadline in it. From here on it may be sent."""
        given = self._provider.request(self._operation)
        instant = self._deadline
        timeout = {"connect": instant, "write": instant, "read": instant, "pool": max(0.0, self.left)}
        headers = httpx.Headers(_HEADERS)
        headers.update(given.headers)
        request = httpx.Request(
            given.method, given.url, headers=headers, content=given.body, extensions={"timeout": timeout}
        )
        self._failed = _not_answered
        return request

    def begun(self, response: httpx.Response) -> None:
        """The status line and the headers are here. Raises `Unreadable` when they are more than a provider sends."""
        raw = response.headers.raw
        if len(raw) > MOST_HEADERS or sum(len(name) + len(text) for name, text in raw) > LARGEST_HEADERS:
            raise Unreadable("headers too large")
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise Unreadable("content encoding not asked for")

    def took(self, piece: bytes) -> None:
        """A piece of the body; the connection itself bounds what all of them come to."""
        self._body += piece

    def answered(self, response: httpx.Response) -> Answer:
        """What the whole response proves, in the provider's reading, with the times its headers give."""
        if len(self._body) > LARGEST_BODY:
            raise Unreadable("body too large")
        self._failed = _not_read
        headers = dict(response.headers.items())
        answer = self._provider.read(
            self._operation, HttpResponse(status=response.status_code, headers=headers, body=bytes(self._body))
        )
        return _with_times(answer, response.status_code, headers)

    def failed(self, error: Exception) -> Answer:
        """What an exception proves, by how far the call had come."""
        return self._failed(error)


def out_of_time() -> Answer:
    """There was no time left to send anything."""
    return Answer(verdict=Verdict.NOT_SENT, cause=Cause.TIME_UP)


def _not_built(error: Exception) -> Answer:
    """Nothing was sent. Our own errors say why in words without personal data; of any other only its class is told."""
    told = isinstance(error, InputMissing | NumberInvalid)
    answer = _answer(Verdict.NOT_SENT, Cause.INPUT_MISSING if told else Cause.MERCHANT_CONFIG, error)
    return changed(answer, text=error.message[:200]) if isinstance(error, PayfallbackError) else answer


def _not_answered(error: Exception) -> Answer:
    if isinstance(error, httpx.PoolTimeout):
        return _answer(Verdict.NOT_SENT, Cause.CHANNEL_BUSY, error)
    if isinstance(error, _NEVER_SENT):
        return _answer(Verdict.NOT_SENT, Cause.NETWORK, error)
    if isinstance(error, Unreadable):
        return _answer(Verdict.UNKNOWN, Cause.UNRECOGNISED, error)
    late = isinstance(error, httpx.TimeoutException | TimeoutError)
    return _answer(Verdict.UNKNOWN, Cause.TIMEOUT if late else Cause.NETWORK, error)


def _not_read(error: Exception) -> Answer:
    return _answer(Verdict.UNKNOWN, Cause.UNRECOGNISED, error)


def _answer(verdict: Verdict, cause: Cause, error: Exception) -> Answer:
    """The text names the class alone: an exception's own words may hold addresses or personal data."""
    return Answer(verdict=verdict, cause=cause, text=type(error).__name__, error=error)


def _with_times(answer: Answer, status: int, headers: dict[str, str]) -> Answer:
    """The provider's clock and its wish to be left alone, from the headers, where the adapter read neither."""
    seen: dict[str, float] = {}
    date = _date(headers.get("date", "")) if answer.provider_time is None else None
    if date is not None:
        seen["provider_time"] = date
    if answer.retry_after is None and status >= httpx.codes.BAD_REQUEST and "retry-after" in headers:
        wait = _wait(headers["retry-after"], date if date is not None else answer.provider_time)
        if wait is not None:
            seen["retry_after"] = wait
    return changed(answer, **seen) if seen else answer


def _date(text: str) -> float | None:
    """An HTTP date as epoch seconds; None for anything else."""
    parsed = parsedate_tz(text[:64])
    try:
        return None if parsed is None else float(mktime_tz(parsed))
    except (ValueError, OverflowError):
        return None


def _wait(text: str, now: float | None) -> float | None:
    """Retry-After: seconds, or a date, which is held against the provider's own clock."""
    try:
        seconds = float(text[:64])
    except ValueError:
        date = _date(text)
        seconds = float("nan") if date is None or now is None else date - now
    return max(0.0, seconds) if isfinite(seconds) else None
