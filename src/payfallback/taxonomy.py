"""One table: what an answer proves (`Verdict`) and why a payment did not go through (`Cause`).

The causes and the facts of each row follow the three source documents on Baitiao failures, row by row (see
`docs/causes.md`); the causes below `UNRECOGNISED` are this library's own. Texts for people stand in `messages.py`.
"""

from __future__ import annotations

from enum import Enum
from typing import Literal

from payfallback._values import direct, value


@direct
class Verdict(Enum):
    """What an answer proves about one attempt. Everything that is not proof is `UNKNOWN`."""

    CAPTURED = "captured"  # the provider says that the money moved, for this number
    AUTHORISED = "authorised"  # held for us, not yet moved
    PENDING = "pending"  # accepted; the shopper or the provider still has to act
    DECLINED = "declined"  # an authenticated refusal of this request; `Answer.final` says whether it is death
    NOT_SENT = "not_sent"  # our own gate refused, or no connection was made
    UNKNOWN = "unknown"  # everything else
    NOT_FOUND = "not_found"  # to a query only: the provider does not know the number (yet)
    CLOSED = "closed"  # a close, or a query: this trade can no longer be paid
    ACCEPTED = "accepted"  # a close or refund was taken, and the answer does not name what it did
    REFUNDED = "refunded"  # the money went back
    REFUND_FAILED = "refund_failed"  # the refund will not happen under this refund number

    __hash__ = object.__hash__  # identity: members are singletons, and the name's hash costs 80 ns


@direct
class Cause(Enum):
    """Why. The value is the stable name in the journal, in events and in JSON."""

    PROVIDER_ERROR = "provider_error"
    API_FAILURE = "api_failure"
    NETWORK = "network"
    MAINTENANCE = "maintenance"
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"
    LIMIT_GLITCH = "limit_glitch"
    CREDIT_EXHAUSTED = "credit_exhausted"
    LIMIT_REDUCED = "limit_reduced"
    CREDIT_SCORE = "credit_score"
    OVERDUE = "overdue"
    NOT_ACTIVATED = "not_activated"
    ACCOUNT_FROZEN = "account_frozen"
    IDENTITY_UNVERIFIED = "identity_unverified"
    RISK_REJECTED = "risk_rejected"
    IP_RESTRICTED = "ip_restricted"
    CLIENT_ENVIRONMENT = "client_environment"
    REGULATORY = "regulatory"
    ITEM_NOT_ELIGIBLE = "item_not_eligible"
    TERM_NOT_SUPPORTED = "term_not_supported"
    DOWN_PAYMENT_REQUIRED = "down_payment_required"
    MERCHANT_NOT_ENABLED = "merchant_not_enabled"
    MERCHANT_PAUSED = "merchant_paused"
    AGREEMENT_OUTDATED = "agreement_outdated"
    MERCHANT_CONFIG = "merchant_config"
    SHOPPER_CANCELLED = "shopper_cancelled"
    UNRECOGNISED = "unrecognised"
    # This library's own: what our gate, our clock or the shopper's absence decided.
    DECLINED = "declined"  # an authenticated refusal whose reason the provider keeps to itself
    AWAITING_SHOPPER = "awaiting_shopper"
    AWAITING_PROVIDER = "awaiting_provider"
    CIRCUIT_OPEN = "circuit_open"
    CHANNEL_BUSY = "channel_busy"
    CHANNEL_STOPPED = "channel_stopped"
    RETRY_BUDGET = "retry_budget"
    REFUSED_RECENTLY = "refused_recently"
    NOT_CONSENTED = "not_consented"
    INPUT_MISSING = "input_missing"
    NO_ROUTE = "no_route"
    TIME_UP = "time_up"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    AMOUNT_MISMATCH = "amount_mismatch"
    CONTRADICTION = "contradiction"
    CRASHED = "crashed"
    JOURNAL_UNAVAILABLE = "journal_unavailable"
    REFUND_STUCK = "refund_stuck"
    SURPLUS_RETURNING = "surplus_returning"
    REFUNDED = "refunded"

    __hash__ = object.__hash__


Side = Literal["provider", "shopper", "merchant", "platform", "either", "library"]
Again = Literal["no", "if_not_sent", "after_delay", "after_asking", "shortly", "after_shopper_acts", "other_terms"]
Elsewhere = Literal["yes", "when_certain", "if_policy_allows", "if_shopper_asks", "no"]
Counts = Literal["yes", "load", "many", "surge", "no"]


@value
class CauseFacts:
    """One row of the table.

    `money`: what the cause alone says about the charge; "unknown" must be asked about before anything else is tried.
    `again`: whether the same channel may be tried. `elsewhere`: whether another channel may. `smaller`: whether a
    smaller amount or another term may work. `counts`: whether it counts against the channel's health ("many": once many
    shoppers show it at the same time; "surge": never, but many at a time are a warning). `tells`: who is told besides
    the shopper. `internal`: never shown to a shopper under its own name.
    """

    side: Side
    money: Literal["none", "unknown"]
    again: Again
    elsewhere: Elsewhere
    counts: Counts = "no"
    smaller: Literal["no", "less", "other_term", "no_term"] = "no"
    tells: Literal["nobody", "merchant", "on_call"] = "nobody"
    internal: bool = False


