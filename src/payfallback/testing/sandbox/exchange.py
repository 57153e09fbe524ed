"""One HTTP request, from its arrival to its answer or its silence: where faults meet a provider."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from payfallback.testing.sandbox.bank import Full
from payfallback.testing.sandbox.clock import Clock, http_date
from payfallback.testing.sandbox.faults import Faults, Struck
from payfallback.testing.sandbox.incoming import read_body

LONGEST_HANG = 600.0  # seconds; then even a patient client is cut off
GARBAGE = b"\xff\xfe<html><body>502 Bad Gateway</bo"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it goes on the wire. Header names in their usual spelling."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One door of a provider: `name` is the provider's word, `operation` the common one.

    `when` tells, from the query and the body, whether a request is for this door where several share a path.
    """

    name: str
    operation: str
    method: str
    path: str
    when: Callable[[Mapping[str, str], bytes], bool] | None = None

    def is_for(self, query: Mapping[str, str], body: bytes) -> bool:
        """Whether it takes a request that came to its path."""
        return self.when is None or self.when(query, body)


@dataclass(slots=True)
class Call:
    """One request to a provider. `number` and `given` are filled in by the provider's `read`."""

    endpoint: Endpoint
    struck: Struck
    target: str
    headers: Mapping[str, str]
    body: bytes
    path: Mapping[str, str]
    query: Mapping[str, str]
    number: str = ""
    given: Any = None


class Provider(Protocol):
    """What the exchange needs of a provider. All of it runs on the event loop and must not block."""

    name: str
    endpoints: tuple[Endpoint, ...]

    def read(self, call: Call) -> None:
        """Find the merchant's number, for the log, and keep what was read. Never raises for what a client sent."""

    def handle(self, call: Call) -> Reply:
        """Verify and process the request. Raises `Full`."""

    def unavailable(self, call: Call) -> Reply:
        """HTTP 503."""

    def rate_limited(self, call: Call, after: float) -> Reply:
        """Too many requests; ask again in `after` seconds."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A line of the request log. `status` is 0 where nothing was answered."""

    at: float
    provider: str
    operation: str
    endpoint: str
    number: str
    status: int
    faults: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


class Silence(Response):
    """No answer: wait for the client to leave, or for a while, then cut the connection."""

    def __init__(self, cut: Callable[[Scope], None], wait: float) -> None:
        super().__init__()
        self._cut, self._wait = cut, wait

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Cut, and return only when the server has noticed, so that it answers nothing in our place."""
        if self._wait:
            await left_within(receive, self._wait)
        self._cut(scope)
        await left_within(receive, 5.0)


async def left_within(receive: Receive, seconds: float) -> bool:
    """Whether the client leaves within some seconds; returns as soon as it does."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


class Exchange:
    """Carries requests to one provider through the faults in force, and logs them."""

    def __init__(
        self,
        provider: Provider,
        faults: Faults,
        clock: Clock,
        log: deque[Arrival],
        cut: Callable[[Scope], None],
    ) -> None:
        self._provider, self._faults, self._clock, self._log, self._cut = provider, faults, clock, log, cut

    async def serve(self, endpoints: Sequence[Endpoint], request: Request) -> Response:
        """Answer one request, or not. `endpoints` are those on its path; the first that takes it has it."""
        try:
            body = await read_body(request)
        except ClientDisconnect:
            return Silence(self._cut, 0.0)
        if body is None:
            return Response(status_code=413)
        query = request.query_params
        endpoint = next((each for each in endpoints if each.is_for(query, body)), None)
        if endpoint is None:
            return Response(status_code=404)
        struck = self._faults.meet(self._provider.name, endpoint.operation, endpoint.name)
        call = _call(endpoint, request, body, struck)
        self._provider.read(call)
        reply = self._outcome(call)
        self._note(call, reply)
        if reply is None:
            return Silence(self._cut, LONGEST_HANG if "hang" in struck else 0.0)
        if await self._client_left(call, request):
            return Silence(self._cut, 0.0)
        return _response(reply, self._clock)

    def _outcome(self, call: Call) -> Reply | None:
        """What is answered; None for silence. The order matters: some faults come before processing, some after."""
        struck = call.struck
        if "refused" in struck or ("hang" in struck and not struck.word("hang")):
            return None
        early = self._refusal(call)
        if early is not None:
            return early
        try:
            reply = self._provider.handle(call)
        except Full:
            return self._provider.unavailable(call)
        if "reply_lost" in struck or "hang" in struck:
            return None
        if "http_503" in struck:
            return self._provider.unavailable(call)
        return Reply(200, GARBAGE, reply.headers) if "malformed" in struck else reply

    def _refusal(self, call: Call) -> Reply | None:
        struck = call.struck
        wait = struck.seconds("rate_limited")
        if wait is not None:
            return self._provider.rate_limited(call, wait)
        if "flapping" in struck or struck.word("http_503") == "":
            return self._provider.unavailable(call)
        return None

    async def _client_left(self, call: Call, request: Request) -> bool:
        seconds = call.struck.seconds("slow")
        return seconds is not None and await left_within(request.receive, seconds)

    def _note(self, call: Call, reply: Reply | None) -> None:
        status = reply.status if reply is not None else 0
        endpoint = call.endpoint
        self._log.append(
            Arrival(
                at=self._clock.now(),
                provider=self._provider.name,
                operation=endpoint.operation,
                endpoint=endpoint.name,
                number=call.number,
                status=status,
                faults=call.struck.names,
            )
        )


def _call(endpoint: Endpoint, request: Request, body: bytes, struck: Struck) -> Call:
    raw_path, query = request.scope["raw_path"], request.scope["query_string"]
    target = raw_path.decode("latin-1") + (f"?{query.decode('latin-1')}" if query else "")
    return Call(endpoint, struck, target, request.headers, body, request.path_params, request.query_params)


def _response(reply: Reply, clock: Clock) -> Response:
    headers = {**reply.headers, "Date": http_date(clock.now())}
    return Response(reply.body, reply.status, headers)
