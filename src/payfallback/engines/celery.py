"""Recovery as tasks of a Celery application, for shops that have one (`pip install 'payfallback[celery]'`).

`payfallback.sweep` reads from the journal what is due and sends a `payfallback.resolve` for each order; beat sends the
sweep. Messages carry an order's id and its merchant, no result is kept, and every message may be lost, late, or
delivered twice: the journal's leases decide who looks, and the next sweep sends again what is still due.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Lock
from typing import Any

from payfallback._runtime.forks import renew_after_fork
from payfallback._values import value
from payfallback.client import Payments
from payfallback.engines._settings import Settings
from payfallback.errors import ConfigError, JournalUnavailable, UnknownOrder

LIVES = 60.0  # seconds, at least, after which a message is worthless: a later sweep has sent the order again
RETRIES = 3  # of one look, while the journal is away; the next sweep sends another


@value(kw_only=True)
class CeleryTasks:
    """The two tasks, and what goes into `app.conf.beat_schedule` to have one of them sent."""

    resolve: Any
    sweep: Any
    beat: Mapping[str, Mapping[str, Any]]


def celery_tasks(
    app: Any,
    make: Callable[[], Payments],
    *,
    every: int = 5,
    batch: int = 500,
    within: float = 20.0,
    name: str = "payfallback",
) -> CeleryTasks:
    """Register recovery with a Celery application. `make` is called once in each process that works, after it was
    forked, and its client is closed when the process ends.

    `every`: seconds between two sweeps, which must divide a minute or an hour. `batch`: orders that one sweep sends at
    most. `within`: seconds that one look may take. `name`: what the names of the tasks begin with; a second client in
    one application has one of its own. Raises `ConfigError`, also when the extra `celery` is missing.
    """
    settings, client = Settings(every=every, batch=batch, within=within), _Client(make)
    lives = max(LIVES, 2.0 * every)

    def look(order_id: str, merchant: str = "") -> None:
        """Look at one unfinished order."""
        with suppress(UnknownOrder):  # the message is of another journal, or of one that was restored since
            client.here().resolve(order_id, merchant=merchant, within=settings.within)

    # Not `reject_on_worker_lost`: a look whose process was killed would come back at once, and find its own lease.
    resolve = app.task(
        name=f"{name}.resolve", acks_late=True, ignore_result=True, max_retries=RETRIES,
        autoretry_for=(JournalUnavailable,), retry_backoff=1, retry_jitter=True,
    )(look)  # fmt: skip  # a list of options

    def send() -> None:
        """Send what is due."""
        for order in client.here().due(limit=settings.batch):
            resolve.apply_async((order.order_id, order.merchant), expires=lives)

    sweep = app.task(name=f"{name}.sweep", ignore_result=True)(send)
    _signals().worker_process_shutdown.connect(client.leave, weak=False)
    beat = {f"{name}.sweep": {"task": f"{name}.sweep", "schedule": float(every), "options": {"expires": lives}}}
    return CeleryTasks(resolve=resolve, sweep=sweep, beat=beat)


class _Client:
    """One client for each process, made when it is first needed there."""

    def __init__(self, make: Callable[[], Payments]) -> None:
        self._make = make
        self._pid = 0
        self._payments: Payments | None = None
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """A lock of its own: a thread of the parent may have held that one. Its client is left to the parent."""
        self._lock = Lock()

    def here(self) -> Payments:
        """This process's."""
        with self._lock:
            if self._payments is None or self._pid != os.getpid():
                self._pid, self._payments = os.getpid(), self._made()
            return self._payments

    def _made(self) -> Payments:
        made = self._make()
        if not isinstance(made, Payments):
            raise ConfigError(f"the tasks need a Payments, and got a {type(made).__name__}")
        return made

    def leave(self, **given: Any) -> None:
        """Celery ends this process."""
        if self._payments is not None and self._pid == os.getpid():
            self._payments.close()


def _signals() -> Any:
    try:
        from celery import signals  # type: ignore[import-untyped]  # celery has no types
    except ModuleNotFoundError as missing:
        raise ConfigError(
            f"recovery on Celery needs {missing.name}", hint="pip install 'payfallback[celery]'"
        ) from missing
    return signals
