"""One run of the flow over one order: what it was asked, what it knows, and how it makes things durable."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, Protocol

from payfallback._core import events as e
from payfallback._core.decide import due
from payfallback._core.effects import Append, Effect, Keep, Load, Sleep
from payfallback._core.fold import evolve, fold
from payfallback._core.order import Record, key_of
from payfallback._values import field, value
from payfallback.errors import JournalUnavailable, OrderClosed, OrderConflict
from payfallback.model import Order, Shopper
from payfallback.policy import Channel, Policy, Route
from payfallback.taxonomy import Cause

Flow = Generator[Effect, Any, Any]

MAX_CONFLICTS = 25  # a run that loses this often leaves the order to the others


class Ticking(Protocol):
    """The two clocks that a run reads."""

    def monotonic(self) -> float:
        """For waiting."""

    def epoch(self) -> float:
        """For what is written down."""


@value
class Env:
    """What every run of one client shares. `backoff(channel, n)`: seconds before the n-th resend. `peek(channel)`: why
    a channel would be refused right now. `memo(channel, operation)`: what its adapter wants kept. `tell`: observer."""

    policy: Policy
    clock: Ticking
    owner: Callable[[], str]
    backoff: Callable[[Channel, int], float]
    peek: Callable[[str], Cause | None]
    memo: Callable[[str, Any], Mapping[str, str]]
    tell: Callable[..., None] | None = None
    hashed: Callable[[str], str] = field(default=lambda ref: "")


class Run:
    """The state of one call. `pending` holds events that are decided but not durable; `record` includes them."""

    def __init__(self, env: Env, key: str, intent: str, within: float) -> None:
        self.env, self.key, self.intent = env, key, intent
        self.policy = env.policy
        self.owner = env.owner()
        self.within = within
        self.deadline = env.clock.monotonic() + within
        self.lease = max(env.policy.lease, within + 5.0)
        self.record: Record | None = None
        self.version = 0
        self.fence: int | None = None
        self.pending: list[e.Event] = []
        self.locked_until = 0.0  # monotonic; another run holds the lease until then
        self.conflicts = 0
        self.down: BaseException | None = None
        self.blind = False  # observe: the journal is away and the sale goes on without it
        self.sent = False  # this run may have sent something that can move money
        self.order: Order | None = None
        self.shopper = Shopper()
        self.route: Route | None = None
        self.choice = ""
        self.consent: frozenset[str] = frozenset()
        self.autonomy: str = env.policy.autonomy
        self.tried: dict[str, str] = {}  # option ids of this run, with the cause that ended them
        self.mine: set[int] = set()
        self.asked: dict[int, tuple[int, float]] = {}
        self.live = intent != "recover"
        self.resends: dict[int, int] = {}
        self.refund_id = ""
        self.no_retry: set[int] = set()
        self.held_back = False  # the query budget was spent

    # ---- time

    def now(self) -> float:
        """Epoch seconds."""
        return self.env.clock.epoch()

    def left(self) -> float:
        """Seconds until the caller must have an answer."""
        return self.deadline - self.env.clock.monotonic()

    # ---- what is known

    @property
    def known(self) -> Record:
        """The record, once there is one."""
        assert self.record is not None  # every flow loads or opens the order first  # noqa: S101
        return self.record

    def add(self, *events: e.Event) -> None:
        """Decide: the record moves at once, the journal at the next flush."""
        self.pending.extend(events)
        self.record = evolve(self.record, events)

    def tell(self, event: str, **fields: Any) -> None:
        """Let the observer hear a decision."""
        if self.env.tell is not None:
            self.env.tell(event, order_id=self.record.order_id if self.record else self.key, **fields)

    # ---- durability

    def flush(self, lease: float | None = None) -> Flow:
        """Make pending events durable. True: they are. False: the record was loaded anew, or the journal is down."""
        letting_go = lease == 0 and self.fence is None
        if self.blind or (not self.pending and (lease is None or letting_go)):
            return True
        record, now = self.known, self.now()
        after = due(record, self.policy, now, acts=self.autonomy != "observe")
        if self.held_back and after is not None:
            after = max(after, now + 1.0)
        reply = yield Append(
            self.key,
            self.owner,
            self.version,
            self.fence,
            tuple(self.pending),
            record,
            after,
            None if letting_go else lease,
        )
        if isinstance(reply, BaseException):
            self.down = reply
            return False
        if reply.ok:
            self.version = reply.version
            if lease is not None:
                self.fence = reply.fence if lease else None
            self.pending.clear()
            return True
        if reply.conflict == "number":
            self.pending.clear()
            raise number_taken()
        yield from self.reload()
        return False

    def reload(self) -> Flow:
        """Somebody else was faster: save the evidence, forget the decisions, and read what is true now."""
        evidence = tuple(event for event in self.pending if type(event) is e.Seen)
        self.pending.clear()
        self.conflicts += 1
        if evidence and self.version:
            reply = yield Append(self.key, self.owner, None, None, evidence, self.known, self.now(), None)
            if isinstance(reply, BaseException):
                yield Keep(self.key, evidence)
        yield from self.load()

    def load(self) -> Flow:
        """Read the order. Afterwards `record` is None when the journal does not know it."""
        stored = yield Load(self.key)
        if isinstance(stored, BaseException):
            self.down = stored
            return
        self.take(stored)

    def take(self, stored: Any) -> None:
        """Make what the journal holds this run's own. Raises `OrderConflict` when it is another payment."""
        self.pending.clear()
        if stored is None:
            self.record, self.version, self.fence = None, 0, None
            return
        self.record, self.version = fold(stored.events), stored.version
        mine = stored.owner == self.owner and stored.lease_left > 0
        self.fence = stored.fence if mine else None
        locked = stored.lease_left if stored.lease_left > 0 and not mine else 0.0
        self.locked_until = self.env.clock.monotonic() + locked if locked else 0.0
        if self.order is not None:
            same_payment(self.record, self.order)
            if self.intent in ("pay", "switch") and not self.sent:
                refuse_closed(self.record)
        if self.order is None:
            self.autonomy = self.record.autonomy
        if self.route is None and self.record.route:
            self.route = next((route for route in self.policy.routes if route.name == self.record.route), None)

    def rescue(self) -> Flow:
        """The journal failed after something was sent: try again while there is time, then keep the evidence."""
        pause = 0.05
        while self.left() > pause:
            yield Sleep(pause)
            pause = min(pause * 2, 1.0)
            self.down = None
            if (yield from self.flush(lease=0)) or not self.stuck():
                return
        evidence = tuple(event for event in self.pending if type(event) is e.Seen)
        if evidence:
            yield Keep(self.key, evidence)

    def stuck(self) -> bool:
        """Whether the journal is away."""
        return self.down is not None

    def wait(self, seconds: float) -> Flow:
        """Let time pass if the caller has it; what is known becomes durable first. False: the time is not there."""
        if seconds >= self.left() or self.down is not None:
            return False
        if self.pending and not (yield from self.flush(lease=self.lease)) and self.down is not None:
            return False
        yield Sleep(seconds)
        return True