def _row(
    side: Side, money: Literal["none", "unknown"], again: Again, elsewhere: Elsewhere, counts: Counts = "no"
) -> CauseFacts:
    return CauseFacts(side, money, again, elsewhere, counts)


FACTS: dict[Cause, CauseFacts] = {
    Cause.PROVIDER_ERROR: _row("provider", "unknown", "after_asking", "when_certain", "yes"),
    Cause.API_FAILURE: _row("either", "unknown", "after_asking", "when_certain", "yes"),
    Cause.NETWORK: _row("either", "unknown", "if_not_sent", "when_certain", "yes"),
    Cause.MAINTENANCE: _row("provider", "none", "no", "yes", "yes"),
    Cause.TIMEOUT: _row("provider", "unknown", "after_asking", "when_certain", "yes"),
    Cause.RATE_LIMITED: _row("provider", "none", "after_delay", "yes", "load"),
    Cause.LIMIT_GLITCH: _row("provider", "none", "shortly", "yes", "many"),
    Cause.CREDIT_EXHAUSTED: CauseFacts("shopper", "none", "no", "yes", smaller="less"),
    Cause.LIMIT_REDUCED: CauseFacts("shopper", "none", "no", "yes", "surge", smaller="less"),
    Cause.CREDIT_SCORE: _row("shopper", "none", "no", "yes"),
    Cause.OVERDUE: _row("shopper", "none", "no", "yes"),
    Cause.NOT_ACTIVATED: _row("shopper", "none", "after_shopper_acts", "yes"),
    Cause.ACCOUNT_FROZEN: _row("shopper", "none", "no", "yes"),
    Cause.IDENTITY_UNVERIFIED: _row("shopper", "none", "after_shopper_acts", "yes"),
    Cause.RISK_REJECTED: _row("provider", "none", "no", "if_policy_allows", "surge"),
    Cause.IP_RESTRICTED: _row("shopper", "none", "after_shopper_acts", "yes"),
    Cause.CLIENT_ENVIRONMENT: _row("shopper", "none", "after_shopper_acts", "yes"),
    Cause.REGULATORY: _row("platform", "none", "no", "yes"),
    Cause.ITEM_NOT_ELIGIBLE: CauseFacts("merchant", "none", "other_terms", "yes", smaller="no_term"),
    Cause.TERM_NOT_SUPPORTED: CauseFacts("merchant", "none", "other_terms", "yes", smaller="other_term"),
    Cause.DOWN_PAYMENT_REQUIRED: CauseFacts("platform", "none", "no", "yes", smaller="less"),
    Cause.MERCHANT_NOT_ENABLED: CauseFacts("merchant", "none", "no", "yes", tells="merchant"),
    Cause.MERCHANT_PAUSED: _row("merchant", "none", "no", "yes"),
    Cause.AGREEMENT_OUTDATED: CauseFacts("merchant", "none", "no", "yes", tells="merchant"),
    Cause.MERCHANT_CONFIG: CauseFacts("merchant", "none", "no", "yes", tells="on_call"),
    Cause.SHOPPER_CANCELLED: _row("shopper", "none", "after_shopper_acts", "if_shopper_asks"),
    Cause.UNRECOGNISED: CauseFacts("either", "unknown", "after_asking", "when_certain", "yes", tells="on_call"),
    Cause.DECLINED: _row("either", "none", "no", "yes"),
    Cause.AWAITING_SHOPPER: _row("shopper", "unknown", "no", "if_shopper_asks"),
    Cause.AWAITING_PROVIDER: _row("provider", "unknown", "no", "when_certain"),
    Cause.CIRCUIT_OPEN: CauseFacts("library", "none", "no", "yes", internal=True),
    Cause.CHANNEL_BUSY: CauseFacts("library", "none", "no", "yes", internal=True),
    Cause.CHANNEL_STOPPED: CauseFacts("library", "none", "no", "yes", internal=True),
    Cause.RETRY_BUDGET: CauseFacts("library", "none", "no", "yes", internal=True),
    Cause.REFUSED_RECENTLY: CauseFacts("library", "none", "no", "yes", internal=True),
    Cause.NOT_CONSENTED: CauseFacts("shopper", "none", "no", "if_shopper_asks"),
    Cause.INPUT_MISSING: CauseFacts("merchant", "none", "after_shopper_acts", "yes", internal=True),
    Cause.NO_ROUTE: CauseFacts("merchant", "none", "no", "no", tells="merchant", internal=True),
    Cause.TIME_UP: CauseFacts("library", "unknown", "after_asking", "when_certain", internal=True),
    Cause.EXPIRED: _row("shopper", "none", "no", "no"),
    Cause.CANCELLED: _row("shopper", "none", "no", "no"),
    Cause.AMOUNT_MISMATCH: CauseFacts("either", "unknown", "no", "no", tells="on_call"),
    Cause.CONTRADICTION: CauseFacts("provider", "unknown", "no", "no", tells="on_call"),
    Cause.CRASHED: CauseFacts("library", "unknown", "after_asking", "when_certain", internal=True),
    Cause.JOURNAL_UNAVAILABLE: CauseFacts("library", "unknown", "no", "no", tells="on_call", internal=True),
    Cause.REFUND_STUCK: CauseFacts("either", "unknown", "no", "no", tells="on_call"),
    Cause.SURPLUS_RETURNING: _row("library", "unknown", "no", "no"),
    Cause.REFUNDED: _row("merchant", "none", "no", "no"),
}
