"""Checks that start from the money: what the ledger holds, and whether the journal accounts for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from payfallback._core.operations import Kind
from payfallback.testing.case import Case, Violation
from payfallback.testing.history import Attempt, History
from payfallback.testing.ledger import Arrival, Entry, holding, peak, unrefunded

_INTENT = (Kind.CREATE, Kind.CHARGE, Kind.CLOSE, Kind.CAPTURE, Kind.REFUND)
_SAME_MOMENT = 1e-6


def one_capture(case: Case) -> Iterator[Violation]:
    """I1: one capture that is not refunded. What a person was told to send back is on its way."""
    for key, entries in case.entries_of.items():
        if not case.surplus and (most := peak(entries)) > 1:
            captures = _list(each for each in entries if each.what == "captured")
            yield Violation("I1", case.order_id(key), f"{most} captures were held at one time: {captures}")
            continue
        held = unrefunded(entries)
        left = [each for each in held if not _before_a_person(case, each)]
        if case.settled and len(left) > 1:
            yield Violation("I1", case.order_id(key), f"{len(held)} captures are held at the end: {_list(held)}")


def intent_first(case: Case) -> Iterator[Violation]:
    """I2: every request that arrived has a `sending` event of its own, written no later than it was sent."""
    for pair, arrivals in case.arrivals.items():
        found = case.attempt(pair)
        if found is None:
            asked = [each for each in arrivals if each.kind in _INTENT]
            if asked and not case.elsewhere(pair):
                first = asked[0]
                facts = f"{first.kind.value} of {pair[1]} arrived at {pair[0]}; the journal never planned that number"
                yield Violation("I2", first.order_id, facts)
            continue
        yield from _intents(*found, arrivals)
    for history in case.histories.values():
        for event in history.strays:
            yield Violation("I2", history.order_id, f"{event.name!r} is recorded for a number never planned: {event!r}")


def _intents(history: History, attempt: Attempt, arrivals: list[Arrival]) -> Iterator[Violation]:
    asked: dict[tuple[str, str], list[float]] = {}
    for arrival in arrivals:
        if arrival.kind in _INTENT and not (arrival.kind is Kind.CHARGE and attempt.planned.adopted):
            asked.setdefault(_intent_of(attempt, arrival), []).append(arrival.shop_at)
    for (what, refund), times in asked.items():
        times.sort()
        meant = sorted(each.at for _, each in attempt.sent if each.what == what and refund in ("", each.refund))
        words = f"{what} {refund}".strip()
        if len(times) > len(meant):
            facts = f"{attempt.name}: {len(times)} requests to {words} arrived, {len(meant)} were journalled as sending"
            yield Violation("I2", history.order_id, facts)
        elif any(at > shop_at + _SAME_MOMENT for at, shop_at in zip(meant, times, strict=False)):
            facts = f"{attempt.name}: a request to {words} arrived before its intent was written ({times} < {meant})"
            yield Violation("I2", history.order_id, facts)


def _intent_of(attempt: Attempt, arrival: Arrival) -> tuple[str, str]:
    """How the intent of a request is journalled. A refund that the merchant asked for stands there under the merchant's
    own id, and is sent under a number made for it: such requests are counted together."""
    if arrival.kind is not Kind.REFUND:
        return arrival.kind.value, ""
    own = any(each.what == "refund" and each.refund == arrival.refund for _, each in attempt.sent)
    asked = any(each.what == "merchant_refund" for _, each in attempt.sent)
    return ("refund", arrival.refund) if own or not asked else ("merchant_refund", "")


def one_amount(case: Case) -> Iterator[Violation]:
    """I6: one number, one order, one amount."""
    for (_, number), owners in case.planned.items():
        if len(owners) > 1:
            who = ", ".join(f"{history.order_id} {attempt.name}" for history, attempt in owners)
            yield Violation("I6", owners[0][0].order_id, f"the number {number} was given twice: {who}")
    for history in case.histories.values():
        amounts = dict.fromkeys(each.amount for each in history.opened)
        if len(amounts) > 1:
            yield Violation("I6", history.order_id, f"opened with {_amounts(amounts)}")
    for pair, arrivals in case.arrivals.items():
        yield from _amounts_of(case, pair, arrivals)


def _amounts_of(case: Case, pair: tuple[str, str], arrivals: list[Arrival]) -> Iterator[Violation]:
    found = case.attempt(pair)
    for kind, refund in dict.fromkeys((each.kind, each.refund) for each in arrivals):
        if kind not in (Kind.CHARGE, Kind.REFUND):
            continue
        amounts = dict.fromkeys(each.amount for each in arrivals if each.kind is kind and each.refund == refund)
        if kind is Kind.CHARGE and found is not None and found[0].amount is not None:
            amounts[found[0].amount] = None
        if len(amounts) > 1:
            order = found[0].order_id if found else arrivals[0].order_id
            what = f"{kind.value} {refund}".strip()
            yield Violation("I6", order, f"{pair[1]}: {what} was asked with {_amounts(amounts)}")


def surplus_back(case: Case) -> Iterator[Violation]:
    """I9, I5: surplus goes back whole, under one open refund number at a time; the winner's stays unless asked for."""
    for history in case.histories.values():
        for attempt in history.attempts.values():
            yield from _returned(case, history, attempt)
            if attempt is not history.winner or attempt.excess:
                yield from _open_refunds(history, attempt)


