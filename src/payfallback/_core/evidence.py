"""What a piece of evidence proves about an attempt, given what is still open. Pure lookups, no decisions.

The rules (design, "evidence rules"): a refusal settles the request that it answers, not the attempt while an earlier
request is unanswered; only a refusal that is stated to be final, of the only request, is death; an acknowledged close
is death only when it names the trade; a query's "not found" never is by itself.
"""

from __future__ import annotations

from collections.abc import Callable

from payfallback._core.events import Seen
from payfallback._core.order import Attempt, Record
from payfallback._core.state import Fact, Status
from payfallback._values import changed

_MONEY = {"captured": Fact.PAID, "authorised": Fact.HELD}
_PLAIN = {"pending": Fact.OPEN, "unknown": Fact.SILENCE, "refund_failed": Fact.RETURN_FAILED}


def fact_of(record: Record, attempt: Attempt, seen: Seen) -> Fact | None:
    """The fact to look up in the transition table, or None when the evidence moves nothing."""
    fact = _fact(record, attempt, seen)
    if attempt.status is Status.DISPUTED and not _asked_since(attempt, seen):
        return None  # a contradiction is settled by asking again, not by who speaks last
    return fact


def _fact(record: Record, attempt: Attempt, seen: Seen) -> Fact | None:
    verdict, what = seen.verdict, seen.what
    if verdict in _MONEY:
        return _money(record, seen)
    if what in ("refund", "query_refund"):
        return _of_refund(record, attempt, seen)
    if what == "close":
        return _of_close(seen)
    if what == "create":
        return None  # it moves nothing: its id, and why there is none, are noted
    if verdict == "declined":
        return _of_refusal(attempt, seen)
    if _of_what_was_made(attempt, seen) and not attempt.sends:
        return None  # Stripe's `payment_intent.created`
    if verdict == "not_sent":
        return _of_not_sent(attempt, seen)
    if verdict == "closed":
        return Fact.CLOSED
    if verdict == "refunded":
        return _of_return(record, attempt, seen)
    if what == "query" and verdict == "unknown":
        return None  # a question that failed says nothing about the trade
    return _PLAIN.get(verdict)


def _asked_since(attempt: Attempt, seen: Seen) -> bool:
    return seen.what == "query" and seen.source == "answer" and seen.asked_at > attempt.disputed_at


def undated(seen: Seen) -> Seen:
    """Evidence for an order to which others wrote meanwhile. Whether its question was asked before or after that, the
    clocks of two machines cannot tell: it calls nothing dead of which they heard that it was paid."""
    deadly = seen.what == "query" and seen.verdict in ("closed", "declined")
    return changed(seen, asked_at=0.0) if deadly else seen


def _money(record: Record, seen: Seen) -> Fact | None:
    if seen.what in ("refund", "query_refund"):
        return None
    if seen.minor is not None and (seen.minor != record.amount.minor or seen.currency != record.amount.currency):
        return Fact.OTHER_AMOUNT
    if seen.what == "close" and seen.minor is None and not seen.named:
        return None  # "already paid" without the trade's own data: asked about
    return _MONEY[seen.verdict]


def _of_refund(record: Record, attempt: Attempt, seen: Seen) -> Fact | None:
    whole = seen.minor == record.amount.minor and seen.currency == record.amount.currency
    if not attempt.refund or seen.refund != attempt.refund:
        # Not a refund of ours (somebody used the provider's console): it ends the attempt only if all of it went back.
        return Fact.RETURNED if seen.verdict == "refunded" and whole else None
    if seen.verdict == "refunded":
        return Fact.RETURNED if whole or seen.minor is None else None
    only = attempt.refund_sent_at == attempt.refund_since  # a refusal settles the request that it answers
    if seen.verdict == "refund_failed" or (seen.verdict == "declined" and seen.final and only):
        return Fact.RETURN_FAILED
    return None


def _of_close(seen: Seen) -> Fact | None:
    if seen.verdict == "closed":
        return Fact.CLOSED if seen.named else None
    if seen.verdict == "refunded":
        return Fact.RETURNED if seen.named else None
    return None


def _of_refusal(attempt: Attempt, seen: Seen) -> Fact | None:
    if seen.what == "charge" and seen.request:
        return Fact.REFUSED if (seen.final or attempt.final) and _all_refused(attempt, seen) else Fact.SILENCE
    if seen.what == "capture":
        return None
    return Fact.REFUSED if seen.final else Fact.SILENCE


def _all_refused(attempt: Attempt, seen: Seen) -> bool:
    """Whether no other request is unanswered and none was ever taken, in whatever order the answers came."""
    return not attempt.taken and all(request == seen.request for request in attempt.open)


