"""Notifications and reports: read, verified, stored before they are acknowledged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from payfallback._arguments import received
from payfallback._core.learn import learn
from payfallback._core.operations import Answer, Kind, Notice, sound
from payfallback._core.order import Record
from payfallback._core.result import result_of
from payfallback._core.run import Flow
from payfallback._values import changed
from payfallback.errors import NotAuthentic, UnknownOption
from payfallback.model import Money
from payfallback.ports import Callables, Wire
from payfallback.results import Ack
from payfallback.taxonomy import Verdict

if TYPE_CHECKING:
    from payfallback._build import Built

LARGEST = 1 << 20  # bytes of a notification that is read at all


class Inbound:
    """One channel's door for what providers send."""

    def __init__(self, built: Built, channel: str) -> None:
        provider = built.providers.get(channel) if isinstance(channel, str) else None
        if provider is None:
            raise UnknownOption(f"no channel {channel!r} is configured")
        self._built = built
        self._provider = provider
        self._channel = channel
        self.account = provider.account.id

    def read(self, headers: Mapping[str, str], body: bytes, query: str) -> Notice | None:
        """The notice, or None when it proves nothing. Raises `UnknownOption` for a channel that reads none, and
        `ProgrammingError` for what is no notification as a web framework hands it in."""
        wire = self._wire()
        lower, body = received(headers, body, query)
        if len(body) > LARGEST:
            self._built.tell("notification.refused", order_id="", why="the body is too large")
            return None
        try:
            notice = wire.notification(lower, body, query or "")
        except NotAuthentic as error:
            self._built.tell("notification.refused", order_id="", why=error.message)
            return None
        self._built.tell("notification.received", order_id="", number=notice.number, kind=notice.kind.value)
        if notice.answer.unlisted:
            self._built.shared.unlisted.met(self._channel, self._provider, "notification", notice.answer.code)
        answer = sound(notice.answer)
        return notice if answer is notice.answer else changed(notice, answer=answer)

    def _wire(self) -> Wire:
        if isinstance(self._provider, Callables):
            raise UnknownOption(
                "a wrapped channel has no notifications of its own", hint="verify it with your SDK and call `report`"
            )
        return self._provider

    def flow(self, key: str, notice: Notice, *, sole: bool = True) -> Flow:
        """Learn what a notice proves; None when it is another order's."""
        run = self._built.run_of_key("notify", key)
        record = yield from learn(
            run,
            notice.number,
            self.account,
            notice.answer,
            source="notify",
            kind=notice.kind,
            refund=notice.refund_number,
            sole=sole,
        )
        return record

    def report(self, key: str, number: str, answer: Answer, *, sole: bool = True) -> Flow:
        """Learn what the shop verified itself."""
        run = self._built.run_of_key("report", key)
        record = yield from learn(run, number, self.account, sound(answer), source="report", sole=sole)
        return None if record is None else result_of(run)

    def plain(self, notice: Notice) -> dict[str, Any]:
        """What the inbox keeps of a notice for a number nobody knows."""
        amount = notice.answer.amount
        return {
            "verdict": notice.answer.verdict.value,
            "minor": amount.minor if amount else None,
            "currency": amount.currency if amount else "",
            "provider_ref": notice.answer.provider_ref,
            "refund": notice.refund_number if notice.kind is Kind.REFUND else "",
        }

    def kept(self, bodies: Iterable[Mapping[str, Any]]) -> Iterator[Answer]:
        """What the inbox knew of a number before anybody adopted it."""
        for body in bodies:
            if body.get("refund") or "order" in body:
                continue  # a refund, or an attempt made without the journal: for a person
            minor = body.get("minor")
            yield Answer(
                verdict=Verdict(body["verdict"]),
                amount=None if minor is None else Money(minor, body["currency"]),
                provider_ref=body.get("provider_ref", ""),
            )

    def taken(self, record: Record) -> Ack:
        """Stored with its order: the provider need not send it again."""
        return self._ack(True, record.order_id)

    def stored(self) -> Ack:
        """Authentic, and nobody's here: kept, so that the provider need not send it again."""
        return self._ack(True, None)

    def later(self) -> Ack:
        """Not stored: the provider must send it again."""
        return self._ack(False, None)

    def refused(self) -> Ack:
        """Not authentic."""
        return self._ack(False, None)

    def _ack(self, handled: bool, order_id: str | None) -> Ack:
        status, headers, body = self._wire().acknowledge(handled)
        return Ack(status=status, headers=headers, body=body, handled=handled, order_id=order_id)
