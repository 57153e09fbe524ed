"""What the chain of causes of an exception proves: SDKs raise one class for a refused connection and a lost reply.

"Never sent" is believed only when every link of the chain stands for a connection that was never made, or merely
wraps such a link. A read timeout anywhere in it, however it got there (a first try whose handler made a second one),
a class that stands in no table below, or a chain without an end is not believed.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable, Iterator
from enum import Enum

from payfallback.taxonomy import Cause

LONGEST = 64  # links; a longer chain proves nothing


class Link(Enum):
    """What one exception of a chain stands for."""

    OUTSIDE = "outside"  # where the chain begins
    WRAPPER = "wrapper"  # says nothing by itself
    UNCONNECTED = "unconnected"  # a library says that no connection was made
    REFUSED = "refused"  # the system says so: connection refused, or a name that has no address
    SYSTEM = "system"  # a system error that proves something only below UNCONNECTED
    WAITED = "waited"  # the timer below a connect timeout
    CANCELLED = "cancelled"  # how anyio and trio end a wait
    OTHER = "other"  # anything else, such as a read timeout


_BELOW: dict[Link, frozenset[Link]] = {
    Link.OUTSIDE: frozenset({Link.WRAPPER, Link.UNCONNECTED, Link.REFUSED}),
    Link.WRAPPER: frozenset({Link.WRAPPER, Link.UNCONNECTED, Link.REFUSED}),
    Link.UNCONNECTED: frozenset({Link.WRAPPER, Link.UNCONNECTED, Link.REFUSED, Link.SYSTEM, Link.WAITED}),
    Link.REFUSED: frozenset({Link.REFUSED}),
    Link.SYSTEM: frozenset({Link.SYSTEM, Link.REFUSED}),
    Link.WAITED: frozenset({Link.CANCELLED}),
    Link.CANCELLED: frozenset(),
}

_WRAPPERS = frozenset({"urllib3.MaxRetryError", "requests.ConnectionError", "stripe.APIConnectionError"})

# httpx and httpcore: the four that prove "not sent" (design §2). urllib3: raised by `connect` only.
_UNCONNECTED = frozenset(
    {
        "urllib3.NewConnectionError",
        "urllib3.ConnectTimeoutError",
        "requests.ConnectTimeout",
        *(f"{library}.{name}" for library in ("httpx", "httpcore") for name in ("ConnectError", "ConnectTimeout")),
        *(f"{library}.{name}" for library in ("httpx", "httpcore") for name in ("PoolTimeout", "UnsupportedProtocol")),
    }
)

_TIMEOUTS = frozenset(
    {"urllib3.TimeoutError", "requests.Timeout", "httpx.TimeoutException", "httpcore.TimeoutException"}
) | {"trio.TooSlowError", "builtins.TimeoutError"}

_NETWORK = frozenset(
    {"urllib3.HTTPError", "requests.ConnectionError", "requests.ChunkedEncodingError", "http.HTTPException"}
) | {"httpx.TransportError", "httpcore.NetworkError", "httpcore.ProtocolError", "stripe.APIConnectionError"}

_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL})

Proof = Callable[[BaseException], bool]


def links(error: BaseException) -> tuple[BaseException, ...]:
    """The exception, its causes, its contexts (suppressed ones too) and the members of groups; each once."""
    found: dict[int, BaseException] = {}
    waiting = [error]
    while waiting and len(found) <= LONGEST:
        link = waiting.pop()
        if id(link) not in found:
            found[id(link)] = link
            waiting.extend(_below(link))
    return tuple(found.values())


def is_a(error: object, *names: str) -> bool:
    """Whether an object's class, or one above it, has one of these names: `"stripe.CardError"`. Imports nothing."""
    return any(_name(cls) in names for cls in type(error).__mro__)


def cause_of(error: BaseException) -> Cause:
    """What to call an exception that proves nothing: TIMEOUT, NETWORK or UNRECOGNISED."""
    chain = links(error)
    if any(is_a(link, *_TIMEOUTS) for link in chain):
        return Cause.TIMEOUT
    if any(is_a(link, *_NETWORK) or _is_network(link) for link in chain):
        return Cause.NETWORK
    return Cause.UNRECOGNISED


def never_connected(error: BaseException, also: Proof | None = None) -> bool:
    """Whether the whole chain says that no connection was made. `also`: what a reader knows to say so besides.

    It speaks of the *last* request only: whether the SDK had sent one before is in `frames.sent_before`.
    """
    if len(links(error)) > LONGEST:
        return False
    return _holds(error, Link.OUTSIDE, also or _nothing, set())


def _holds(error: BaseException, above: Link, also: Proof, seen: set[int]) -> bool:
    if id(error) in seen:
        return True
    seen.add(id(error))
    kind = Link.UNCONNECTED if also(error) else _kind(error)
    if kind not in _BELOW[above]:
        return False
    below = tuple(_below(error))
    if kind is Link.WRAPPER and not below:
        return False
    return all(_holds(link, kind, also, seen) for link in below)


def _kind(error: BaseException) -> Link:
    if _name(type(error)) in _WRAPPERS:
        return Link.WRAPPER
    if is_a(error, *_UNCONNECTED):
        return Link.UNCONNECTED
    if isinstance(error, ConnectionRefusedError | socket.gaierror):
        return Link.REFUSED
    if is_a(error, "builtins.TimeoutError", "trio.TooSlowError"):
        return Link.WAITED
    if isinstance(error, asyncio.CancelledError) or is_a(error, "trio.Cancelled"):
        return Link.CANCELLED
    return Link.SYSTEM if _is_system(error) else Link.OTHER


def _is_system(error: BaseException) -> bool:
    """Errors of the system that name no route, of the TLS handshake, and the groups that anyio and trio collect."""
    if type(error) is OSError:
        return error.errno is None or error.errno in _ROUTE
    return isinstance(error, ssl.SSLError | BaseExceptionGroup)


def _is_network(error: BaseException) -> bool:
    return isinstance(error, ConnectionError | socket.gaierror | ssl.SSLError) or type(error) is OSError


def _below(error: BaseException) -> Iterator[BaseException]:
    if error.__cause__ is not None:
        yield error.__cause__
    if error.__context__ is not None:
        yield error.__context__
    if isinstance(error, BaseExceptionGroup):
        yield from error.exceptions


def _name(cls: type) -> str:
    return f"{cls.__module__.partition('.')[0]}.{cls.__name__}"


def _nothing(_: BaseException) -> bool:
    return False
