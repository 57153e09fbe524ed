"""Five more planted bugs, each killed by a story of the promises: stories that let them live would prove nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import test_promises_surplus as surplus
import test_promises_turns as turns

from payfallback._core import acts, fold, state
from payfallback._core import events as e
from payfallback._core.order import Attempt, Record
from payfallback._core.rules import RULES
from payfallback._core.state import Fact, Status
from payfallback._core.view import Act, Task, View

Patch = pytest.MonkeyPatch


def dead_is_absorbing(patch: Patch) -> None:
    """A capture of what was believed dead is not taken in."""
    for fact in (Fact.PAID, Fact.OTHER_AMOUNT, Fact.RETURNED):
        patch.setitem(state.TRANSITIONS[Status.DEAD], fact, Status.DEAD)


def the_winner_is_overwritten(patch: Patch) -> None:
    """A capture of an earlier attempt pays the order, whoever paid it before."""

    def overwrite(record: Record, event: e.Won) -> None:
        record.winner = event.seq

    def wins(record: Record, attempt: Attempt, view: View) -> Task | None:
        return None if 0 < record.winner <= attempt.seq else Task(view.now, Act.WIN, attempt.seq)

    real = acts._DECIDE[Act.WIN]

    def win(run: Any, task: Task) -> None:
        if run.known.winner:
            run.add(e.Won(run.now(), task.seq))  # the outcome's id would be refused: it was told already
        else:
            real(run, task)

    patch.setitem(acts._DECIDE, Act.WIN, win)
    patch.setitem(fold.APPLY, e.Won, overwrite)
    patch.setitem(RULES, Status.CAPTURED, wins)


def a_refund_gets_a_new_number(patch: Patch) -> None:
    """A refund whose fate is open is sent again under another number."""
    real = acts._SEND[Act.REFUND]

    def renumbering(run: Any, task: Task) -> Any:
        attempt = run.known.attempts[task.seq - 1]
        if attempt.status is Status.REFUNDING:
            attempt.refund = f"{attempt.number}R{attempt.refunds + 1}"
        return real(run, task)

    patch.setitem(acts._SEND, Act.REFUND, renumbering)


def a_cancelled_capture_wins(patch: Patch) -> None:
    """A cancel that may refund is taken for a plain close."""
    real = fold.APPLY[e.Sending]

    def unpoisoned(record: Record, event: e.Sending) -> None:
        real(record, event)
        if event.seq:
            record.attempts[event.seq - 1].poisoned = False

    patch.setitem(fold.APPLY, e.Sending, unpoisoned)


def a_cancel_is_forgotten(patch: Patch) -> None:
    """The shop's cancel leaves no trace."""
    real = fold.APPLY[e.Asked]
    patch.setitem(fold.APPLY, e.Asked, lambda r, event: None if event.what == "cancel" else real(r, event))


STORIES: dict[Callable[[Patch], None], Callable[[], None]] = {
    dead_is_absorbing: surplus.test_a_capture_after_another_channel_won_goes_back,
    the_winner_is_overwritten: turns.test_the_winner_stays,
    a_refund_gets_a_new_number: surplus.test_a_refund_that_never_arrived_is_sent_again_under_its_number,
    a_cancelled_capture_wins: lambda: surplus.test_a_capture_after_a_cancel_that_refunds_cannot_win("hang"),
    a_cancel_is_forgotten: surplus.test_a_capture_after_a_cancel_goes_back,
}


@pytest.mark.parametrize("plant", STORIES, ids=lambda plant: plant.__name__)
def test_a_story_kills_a_planted_bug(plant: Callable[[Patch], None], monkeypatch: Patch) -> None:
    """The story holds for the library as it is, and fails as soon as the bug is in it."""
    story = STORIES[plant]
    story()
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        story()
