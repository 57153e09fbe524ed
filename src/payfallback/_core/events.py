"""What an order's journal holds: facts in the past tense, frozen, in the order in which they became durable.

`at` is always epoch seconds by our clock. `seq` numbers the attempts of an order from 1. Events never carry payment
codes, openids, addresses, card numbers or keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from payfallback._core.remnants import Archived, Ended, Returned
from payfallback._values import field, value
from payfallback.model import Action, Money


@value
class Opened:
    """The order exists. `ref` is a keyed hash of the shopper, or empty."""

    name: ClassVar[str] = "opened"
    at: float
    order_id: str
    merchant: str
    amount: Money
    pay_by: float
    autonomy: str
    ref: str = ""


@value
class Asked:
    """The shop asked for something: `what` is pay, switch or cancel."""

    name: ClassVar[str] = "asked"
    at: float
    what: str
    choice: str = ""
    consent: tuple[str, ...] = ()
    route: str = ""


@value
class Passed:
    """An option was passed over, and why (`cause` is a Cause's value)."""

    name: ClassVar[str] = "passed"
    at: float
    option: str
    cause: str


@value
class Planned:
    """An attempt got its number. Certainly not sent."""

    name: ClassVar[str] = "planned"
    at: float
    seq: int
    number: str
    option: str
    account: str
    starts: str
    expires_at: float | None = None
    memo: Mapping[str, str] = field(factory=dict)
    adopted: bool = False


@value
class Sending:
    """From here on a request may have been sent. `what`: charge, close, capture or refund. `until`: when its call ends
    at the latest. `refund` is the refund's number; `amount` a refund's amount in minor units."""

    name: ClassVar[str] = "sending"
    at: float
    seq: int
    request: int
    what: str
    until: float
    refund: str = ""
    amount: int = 0
    refunds: bool = False


@value
class Seen:
    """Evidence: what an answer, notification or report proved. `what` is the operation it answers.

    `request` is the request it answers (0: none in particular). `asked_at`: when the question was sent, so that a
    contradiction is settled only by a question asked after it. `source`: answer, notify, report, crash, bill, local.
    """

    name: ClassVar[str] = "seen"
    at: float
    seq: int
    what: str
    verdict: str
    request: int = 0
    source: str = "answer"
    asked_at: float = 0.0
    cause: str = ""
    code: str = ""
    text: str = ""
    final: bool = False
    named: bool = False
    minor: int | None = None
    currency: str = ""
    provider_ref: str = ""
    provider_time: float | None = None
    paid_at: float | None = None
    refund: str = ""
    resendable: bool = False
    retry_after: float | None = None
    action: Action | None = None
    memo: Mapping[str, str] = field(factory=dict)


@value
class HandedOver:
    """The shopper is about to get what the charge returned; from here on money can move without us."""

    name: ClassVar[str] = "handed_over"
    at: float
    seq: int


@value
class Died:
    """An attempt is dead on evidence that no single answer gives: never_sent, not_exposed, not_found."""

    name: ClassVar[str] = "died"
    at: float
    seq: int
    reason: str


@value
class Won:
    """This attempt pays the order. Written once."""

    name: ClassVar[str] = "won"
    at: float
    seq: int


@value
class Excess:
    """This capture is not the winner's: it goes back. `why`: late, cancelled, expired or disputed."""

    name: ClassVar[str] = "excess"
    at: float
    seq: int
    why: str


@value
class RefundAsked:
    """The merchant asked for a refund of the winner, under its own id."""

    name: ClassVar[str] = "refund_asked"
    at: float
    refund: str
    minor: int
    reason: str = ""


@value
class Settled:
    """An outcome for the shop. `outcome_id` is what it is told under. `seq` 0: no attempt in particular."""

    name: ClassVar[str] = "settled"
    at: float
    outcome_id: str
    kind: str
    seq: int = 0
    cause: str = ""


@value
class Would:
    """What would have been done with more autonomy."""

    name: ClassVar[str] = "would"
    at: float
    what: str
    option: str = ""
    cause: str = ""


Event = (
    Opened
    | Asked
    | Passed
    | Planned
    | Sending
    | Seen
    | HandedOver
    | Died
    | Won
    | Excess
    | RefundAsked
    | Settled
    | Would
    | Archived
    | Ended
    | Returned
)

EVENTS: tuple[type, ...] = (
    Opened,
    Asked,
    Passed,
    Planned,
    Sending,
    Seen,
    HandedOver,
    Died,
    Won,
    Excess,
    RefundAsked,
    Settled,
    Would,
    Archived,
    Ended,
    Returned,
)
