"""Whether an SDK had sent a request before the one that failed: what no exception class tells.

An SDK that retries by itself, follows a redirect or fetches certificates in the middle of a call raises the failure of
its *last* request. A refused connection then proves nothing about the requests before it. The libraries keep the
count in the frame that made them, and the exception's traceback holds that frame; what cannot be found there is not
believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Any

from payfallback.providers.readers.chain import links

Locals = Mapping[str, Any]

_STRIPE = (
    ("stripe._http_client", "_request_with_retries_internal"),
    ("stripe._http_client", "_request_with_retries_internal_async"),
)


def _always(_: Locals) -> bool:
    return True


def _was_redirected(scope: Locals) -> bool:
    return bool(scope.get("history"))


def _has_retry_history(scope: Locals) -> bool:
    return bool(getattr(scope.get("retries"), "history", ()))


def _was_retried(scope: Locals) -> bool:
    return bool(scope.get("num_retries"))


# (module, function) -> whether this frame shows an earlier request. Read in urllib3 2.8, requests 2.34, httpx 0.28,
# stripe 16.1 and wechatpayv3 2.0.4.
_SHOWS_EARLIER: dict[tuple[str, str], Callable[[Locals], bool]] = {
    ("urllib3.connectionpool", "urlopen"): _has_retry_history,
    ("requests.sessions", "resolve_redirects"): _always,
    ("httpx._client", "_send_handling_redirects"): _was_redirected,
    **dict.fromkeys(_STRIPE, _was_retried),
    # The SDK fetches certificates after the answer came, to verify it: the charge was sent long before.
    ("wechatpayv3.core", "_update_certificates"): _always,
    ("wechatpayv3.async_.core", "_update_certificates"): _always,
}


def frames(error: BaseException) -> Iterator[FrameType]:
    """Every frame in the tracebacks of an exception and of the links below it."""
    for link in links(error):
        trace = link.__traceback__
        while trace is not None:
            yield trace.tb_frame
            trace = trace.tb_next


def sent_before(error: BaseException) -> bool:
    """Whether a frame shows that a request had left before the one that failed."""
    for frame in frames(error):
        shows = _SHOWS_EARLIER.get(_place(frame))
        if shows is not None and shows(frame.f_locals):
            return True
    return False


def stripe_retries_off(error: BaseException) -> bool:
    """Whether stripe-python made this very call with `max_network_retries` 0, wherever that was set.

    The loop that sends holds the value in force: the request's own option, its client's, or `stripe`'s. False when
    no such frame is found.
    """
    loops = [frame for frame in frames(error) if _place(frame) in _STRIPE]
    return bool(loops) and not any(frame.f_locals.get("max_network_retries") for frame in loops)


def _place(frame: FrameType) -> tuple[str, str]:
    return str(frame.f_globals.get("__name__", "")), frame.f_code.co_name
