"""The one vocabulary of faults, and which of them strike now: per channel and operation, counted or until lifted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from threading import Lock
from types import TracebackType
from typing import Literal

from payfallback._core.operations import Kind
from payfallback._values import value
from payfallback.errors import ProgrammingError
from payfallback.taxonomy import Cause

Takes = Literal["nothing", "seconds", "calls", "cause", "minor"]

_ALL = frozenset(Kind)
_CHARGE = frozenset({Kind.CHARGE})
_DECLINABLE = frozenset({Kind.CREATE, Kind.CHARGE, Kind.CAPTURE, Kind.REFUND})
_LATE = frozenset({Kind.CHARGE, Kind.REFUND})
_REPEATABLE = frozenset({Kind.CHARGE, Kind.REFUND})


@value
class Rule:
    """One word of the vocabulary. `strikes`: the operations it strikes when none is named; `may_strike`: those that
    may be named. `takes`: what may follow the colon; `default`: what it is when nothing does."""

    means: str
    takes: Takes = "nothing"
    default: float = 0.0
    strikes: frozenset[Kind] = _ALL
    may_strike: frozenset[Kind] = _ALL


FAULTS: Mapping[str, Rule] = {
    "refused": Rule("the connection is refused: nothing arrives"),
    "http_503": Rule("answers 503 and does nothing"),
    "slow": Rule("takes this many seconds; a question is answered from the state at its arrival", "seconds", 2.0),
    "hang": Rule("takes the request and does nothing with it; no answer comes"),
    "reply_lost": Rule("does what it was asked; the connection is cut before the answer"),
    "captured_late": Rule(
        "answers that it is working on it; the money moves this many seconds later",
        "seconds",
        30.0,
        _CHARGE,
        _LATE,
    ),
    "declined": Rule("refuses for good, for this cause", "cause", 0.0, _CHARGE, _DECLINABLE),
    "rate_limited": Rule("does nothing; asks to come back in this many seconds", "seconds", 1.0),
    "appears_late": Rule(
        "does not find what it was asked until this many seconds later", "seconds", 30.0, _CHARGE, _CHARGE
    ),
    "flapping": Rule("answers 503 but for the last of every so many calls", "calls", 2.0),
    "malformed": Rule("does what it was asked; the answer cannot be read"),
    "unsigned": Rule("does what it was asked; the answer's signature does not hold"),
    "wrong_amount": Rule("captures this many minor units, or one too many", "minor", 0.0, _CHARGE, _CHARGE),
    "key_ignored": Rule("takes a repeated number for a new request", "nothing", 0.0, _REPEATABLE, _REPEATABLE),
    "close_refused": Rule("refuses to close", "nothing", 0.0, frozenset({Kind.CLOSE}), frozenset({Kind.CLOSE})),
}
"""The faults that the sandbox, the lab and the simulator all know."""

EXTRAS: Mapping[str, Rule] = {
    "delivered_late": Rule(
        "the network delivers the request this many seconds after it was sent; no answer comes", "seconds", 30.0
    ),
    "declined_open": Rule(
        "refuses for this cause, but the same number can still be paid", "cause", 0.0, _CHARGE, _CHARGE
    ),
    "unlisted": Rule("does what it was asked; answers with a code that is in no table"),
    "user_paying": Rule(
        "a charge that would go through at once waits for the shopper", "nothing", 0.0, _CHARGE, _CHARGE
    ),
}
"""What only fakes in virtual time can do besides."""

_RULES: Mapping[str, Rule] = {**FAULTS, **EXTRAS}


@value
class Fault:
    """A fault with its parameter: `number` is seconds, calls or minor units; `cause` that of a refusal."""

    name: str
    number: float = 0.0
    cause: Cause | None = None

    def __post_init__(self) -> None:
        if self.name not in _RULES:
            raise ProgrammingError(f"{self.name!r} is not a fault", hint=_near(self.name, _RULES))

    @property
    def rule(self) -> Rule:
        """What the word means."""
        return _RULES[self.name]

    def __str__(self) -> str:
        if self.cause is not None:
            return f"{self.name}:{self.cause.value}"
        if self.number == self.rule.default:
            return self.name
        return f"{self.name}:{int(self.number) if self.number == int(self.number) else self.number}"


def parse_fault(text: str) -> Fault:
    """Read `"hang"`, `"slow:2.5"` or `"declined:overdue"`. Raises `ProgrammingError` with the nearest known word."""
    name, colon, given = text.partition(":")
    rule = Fault(name).rule
    if rule.takes == "cause":
        return Fault(name, 0.0, _cause(given) if colon else Cause.DECLINED)
    if not colon:
        return Fault(name, rule.default)
    if rule.takes == "nothing":
        raise ProgrammingError(f"the fault {name!r} takes nothing after a colon", hint=f"write {name!r}")
    return Fault(name, _number(text, given, rule.takes))


def _cause(text: str) -> Cause:
    known = {each.value: each for each in Cause}
    if text not in known:
        raise ProgrammingError(f"{text!r} is not a cause", hint=_near(text, known))
    return known[text]


_LEAST: Mapping[Takes, float] = {"seconds": 0.0, "calls": 2.0, "minor": 1.0}


def _number(text: str, given: str, takes: Takes) -> float:
    try:
        number = float(given)
    except ValueError:
        number = -1.0
    least = _LEAST[takes]
    if not least <= number <= 1e12 or (takes != "seconds" and number != int(number)):
        wanted = "seconds, such as slow:2.5" if takes == "seconds" else f"a whole number, at least {least:g}"
        raise ProgrammingError(f"cannot read the fault {text!r}", hint=f"after the colon comes {wanted}")
    return number


def _near(word: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # only for the wording of an error

    known = sorted(known)
    close = get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"


class Outage:
    """One fault on one channel, until it is lifted or used up. Also a context manager that lifts it."""

    __slots__ = ("_faults", "after", "calls", "channel", "fault", "kinds", "struck", "times")

    def __init__(
        self, faults: Faults, channel: str, fault: Fault, kinds: frozenset[Kind], times: int | None, after: int
    ) -> None:
        self._faults, self.channel, self.fault, self.kinds = faults, channel, fault, kinds
        self.times, self.after = times, after
        self.calls = self.struck = 0

    def strikes(self) -> bool:
        """Count one call that it could strike, and say whether it does."""
        self.calls += 1
        turn = self.calls - self.after
        if turn <= 0 or (self.fault.name == "flapping" and turn % int(self.fault.number) == 0):
            return False
        self.struck += 1
        return True

    @property
    def used_up(self) -> bool:
        """Whether it has struck as often as it was to."""
        return self.times is not None and self.struck >= self.times

    def lift(self) -> None:
        """End it; nothing when it has ended."""
        self._faults.drop(self)

    def __enter__(self) -> Outage:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.lift()


class Faults:
    """Which faults strike which call. Safe for threads. `channels`, when given, are the only names accepted."""

    def __init__(self, channels: Collection[str] = ()) -> None:
        self._channels = tuple(channels)
        self._outages: tuple[Outage, ...] = ()
        self._lock = Lock()

    def outage(
        self,
        channel: str,
        fault: str | Fault,
        *,
        operation: str | Kind | None = None,
        times: int | None = None,
        after: int = 0,
    ) -> Outage:
        """Let a channel (`"*"`: all) fail from now on, at one operation or at all that the fault can strike.

        `times`: how often it strikes; None: until lifted. `after`: how many such calls go through before. Several
        outages of one channel add up. Raises `ProgrammingError` for a channel, fault or operation that does not exist.
        """
        if self._channels and channel not in (*self._channels, "*"):
            raise ProgrammingError(f"no channel {channel!r}", hint=_near(channel, self._channels))
        if (times is not None and times < 1) or after < 0:
            raise ProgrammingError("an outage strikes at least once, after no less than 0 calls")
        parsed = parse_fault(fault) if isinstance(fault, str) else fault
        made = Outage(self, channel, parsed, _kinds(parsed, operation), times, after)
        with self._lock:
            self._outages = (*self._outages, made)
        return made

    def lift(self, channel: str | None = None) -> None:
        """End every outage, or those of one channel."""
        with self._lock:
            self._outages = tuple(each for each in self._outages if channel not in (None, each.channel))

    def drop(self, outage: Outage) -> None:
        """End one outage."""
        with self._lock:
            self._outages = tuple(each for each in self._outages if each is not outage)

    def strike(self, channel: str, kind: Kind) -> tuple[Fault, ...]:
        """The faults that strike this call, in the order in which they were ordered. Counts the call."""
        if not self._outages:
            return ()
        with self._lock:
            met = [each for each in self._outages if kind in each.kinds and each.channel in (channel, "*")]
            struck = tuple(each.fault for each in met if each.strikes())
            if any(each.used_up for each in met):
                self._outages = tuple(each for each in self._outages if not each.used_up)
            return struck


def _kinds(fault: Fault, operation: str | Kind | None) -> frozenset[Kind]:
    if operation is None:
        return fault.rule.strikes
    known = {each.value: each for each in Kind}
    kind = operation if isinstance(operation, Kind) else known.get(operation)
    if kind is None:
        raise ProgrammingError(f"{operation!r} is not an operation", hint=_near(str(operation), known))
    if kind not in fault.rule.may_strike:
        may = ", ".join(sorted(each.value for each in fault.rule.may_strike))
        raise ProgrammingError(f"{fault.name!r} cannot strike {kind.value!r}", hint=f"it can strike: {may}")
    return frozenset({kind})
