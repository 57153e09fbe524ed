"""One run of the flow over one order: what it was asked, what it knows, and how it makes things durable."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from payfallback._core import events as e
from payfallback._core.effects import Append, Effect, Keep, Load, Sleep
from payfallback._core.env import Env
from payfallback._core.evidence import undated
from payfallback._core.fold import evolve, fold
from payfallback._core.memory import Refusal
from payfallback._core.order import Record, key_of
from payfallback._core.refusals import number_taken, refuse_closed, same_payment
from payfallback._core.turns import look_again
from payfallback._values import draft, field
from payfallback.errors import JournalUnavailable
from payfallback.model import Order, Shopper
from payfallback.policy import Policy, Route
from payfallback.taxonomy import Cause

Flow = Generator[Effect, Any, Any]
Step = Flow | bool  # what a step came to, or the flow that finds out

NOBODY = Shopper()
NONE_YET: Mapping[int, Any] = MappingProxyType({})
NO_PAUSE: Mapping[tuple[int, int], float] = MappingProxyType({})
MAX_CONFLICTS = 25  # a run that loses this often leaves the order to the others


@draft
class Run:
    """The state of one call. `pending` holds events that are decided but not durable; `record` includes them."""

    env: Env
    key: str
    intent: str
    within: float
    record: Record | None = None
    version: int = 0
    fence: int | None = None
    pending: list[e.Event] = field(factory=list)
    locked_until: float = 0.0  # monotonic; another run holds the lease until then
    conflicts: int = 0
    down: BaseException | None = None
    blind: bool = False  # observe: the journal is away and the sale goes on without it
    sent: bool = False  # this run may have sent something that is more than a question
    order: Order | None = None
    shopper: Shopper = NOBODY
    route: Route | None = None
    choice: str = ""
    explicit: bool = False  # the shopper chose; without a choice the route's first is tried
    consent: tuple[str, ...] = ()  # sorted
    tried: dict[str, str] = field(factory=dict)  # option ids of this run, with the cause that ended them
    mine: tuple[int, ...] = ()  # attempts that this run sent
    asked: Mapping[int, tuple[int, float]] = NONE_YET  # times and the last time that each attempt was asked about
    resends: Mapping[int, int] = NONE_YET
    remembered: tuple[Refusal, ...] | None = None  # of this shopper and card; None: not looked at yet
    rests: float | None = None  # seconds for which the networks forbid the card that was chosen
    news: tuple[tuple[str, dict[str, Any]], ...] = ()  # what the observer hears once it is durable
    pauses: Mapping[tuple[int, int], float] = NO_PAUSE  # before each resend, by attempt and sends
    refund_id: str = ""
    no_retry: tuple[int, ...] = ()
    saved: bool = True  # the last reload made its evidence durable
    stale: bool = False  # `record` holds decisions that never became durable, and could not be read anew
    permit: Any = None  # of the charge whose intent is becoming durable
    held_back: str = ""  # the channel whose query budget was spent
    held: frozenset[tuple[int, str]] = frozenset()  # attempts and refunds whose question waits for that budget
    unheard: frozenset[int] = frozenset()  # attempts about which nobody answered
    put_off: float = 0.0  # seconds for which the order waits for that budget
    looked_for: float | None = None  # when the journal wants the order to be looked at, as last read or written
    ahead: float = 0.0  # seconds by which the journal's clock is taken to be ahead of ours
    # What follows from the arguments, looked up once.
    policy: Policy = field(default=None)
    owner: str = ""
    now: Callable[[], float] = field(default=None)  # epoch seconds, for what is written down
    monotonic: Callable[[], float] = field(default=None)
    deadline: float = 0.0
    lease: float = 0.0
    autonomy: str = ""
    live: bool = True
    heard: bool = False  # somebody listens to more than warnings

    def __post_init__(self) -> None:
        env, within = self.env, self.within
        self.policy = env.policy
        self.owner = env.owner()
        self.now, self.monotonic = env.clock.epoch, env.clock.monotonic
        self.deadline = self.monotonic() + within
        self.lease = max(env.policy.lease, within + 5.0)
        self.autonomy = env.policy.autonomy
        self.live = self.intent != "recover"
        self.heard = env.tell is not None and env.heard()

    def left(self) -> float:
        """Seconds until the caller must have an answer."""
        return self.deadline - self.monotonic()

    # ---- what is known

    if TYPE_CHECKING:

        @property
        def known(self) -> Record:
            """The record, once there is one: every flow loads or opens the order first. See the end of this file."""

    def add(self, *events: e.Event) -> None:
        """Decide: the record moves at once, the journal at the next flush."""
        self.pending.extend(events)
        self.record = evolve(self.record, events)

    def tell(self, event: str, **fields: Any) -> None:
        """Let the observer hear a decision."""
        tell, record = self.env.tell, self.record
        if tell is not None:
            tell(event, order_id=record.order_id if record is not None else self.key, **fields)

    def announce(self, event: str, **fields: Any) -> None:
        """Let the observer hear a decision once it is durable; one that loses its race is never heard."""
        if self.blind:
            self.tell(event, **fields)
        elif self.env.tell is not None:
            self.news = (*self.news, (event, fields))

    def _tell_news(self) -> None:
        for event, fields in self.news:
            self.tell(event, **fields)
        self.news = ()

    # ---- durability

    def flush(self, lease: float | None = None) -> Flow:
        """Make pending events durable. True: they are. False: the record was loaded anew, or the journal is down."""
        if self.stale:
            yield from self.load()
            return False
        letting_go = lease == 0 and self.fence is None
        if self.blind or (not self.pending and (lease is None or letting_go)):
            return True
        record, after = self.known, look_again(self)
        reply = yield Append(
            self.key,
            self.owner,
            self.version,
            self.fence,
            tuple(self.pending),
            record,
            after,
            None if letting_go else lease,
            self.permit,
        )
        if isinstance(reply, BaseException):
            self.down = reply
            return False
        if reply.ok:
            self.version, self.looked_for = reply.version, after
            if lease is not None:
                self.fence = reply.fence if lease else None
            self.pending.clear()
            if self.news:
                self._tell_news()
            return True
        if reply.conflict == "number":
            taken = [event.option for event in self.pending if type(event) is e.Planned]
            if taken and not self.sent:
                self.pending.clear()
                raise number_taken()
            self.tried.update(dict.fromkeys(taken, Cause.MERCHANT_CONFIG.value))
        yield from self.reload()
        return False

    def declare(self, event: e.Event) -> Flow:
        """Write down what the shop wants, whoever holds the order. Raises `JournalUnavailable` when it cannot be."""
        self.add(event)
        yield from self.flush(lease=self.lease)
        if self.down is not None or not self.saved:
            raise unavailable(self)

    def reload(self) -> Flow:
        """Somebody else was faster: save the evidence and what the shop wished, forget the decisions, and read what is
        true now. `saved` says whether the evidence became durable."""
        evidence = tuple(undated(event) for event in self.pending if type(event) is e.Seen)
        wishes = tuple(event for event in self.pending if type(event) is e.RefundAsked or _leaves(event))
        self.pending.clear()
        self.conflicts += 1
        self.stale = True
        durable = True
        if (evidence or wishes) and self.version:
            facts: tuple[e.Event, ...] = (*wishes, *evidence)
            reply = yield Append(self.key, self.owner, None, None, facts, self.known, self.now(), None)
            durable = getattr(reply, "ok", False)
            if not durable and evidence:
                yield Keep(self.key, evidence)
        self.saved = durable
        yield from self.load()

    def load(self) -> Flow:
        """Read the order. Afterwards `record` is None when the journal does not know it."""
        stored = yield Load(self.key)
        if isinstance(stored, BaseException):
            self.down = stored
            return
        if stored is None and self.record is not None:  # what was known stays: something may have been sent
            self.down = JournalUnavailable("the journal does not know an order that it held, or that it refused")
            return
        self.take(stored)

    def take(self, stored: Any) -> None:
        """Make what the journal holds this run's own. Raises `OrderConflict` when it is another payment."""
        self.pending.clear()
        self.news = ()
        self.stale = False
        if stored is None:
            self.record, self.version, self.fence = None, 0, None
            self.looked_for = None
            return
        self.record, self.version = fold(stored.events), stored.version
        self.looked_for = stored.due
        mine = stored.owner == self.owner and stored.lease_left > 0
        self.fence = stored.fence if mine else None
        locked = stored.lease_left if stored.lease_left > 0 and not mine else 0.0
        self.locked_until = self.monotonic() + locked if locked else 0.0
        if self.order is not None:
            same_payment(self.record, self.order)
            if self.intent in ("pay", "switch") and not self.sent:
                refuse_closed(self.record)
        if self.order is None:
            self.autonomy = self.record.autonomy
        if self.route is None and self.record.route:
            self.route = next((route for route in self.policy.routes if route.name == self.record.route), None)

    def rescue(self) -> Flow:
        """The journal failed after something was sent: try again while a caller waits, then keep the evidence."""
        pause = 0.05
        while self.live and self.left() > pause:
            yield Sleep(pause)
            pause = min(pause * 2, 1.0)
            self.down = None
            if (yield from self.flush(lease=0)) or (not self.stuck() and (yield from self.flush(lease=0))):
                return  # durable; where somebody else was faster, what was read anew is let go of
        evidence = tuple(undated(event) for event in self.pending if type(event) is e.Seen)
        if evidence:
            yield Keep(self.key, evidence)

    def stuck(self) -> bool:
        """Whether the journal is away."""
        return self.down is not None

    def wait(self, seconds: float) -> Flow:
        """Let time pass if the caller has it; what is known becomes durable first. False: the time is not there. Where
        somebody else was faster no time passes: what was read just now decides."""
        if seconds >= self.left() or self.down is not None:
            return False
        if self.pending and not (yield from self.flush(lease=self.lease)):
            return not self.stuck()
        yield Sleep(seconds)
        return True


