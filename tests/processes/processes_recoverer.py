"""What a recovering process does: finish what is open, and tell the shop each outcome."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from processes_town import Diary

import payfallback as pf

TRANSACTION = 0.002  # seconds; the shop's own commit for one outcome, in which a kill may land as well


def recover_once(payments: pf.Payments, diary: Diary, within: float) -> dict[str, Any]:
    """One round of recovery, and every outcome delivered."""
    done = payments.recover(within=within, limit=100_000)
    while payments.deliver(lambda outcome: _told(diary, outcome), limit=500):
        pass
    return {"looked": done.looked, "left": done.left, "failed": done.failed, "needs_person": done.needs_person}


def recover_until_killed(payments: pf.Payments, diary: Diary, begun: Callable[[], object]) -> None:
    """The same over and over, until somebody ends this process, or half a minute has passed."""
    ends = time.monotonic() + 30.0
    while time.monotonic() < ends:
        try:
            recover_once(payments, diary, 1.0)
        except pf.JournalUnavailable as problem:  # its server may be killed as well
            diary.write(away=str(problem))
        begun()
        time.sleep(0.001)


def _told(diary: Diary, outcome: pf.Outcome) -> None:
    time.sleep(TRANSACTION)
    diary.write(outcome=outcome.id, kind=outcome.kind, order=outcome.order_id, number=outcome.number)
