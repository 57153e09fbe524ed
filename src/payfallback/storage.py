"""What the runtime needs of a journal, as a protocol, and the values that go in and out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

from payfallback._core.events import Event
from payfallback._core.memory import Refusal
from payfallback._values import value
from payfallback.results import Outcome


@value(kw_only=True)
class Summary:
    """The columns kept beside an order's events, for listing, for finance and for `status`. No personal data."""

    order_id: str
    merchant: str
    state: str
    amount: int
    currency: str
    opened_at: float
    option: str = ""
    account: str = ""
    number: str = ""
    provider_ref: str = ""
    cause: str = ""
    since: float = 0.0
    settled_at: float | None = None
    paid_at: float | None = None
    refunded: int = 0
    needs_person: bool = False
    uncertain: bool = False


@value(kw_only=True)
class Commit:
    """One compare-and-append on one order.

    version: how many events the writer has seen; 0 creates the order; None appends evidence whatever the version
    and whoever holds the lease (evidence is never fenced, and such a commit decides nothing: it has no outcomes).
    fence: the lease number the writer holds, None when it holds none (then the lease must be free or expired).
    take_lease: seconds; takes or prolongs the lease for `owner` in the same commit; 0 releases it; None leaves it.
    due: epoch seconds when somebody must look at it again; None: nothing is open.
    summary: the columns, or what makes them when they are first wanted; None leaves them as they are.
    numbers: new (account id, attempt number or provider reference) pairs that must lead to this order.
    """

    key: str
    version: int | None
    events: tuple[Event, ...] = ()
    fence: int | None = None
    owner: str = ""
    take_lease: float | None = None
    due: float | None = None
    summary: Summary | Callable[[], Summary] | None = None
    outcomes: tuple[Outcome, ...] = ()
    numbers: tuple[tuple[str, str], ...] = ()


@value(kw_only=True)
class Receipt:
    """What became of a commit. `conflict`: version or lease was not as expected, nothing was written: load again."""

    ok: bool
    version: int = 0
    fence: int = 0
    conflict: str = ""


@value(kw_only=True)
class Stored:
    """An order as the journal holds it. `lease_left`: seconds the lease still holds by the journal's clock."""

    key: str
    events: tuple[Event, ...]
    version: int
    fence: int = 0
    owner: str = ""
    lease_left: float = 0.0
    due: float | None = None


@value(kw_only=True)
class Switch:
    """A channel stopped by hand. Nothing half-opens it. `until` None: until resumed. Epoch seconds."""

    channel: str
    reason: str
    actor: str
    at: float
    until: float | None = None


Done = Callable[[Any], None]  # called exactly once, from any thread, with the result or an Exception


class Journal(Protocol):
    """A durable store of events. Every call returns at once and reports through `done` (possibly before returning).

    `done` gets the documented value, or a `JournalUnavailable`. `ok` means durable: it survives kill -9 and power loss.
    """

    def submit(self, commit: Commit, done: Done) -> None:
        """`done(Receipt)`. A journal whose `submit` also takes `may_block` is told so by callers that wait anyway and
        run no event loop: it may then write on their thread."""

    def load(self, key: str, done: Done) -> None:
        """`done(Stored | None)`."""

    def find(self, text: str, done: Done) -> None:
        """`done(tuple[str, ...])`: keys of the orders with this order id, attempt number or provider reference."""

    def claim(self, owner: str, lease: float, limit: int, done: Done, *, key: str | None = None) -> None:
        """Take the lease of due orders whose lease is free, most overdue first: `done(tuple[Stored, ...])`.
        With `key`, that order alone, due or not. An order that cannot be read is never leased: others behind it are
        claimed in its place, so that an empty answer means that nothing is left to do."""

    def count_due(self, done: Done) -> None:
        """`done(int)`: orders due now, leased or not."""

    def due(self, limit: int, done: Done) -> None:
        """`done(tuple[DueOrder, ...])`: what `claim` would take now, most overdue first. Takes nothing."""

    def list(self, states: Sequence[str], limit: int, done: Done, *, sort: str = "since") -> None:
        """`done(tuple[Summary, ...])`; no states: all. `sort`: "since", "amount" or "due"."""

    def captured(self, account: str, start: float, end: float, after: str, limit: int, done: Done) -> None:
        """`done(tuple[Summary, ...])`: orders that this account's captures of [start, end) pay, epoch seconds, by
        attempt number, from the one after `after` on."""

    def undelivered(self, limit: int, done: Done, *, order_id: str | None = None) -> None:
        """`done(tuple[Outcome, ...])`, oldest first."""

    def delivered(self, outcome_id: str, done: Done) -> None:
        """`done(None)`."""

    def keep(self, account: str, number: str, kind: str, body: Mapping[str, Any], done: Done) -> None:
        """The inbox: an authentic notification for a number nobody knows yet; the same one twice is kept once."""

    def kept(self, account: str, number: str, done: Done) -> None:
        """`done(tuple[Mapping[str, Any], ...])`: what the inbox holds for a number."""

    def stop_channel(self, switch: Switch, done: Done) -> None:
        """`done(None)`: record a manual stop; it replaces an earlier one of that channel."""

    def resume_channel(self, channel: str, actor: str, reason: str, done: Done) -> None:
        """`done(bool)`: whether it was stopped."""

    def switches(self, done: Done) -> None:
        """`done(tuple[Switch, ...])`: the stops that hold now."""

    def remember(self, refusals: Sequence[Refusal], done: Done) -> None:
        """`done(None)`: keep refusals of shoppers and cards until they are to be forgotten. Bounded, for each subject
        and in all: the oldest go first."""

    def recall(self, subjects: Sequence[str], done: Done) -> None:
        """`done(tuple[Refusal, ...])`: what is kept of these subjects and not to be forgotten yet, by
        subject, in the order in which it was kept."""

    def forget(self, subject: str, scope: str, done: Done) -> None:
        """`done(None)`: drop what is kept of a subject in one scope."""

    def close(self) -> None:
        """Finish what is under way and let go of the file. Later calls report `JournalUnavailable`."""