def _of_return(record: Record, attempt: Attempt, seen: Seen) -> Fact | None:
    """A trade that shows a refund: ours, or the whole amount, ends it; a part of unknown size is for a person."""
    if record.refunds and record.winner == attempt.seq:
        return None  # the merchant asked for it, and the trade is still paid
    ours = attempt.poisoned or attempt.status is Status.REFUNDING
    whole = seen.minor == record.amount.minor and seen.currency == record.amount.currency
    if ours or whole:
        return Fact.RETURNED
    return Fact.OTHER_AMOUNT


def _of_not_sent(attempt: Attempt, seen: Seen) -> Fact | None:
    if seen.what == "charge":
        if attempt.final and _all_refused(attempt, seen):
            return Fact.REFUSED
        others = any(request != seen.request for request in attempt.open)
        # What was refused or silent before stays so: only the first request's failure proves that nothing is there.
        return Fact.SILENCE if others or attempt.refusal or attempt.status is Status.PENDING else Fact.NOT_SENT
    if seen.what == "capture" and attempt.captures <= 1:
        return Fact.NOT_SENT
    return None


def note(attempt: Attempt, seen: Seen) -> None:
    """Keep what evidence tells beside the status: references, causes, counts, artefacts."""
    _note_words(attempt, seen)
    _NOTE.get(seen.what, _note_statement)(attempt, seen)
    if seen.verdict == "declined" and seen.what in _ABOUT_THE_TRADE:
        attempt.refusal = seen.cause or "declined"
        attempt.final = attempt.final or seen.final
    if seen.verdict == "closed" and (seen.what != "close" or seen.named):
        attempt.closed = True


_ABOUT_THE_TRADE = frozenset({"charge", "query", "notice"})
ENDS_OF_REFUNDS = frozenset({"refunded", "refund_failed"})
_TAKEN = frozenset({"pending", "authorised", "captured"})


def _note_words(attempt: Attempt, seen: Seen) -> None:
    if seen.cause and not _of_what_was_made(attempt, seen):
        attempt.cause = seen.cause
    if seen.code:
        attempt.code = seen.code
        attempt.text = seen.text
    if seen.provider_ref and not attempt.provider_ref:
        attempt.provider_ref = seen.provider_ref
    if seen.paid_at is not None:
        attempt.paid_at = seen.paid_at
    if seen.memo:
        attempt.memo = {**attempt.memo, **seen.memo}


def _of_what_was_made(attempt: Attempt, seen: Seen) -> bool:
    """Whether it speaks of the first of two steps, as far as is known: what is waited for is our own confirmation."""
    return seen.verdict == "pending" and attempt.made and not attempt.taken and seen.what != "charge"


def _note_statement(attempt: Attempt, seen: Seen) -> None:
    """A query or a notification speaks of the trade itself."""
    if seen.verdict == "not_found":
        _note_not_found(attempt, seen)
    elif seen.verdict not in ("unknown", "not_sent"):
        attempt.seen += 1


def _note_charge(attempt: Attempt, seen: Seen) -> None:
    if seen.verdict in _TAKEN:
        attempt.taken = True
    if seen.verdict != "unknown" and seen.request:
        attempt.open = tuple(request for request in attempt.open if request != seen.request)
    if seen.verdict == "not_sent" and not attempt.open and attempt.first_sent is not None and attempt.sends == 1:
        attempt.sends, attempt.first_sent = 0, None
    attempt.answered_at = seen.at
    attempt.resendable = seen.resendable
    attempt.retry_after = seen.retry_after
    if seen.action is not None:
        attempt.action = seen.action


def _note_create(attempt: Attempt, seen: Seen) -> None:
    attempt.retry_after = seen.retry_after


def _note_close(attempt: Attempt, seen: Seen) -> None:
    """Nothing beside its words: what it did to the trade is noted by its verdict."""


def _note_refund(attempt: Attempt, seen: Seen) -> None:
    attempt.refund_lost = seen.verdict == "not_found"
    ours = seen.what == "refund" and seen.refund == attempt.refund
    if ours and seen.verdict == "not_sent" and attempt.refund_sent_at == attempt.refund_since:
        attempt.refund_since = 0.0  # the only request never left: the next one is the first
    if seen.verdict in ENDS_OF_REFUNDS and attempt.refund and seen.refund == attempt.refund:
        attempt.refund_said |= {seen.verdict}


def _note_not_found(attempt: Attempt, seen: Seen) -> None:
    if seen.at - attempt.not_found_at < 1.0:
        return  # two looks in one breath are one look
    attempt.not_found += 1
    attempt.not_found_at = seen.at
    if seen.provider_time is not None:
        attempt.provider_time = max(attempt.provider_time, seen.provider_time)
        if attempt.expires_at is not None and seen.provider_time > attempt.expires_at:
            attempt.not_found_past += 1


_NOTE: dict[str, Callable[[Attempt, Seen], None]] = {
    "create": _note_create,
    "charge": _note_charge,
    "close": _note_close,
    "refund": _note_refund,
    "query_refund": _note_refund,
}
