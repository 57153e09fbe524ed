"""Health that workers share: a thread beside the gate tells the others what changed here, and the gate what they say.

The payment path leaves a note in memory when a circuit changes, and reads nothing but the gate. What the thread hears
is done to the gate; while the store is gone, the gate goes on with what it knows and what it finds out by itself.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import blake2s
from secrets import SystemRandom, token_hex
from threading import Event, Lock, Thread, current_thread
from typing import Any
from weakref import ref

from payfallback._runtime.following import Following
from payfallback._runtime.forks import renew_after_fork
from payfallback._runtime.health import BUDGETS, Gate
from payfallback._runtime.telling import Telling, noted
from payfallback.policy import Channel, Policy
from payfallback.ports import CircuitNotice, Clock, HealthReport, HealthSnapshot, Observer, SharedHealth

LOST_PAUSES = (2, 4, 8, 10)  # looks; how far apart the tries to reach a store that is gone are
RECENT = 5.0  # seconds; a stop found so soon after we were told to read the journal is no news to the others
LONGEST_NAME = 60  # characters of what a store that is gone is told with
CLOSES_WITHIN = 1.0  # seconds that `close` waits for the thread, which ends by itself all the same

_chance = SystemRandom()


class Sharing:
    """One client's part in the health that workers share. Safe for threads; its own starts with the first use, and anew
    in a forked child. Nothing here raises, and nothing but the thread waits for the store."""

    def __init__(
        self,
        store: SharedHealth,
        gate: Gate,
        policy: Policy,
        clock: Clock,
        observer: Observer | None,
        reread: Callable[[], None],
        host: str = "",
    ) -> None:
        """`reread`: look at the manual switches in the journal. `host`: whose worker this is; empty: this machine's."""
        self._store, self._gate, self._tell, self._reread = store, gate, observer, reread
        self._monotonic = clock.monotonic
        self._host = blake2s((host or socket.gethostname()).encode(), digest_size=4).hexdigest()
        self._channels = dict(policy.channels)
        self._keys = {name: key_of(channel) for name, channel in self._channels.items()}
        self._lasts = {self._keys[name]: _probe_lasts(channel) for name, channel in self._channels.items()}
        self._closed = False
        self.after_fork()
        renew_after_fork(self)
        gate.outlet = self.note

    def after_fork(self) -> None:
        """A worker of its own, which knows nothing yet: the parent's thread is not here, and its locks may be held."""
        worker = f"{self._host}-{token_hex(8)}"
        self._starting = Lock()
        self._thread: Thread | None = None
        self._wake, self.ended = Event(), Event()
        if self._closed:
            self.ended.set()
        self._telling = Telling(worker, self._lasts, self._monotonic)
        self._following = Following(worker)
        self._heard = HealthSnapshot()
        self._reread_at = float("-inf")
        self._misses = -1  # looks in a row that failed; below zero: there was none yet
        self._again = True

    # ------------------------------------------------------------ from payments

    def note(self, event: str, fields: Mapping[str, Any]) -> None:
        """Something changed at our gate. Kept in memory; the thread tells it."""
        if event.startswith("channel.") and self._monotonic() - self._reread_at < RECENT:
            return
        if noted(self._telling, event, self._keys[fields["channel"]], fields):
            self._wake.set()

    def ensure(self) -> None:
        """See to it that the thread lives."""
        if self.ended.is_set() or (self._thread is not None and self._thread.is_alive()):
            return
        with self._starting:
            if self._thread is not None and self._thread.is_alive():
                return
            thread = Thread(target=_live, args=(ref(self), self._store), name="payfallback-health", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter ends, or there are too many threads: a payment goes on without
                return
            self._thread = thread

    def close(self) -> None:
        """End the thread, and let it close the store. Our open circuits stay known to the others for their time."""
        self._closed = True
        self.ended.set()
        self._wake.set()
        if self._thread is not None and self._thread is not current_thread():
            self._thread.join(CLOSES_WITHIN)
        elif self._thread is None:
            self.end()

    # ------------------------------------------------------------ the thread's

    def turn(self) -> tuple[Event, float]:
        """One look, and what to wait for until the next one, seconds at most."""
        self._wake.clear()
        if self.look():
            return self._wake, self._store.every * _chance.uniform(0.8, 1.2)
        return self.ended, self._store.every * LOST_PAUSES[min(self._misses, len(LOST_PAUSES)) - 1]

    def end(self) -> None:
        """The last thing the thread does."""
        _let_go(self._store)

    def look(self) -> bool:
        """Tell what there is to tell and do what is heard. False when the store is gone."""
        spent = {(self._keys[name], budget): tokens for (name, budget), tokens in self._gate.spent().items()}
        told = self._telling.take(spent, again=self._again)
        for key, word in told.circuits.items():
            self._following.said(key, word, self._monotonic())
        try:
            heard = self._store.exchange(tuple(self._keys.values()), BUDGETS, told)
        except Exception as error:  # noqa: BLE001  # the shop's own store: whatever it raises, it is gone; it is told
            self._lost(_name_of(error), told)
            return False
        fresh = self._found()
        before, self._heard = self._heard, heard
        self._again = bool(before.began) and before.began != heard.began  # it was emptied: tell our openings anew
        for name, key in self._keys.items():
            self._hear(name, heard.circuits.get(key))
            probe = heard.probes.get(key, 0.0)
            self._gate.hold(name, probe if probe <= self._lasts[key] else 0.0)  # no worker's call lasts longer
            if not self._again:
                self._charge(name, key, before, told)
        if fresh or before.switches != heard.switches:
            self._reread_at = self._monotonic()
            self._reread()
        return True

    def _hear(self, name: str, word: CircuitNotice | None) -> None:
        if word is None or not self._following.heeds(self._keys[name], word, self._monotonic()):
            return
        self._telling.outdated(self._keys[name])
        if word.opened:
            # Whoever opened it tries it first; then the others one after the other, as each sees that none is trying.
            later = self._store.every * _chance.uniform(2.0, 6.0)
            self._gate.follow(name, min(word.rest, self._channels[name].circuit.open_for) + later)
        else:
            self._gate.rejoin(name)

    def _charge(self, name: str, key: str, before: HealthSnapshot, told: HealthReport) -> None:
        """What all spent since the last look, less what we spent ourselves, is the others'."""
        for budget in BUDGETS:
            which = key, budget
            if which in before.totals and which in self._heard.totals:
                all_spent = self._heard.totals[which] - before.totals[which]
                self._gate.charge(name, budget, all_spent - told.spent.get(which, 0.0))

    def _lost(self, error: str, told: HealthReport) -> None:
        self._telling.keep(told)
        self._heard, self._again = HealthSnapshot(), True
        for name in self._channels:
            self._gate.hold(name, 0.0)
        if self._misses <= 0 and self._tell is not None:
            self._tell("health.shared_lost", error=error)
        self._misses = max(1, self._misses + 1)

    def _found(self) -> bool:
        """Whether this is the first look that succeeds, at all or after others that failed."""
        misses, self._misses = self._misses, 0
        if misses > 0 and self._tell is not None:
            self._tell("health.shared_back")
        return misses != 0


def key_of(channel: Channel) -> str:
    """What workers call a channel among themselves: one of another account or product is another one."""
    product = f"{channel.account.id}/{channel.product}"
    return f"{channel.name}.{blake2s(product.encode(), digest_size=6).hexdigest()}"


def _name_of(error: Exception) -> str:
    """What went wrong, and nothing of what was said: a `ConnectionError` is made of such a name, by the port."""
    said = str(error) if type(error) is ConnectionError else ""
    return said if said.isidentifier() and len(said) <= LONGEST_NAME else type(error).__name__


def _probe_lasts(channel: Channel) -> float:
    return max(2.0 * channel.timeout, channel.circuit.open_for)


def _let_go(store: SharedHealth) -> None:
    with suppress(Exception):  # a store that fails to let go keeps nobody from closing the journal
        store.close()


def _live(of: ref[Sharing], store: SharedHealth) -> None:
    """The thread: it lives as long as its client does, and is not what keeps it alive. The store of a client that was
    forgotten is closed here: as garbage it would leave its sockets open until somebody collects them."""
    while (sharing := of()) is not None:
        if sharing.ended.is_set():
            sharing.end()
            return
        event, seconds = sharing.turn()
        del sharing
        event.wait(seconds)
    _let_go(store)
