"""Checks that start from the journal: what was decided, in which order, and what the shop was told."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from payfallback._core.events import Died, Settled
from payfallback._core.operations import Kind
from payfallback.results import Outcome, Paid
from payfallback.testing.case import Case, Violation
from payfallback.testing.history import Attempt, History

_END = 1 << 62  # after every event
_ONCE = ("paid", "expired", "cancelled")


def one_at_a_time(case: Case) -> Iterator[Violation]:
    """I3, I4: when a charge is sent, every other attempt that was out is dead on evidence or known surplus."""
    for history in case.histories.values():
        if len(history.attempts) > 1:
            for attempt in history.attempts.values():
                yield from _rivals(history, attempt)


def _rivals(history: History, attempt: Attempt) -> Iterator[Violation]:
    for rival in history.attempts.values():
        if rival is attempt:
            continue
        for place, _ in attempt.charges():
            if rival.was_out(place) and not (rival.dead(place) or rival.given_back(place)):
                promise = "I3" if rival.planned.seq < attempt.planned.seq else "I4"
                facts = f"{attempt.name} was charged while {rival.name} was not dead: {_last_words(rival, place)}"
                yield Violation(promise, history.order_id, facts)
                break


def _last_words(attempt: Attempt, before: int) -> str:
    seen = [f"{each.what} {each.verdict}" for n, each in attempt.seen if n < before]
    return f"the journal had seen {', '.join(seen)}" if seen else "the journal had seen nothing of it"


def true_deaths(case: Case) -> Iterator[Violation]:
    """I3: a death that no single answer gives is borne out by the journal and by the ledger."""
    for history in case.histories.values():
        for attempt in history.attempts.values():
            for place, died in attempt.died:
                why = _doubt(case, attempt, place, died)
                if why:
                    facts = f"{attempt.name} was declared dead ({died.reason}), but {why}"
                    yield Violation("I3", history.order_id, facts)


def _doubt(case: Case, attempt: Attempt, place: int, died: Died) -> str:
    if died.reason == "never_sent":
        asked = any(each.kind is Kind.CHARGE for each in case.arrivals.get(attempt.key, ()))
        return "a charge arrived at the provider" if asked else ""
    if died.reason == "not_exposed":
        if attempt.planned.starts != "shopper":
            return "on this channel money moves without the shopper"
        return "it had been handed over" if any(n < place for n in attempt.handed) else ""
    if died.reason == "not_found":
        return _doubt_not_found(attempt, place)
    return f"{died.reason!r} is no reason"


def _doubt_not_found(attempt: Attempt, place: int) -> str:
    missed = [each for n, each in attempt.seen if n < place and each.verdict == "not_found"]
    if len({each.at for each in missed}) < 2:
        return f"it was not found {len(missed)} time(s), and two, apart, are needed"
    ends = attempt.planned.expires_at
    if ends is None:
        return "no absolute expiry was sent with it"
    clock = max((each.provider_time for each in missed if each.provider_time is not None), default=None)
    if clock is None or clock <= ends:
        return f"the provider's clock ({clock}) had not passed its expiry ({ends})"
    return ""


def one_winner(case: Case) -> Iterator[Violation]:
    """I5, I13: one winner, seen captured and truly captured with the order's amount, which nothing we sent undoes."""
    for history in case.histories.values():
        if len(history.won) > 1:
            seqs = ", ".join(str(won.seq) for _, won in history.won)
            yield Violation("I5", history.order_id, f"{len(history.won)} winners were written: attempts {seqs}")
        if history.won:
            place = history.won[0][0]
            if history.winner is None:
                yield Violation("I5", history.order_id, f"attempt {history.won[0][1].seq} won and was never planned")
            else:
                yield from _won_fairly(case, history, history.winner, place)


def _won_fairly(case: Case, history: History, winner: Attempt, place: int) -> Iterator[Violation]:
    captures = [each for each in case.entries.get(winner.key, ()) if each.what == "captured"]
    if not captures:
        yield Violation("I5", history.order_id, f"{winner.name} won; its account holds no capture of it")
    elif all(each.amount != history.amount for each in captures):
        facts = f"{winner.name} won with {captures[0].amount}; the order is {history.amount}"
        yield Violation("I13", history.order_id, facts)
    seen = [each for n, each in winner.seen if n < place and each.verdict == "captured"]
    if not seen:
        yield Violation("I5", history.order_id, f"{winner.name} won before any evidence of a capture was written")
    if any(each.minor is not None and not _matches(history, each.minor, each.currency) for each in seen):
        facts = f"{winner.name} won although a capture of another amount had been seen; the order is {history.amount}"
        yield Violation("I13", history.order_id, facts)
    if winner.may_be_undone():
        yield Violation("I5", history.order_id, f"{winner.name} won although a cancel that refunds had been sent to it")


def _matches(history: History, minor: object, currency: str) -> bool:
    amount = history.amount
    return amount is not None and type(minor) is int and minor == amount.minor and currency == amount.currency


def told_truly(case: Case) -> Iterator[Violation]:
    """I5, I13: whoever was told `Paid` was told of the winner, with the order's amount."""
    for result in case.results:
        if isinstance(result, Paid):
            yield from _told(case, result)


