"""What the flow asks its driver to do. A driver performs an effect and sends its result back; it decides nothing."""

from __future__ import annotations

from typing import Any

from payfallback._core.events import Event
from payfallback._core.operations import Operation
from payfallback._core.order import Record
from payfallback._values import value


@value
class Load:
    """Read an order. Answer: what the journal holds (`Stored`), None, or a `JournalUnavailable`."""

    key: str


@value
class Append:
    """Make events durable, or fail. Answer: a `Receipt`, or a `JournalUnavailable`.

    `after` is the record with these events; the driver derives the summary, outcomes and number index from it and
    the events. `lease`: seconds to take or prolong the lease, 0 to release it, None to leave it.
    """

    key: str
    owner: str
    version: int | None
    fence: int | None
    events: tuple[Event, ...]
    after: Record
    due: float | None
    lease: float | None
    permit: Any = None  # goes back when the caller is interrupted here


@value
class Admit:
    """Ask the channel's gate. Answer: a `Permit` or a `Rejection`."""

    channel: str
    retry: bool


@value
class GiveBack:
    """The permit was not used. Answer: nothing."""

    permit: Any


@value
class MayAsk:
    """Ask the channel's query budget. Answer: bool."""

    channel: str


@value
class Call:
    """Make one call to a provider; with a permit, settle it. Answer: an `Answer`, never an exception.

    `key`, `seq` and `request` say whose answer it is, should it come after its time was up.
    """

    channel: str
    operation: Operation
    permit: Any = None
    key: str = ""
    seq: int = 0
    request: int = 0


@value
class Recall:
    """Read what is remembered about these subjects (`memory.Refusal`). Answer: a tuple of them, or a
    `JournalUnavailable`, which is as good as no memory."""

    subjects: tuple[str, ...]


@value
class Sleep:
    """Let time pass, seconds. Answer: nothing."""

    seconds: float


@value
class Keep:
    """The journal is away: keep this evidence in the process and write it as soon as it is back. Answer: nothing."""

    key: str
    events: tuple[Event, ...]
    version: int | None = None


Effect = Load | Append | Admit | GiveBack | MayAsk | Call | Recall | Sleep | Keep
