"""The events that stand for an order whose story was taken out of the journal: what it came to. See `remains.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from payfallback._values import field, value
from payfallback.model import Money


@value
class Archived:
    """The order was settled long ago, and its story was taken out of the journal. Stands in the place of `Opened`.

    events: how many events there were. After it stand one `Ended` for each attempt, and one `Returned` for each refund
    that the merchant asked for. What happens later follows as ever.
    """

    name: ClassVar[str] = "archived"
    at: float
    order_id: str
    merchant: str
    amount: Money
    opened_at: float
    pay_by: float
    autonomy: str
    settled_at: float
    events: int
    winner: int = 0
    leave_upto: int = 0
    cancelled: bool = False
    outcomes: Mapping[str, str] = field(factory=dict)


@value
class Ended:
    """What an attempt of an archived order came to, as far as money that is paid or returned late needs it.

    `at`: when it became `status`. The other fields are those of the attempt's record.
    """

    name: ClassVar[str] = "ended"
    at: float
    seq: int
    number: str
    option: str
    account: str
    starts: str
    planned_at: float
    status: str
    first_sent: float | None = None
    expires_at: float | None = None
    provider_ref: str = ""
    paid_at: float | None = None
    sends: int = 0
    requests: int = 0
    cause: str = ""
    refusal: str = ""
    final: bool = False
    closed: bool = False
    closes: int = 0
    poisoned: bool = False
    overdue: bool = False
    handed_over: bool = False
    adopted: bool = False
    made: bool = False
    taken: bool = False
    captures: int = 0
    excess: str = ""
    dead_because: str = ""
    refund: str = ""
    refunds: int = 0
    refund_since: float = 0.0
    refund_sent_at: float = 0.0
    refund_said: tuple[str, ...] = ()
    memo: Mapping[str, str] = field(factory=dict)


@value
class Returned:
    """What a refund of an archived order came to that the merchant asked for (at `at`, under `refund`)."""

    name: ClassVar[str] = "returned"
    at: float
    refund: str
    number: str
    minor: int
    state: str
    cause: str = ""
    provider_ref: str = ""
    sends: int = 0
    since: float = 0.0
    said: tuple[str, ...] = ()