if not TYPE_CHECKING:
    Run.known = Run.__dict__["record"]  # the very slot: a payment reads it twenty times, and a property costs as a call


def _leaves(event: e.Event) -> bool:
    return type(event) is e.Asked and event.what in ("switch", "cancel")


def opening(run: Run, order: Order) -> None:
    """Begin as if the order were new: version 0 is tried first, and the order loaded only on conflict."""
    now = run.now()
    pay_by = now + (run.policy.pay_by if order.pay_by is None else order.pay_by)
    ref = run.env.hashed(run.shopper.ref) if run.shopper.ref else ""
    run.version, run.fence = 0, None
    run.add(
        e.Opened(now, order.id, order.merchant, order.amount, pay_by, run.autonomy, ref),
        wish(run, "pay", now),
    )


def wish(run: Run, what: str, now: float | None = None) -> e.Asked:
    """The event for what the shop asked in this call."""
    name = run.route.name if run.route is not None else ""
    return e.Asked(run.now() if now is None else now, what, run.choice, run.consent, name)


def unavailable(run: Run) -> JournalUnavailable:
    """The error for a journal that is away before anything was sent."""
    if isinstance(run.down, JournalUnavailable):
        return run.down
    return JournalUnavailable("the journal cannot be used", hint=str(run.down))


__all__ = ["Env", "Flow", "Run", "key_of", "opening", "unavailable", "wish"]
