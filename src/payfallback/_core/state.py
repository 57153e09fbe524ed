"""The states of an attempt, as a table. Code only looks it up; an impossible step is one typed error in one place.

Evidence (what a provider says) is possible in every state, so those rows are total, and they are confluent: the
answers and notifications of one attempt end in the same state in whatever order they arrive (I10). Statements that
contradict each other meet in DISPUTED, which only a question asked afterwards can leave.
"""

from __future__ import annotations

from enum import Enum

from payfallback._values import direct


@direct
class Status(Enum):
    """Where an attempt stands."""

    PLANNED = "planned"  # durable, certainly not sent
    SENDING = "sending"  # may have been sent
    PENDING = "pending"  # the shopper or the provider must act
    UNKNOWN = "unknown"  # no proof either way
    AUTHORISED = "authorised"  # held, not taken
    CAPTURING = "capturing"  # a capture may have been sent
    CLOSING = "closing"  # a close, void or cancel may have been sent
    CAPTURED = "captured"  # money moved
    SURPLUS = "surplus"  # money that must go back
    REFUNDING = "refunding"  # a refund may have been sent
    REFUNDED = "refunded"  # money went back
    DEAD = "dead"  # believed unable to capture; watched if it was ever sent
    DISPUTED = "disputed"  # the provider contradicted itself: asked again
    MANUAL = "manual"  # a person must look: another amount or currency was paid

    __hash__ = object.__hash__


@direct
class Fact(Enum):
    """What can happen to an attempt: our own acts, decisions, and what evidence proves."""

    SENT = "sent"  # our act: the charge may have been sent (again)
    CLOSE_SENT = "close_sent"  # our act
    CAPTURE_SENT = "capture_sent"  # our act
    REFUND_SENT = "refund_sent"  # our act
    DIED = "died"  # our decision, on evidence that no single answer gives
    EXCESS = "excess"  # our decision: this capture is not the winner's
    NOT_SENT = "not_sent"  # evidence of our own: the only open request was never sent
    OPEN = "open"  # evidence: accepted, somebody must act
    SILENCE = "silence"  # no proof either way
    HELD = "held"  # evidence: authorised
    PAID = "paid"  # evidence: captured, with the order's amount
    OTHER_AMOUNT = "other_amount"  # evidence: captured, with another amount or currency
    REFUSED = "refused"  # evidence: a final refusal of the only request, or of the trade
    CLOSED = "closed"  # evidence: this trade can no longer be paid
    RETURNED = "returned"  # evidence: the money went back
    RETURN_FAILED = "return_failed"  # evidence: this refund will not happen

    __hash__ = object.__hash__


S, F = Status, Fact

EVIDENCE = (
    F.NOT_SENT,
    F.OPEN,
    F.SILENCE,
    F.HELD,
    F.PAID,
    F.OTHER_AMOUNT,
    F.REFUSED,
    F.CLOSED,
    F.RETURNED,
    F.RETURN_FAILED,
)


def _row(stay: Status, **moves: Status) -> dict[Fact, Status]:
    """Evidence that a row does not name changes nothing."""
    row = dict.fromkeys(EVIDENCE, stay)
    row.update({Fact(name): status for name, status in moves.items()})
    return row


_PROOF = {
    "paid": S.CAPTURED,
    "other_amount": S.DISPUTED,
    "refused": S.DEAD,
    "closed": S.DEAD,
    "returned": S.REFUNDED,
}

TRANSITIONS: dict[Status, dict[Fact, Status]] = {
    S.PLANNED: _row(S.PLANNED, sent=S.SENDING, died=S.DEAD, open=S.PENDING, held=S.AUTHORISED, **_PROOF),
    S.SENDING: _row(
        S.SENDING,
        sent=S.SENDING,
        not_sent=S.PLANNED,
        open=S.PENDING,
        silence=S.UNKNOWN,
        held=S.AUTHORISED,
        close_sent=S.CLOSING,
        died=S.DEAD,
        **_PROOF,
    ),
    S.PENDING: _row(S.PENDING, sent=S.PENDING, held=S.AUTHORISED, close_sent=S.CLOSING, died=S.DEAD, **_PROOF),
    S.UNKNOWN: _row(
        S.UNKNOWN,
        sent=S.UNKNOWN,
        not_sent=S.PLANNED,
        open=S.PENDING,
        held=S.AUTHORISED,
        close_sent=S.CLOSING,
        died=S.DEAD,
        **_PROOF,
    ),
    S.AUTHORISED: _row(S.AUTHORISED, capture_sent=S.CAPTURING, close_sent=S.CLOSING, died=S.DEAD, **_PROOF),
    S.CAPTURING: _row(
        S.CAPTURING, not_sent=S.AUTHORISED, capture_sent=S.CAPTURING, close_sent=S.CLOSING, died=S.DEAD, **_PROOF
    ),
    S.CLOSING: _row(S.CLOSING, close_sent=S.CLOSING, died=S.DEAD, **_PROOF),
    S.CAPTURED: _row(
        S.CAPTURED,
        excess=S.SURPLUS,
        other_amount=S.DISPUTED,
        refused=S.DISPUTED,
        closed=S.DISPUTED,
        returned=S.REFUNDED,
    ),
    S.SURPLUS: _row(S.SURPLUS, refund_sent=S.REFUNDING, returned=S.REFUNDED),
    S.REFUNDING: _row(S.REFUNDING, refund_sent=S.REFUNDING, returned=S.REFUNDED, return_failed=S.SURPLUS),
    S.REFUNDED: _row(S.REFUNDED),
    S.DEAD: _row(S.DEAD, close_sent=S.DEAD, died=S.DEAD, paid=S.DISPUTED, other_amount=S.DISPUTED, returned=S.REFUNDED),
    S.DISPUTED: _row(
        S.DISPUTED,
        paid=S.CAPTURED,
        other_amount=S.MANUAL,
        refused=S.DEAD,
        closed=S.DEAD,
        returned=S.REFUNDED,
    ),
    S.MANUAL: _row(S.MANUAL, returned=S.REFUNDED),
}

LIVE = frozenset(
    {
        S.PLANNED,
        S.SENDING,
        S.PENDING,
        S.UNKNOWN,
        S.AUTHORISED,
        S.CAPTURING,
        S.CLOSING,
        S.DISPUTED,
        S.MANUAL,
    }
)
"""While an attempt is here nothing else is charged."""

UNCERTAIN = LIVE - {S.PLANNED, S.PENDING}
"""Money may have moved or may move, and nobody knows."""


class ImpossibleStep(Exception):  # a bug of ours or a damaged journal, never a caller's error
    """An act that the table does not have: the journal is damaged or the library has a bug. Nothing was sent."""


def step(status: Status, fact: Fact) -> Status:
    """Where `fact` leads from `status`. Raises `ImpossibleStep`; evidence is never impossible."""
    try:
        return TRANSITIONS[status][fact]
    except KeyError:
        raise ImpossibleStep(f"an attempt that is {status.value} cannot become {fact.value}") from None
