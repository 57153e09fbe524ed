"""What the runtime needs from the outside, as protocols: providers, the journal, clocks, observers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, BinaryIO, Protocol, runtime_checkable

from payfallback._core.operations import Answer, Kind, Notice, Operation, Plan
from payfallback._values import field, value
from payfallback.bills import BillDays, BillLine
from payfallback.policy import Account, Capabilities
from payfallback.storage import Commit, Done, Journal, Receipt, Stored, Summary, Switch

__all__ = [
    "Answer",
    "AsyncExchanging",
    "Billing",
    "Callables",
    "CircuitNotice",
    "Clock",
    "Commit",
    "Done",
    "Exchanging",
    "HealthReport",
    "HealthSnapshot",
    "HttpRequest",
    "HttpResponse",
    "Journal",
    "Kind",
    "Notice",
    "Observer",
    "Operation",
    "Plan",
    "Provider",
    "Receipt",
    "SharedHealth",
    "Stored",
    "Summary",
    "Switch",
    "Wire",
]

# ---------------------------------------------------------------- providers


@value(kw_only=True)
class HttpRequest:
    """One HTTP request as a value. `headers` and `body` may hold secrets: they never show in `repr`."""

    method: str
    url: str
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@value(kw_only=True)
class HttpResponse:
    """One HTTP response, read whole and bounded. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@runtime_checkable
class Wire(Protocol):
    """A provider behind HTTP. Does no I/O: builds requests and reads responses. Safe for threads (no mutable state)."""

    account: Account

    def capabilities(self, product: str) -> Capabilities:
        """What this product can do. Raises `ConfigError` for a product it does not know."""

    def memo(self, operation: Operation) -> Mapping[str, str]:
        """What must be journalled before a charge is sent, so that it can be asked about later. No personal data."""

    def request(self, operation: Operation) -> HttpRequest:
        """Build the request. Raises `InputMissing` when the shopper's input lacks something."""

    def read(self, operation: Operation, response: HttpResponse) -> Answer:
        """What a response proves. Never raises for bytes from outside: what it cannot read is `UNKNOWN`."""

    def notification(self, headers: Mapping[str, str], body: bytes, query: str) -> Notice:
        """Read and verify a notification. Raises `NotAuthentic`."""

    def acknowledge(self, handled: bool) -> tuple[int, Mapping[str, str], bytes]:
        """The answer the provider wants: taken (never send again), or not yet."""


@runtime_checkable
class Callables(Protocol):
    """A provider behind the merchant's own callables (`wrap`)."""

    account: Account
    is_async: bool

    def capabilities(self, product: str) -> Capabilities:
        """What was declared."""

    def memo(self, operation: Operation) -> Mapping[str, str]:
        """What must be journalled before a charge is sent. One that never keeps anything may set `keeps_nothing = True`
        and is then not asked."""

    def call(self, operation: Operation) -> Callable[[], Any] | Callable[[], Awaitable[Any]] | None:
        """The merchant's callable for this operation, bound to its attempt; None when there is none."""

    def read(self, operation: Operation, result: Any) -> Answer:
        """What its return value, or the exception it raised, proves. The default is `UNKNOWN`."""


Provider = Wire | Callables


@runtime_checkable
class Billing(Protocol):
    """A provider that offers a daily bill. Does no I/O: `bill` yields requests, is sent their responses, and returns
    the file."""

    account: Account
    bill_days: BillDays

    def bill(self, day: date) -> Generator[HttpRequest, HttpResponse, bytes]:
        """Fetch the bill of one day. Raises `BillUnavailable`."""

    def bill_lines(self, source: BinaryIO, day: date) -> Iterator[BillLine]:
        """Read the bill of a day, fetched or downloaded by hand. Raises `BillUnavailable`."""


class Exchanging(Protocol):
    """Makes one HTTP exchange. Never raises an `Exception`: what went wrong is in the answer."""

    def perform(self, provider: Wire, operation: Operation) -> Answer:
        """Build the request, send it, read the response, all within `operation.timeout` seconds."""


class AsyncExchanging(Protocol):
    """The same, awaited."""

    async def perform(self, provider: Wire, operation: Operation) -> Answer:
        """Build the request, send it, read the response, all within `operation.timeout` seconds."""


# ---------------------------------------------------------------- health that workers share


@value(kw_only=True)
class CircuitNotice:
    """What a worker says of a channel's circuit: that it opened, for `rest` more seconds, or that it closed again.

    `id` names this word among all. `worker` is `host-process`, both unreadable.
    """

    opened: bool
    id: str
    worker: str
    rest: float = 0.0


@value(kw_only=True)
class HealthReport:
    """What a worker has to say since it said something last. Channels go by their keys.

    `probes`: a call that tries a half-open channel is under way, for so many seconds at most; 0.0: it is done.
    `spent`: tokens taken from a channel's budget, less what was earned, by (channel, budget).
    `switched`: a channel was stopped or resumed by hand, and the journal says which.
    """

    circuits: Mapping[str, CircuitNotice] = field(factory=dict)
    probes: Mapping[str, float] = field(factory=dict)
    spent: Mapping[tuple[str, str], float] = field(factory=dict)
    switched: bool = False


@value(kw_only=True)
class HealthSnapshot:
    """What all workers said, the one that asks included; what cannot be read is left out.

    `probes`: seconds left. `totals`: of what was spent. `began`: a name of what the store remembers; another name, and
    it has forgotten everything. `switches`: changes whenever a channel is stopped or resumed by hand.
    """

    circuits: Mapping[str, CircuitNotice] = field(factory=dict)
    probes: Mapping[str, float] = field(factory=dict)
    totals: Mapping[tuple[str, str], float] = field(factory=dict)
    began: str = ""
    switches: str = ""


class SharedHealth(Protocol):
    """Where workers tell each other how channels do. It may lose everything at any time: it decides what is tried,
    never what is true. Used by background threads alone, one call at a time for each client."""

    every: float  # seconds between two looks

    def exchange(self, channels: Sequence[str], budgets: Sequence[str], told: HealthReport) -> HealthSnapshot:
        """Say what there is to say, then hear what is said of these channels. Waits a second or two at most.

        Raises `ConnectionError`, with the name of what went wrong and nothing of what it said. Anything else that it
        raises counts as gone, too, and is told by its type.
        """

    def close(self) -> None:
        """Let go of connections; a later `exchange` makes new ones."""


# ---------------------------------------------------------------- time and observation


class Clock(Protocol):
    """Two clocks: `monotonic` for waiting, `epoch` for what is written down. Seconds."""

    def monotonic(self) -> float:
        """Never jumps."""

    def epoch(self) -> float:
        """Seconds since 1970; may jump, and then only timing changes."""


class Observer(Protocol):
    """Hears every decision. Must not raise and must not block."""

    def __call__(self, event: str, /, **fields: Any) -> None:
        """`event` is a stable dotted name; fields carry no secrets."""
