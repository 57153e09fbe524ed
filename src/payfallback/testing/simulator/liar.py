"""A fake provider that can break its word: it takes the money of a trade that it had called closed or refused."""

from __future__ import annotations

from payfallback.testing.provider import FakeProvider
from payfallback.testing.trades import State

_OVER = frozenset({State.CLOSED, State.DECLINED})


class Liar(FakeProvider):
    """As a `FakeProvider`, until it is told to lie."""

    def captures_after_all(self, number: str) -> bool:
        """Capture what it had said was over. False when there is no such trade, or it is not over."""
        with self._lock:
            trade = self._books.known(number, self.time())
            if trade is None or trade.state not in _OVER:
                return False
            self._till.capture(trade, self.time())
            notices = self._notices(wanted=True)
        self._tell(notices)
        return True
