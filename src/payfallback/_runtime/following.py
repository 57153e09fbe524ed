"""Which words of other workers about a circuit are followed. No lock, no I/O: one thread uses it.

A worker whose own network is broken opens its circuits while everybody else is well. Two rules here bound what that
costs the others: a second word of the same worker does not prolong what its first one opened, so that the next probe is
somebody else's; and the host of a worker whose opening another host's probe refuted is not followed for a while.
"""

from __future__ import annotations

from payfallback.ports import CircuitNotice

DOUBT = 600.0  # seconds for which a host is not followed after another one found the channel well
MOST_DOUBTED = 256  # hosts remembered


class Following:
    """What one worker heard last of each channel, and whom it believes."""

    def __init__(self, worker: str) -> None:
        self.worker = worker
        self._last: dict[str, str] = {}  # the word heard or said last
        self._author: dict[str, str] = {}  # by channel: whose word its open circuit follows
        self._doubted: dict[str, float] = {}  # by host: until when, monotonic

    def said(self, channel: str, word: CircuitNotice, now: float) -> None:
        """Our own circuit changed, and others are told so."""
        self._last[channel] = word.id
        if word.opened:
            self._author[channel] = self.worker
        else:
            self._refuted(channel, word, now)

    def heeds(self, channel: str, word: CircuitNotice, now: float) -> bool:
        """Whether a word, as it is heard at each look, is to be done: once, when it is new and its worker believed."""
        if word.worker == self.worker or self._last.get(channel) == word.id:
            return False
        self._last[channel] = word.id
        if not word.opened:
            self._refuted(channel, word, now)
            return True
        if self._author.get(channel) == word.worker or self._doubted.get(_host(word.worker), 0.0) > now:
            return False
        self._author[channel] = word.worker
        return True

    def _refuted(self, channel: str, word: CircuitNotice, now: float) -> None:
        """A probe found the channel well."""
        host = _host(self._author.pop(channel, word.worker))
        if host == _host(word.worker):
            return
        self._doubted.pop(host, None)
        self._doubted[host] = now + DOUBT
        while len(self._doubted) > MOST_DOUBTED:
            del self._doubted[next(iter(self._doubted))]


def _host(worker: str) -> str:
    return worker.partition("-")[0]