# ---------------------------------------------------------------- upkeep: verifying, exporting, retention


@value(kw_only=True)
class Held:
    """An order as it stands in the journal, readable or not. `stored` None: its events cannot be read, and `problem`
    says why. `summary` None: no decision was written yet."""

    key: str
    version: int
    due: float | None = None
    stored: Stored | None = None
    summary: Summary | None = None
    problem: str = ""


@value(kw_only=True)
class Page:
    """Some orders, by key. `after`: what the next page is asked for with; None: there is none. A page that holds
    nothing need not be the last."""

    orders: tuple[Held, ...]
    after: str | None


StrayKind = Literal["number", "outcome", "notification"]


@value(kw_only=True)
class Stray:
    """A row that leads nowhere: a number or an outcome of an order that is not there, or a notification that was kept
    for a number nobody knows. `name`: the number, or the outcome's id; `key`: the order that it names."""

    kind: StrayKind
    name: str
    account: str = ""
    key: str = ""


@value(kw_only=True)
class Strays:
    """What was found among some rows. `after`: what the next ones are asked for with; None: there are none."""

    found: tuple[Stray, ...]
    after: str | None


@value(kw_only=True)
class Retired:
    """What is to stand in place of an order's events, if it still has this version: see `_core/remains.py`.
    `outcomes`: the ids of all that it told."""

    key: str
    version: int
    events: tuple[Event, ...]
    outcomes: tuple[str, ...] = ()


class Archive(Protocol):
    """A journal's door for whoever looks after it as a whole. Calls report as those of `Journal`, and are bounded: each
    looks at `limit` rows at most."""

    def page(self, after: str, limit: int, done: Done, *, settled_before: float | None = None) -> None:
        """`done(Page)`: orders by key, from the one after `after` on. With `settled_before` only those whose story may
        go as far as their columns tell: settled before then, nothing due, no person wanted, not retired yet."""

    def leads(self, pairs: Sequence[tuple[str, str]], done: Done) -> None:
        """`done(tuple[str, ...])`: the key that each pair (as of `Commit.numbers`) leads to, or an empty text."""

    def told(self, ids: Sequence[str], done: Done) -> None:
        """`done(Mapping[str, float | None])`: of these outcomes, those that are there, and when each was delivered by
        the journal's clock, epoch seconds; None: not yet."""

    def strays(self, after: str, limit: int, done: Done) -> None:
        """`done(Strays)`: rows that lead nowhere. `after` is empty at first."""

    def flaws(self, done: Done) -> None:
        """`done(tuple[str, ...])`: what the database itself finds wrong with its file, as far as it can tell."""

    def retire(self, retired: Sequence[Retired], before: float, done: Done) -> None:
        """`done(tuple[str, ...])`: keys of the orders whose events were replaced, in one transaction. Left as they are:
        orders of another version, not settled before `before`, due, leased, wanting a person, or with an outcome that
        was not delivered before `before`. Reports `ProgrammingError` when that is less than 90 days ago by the
        journal's clock."""


@runtime_checkable
class Archiving(Protocol):
    """A journal that can be looked after."""

    @property
    def archive(self) -> Archive:
        """Its door for that."""
