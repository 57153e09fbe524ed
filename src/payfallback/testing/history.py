"""An order's journal read as plain data, for the promise checkers. It shares no code with the core's own folding."""

from __future__ import annotations

from collections.abc import Iterable

from payfallback._core.events import (
    Died,
    Event,
    Excess,
    HandedOver,
    Opened,
    Planned,
    RefundAsked,
    Seen,
    Sending,
    Settled,
    Won,
)
from payfallback.model import Money


class Attempt:
    """What the journal says about one attempt; every event with its place in the order's journal."""

    __slots__ = ("asked", "died", "excess", "handed", "place", "planned", "seen", "sent")

    def __init__(self, place: int, planned: Planned, asked: Money | None) -> None:
        self.place, self.planned, self.asked = place, planned, asked
        self.sent: list[tuple[int, Sending]] = []
        self.seen: list[tuple[int, Seen]] = []
        self.died: list[tuple[int, Died]] = []
        self.handed: list[int] = []
        self.excess: list[int] = []

    @property
    def key(self) -> tuple[str, str]:
        """What money is booked under: account and number."""
        return self.planned.account, self.planned.number

    @property
    def name(self) -> str:
        """For messages."""
        return f"attempt {self.planned.seq} ({self.planned.option}, {self.planned.number})"

    def charges(self, before: int | None = None) -> list[tuple[int, Sending]]:
        """The charges that were about to be sent, up to a place."""
        return [(n, each) for n, each in self.sent if each.what == "charge" and (before is None or n < before)]

    def was_out(self, before: int | None = None) -> bool:
        """Whether money could have moved: a charge may have been sent, or the attempt was taken over from old code."""
        adopted = self.planned.adopted and (before is None or self.place < before)
        return adopted or bool(self.charges(before))

    def dead(self, before: int | None = None) -> bool:
        """Whether the journal, up to a place, holds evidence that this attempt cannot move money (any more)."""
        charges = self.charges(before)
        since = charges[-1][0] if charges else self.place
        seen = [(n, each) for n, each in self.seen if before is None or n < before]
        deaths = [n for n, _ in self.died if n > since and (before is None or n < before)]
        deaths += [n for n, each in seen if n > since and _names_the_end(each)]
        deaths += self._all_refused(charges, seen)
        whole = {each.minor for _, each in seen if each.verdict == "captured"} or {
            self.asked.minor if self.asked else None
        }
        returned = [n for n, each in seen if each.verdict == "refunded" and _returns(each, whole)]
        deaths += [n for n in returned if n > since]
        if not deaths:
            return False
        back = max(returned, default=-1)
        taken = max((n for n, each in seen if each.verdict == "captured"), default=-1)
        held = max((n for n, each in seen if each.verdict == "authorised"), default=-1)
        return taken <= back and held <= max(deaths)

    def given_back(self, before: int) -> bool:
        """Whether, before a place, its capture was seen and declared surplus: that money is on its way back."""
        taken = min((n for n, each in self.seen if each.verdict == "captured"), default=before)
        return any(taken < n < before for n in self.excess)

    def may_be_undone(self) -> bool:
        """Whether a cancel that refunds what was paid may have reached the provider."""
        unsent = {each.request for _, each in self.seen if each.what == "close" and each.verdict == "not_sent"}
        return any(each.what == "close" and each.refunds and each.request not in unsent for _, each in self.sent)

    def _all_refused(self, charges: list[tuple[int, Sending]], seen: list[tuple[int, Seen]]) -> list[int]:
        """The place at which every request was settled and the number refused for good; an adopted one never is."""
        if not charges or self.planned.adopted:
            return []
        settling = [(n, each) for n, each in seen if each.what == "charge" and each.verdict in ("declined", "not_sent")]
        answered = {each.request for _, each in settling}
        if any(charge.request not in answered for _, charge in charges):
            return []
        refused = [each for _, each in settling if each.verdict == "declined"]
        return [settling[-1][0]] if not refused or any(each.final for each in refused) else []


def _names_the_end(seen: Seen) -> bool:
    """Evidence that ends an attempt by itself: what shows the trade, not a request, closed or refused for good."""
    about_the_trade = seen.what == "query" or seen.source in ("notify", "report", "bill")
    if seen.verdict == "closed":
        return seen.named or about_the_trade
    return seen.verdict == "declined" and seen.final and about_the_trade


def _returns(seen: Seen, whole: set[int | None]) -> bool:
    """Whether a refund leaves nothing: the trade is shown refunded, or one refund gave back all that was captured."""
    if seen.refund or seen.what in ("refund", "query_refund"):
        return seen.minor is not None and seen.minor in whole
    return seen.named or seen.what == "query" or seen.source in ("notify", "report", "bill")


class History:
    """One order as its journal tells it."""

    __slots__ = ("asked_back", "attempts", "key", "opened", "settled", "strays", "won")

    def __init__(self, key: str, events: Iterable[Event]) -> None:
        self.key = key
        self.opened: list[Opened] = []
        self.attempts: dict[int, Attempt] = {}
        self.won: list[tuple[int, Won]] = []
        self.asked_back: list[RefundAsked] = []
        self.settled: list[Settled] = []
        self.strays: list[Event] = []
        for place, event in enumerate(events):
            self._take(place, event)

    @property
    def order_id(self) -> str:
        """The shop's id."""
        return self.opened[0].order_id if self.opened else self.key

    @property
    def amount(self) -> Money | None:
        """What is to be paid."""
        return self.opened[0].amount if self.opened else None

    @property
    def before_a_person(self) -> bool:
        """Whether somebody was told to look at it."""
        return any(each.kind == "needs_person" for each in self.settled)

    @property
    def winner(self) -> Attempt | None:
        """The attempt that pays the order."""
        return self.attempts.get(self.won[0][1].seq) if self.won else None

    def _take(self, place: int, event: Event) -> None:
        match event:
            case Opened():
                self.opened.append(event)
            case Planned():
                self.attempts.setdefault(event.seq, Attempt(place, event, self.amount))
            case Won():
                self.won.append((place, event))
            case RefundAsked():
                self.asked_back.append(event)
            case Settled():
                self.settled.append(event)
            case Sending() | Seen() | Died() | HandedOver() | Excess():
                self._take_of_attempt(place, event)
            case _:
                pass

    def _take_of_attempt(self, place: int, event: Sending | Seen | Died | HandedOver | Excess) -> None:
        attempt = self.attempts.get(event.seq)
        if attempt is None:
            self.strays.append(event)
            return
        match event:
            case Sending():
                attempt.sent.append((place, event))
            case Seen():
                attempt.seen.append((place, event))
            case Died():
                attempt.died.append((place, event))
            case HandedOver():
                attempt.handed.append(place)
            case Excess():
                attempt.excess.append(place)
