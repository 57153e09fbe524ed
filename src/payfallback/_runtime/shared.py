"""What the sync and the async driver share: everything but waiting."""

from __future__ import annotations

import hmac
import itertools
import os
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from payfallback._core import events as e
from payfallback._core.answers import seen
from payfallback._core.effects import Admit, Append, Call, GiveBack, Keep, MayAsk
from payfallback._core.limits import plausible
from payfallback._core.operations import Answer, Kind, Operation
from payfallback._core.order import Attempt
from payfallback._core.run import Env
from payfallback._runtime.commits import never_sent
from payfallback._runtime.forks import renew_after_fork
from payfallback._runtime.health import Gate, Rejection
from payfallback._runtime.plans import PlanShelf
from payfallback._runtime.surges import Surges
from payfallback._runtime.unlisted import Unlisted
from payfallback.errors import ProgrammingError
from payfallback.policy import Channel, Policy
from payfallback.ports import Callables, Clock, Commit, Journal, Observer, Provider, Wire
from payfallback.taxonomy import FACTS, Cause, Verdict

if TYPE_CHECKING:
    from payfallback._runtime.sharing import Sharing

KEPT = 10_000  # pieces of evidence kept while the journal is away; beyond it the oldest goes, and recovery asks again
SWITCHES_EVERY = 1.0  # seconds between two looks at the manual switches; every worker obeys within 2


class Backlog:
    """Evidence that could not be written because the journal was away. Bounded; tried again by every later call."""

    def __init__(self, journal: Journal, tell: Callable[..., None] | None) -> None:
        self._journal = journal
        self._tell = tell or _ignore
        self.waiting: deque[Keep] = deque(maxlen=KEPT)

    def keep(self, kept: Keep) -> None:
        """Remember evidence until the journal takes it."""
        self.waiting.append(kept)

    def write(self) -> None:
        """Hand everything to the journal; what it refuses comes back."""
        for _ in range(len(self.waiting)):
            try:
                kept = self.waiting.popleft()
            except IndexError:  # another thread was faster
                return
            self._journal.submit(_commit_of(kept), partial(self._done, kept))

    def _done(self, kept: Keep, reply: Any) -> None:
        if isinstance(reply, ProgrammingError):
            self._drop(kept, reply)
        elif isinstance(reply, BaseException):
            self.keep(kept)
        elif not reply.ok and reply.conflict == "lease":
            self.keep(kept)  # somebody holds the order: when it is free
        elif not reply.ok and any(type(event) is e.Planned for event in kept.events):
            self._to_inbox(kept)  # the order became known meanwhile, and its attempts are others

    def _drop(self, kept: Keep, reply: ProgrammingError) -> None:
        """What no journal can hold would be refused again each time: recovery asks the provider instead."""
        self._tell("journal.evidence_refused", order_id=kept.key, error=reply.message)
        self._to_inbox(kept)

    def _to_inbox(self, kept: Keep) -> None:
        """Attempts made without the journal, for an order that has others: kept under their numbers, for a person."""
        for planned in [event for event in kept.events if type(event) is e.Planned]:
            answers = [event for event in kept.events if type(event) is e.Seen and event.seq == planned.seq]
            verdict = answers[-1].verdict if answers else Verdict.UNKNOWN.value
            body = {"order": kept.key, "option": planned.option, "at": planned.at, "verdict": verdict}
            self._journal.keep(planned.account, planned.number, "unjournalled", body, _ignore)
            self._tell("order.needs_person", order_id=kept.key, number=planned.number, cause="journal_unavailable")

    def __len__(self) -> int:
        return len(self.waiting)


def _ignore(*reply: Any, **fields: Any) -> None:
    """The journal is back, and if it goes away again the provider's bill still knows."""


