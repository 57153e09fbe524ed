"""What the journal tells about each channel of the last minutes. Pure: from orders' events to figures.

A worker's own circuit and call times are in its memory. What stands in the journal is enough to see them: every charge
with the time at which it was written down and at which its answer was, and every option that was passed over because a
circuit was open.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from payfallback._core import events as e
from payfallback._values import field, value
from payfallback.ports import Switch
from payfallback.taxonomy import FACTS, Cause, Verdict

WINDOW = 300.0  # seconds that count as now
LATE = 5.0  # seconds after a call's end without a written answer: nobody wrote one
CIRCUIT_SEEN = 60.0  # seconds for which "passed over: circuit open" is believed to hold still
FAILING, UNSTEADY = 0.5, 0.1  # parts of the charges that failed
MOST_CAUSES = 12  # of one channel
ENOUGH = 5  # charges below which a part says nothing

_NO_PROOF = (Verdict.UNKNOWN.value, Verdict.NOT_SENT.value)


@value(kw_only=True)
class Figures:
    """One channel. `state`: ok, unsteady, FAILING, STOPPED or quiet; `since` when that began, epoch seconds.

    asked: charges sent in the window; paid: those that were captured since; failed: those that the channel failed to
    answer (a refusal is an answer). p95: seconds until an answer was written. open: orders that wait on it now.
    circuit_open: when a worker last passed it over because its circuit was open. unlisted: answers that no table
    explains, by the provider's code.
    """

    channel: str
    provider: str = ""
    state: str = "quiet"
    since: float | None = None
    asked: int = 0
    paid: int = 0
    failed: int = 0
    p95: float | None = None
    open: int = 0
    why: Mapping[str, int] = field(factory=dict)
    passed_over: int = 0
    circuit_open: float | None = None
    unlisted: Mapping[str, int] = field(factory=dict)
    stop: Switch | None = None

    @property
    def failing(self) -> bool:
        """Whether most charges fail, or workers keep away from it."""
        return self.state == "FAILING"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        plain = {name: getattr(self, name) for name in Figures.__value_fields__}  # type: ignore[attr-defined]  # set by `value`
        stop = self.stop
        names = ("reason", "actor", "at", "until")
        told = None if stop is None else {name: getattr(stop, name) for name in names}
        return {**plain, "why": dict(self.why), "unlisted": dict(self.unlisted), "stop": told}


class _Charge:
    """One charge request as the journal tells it."""

    __slots__ = ("answered", "failed", "paid", "sent", "seq", "until", "why")

    def __init__(self, seq: int, sent: float, until: float) -> None:
        self.seq, self.sent, self.until = seq, sent, until
        self.answered: float | None = None
        self.failed: bool | None = None
        self.why = ""
        self.paid = False


class _Seen:
    """What the window shows of one channel."""

    def __init__(self) -> None:
        self.charges: list[_Charge] = []
        self.passed: list[tuple[float, str]] = []
        self.unlisted: Counter[str] = Counter()


def figures_of(
    logs: Iterable[Iterable[e.Event]],
    *,
    now: float,
    providers: Mapping[str, str],
    waiting: Mapping[str, int],
    stops: Mapping[str, Switch],
) -> tuple[Figures, ...]:
    """The figures of every configured channel, and of others that the window shows.

    logs: the events of the window's orders. providers: the provider of each configured channel. waiting: open orders
    by channel. stops: the manual stops.
    """
    seen: dict[str, _Seen] = defaultdict(_Seen)
    for log in logs:
        _read(log, seen, now)
    names = [*providers, *sorted((seen.keys() | waiting.keys()) - providers.keys())]
    return tuple(_figures(each, providers, seen[each], now, waiting, stops) for each in names)


def _read(log: Iterable[e.Event], seen: dict[str, _Seen], now: float) -> None:
    channels: dict[int, str] = {}
    charges: dict[tuple[int, int], _Charge] = {}
    for event in log:
        match event:
            case e.Planned():
                channels[event.seq] = event.option.partition("/")[0]
            case e.Sending(what="charge"):
                charges[event.seq, event.request] = _Charge(event.seq, event.at, event.until)
            case e.Seen():
                _answer(charges, event)
                if _is_unlisted(event) and event.at >= now - WINDOW and event.seq in channels:
                    seen[channels[event.seq]].unlisted[event.code] += 1
            case e.Passed() if event.at >= now - WINDOW:
                seen[event.option.partition("/")[0]].passed.append((event.at, event.cause))
    for (seq, _), charge in charges.items():
        if charge.sent >= now - WINDOW:
            _unanswered(charge, now)
            seen[channels[seq]].charges.append(charge)


def _is_unlisted(event: e.Seen) -> bool:
    return event.cause == Cause.UNRECOGNISED.value and bool(event.code)


def _answer(charges: Mapping[tuple[int, int], _Charge], event: e.Seen) -> None:
    if event.verdict == Verdict.CAPTURED.value:
        for charge in charges.values():
            charge.paid = charge.paid or charge.seq == event.seq
    charge_of = charges.get((event.seq, event.request)) if event.what == "charge" else None
    if charge_of is None or charge_of.answered is not None or event.source not in ("answer", "crash"):
        return
    charge_of.answered = event.at
    charge_of.failed = event.verdict in _NO_PROOF and _counts(event.cause)
    charge_of.why = (event.cause or "no answer") + (f" [{event.code}]" if event.code else "")


def _counts(cause: str) -> bool:
    """Whether a cause is the channel's failure, and not the shopper's, the merchant's or our own decision."""
    return not cause or cause == Cause.CRASHED.value or FACTS[Cause(cause)].counts != "no"


