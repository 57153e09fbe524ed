"""What the runtime needs from the outside, as protocols: providers, the journal, clocks, observers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from datetime import date, tzinfo
from typing import Any, BinaryIO, Protocol, runtime_checkable

from payfallback._core.events import Event
from payfallback._core.memory import Refusal
from payfallback._core.operations import Answer, Notice, Operation
from payfallback._values import field, value
from payfallback.bills import BillLine
from payfallback.policy import Account, Capabilities
from payfallback.results import Outcome

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
        """What must be journalled before a charge is sent."""

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
    bills_zone: tzinfo

    def bill(self, day: date) -> Generator[HttpRequest, HttpResponse, bytes]:
        """Fetch the bill of one day of `bills_zone`. Raises `BillUnavailable`."""

    def bill_lines(self, source: BinaryIO) -> Iterator[BillLine]:
        """Read a bill, fetched or downloaded by hand. Raises `BillUnavailable`."""


class Exchanging(Protocol):
    """Makes one HTTP exchange. Never raises an `Exception`: what went wrong is in the answer."""

    def perform(self, provider: Wire, operation: Operation) -> Answer:
        """Build the request, send it, read the response, all within `operation.timeout` seconds."""


class AsyncExchanging(Protocol):
    """The same, awaited."""

    async def perform(self, provider: Wire, operation: Operation) -> Answer:
        """Build the request, send it, read the response, all within `operation.timeout` seconds."""


# ---------------------------------------------------------------- journal


@value(kw_only=True)
class Summary:
    """The columns kept beside an order's events, for listing, for finance and for `status`. No personal data."""

    order_id: str
    merchant: str
    state: str
    amount: int
    currency: str
    opened_at: float
    option: str = ""
    account: str = ""
    number: str = ""
    provider_ref: str = ""
    cause: str = ""
    since: float = 0.0
    settled_at: float | None = None
    paid_at: float | None = None
    refunded: int = 0
    needs_person: bool = False
    uncertain: bool = False


@value(kw_only=True)
class Commit:
    """One compare-and-append on one order.

    version: how many events the writer has seen; 0 creates the order; None appends evidence whatever the version
    and whoever holds the lease (evidence is never fenced, and such a commit decides nothing: it has no outcomes).
    fence: the lease number the writer holds, None when it holds none (then the lease must be free or expired).
    take_lease: seconds; takes or prolongs the lease for `owner` in the same commit; 0 releases it; None leaves it.
    due: epoch seconds when somebody must look at it again; None: nothing is open.
    numbers: new (account id, attempt number or provider reference) pairs that must lead to this order.
    """

    key: str
    version: int | None
    events: tuple[Event, ...] = ()
    fence: int | None = None
    owner: str = ""
    take_lease: float | None = None
    due: float | None = None
    summary: Summary | None = None
    outcomes: tuple[Outcome, ...] = ()
    numbers: tuple[tuple[str, str], ...] = ()


@value(kw_only=True)
class Receipt:
    """What became of a commit. `conflict`: version or lease was not as expected, nothing was written: load again."""

    ok: bool
    version: int = 0
    fence: int = 0
    conflict: str = ""


@value(kw_only=True)
class Stored:
    """An order as the journal holds it. `lease_left`: seconds the lease still holds by the journal's clock."""

    key: str
    events: tuple[Event, ...]
    version: int
    fence: int = 0
    owner: str = ""
    lease_left: float = 0.0
    due: float | None = None


@value(kw_only=True)
class Switch:
    """A channel stopped by hand. Nothing half-opens it. `until` None: until resumed. Epoch seconds."""

    channel: str
    reason: str
    actor: str
    at: float
    until: float | None = None


Done = Callable[[Any], None]  # called exactly once, from any thread, with the result or an Exception


class Journal(Protocol):
    """A durable store of events. Every call returns at once and reports through `done` (possibly before returning).

    `done` gets the documented value, or a `JournalUnavailable`. `ok` means durable: it survives kill -9 and power loss.
    """

    def submit(self, commit: Commit, done: Done) -> None:
        """`done(Receipt)`. A journal whose `submit` also takes `may_block` is told so by callers that wait anyway and
        run no event loop: it may then write on their thread."""

    def load(self, key: str, done: Done) -> None:
        """`done(Stored | None)`."""

    def find(self, text: str, done: Done) -> None:
        """`done(tuple[str, ...])`: keys of the orders with this order id, attempt number or provider reference."""

    def claim(self, owner: str, lease: float, limit: int, done: Done, *, key: str | None = None) -> None:
        """Take the lease of due orders whose lease is free, most overdue first: `done(tuple[Stored, ...])`.
        With `key`, that order alone, due or not."""

    def count_due(self, done: Done) -> None:
        """`done(int)`: orders due now, leased or not."""

    def list(self, states: Sequence[str], limit: int, done: Done, *, sort: str = "since") -> None:
        """`done(tuple[Summary, ...])`; no states: all. `sort`: "since", "amount" or "due"."""

    def captured(self, account: str, start: float, end: float, after: str, limit: int, done: Done) -> None:
        """`done(tuple[Summary, ...])`: orders that this account's captures of [start, end) pay, epoch seconds, by
        attempt number, from the one after `after` on."""

    def undelivered(self, limit: int, done: Done, *, order_id: str | None = None) -> None:
        """`done(tuple[Outcome, ...])`, oldest first."""

    def delivered(self, outcome_id: str, done: Done) -> None:
        """`done(None)`."""

    def keep(self, account: str, number: str, kind: str, body: Mapping[str, Any], done: Done) -> None:
        """The inbox: an authentic notification for a number nobody knows yet; the same one twice is kept once."""

    def kept(self, account: str, number: str, done: Done) -> None:
        """`done(tuple[Mapping[str, Any], ...])`: what the inbox holds for a number."""

    def stop_channel(self, switch: Switch, done: Done) -> None:
        """`done(None)`: record a manual stop; it replaces an earlier one of that channel."""

    def resume_channel(self, channel: str, actor: str, reason: str, done: Done) -> None:
        """`done(bool)`: whether it was stopped."""

    def switches(self, done: Done) -> None:
        """`done(tuple[Switch, ...])`: the stops that hold now."""

    def remember(self, refusals: Sequence[Refusal], done: Done) -> None:
        """`done(None)`: keep refusals of shoppers and cards until they are to be forgotten. Bounded, for each subject
        and in all: the oldest go first."""

    def recall(self, subjects: Sequence[str], done: Done) -> None:
        """`done(tuple[Refusal, ...])`: what is kept of these subjects and not to be forgotten yet, oldest first."""

    def forget(self, subject: str, scope: str, done: Done) -> None:
        """`done(None)`: drop what is kept of a subject in one scope."""

    def close(self) -> None:
        """Finish what is under way and let go of the file. Later calls report `JournalUnavailable`."""


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
