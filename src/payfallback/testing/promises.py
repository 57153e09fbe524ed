"""Were the promises kept? Checked against the providers' own ledger, by code that the core does not share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from payfallback._core.events import Event
from payfallback.results import NotPaid, Outcome, Paid, Result
from payfallback.testing.case import PROMISES, Case, Violation
from payfallback.testing.checks_money import MONEY_CHECKS
from payfallback.testing.checks_order import ORDER_CHECKS
from payfallback.testing.ledger import Ledger, holding

__all__ = [
    "PROMISES",
    "PromiseBroken",
    "Violation",
    "Witness",
    "assert_promises_kept",
    "check_promises",
    "check_result",
]

_SHOWN = 20


class Witness(Protocol):
    """What the checkers need to see: the lab is one, a simulator another.

    `orders` yields the journal's keys, `events` an order's whole journal. `results`: everything that was told to
    callers. `outcomes`: what the journal holds for the shop. `deliveries`: what the shop took, repeated or not.
    """

    @property
    def ledger(self) -> Ledger:
        """The providers' own record."""

    @property
    def results(self) -> Iterable[Result]:
        """Told to callers."""

    @property
    def outcomes(self) -> Iterable[Outcome]:
        """Written for the shop."""

    @property
    def deliveries(self) -> Iterable[Outcome]:
        """Taken by the shop."""

    def orders(self) -> Iterable[str]:
        """The journal's keys."""

    def events(self, key: str, /) -> Sequence[Event]:
        """An order's journal, oldest first."""


class PromiseBroken(AssertionError):
    """A promise was broken; `violations` says which, for which order, and what shows it."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(violations)
        lines = [str(each) for each in violations[:_SHOWN]]
        if len(violations) > _SHOWN:
            lines.append(f"... and {len(violations) - _SHOWN} more")
        super().__init__("\n".join((f"{len(violations)} broken promise{'' if len(violations) == 1 else 's'}:", *lines)))


def check_promises(
    ledger: Ledger,
    journal_events: Mapping[str, Sequence[Event]],
    results: Iterable[Result] = (),
    delivered: Iterable[Outcome] = (),
    *,
    outcomes: Iterable[Outcome] | None = None,
    settled: bool = True,
    surplus: bool = True,
) -> list[Violation]:
    """What the ledger, the journal (by order key) and the shop's own eyes prove to be broken; empty when all is well.

    `settled`: the faults are over and recovery and delivery have run until nothing was due, so nothing may be open,
    unknown, unrefunded or undelivered; False leaves those checks out. `surplus=False`: the providers kept to what they
    declare, so a second capture at the same time is a violation even when it went back later. `outcomes`: what the
    journal holds for the shop, when it is to be held against the events too.
    """
    case = Case(ledger, journal_events, results, delivered, outcomes, settled=settled, surplus=surplus)
    return [violation for check in (*MONEY_CHECKS, *ORDER_CHECKS) for violation in check(case)]


def assert_promises_kept(witness: Witness, *, settled: bool = True, surplus: bool = True) -> None:
    """Raise `PromiseBroken` with every violation that `check_promises` finds."""
    journal = {key: witness.events(key) for key in witness.orders()}
    found = check_promises(
        witness.ledger,
        journal,
        witness.results,
        witness.deliveries,
        outcomes=witness.outcomes,
        settled=settled,
        surplus=surplus,
    )
    if found:
        raise PromiseBroken(found)


def check_result(ledger: Ledger, result: Result) -> list[Violation]:
    """Hold one result against the ledger at the moment at which it is told: `Paid` while the provider holds that
    capture, `NotPaid` while it holds nothing of the order. Later the ledger may say something else."""
    if isinstance(result, Paid):
        return list(_paid_now(ledger, result))
    if isinstance(result, NotPaid):
        return list(_nothing_held(ledger, result))
    return []


def _paid_now(ledger: Ledger, result: Paid) -> Iterator[Violation]:
    held = [each for each in ledger.held(result.number) if each.number == result.number]
    if not any(each.amount == result.amount for each in held):
        what = ", ".join(str(each.amount) for each in held) or "nothing"
        yield Violation(
            "I5", result.order_id, f"told paid ({result.number}, {result.amount}); the provider holds {what}"
        )


def _nothing_held(ledger: Ledger, result: NotPaid) -> Iterator[Violation]:
    entries = ledger.entries(result.order_id)
    held = (*ledger.held(result.order_id), *holding(entries))
    if held:
        what = ", ".join(f"{each.number} {each.what} {each.amount}" for each in held)
        yield Violation("I5", result.order_id, f"told not paid; the provider holds {what}")