def number_taken() -> Exception:
    """Two orders must not share a number: what one of them paid would be taken for the other's."""
    from payfallback.errors import NumberInvalid

    return NumberInvalid(
        "this attempt's number already belongs to another order of the account",
        hint="order ids that differ only in punctuation share a number: rename the order or set `number`",
    )


def same_payment(record: Record, order: Order) -> None:
    """Raise `OrderConflict` unless the order is the very payment that the journal holds under its id."""
    if record.amount != order.amount or record.merchant != order.merchant:
        raise OrderConflict(
            f"order {order.id!r} is known with {record.amount}, and now asks for {order.amount}",
            hint="one id is one amount for ever; use a new order id for a changed price",
        )


def refuse_closed(record: Record) -> None:
    """Raise `OrderClosed` for an order that is over: its money went back, or it was given up or ran out of time."""
    over = next((kind for kind in ("refunded", "cancelled", "expired") if kind in record.outcomes), None)
    if over is not None and (over == "refunded" or not record.winner):
        raise OrderClosed(f"order {record.order_id!r} is {over}", hint="pay under a new order id")


def opening(run: Run, order: Order) -> None:
    """Begin as if the order were new: version 0 is tried first, and the order loaded only on conflict."""
    now = run.now()
    pay_by = now + (run.policy.pay_by if order.pay_by is None else order.pay_by)
    ref = run.env.hashed(run.shopper.ref) if run.shopper.ref else ""
    run.version, run.fence = 0, None
    run.add(
        e.Opened(now, order.id, order.merchant, order.amount, pay_by, run.autonomy, ref),
        wish(run, "pay"),
    )


def wish(run: Run, what: str) -> e.Asked:
    """The event for what the shop asked in this call."""
    name = run.route.name if run.route is not None else ""
    return e.Asked(run.now(), what, run.choice, tuple(sorted(run.consent)), name)


def unavailable(run: Run) -> JournalUnavailable:
    """The error for a journal that is away before anything was sent."""
    if isinstance(run.down, JournalUnavailable):
        return run.down
    return JournalUnavailable("the journal cannot be used", hint=str(run.down))


__all__ = ["Env", "Flow", "Run", "key_of", "opening", "same_payment", "unavailable", "wish"]
