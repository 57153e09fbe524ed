"""The answers that every reader gives: unknown, never sent, refused; and the provider's words made fit to keep."""

from __future__ import annotations

import re
from typing import Any

from payfallback._core.operations import Answer, Kind
from payfallback.providers.attempt import Attempt
from payfallback.providers.codes import clean_code, clean_text
from payfallback.providers.readers.chain import Proof, cause_of, links, never_connected
from payfallback.providers.readers.frames import sent_before
from payfallback.taxonomy import Cause, Verdict

_ASKING = frozenset({Kind.QUERY, Kind.QUERY_REFUND, Kind.PLANS})
_TELLING = re.compile(r"(?=[A-Za-z_.+*%-]*[\d@])[A-Za-z0-9_@.+*%-]{6,}")  # an id, a phone, a token, an address
_MAX_TEXT = 200


def words(text: object) -> str:
    """A provider's sentence, cut, without what could be a number, a token or an address: SDKs repeat what was sent."""
    return _TELLING.sub("…", clean_text(text))


def failed(error: BaseException, *, sends_once: bool, also: Proof | None = None) -> Answer:
    """What an exception proves that carries no answer: NOT_SENT if no request of this call can have left, else UNKNOWN.

    `sends_once`: the SDK does not send by itself again, as far as the reader or the merchant knows.
    """
    if sends_once and never_connected(error, also) and not sent_before(error):
        return Answer(verdict=Verdict.NOT_SENT, cause=Cause.NETWORK, text=names(error), error=error)
    return unknown(error)


def unknown(result: object) -> Answer:
    """What nobody could read. The text names classes only: messages may hold anything."""
    if isinstance(result, BaseException):
        return Answer(verdict=Verdict.UNKNOWN, cause=cause_of(result), text=names(result), error=result)
    return Answer(verdict=Verdict.UNKNOWN, cause=Cause.UNRECOGNISED, text=f"a {type(result).__name__}")


def names(error: BaseException) -> str:
    """The classes of a chain, outermost first."""
    return " < ".join(type(link).__name__ for link in links(error))[:_MAX_TEXT]


def refused(
    attempt: Attempt, cause: Cause, code: object, text: object = "", *, final: bool = False, **more: Any
) -> Answer:
    """An authenticated refusal of this request.

    A refused question says nothing about the trade that it asks about: UNKNOWN. Only a refused charge can be final.
    """
    said = {"cause": cause, "code": clean_code(code), "text": words(text), **more}
    if attempt.kind in _ASKING:
        return Answer(verdict=Verdict.UNKNOWN, **said)
    return Answer(verdict=Verdict.DECLINED, final=final and attempt.kind is Kind.CHARGE, **said)


def unclear(cause: Cause, code: object, text: object = "", **more: Any) -> Answer:
    """An answer that leaves open what happened."""
    return Answer(verdict=Verdict.UNKNOWN, cause=cause, code=clean_code(code), text=words(text), **more)