def _unanswered(charge: _Charge, now: float) -> None:
    if charge.answered is None and now > charge.until + LATE:
        charge.failed, charge.why = True, "no answer written"


def _figures(
    name: str,
    providers: Mapping[str, str],
    seen: _Seen,
    now: float,
    waiting: Mapping[str, int],
    stops: Mapping[str, Switch],
) -> Figures:
    stop = stops.get(name)
    charges = sorted(seen.charges, key=lambda charge: charge.sent)
    failed = [charge for charge in charges if charge.failed]
    circuit = max((at for at, cause in seen.passed if cause == Cause.CIRCUIT_OPEN.value), default=None)
    state, since = _state(charges, failed, circuit, stop, now)
    return Figures(
        channel=name,
        provider=providers.get(name, ""),
        state=state,
        since=since,
        asked=len(charges),
        paid=sum(charge.paid for charge in charges),
        failed=len(failed),
        p95=_p95([charge.answered - charge.sent for charge in charges if charge.answered is not None]),
        open=waiting.get(name, 0),
        why=dict(Counter(charge.why for charge in failed).most_common(MOST_CAUSES)),
        passed_over=len(seen.passed),
        circuit_open=circuit,
        unlisted=dict(seen.unlisted.most_common(MOST_CAUSES)),
        stop=stop,
    )


def _state(
    charges: list[_Charge], failed: list[_Charge], circuit: float | None, stop: Switch | None, now: float
) -> tuple[str, float | None]:
    if stop is not None:
        return "STOPPED", stop.at
    part = len(failed) / len(charges) if charges else 0.0
    if (len(charges) >= ENOUGH and part >= FAILING) or (circuit is not None and circuit >= now - CIRCUIT_SEEN):
        return "FAILING", _bad_since(charges, failed, circuit)
    if not charges:
        return "quiet", None
    if failed and part >= UNSTEADY:
        return "unsteady", failed[0].sent
    return "ok", None


def _bad_since(charges: list[_Charge], failed: list[_Charge], circuit: float | None) -> float | None:
    """The first failure after the last good answer; where good ones are mixed in, the first of the window."""
    good = max((charge.sent for charge in charges if charge.failed is False), default=0.0)
    run = [charge.sent for charge in failed if charge.sent > good] or [charge.sent for charge in failed]
    return run[0] if run else circuit


def _p95(times: list[float]) -> float | None:
    if not times:
        return None
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


# ---------------------------------------------------------------- whose


def whose(channels: Iterable[Figures]) -> str:
    """Whose trouble it is, as far as the journal can tell; empty when nothing fails."""
    told = tuple(channels)
    bad = {each.provider or each.channel for each in told if each.failing}
    if not bad:
        return ""
    good = [each for each in told if each.state == "ok" and (each.provider or each.channel) not in bad]
    names = ", ".join(sorted(bad))
    if good:
        verb = "answers" if len(good) == 1 else "answer"
        return f"{names}'s, not ours: {', '.join(each.channel for each in good)} {verb} normally"
    others = {each.provider or each.channel for each in told} - bad
    if others:
        return f"not known: {names} fails, and nothing else is known to answer"
    return "perhaps ours: every provider fails (network, certificates, clock of this machine?)"
