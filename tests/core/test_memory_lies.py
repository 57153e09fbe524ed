"""Whatever memory says, it changes which channel is tried, never what is true: random days with a memory that lies."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from money_shop import KINDS, Day, order

import payfallback as pf
from payfallback._core import flow
from payfallback._core.events import Died
from payfallback._core.memory import Refusal
from payfallback.policy import REMEMBERED
from payfallback.ports import Done
from payfallback.testing.lab import Lab

WITH_CARDS: dict[str, Mapping[str, Any]] = {name: {**kind, "card": ("card",)} for name, kind in KINDS.items()}
SHOPPER = pf.Shopper(ref="u1", inputs={"": {"card": "fp1"}})
CAUSES = [*(cause.value for cause in REMEMBERED), "declined", "limit_glitch", "term_not_supported", "merchant_config"]
BLOCK = 150


class LyingDay(Day):
    """A random day whose journal says anything about its shopper and card: refusals that never were, of channels that
    do not exist, from the future; or nothing, or that it is away."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, WITH_CARDS)
        self.lies = random.Random(seed)
        self.told = 0

    def _step(self, lab: Lab) -> None:
        journal: Any = self.payments.journal
        journal.recall = self._recall
        super()._step(lab)

    def _recall(self, subjects: Sequence[str], done: Done) -> None:
        if self.lies.random() < 0.1:
            done(pf.JournalUnavailable("memory is away"))
            return
        refusals = tuple(self._lie(self.lies.choice(subjects)) for _ in range(self.lies.randint(0, 6)))
        self.told += len(refusals)
        done(refusals)

    def _lie(self, subject: str) -> Refusal:
        chance, now = self.lies, self.payments.policy.pay_by
        network = subject.startswith("card:")
        scope = chance.choice(["network:visa", "network:mastercard"]) if network else chance.choice("abcx")
        return Refusal(
            subject=subject,
            scope=scope,
            cause=chance.choice(["04", "05", "21", "24"]) if network else chance.choice(CAUSES),
            at=chance.choice([0.0, now, 4e9]),
            until=chance.choice([0.0, 4e9]),
            option=chance.choice(["a", "b", "x", "a/12"]),
            minor=chance.choice([0, 1, 10**9]),
            currency=chance.choice(["CNY", "USD", ""]),
        )

    def _pay(self, lab: Lab) -> None:
        choice = self.random.choice([None, "a", "b", "c"])
        consent = self.random.choice([(), ("b",), ("a", "b", "c")])
        within = self.random.choice([1.0, 5.0, 20.0])
        self._told(lab, self.payments.pay(order(), choice, consent=consent, shopper=SHOPPER, within=within))

    def _switch(self, lab: Lab) -> None:
        choice, consent = self.random.choice("abc"), self.random.choice([(), ("b",)])
        self._told(lab, self.payments.switch(order(), choice, consent=consent, shopper=SHOPPER))


@pytest.mark.parametrize("block", range(4))
def test_no_lie_of_the_memory_breaks_a_promise(block: int) -> None:
    """Outages, switches, crashes and clock jumps, with any memory: nothing is captured twice, nothing is lost."""
    told = 0
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        day = LyingDay(seed)
        wrong = day.live()
        told += day.told
        assert not wrong, f"seed {seed}: {wrong}\n" + "\n".join(day.story)
    assert told > BLOCK


def test_a_memory_that_is_believed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a remembered refusal taken for the end of a live attempt, a few days would show it."""
    real = flow._without_task

    def believing(run: Any) -> Any:
        current = run.known.current
        if current is not None and current.sends and any(each.scope == current.option for each in run.remembered or ()):
            run.add(Died(run.now(), current.seq, "never_sent"))
            return True
        return real(run)

    monkeypatch.setattr(flow, "_without_task", believing)
    assert any(_noticed(seed) for seed in range(400))


def _noticed(seed: int) -> bool:
    try:
        return bool(LyingDay(seed).live())
    except Exception:  # noqa: BLE001  # a planted bug may also crash the run: that is noticed too
        return True
