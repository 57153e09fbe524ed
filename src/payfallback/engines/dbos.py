"""Recovery on DBOS Transact: durable workflows in PostgreSQL (`pip install 'payfallback[dbos]'`).

Two workflows. `payfallback.sweep` runs on a schedule, on one executor at a time: it reads from the journal what is due
and puts each order on a queue, under an id that names this very look. `payfallback.resolve` is one look; when the order
stays open it puts itself on the queue again, delayed until the next look is due. DBOS keeps order ids, times, and
"done" or "open"; the outcome is written by our journal, with the decision.

Nothing depends on DBOS finishing what it began. Without its Conductor, the workflows of an executor that died stay
pending until an executor of the same name starts. Here the journal says that their orders are due, as soon as the dead
one's leases expire, and the next sweep gives each a new look, on any executor; should DBOS recover the old one as well,
it finds nothing to do.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from payfallback.client import Payments
from payfallback.engines._settings import Settings
from payfallback.errors import ConfigError, JournalUnavailable, UnknownOrder
from payfallback.results import DueOrder

if TYPE_CHECKING:
    from dbos import DBOS, EnqueueOptions

PATIENCE = 60.0  # seconds after which an order that is still due gets another look, whatever became of the first
ABANDONED = 600.0  # seconds after which, at least, a workflow that began is given up: its executor is gone, or it hangs
KEEP = 3600.0  # seconds for which finished workflows are kept for people to look at
POLL = 0.2  # seconds between two looks at the queue, at each of which a process takes up what `at_once` leaves room for
ATTEMPTS = 3  # at a journal that is away, in one look; the next sweep gives it another

Look = tuple[str, str, str]  # the id of a workflow, the merchant, the order's id
Next = tuple[float, int, float]  # when an order is due again, its fence, and the seconds until then


class DbosRecovery:
    """Recovery as durable workflows of the DBOS application in this process.

    Made before `DBOS.launch()`, started after it, in every process that shall work on it, with the same settings.
    `every`: seconds between two sweeps, which must divide a minute or an hour. `batch`: looks that wait in the queue at
    most. `at_once`: looks that one process makes at a time. `within`: seconds that one look may take. `queue`: the name
    of the queue, with which those of the workflows begin; a second client in one application has one of its own.
    """

    def __init__(
        self,
        payments: Payments,
        *,
        every: int = 5,
        batch: int = 500,
        at_once: int = 10,
        within: float = 20.0,
        queue: str = "payfallback",
    ) -> None:
        """Register the workflows. Raises `ConfigError`, also when the extra `dbos` is not installed."""
        if not isinstance(payments, Payments):
            raise ConfigError(
                f"recovery on DBOS takes a Payments, not a {type(payments).__name__}",
                hint="a shop on asyncio makes one of the same configuration for its workers",
            )
        if at_once < 1:
            raise ConfigError(f"at_once={at_once!r} would never look at an order", hint="give 1 or more")
        self._dbos = _loaded()
        self._payments, self._queue, self._at_once = payments, queue, at_once
        self._now = payments._built.shared.clock.epoch
        self._resolve_name, self._sweep_name = f"{queue}.resolve", f"{queue}.sweep"
        self._settings = Settings(every=every, batch=batch, within=within)
        self._sweep = self._register()

    # ---------------------------------------------------------------- what a shop calls

    def start(self) -> None:
        """Declare the queue and the schedule; after `DBOS.launch()`. As often as wanted."""
        self._dbos.register_queue(
            self._queue, worker_concurrency=self._at_once, polling_interval_sec=POLL, on_conflict="always_update"
        )
        self._dbos.apply_schedules(
            [{"schedule_name": self._sweep_name, "workflow_fn": self._sweep, "schedule": self._settings.cron}]
        )

    def schedule(self, order_id: str, *, merchant: str | None = None) -> None:
        """Have an order looked at without waiting for the sweep, and again each time that it is due; such as after a
        `Pending`. Twice in one minute of the clock is once."""
        now = self._now()
        asked = DueOrder(order_id=order_id, merchant=merchant or "", due=now - now % PATIENCE)
        self._enqueue((self._id_of(asked, "asked"), asked.merchant, order_id))

    # ---------------------------------------------------------------- the workflows

    def _register(self) -> Callable[[datetime, Any], None]:
        DBOS, every = self._dbos, self._settings.every  # noqa: N806  # the name that DBOS's documentation gives it

        @DBOS.step(name=f"{self._queue}.look", retries_allowed=True, max_attempts=ATTEMPTS, should_retry=_is_passing)
        def look(merchant: str, order_id: str) -> Next | None:
            return self._look(merchant, order_id)

        @DBOS.step(name=f"{self._queue}.find_due")
        def find_due() -> list[Look]:
            return self._find_due()

        @DBOS.step(name=f"{self._queue}.tidy")
        def tidy() -> None:
            self._tidy()

        @DBOS.workflow(name=self._resolve_name)
        def resolve(merchant: str, order_id: str) -> str:
            again = look(merchant, order_id)
            if again is None:
                return "done"
            due, fence, ahead = again
            if ahead > every:  # what is due sooner waits for the sweep, which the length of the queue bounds
                order = DueOrder(order_id=order_id, merchant=merchant, due=due, fence=fence)
                self._enqueue((self._id_of(order), merchant, order_id), ahead)
            return "open"

        @DBOS.workflow(name=self._sweep_name)
        def sweep(at: datetime, context: Any) -> None:
            for each in find_due():
                self._enqueue(each)
            tidy()

        return sweep

    def _look(self, merchant: str, order_id: str) -> Next | None:
        """One look; when the next one is due. Raises what the journal raises."""
        try:
            done = self._payments.resolve(order_id, merchant=merchant, within=self._settings.within)
        except UnknownOrder:  # this look is of another journal, or of one that was restored since
            return None
        if done.look_again is None:
            return None
        return done.look_again, done.fence, done.look_again - self._now()

    def _find_due(self) -> list[Look]:
        """Looks that are to be made and are not on the queue yet, as many as there is room for."""
        room = self._settings.batch - self._waiting()
        if room <= 0:
            return []
        due = self._payments.due(limit=self._settings.batch)
        looks = [(self._id_of(each, str(int(each.overdue // PATIENCE))), each) for each in due]
        known = self._listed(workflow_ids=[name for name, _ in looks]) if looks else ()
        return [(name, each.merchant, each.order_id) for name, each in looks if name not in known][:room]

    def _waiting(self) -> int:
        return len(self._listed(queue_name=self._queue, status="ENQUEUED", limit=self._settings.batch))

    def _tidy(self) -> None:
        """Give up what nobody works on any more, and forget what is long finished; a bounded number at a time."""
        most, names = 2 * self._settings.batch, [self._resolve_name, self._sweep_name]
        began = _ago(max(ABANDONED, 2.0 * self._settings.within))
        given_up = self._listed(name=names, status="PENDING", dequeued_before=began, limit=most)
        if given_up:
            self._dbos.cancel_workflows(list(given_up))
        finished = self._listed(name=names, completed_before=_ago(KEEP), limit=most)
        if finished:
            self._dbos.delete_workflows(list(finished))

    def _listed(self, **which: Any) -> set[str]:
        found = self._dbos.list_workflows(**which, load_input=False, load_output=False)
        return {each.workflow_id for each in found}

    def _enqueue(self, look: Look, delay: float = 0.0) -> None:
        name, merchant, order_id = look
        given: EnqueueOptions = {
            "workflow_name": self._resolve_name, "queue_name": self._queue, "workflow_id": name,
        }  # fmt: skip  # a list of options
        if delay > 0:
            given["delay_seconds"] = delay
        self._dbos.enqueue_workflow_with_options(given, merchant, order_id)

    def _id_of(self, order: DueOrder, turn: str = "0") -> str:
        """The name of one look: the same look has the same name, whoever puts it on the queue."""
        return f"{self._queue}:{order.merchant}|{order.order_id}:{order.due:.3f}:{order.fence}:{turn}"


def _loaded() -> type[DBOS]:
    try:
        from dbos import DBOS
    except ModuleNotFoundError as missing:
        raise ConfigError(f"recovery on DBOS needs {missing.name}", hint="pip install 'payfallback[dbos]'") from missing
    return DBOS


def _ago(seconds: float) -> str:
    """By the machine's clock, not by the client's: it is compared with times that DBOS wrote down by that."""
    return datetime.fromtimestamp(time.time() - seconds, UTC).isoformat()


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, JournalUnavailable)