def _commit_of(kept: Keep) -> Commit:
    if not any(type(event) is e.Planned for event in kept.events):
        return Commit(key=kept.key, version=None, events=kept.events, due=kept.events[-1].at)
    planned = [event for event in kept.events if type(event) is e.Planned]
    opened = [(f"order:{kept.key}", event.order_id) for event in kept.events if type(event) is e.Opened]
    numbers = (*opened, *((event.account, event.number) for event in planned))
    return Commit(key=kept.key, version=kept.version or 0, events=kept.events, due=kept.events[-1].at, numbers=numbers)


class Shared:
    """One client's parts, and the effects that need no waiting."""

    def __init__(
        self,
        policy: Policy,
        providers: Mapping[str, Provider],
        journal: Journal,
        gate: Gate,
        clock: Clock,
        observer: Observer | None,
        backoff: Callable[[Channel, int], float],
        hashed: Callable[[str], str],
        heard: Callable[[], bool] = lambda: True,
    ) -> None:
        self.policy, self.providers, self.journal = policy, providers, journal
        self.gate, self.clock, self.observer = gate, clock, observer
        self.callables = {name: each for name, each in providers.items() if isinstance(each, Callables)}
        others = {name: each for name, each in providers.items() if name not in self.callables}
        self.wires = {name: each for name, each in others.items() if isinstance(each, Wire)}
        self.backlog = Backlog(journal, observer)
        self.plans = PlanShelf(policy.credit, clock)
        self.surges = Surges(policy.credit, clock)
        self.unlisted = Unlisted(observer)
        self._count = itertools.count(1)
        self.sharing: Sharing | None = None  # set by who puts a client together, where health is shared
        self.env = Env(
            policy=policy,
            clock=clock,
            owner=self._owner,
            backoff=backoff,
            peek=self.peek,
            turn=gate.turn,
            memo=self._memo,
            forgetful=frozenset(name for name, each in providers.items() if getattr(each, "keeps_nothing", False)),
            wires=frozenset(self.wires),
            tell=observer,
            hashed=hashed,
            heard=heard,
            remember=lambda refusals: journal.remember(refusals, _ignore),
            forget=lambda subject, scope: journal.forget(subject, scope, _ignore),
        )
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """A name of this process's own, and a look at the switches with the next call."""
        self._switches_at = float("-inf")
        self._name = f"{os.getpid()}-{secrets.token_hex(6)}"

    def _owner(self) -> str:
        """A name for one run's lease, unique over hosts, processes (also after a fork), threads and tasks."""
        return f"{self._name}-{next(self._count)}"

    def _memo(self, channel: str, operation: Operation) -> Mapping[str, str]:
        return self.providers[channel].memo(operation)

    def peek(self, channel: str) -> Cause | None:
        """Why a channel would be refused right now."""
        return _PEEK.get(self.gate.health(channel).state)

    def before(self) -> None:
        """At the start of every call: write what waits, and look at the manual switches now and then."""
        if self.backlog.waiting:
            self.backlog.write()
        now = self.clock.monotonic()
        if now - self._switches_at >= SWITCHES_EVERY:
            self._switches_at = now
            self.reread()
            if self.sharing is not None:
                self.sharing.ensure()

    def reread(self) -> None:
        """Look at the manual switches in the journal."""
        self.journal.switches(self._obey)

    def _obey(self, switches: Any) -> None:
        if not isinstance(switches, BaseException):
            self.gate.obey(switches)

    # ---- effects

    def admit(self, effect: Admit) -> Any:
        """A permit or a rejection."""
        return self.gate.admit(effect.channel, retry=effect.retry)

    def give_back(self, effect: GiveBack) -> None:
        """The permit's call was never made."""
        if effect.permit is not None and not isinstance(effect.permit, Rejection):
            self.gate.settle(effect.permit, None, 0.0)

    def may_ask(self, effect: MayAsk) -> bool:
        """Whether the query budget allows a question."""
        return self.gate.may_ask(effect.channel)

    def answered(self, effect: Call, answer: Answer | None, started: float) -> None:
        """Let health know; None: the caller went away."""
        elapsed = self.clock.monotonic() - started
        if answer is not None and answer.error is not None and answer.verdict is Verdict.NOT_SENT:
            self.not_built(effect, answer)
        if answer is not None and answer.unlisted:
            asked, provider = effect.operation, self.providers[effect.channel]
            self.unlisted.met(effect.channel, provider, asked.kind.value, answer.code, order_id=asked.order_id)
        if effect.permit is not None:
            answer = answer and plausible(answer, self.policy.credit)
            self.gate.settle(effect.permit, answer, elapsed)
            if answer is not None and answer.verdict is Verdict.DECLINED:
                self.shown(effect.channel, answer.cause, effect.operation, elapsed)
        elif answer is not None and effect.operation.kind is Kind.QUERY and answer.verdict is Verdict.CAPTURED:
            self.gate.learned(effect.channel, True)

    def not_built(self, effect: Call, answer: Answer) -> None:
        """A request that could not even be built, for a reason that stays until somebody mends it."""
        if self.observer is not None and answer.cause in (Cause.MERCHANT_CONFIG, Cause.INPUT_MISSING):
            asked = effect.operation
            self.observer(
                "provider.request_not_built",
                order_id=asked.order_id,
                channel=effect.channel,
                operation=asked.kind.value,
                why=answer.text,
            )

    def shown(self, channel: str, cause: Cause | None, operation: Operation, elapsed: float) -> None:
        """A shopper was shown a cause that is theirs alone, unless many show it at once: that is told, and a glitch
        counts against the channel then."""
        who = operation.ref or operation.order_id
        if cause is None or FACTS[cause].counts not in ("surge", "many") or not who:
            return
        shoppers, first = self.surges.shown(channel, cause, who)
        if not shoppers:
            return
        if first and self.observer is not None:
            self.observer("channel.surge", channel=channel, cause=cause.value, shoppers=shoppers)
        if FACTS[cause].counts == "many":
            self.gate.strike(channel, cause, elapsed)

    def late(self, effect: Call, answer: Answer) -> None:
        """An answer that came after its time was up is still evidence."""
        if not effect.key or answer.verdict is Verdict.UNKNOWN:
            return
        now, operation = self.clock.epoch(), effect.operation
        account = self.providers[effect.channel].account.id
        attempt = Attempt(effect.seq, operation.number, operation.option.id, account, "", now)
        event = seen(attempt, effect.operation.kind.value, answer, now, request=effect.request)
        self.keep_now(Keep(effect.key, (event,)))

    def never_sent(self, effect: Append, receipt: Any) -> None:
        """The caller went away while its intent became durable: say that what it meant to send never was sent.

        Only where the intent did become durable: after a conflict its numbers are another run's.
        """
        if isinstance(receipt, BaseException) or not getattr(receipt, "ok", False):
            return
        commit = never_sent(effect, self.clock.epoch())
        if commit is not None:
            self.journal.submit(commit, lambda reply: None)

    def keep_now(self, kept: Keep) -> None:
        """Write evidence as soon as possible."""
        self.backlog.keep(kept)
        self.backlog.write()


_PEEK: dict[str, Cause] = {
    "open": Cause.CIRCUIT_OPEN,
    "stopped": Cause.CHANNEL_STOPPED,
    "busy": Cause.CHANNEL_BUSY,
}


def hashing(key: bytes) -> Callable[[str], str]:
    """What makes a shopper's reference unreadable: a keyed hash, or nothing without a key."""
    if not key:
        return lambda ref: ""  # without a key of the shop's own, a hash of a reference would be personal data
    return lambda ref: hmac.new(key, ref.encode(), sha256).hexdigest()[:32]


def timed_out(timeout: float) -> Answer:
    """The answer of a call whose time is up: no proof of anything."""
    return Answer(verdict=Verdict.UNKNOWN, cause=Cause.TIMEOUT, text=f"no answer within {timeout:.3g} s")


def no_such_operation(kind: Kind) -> Answer:
    """The answer where the merchant gave no callable for an operation."""
    return Answer(verdict=Verdict.UNKNOWN, cause=Cause.UNRECOGNISED, text=f"this channel has no {kind.value}")
