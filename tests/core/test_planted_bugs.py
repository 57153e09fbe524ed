"""A simulator that kills no planted bug proves nothing: each of these must be found by the random days."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from money_shop import Day

from payfallback._core import acts, evidence, fold, order, rules, sending, state
from payfallback._core.events import Died, Seen
from payfallback._core.rules import RULES
from payfallback._core.state import Fact, Status
from payfallback._core.view import Act, Task

Patch = pytest.MonkeyPatch
ENOUGH = 4000


def refusal_is_always_final(patch: Patch) -> None:
    """Every refusal is taken as death."""
    patch.setattr(evidence, "_of_refusal", lambda attempt, seen: Fact.REFUSED)


def not_found_is_death(patch: Patch) -> None:
    """Not found is taken as dead."""
    real = evidence.fact_of
    patch.setattr(fold, "fact_of", lambda r, a, s: Fact.CLOSED if s.verdict == "not_found" else real(r, a, s))


def any_ok_closes(patch: Patch) -> None:
    """An acknowledged close is death, whatever it names."""
    dead = {"closed": Fact.CLOSED, "accepted": Fact.CLOSED}
    patch.setattr(evidence, "_of_close", lambda seen: dead.get(seen.verdict))


def silence_is_not_sent(patch: Patch) -> None:
    """A timeout is taken as never sent."""
    real = evidence.fact_of

    def guess(record: Any, attempt: Any, seen: Seen) -> Fact | None:
        fact = real(record, attempt, seen)
        return Fact.REFUSED if fact is Fact.SILENCE else fact

    patch.setattr(fold, "fact_of", guess)


def another_channel_while_unknown(patch: Patch) -> None:
    """The next channel starts while the last one is unknown."""
    patch.setattr(order, "LIVE", state.LIVE - {Status.UNKNOWN})


def another_channel_while_closing(patch: Patch) -> None:
    """The next channel starts before the close is confirmed."""
    patch.setattr(order, "LIVE", state.LIVE - {Status.CLOSING})


def surplus_is_kept(patch: Patch) -> None:
    """A second capture stays."""
    patch.setitem(RULES, Status.SURPLUS, lambda record, attempt, view: None)


def amount_is_not_compared(patch: Patch) -> None:
    """Another amount counts as paid."""
    patch.setattr(evidence, "_money", lambda record, attempt, seen: evidence._MONEY[seen.verdict])


def shown_codes_are_dead(patch: Patch) -> None:
    """A QR code that was shown is dead once the shopper wants to leave."""
    real = rules._open

    def careless(record: Any, attempt: Any, view: Any) -> Any:
        if attempt.starts == "shopper" and attempt.seq <= record.leave_upto:
            return Task(view.now, Act.NOT_EXPOSED, attempt.seq)
        return real(record, attempt, view)

    patch.setitem(RULES, Status.PENDING, careless)


def sent_before_it_is_durable(patch: Patch) -> None:
    """The intent is journalled after sending."""

    def forgetful(run: Any, *events: Any) -> Any:
        run.add(*events)
        return True
        yield

    patch.setattr(sending, "intend", forgetful)


def nobody_looks_again(patch: Patch) -> None:
    """Nothing gets a time to be looked at."""
    from payfallback._core import turns

    patch.setattr(turns, "due", lambda *given, **named: None)


def never_sent_without_asking(patch: Patch) -> None:
    """A crash after sending is taken as never sent."""

    def dismiss(run: Any, task: Any) -> None:
        run.add(Died(run.now(), task.seq, "never_sent"))

    patch.setitem(acts._DECIDE, Act.CRASHED, dismiss)


def charges_after_the_end(patch: Patch) -> None:
    """A settled order can be charged again."""
    patch.setattr(order.Record, "finished", property(lambda self: False))


PLANTED: tuple[Callable[[Patch], None], ...] = (
    refusal_is_always_final,
    not_found_is_death,
    any_ok_closes,
    silence_is_not_sent,
    another_channel_while_unknown,
    another_channel_while_closing,
    surplus_is_kept,
    amount_is_not_compared,
    shown_codes_are_dead,
    sent_before_it_is_durable,
    nobody_looks_again,
    never_sent_without_asking,
    charges_after_the_end,
)


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_the_random_days_find_a_planted_bug(plant: Callable[[Patch], None], monkeypatch: Patch) -> None:
    """Breaking one rule of the money path is noticed within a bounded number of days."""
    plant(monkeypatch)
    assert any(_noticed(seed) for seed in range(ENOUGH)), f"{plant.__name__} survived {ENOUGH} days"


def _noticed(seed: int) -> bool:
    try:
        return bool(Day(seed).live())
    except Exception:  # noqa: BLE001  # a planted bug may also crash the run: that is noticed too
        return True