def _returned(case: Case, history: History, attempt: Attempt) -> Iterator[Violation]:
    entries = case.entries.get(attempt.key, [])
    taken = sum(each.amount.minor for each in entries if each.what == "captured")
    back = sum(each.amount.minor for each in entries if each.what == "refunded")
    if back > taken:
        yield Violation("I9", history.order_id, f"{attempt.name}: {back} minor units went back of {taken} captured")
    if attempt.excess:
        if case.settled and back < taken and not history.before_a_person:
            facts = f"{attempt.name} is surplus; {taken - back} minor units never went back and nobody was told"
            yield Violation("I9", history.order_id, facts)
    elif attempt is history.winner:
        wanted = sum(each.minor for each in history.asked_back)
        if back > wanted:
            facts = f"the winner, {attempt.name}, was refunded {back} minor units; the shop asked for {wanted}"
            yield Violation("I5", history.order_id, facts)


def _open_refunds(history: History, attempt: Attempt) -> Iterator[Violation]:
    """A second refund number while the first one may still happen."""
    events = sorted(
        [(n, each.refund, "") for n, each in attempt.sent if each.what == "refund"]
        + [(n, each.refund, each.verdict) for n, each in attempt.seen if each.refund]
    )
    current = ""
    for _, refund, verdict in events:
        if verdict in ("refunded", "refund_failed") and refund == current:
            current = ""
        elif not verdict and current not in ("", refund):
            facts = f"{attempt.name}: refund {refund} was sent while {current} was not answered for good"
            yield Violation("I9", history.order_id, facts)
            return
        elif not verdict:
            current = refund


def known_money(case: Case) -> Iterator[Violation]:
    """I14: whatever a provider holds at the end is the winner's, known surplus, or stands before a person."""
    if not case.settled:
        return
    for pair, entries in case.entries.items():
        found = case.attempt(pair)
        held = unrefunded(entries)
        if found is None:
            if held:
                facts = f"captured and in no journal: {_list(held)}"
                yield Violation("I14", case.order_id(held[0].order_id), facts)
            continue
        history, attempt = found
        if held and not (attempt is history.winner or attempt.excess or history.before_a_person):
            facts = f"{attempt.name} was captured; the journal knows it neither as winner nor as surplus: {_list(held)}"
            yield Violation("I14", history.order_id, facts)
        elif (on_hold := holding(entries)) and not history.before_a_person:
            yield Violation("I14", history.order_id, f"{attempt.name}: money is still on hold: {_list(on_hold)}")


def own_account(case: Case) -> Iterator[Violation]:
    """I17: requests and money under the account for which the number was planned."""
    for history in case.histories.values():
        for attempt in history.attempts.values():
            if not attempt.planned.account:
                yield Violation("I17", history.order_id, f"{attempt.name} records no account")
    for pair in dict.fromkeys((*case.arrivals, *case.entries)):
        if pair not in case.planned and (home := case.elsewhere(pair)):
            history, attempt = case.planned[home, pair[1]][0]
            facts = f"{attempt.name} belongs to account {home}; requests or money for it are at {pair[0]}"
            yield Violation("I17", history.order_id, facts)


def _before_a_person(case: Case, capture: Entry) -> bool:
    found = case.attempt((capture.account, capture.number))
    return found is not None and found[0].before_a_person and found[1] is not found[0].winner


def _list(entries: Iterable[Entry]) -> str:
    return ", ".join(f"{each.number} {each.amount} at {each.at:.3f} ({each.account})" for each in entries)


def _amounts(amounts: Iterable[object]) -> str:
    return " and ".join(map(str, amounts))


MONEY_CHECKS: tuple[Callable[[Case], Iterator[Violation]], ...] = (
    one_capture,
    intent_first,
    one_amount,
    surplus_back,
    known_money,
    own_account,
)