def _told(case: Case, result: Paid) -> Iterator[Violation]:
    histories = case.by_order_id.get(result.order_id, ())
    owner = next((each for each in histories if _planned(each, result.number)), None)
    if owner is None:
        yield Violation("I5", result.order_id, f"told paid by {result.number}, which the journal never planned for it")
        return
    winner = owner.winner
    if winner is None or winner.planned.number != result.number:
        who = winner.name if winner else "nobody"
        yield Violation("I5", result.order_id, f"told paid by {result.number}; the journal's winner is {who}")
        return
    if result.amount != owner.amount:
        yield Violation("I13", result.order_id, f"told paid {result.amount}; the order is {owner.amount}")
    if not any(each.what == "captured" for each in case.entries.get(winner.key, ())):
        yield Violation("I5", result.order_id, f"told paid by {result.number}; no provider captured it")


def _planned(history: History, number: str) -> bool:
    return any(each.planned.number == number for each in history.attempts.values())


def wrong_amounts(case: Case) -> Iterator[Violation]:
    """I13: another amount than the order's, and still held at the end, stands before a person."""
    for history in case.histories.values():
        for attempt in history.attempts.values():
            entries = case.entries.get(attempt.key, ())
            wrong = [each for each in entries if each.what == "captured" and each.amount != history.amount]
            kept = wrong and not any(each.what == "refunded" for each in entries)
            if kept and case.settled and not history.before_a_person:
                facts = (
                    f"{attempt.name} was captured with {wrong[0].amount}, the order is {history.amount}: nobody told"
                )
                yield Violation("I13", history.order_id, facts)


def all_resolved(case: Case) -> Iterator[Violation]:
    """I14: at the end every attempt that was out has won, is surplus, is dead, or stands before a person."""
    if not case.settled:
        return
    for history in case.histories.values():
        for attempt in history.attempts.values():
            known = attempt is history.winner or attempt.given_back(_END) or history.before_a_person
            if attempt.was_out() and not known and not attempt.dead():
                facts = f"{attempt.name} is neither won, surplus nor dead: {_last_words(attempt, _END)}"
                yield Violation("I14", history.order_id, facts)


def told_to_shop(case: Case) -> Iterator[Violation]:
    """I15: an outcome for every decision, one id each, written once and, at the end, delivered."""
    written: dict[str, tuple[History, Settled]] = {}
    for history in case.histories.values():
        yield from _outcomes_of(history)
        for settled in history.settled:
            if settled.outcome_id in written:
                other = written[settled.outcome_id][0].order_id
                yield Violation(
                    "I15", history.order_id, f"outcome id {settled.outcome_id} is used twice (order {other})"
                )
            written[settled.outcome_id] = (history, settled)
    yield from _deliveries(case, written)
    if case.outcomes is not None:
        yield from _stored(case.outcomes, written)


def _outcomes_of(history: History) -> Iterator[Violation]:
    kinds = [each.kind for each in history.settled]
    for kind in _ONCE:
        if kinds.count(kind) > 1:
            ids = ", ".join(each.outcome_id for each in history.settled if each.kind == kind)
            yield Violation("I15", history.order_id, f"{kinds.count(kind)} outcomes say {kind!r}: {ids}")
    people = [(each.seq, each.cause) for each in history.settled if each.kind == "needs_person"]
    if len(set(people)) < len(people):
        yield Violation("I15", history.order_id, "a person was told the same twice under different ids")
    if history.won and "paid" not in kinds:
        yield Violation("I15", history.order_id, "there is a winner and no outcome says so")
    if "paid" in kinds and not history.won:
        yield Violation("I5", history.order_id, "an outcome says paid and there is no winner")


def _deliveries(case: Case, written: dict[str, tuple[History, Settled]]) -> Iterator[Violation]:
    for outcome in case.delivered:
        yield from _same(outcome, written, "delivered")
    if case.settled:
        taken = {each.id for each in case.delivered}
        for name, (history, settled) in written.items():
            if name not in taken:
                yield Violation("I15", history.order_id, f"outcome {name} ({settled.kind}) was never delivered")


def _stored(outcomes: tuple[Outcome, ...], written: dict[str, tuple[History, Settled]]) -> Iterator[Violation]:
    stored = {each.id for each in outcomes}
    for outcome in outcomes:
        yield from _same(outcome, written, "kept for the shop")
    for name, (history, settled) in written.items():
        if name not in stored:
            yield Violation("I15", history.order_id, f"{settled.kind} was decided; its outcome {name} was not written")


def _same(outcome: Outcome, written: dict[str, tuple[History, Settled]], done: str) -> Iterator[Violation]:
    found = written.get(outcome.id)
    if found is None:
        yield Violation("I15", outcome.order_id, f"outcome {outcome.id} ({outcome.kind}) was {done} and never decided")
        return
    history, settled = found
    if (outcome.order_id, outcome.kind) != (history.order_id, settled.kind):
        facts = f"outcome {outcome.id} was {done} as {outcome.kind} of {outcome.order_id}; it is {settled.kind}"
        yield Violation("I15", history.order_id, facts)
    elif outcome.kind == "paid" and outcome.amount != history.amount:
        facts = f"outcome {outcome.id} says {outcome.amount} was paid; the order is {history.amount}"
        yield Violation("I13", history.order_id, facts)


ORDER_CHECKS: tuple[Callable[[Case], Iterator[Violation]], ...] = (
    one_at_a_time,
    true_deaths,
    one_winner,
    told_truly,
    wrong_amounts,
    all_resolved,
    told_to_shop,
)
