"""A merchant's own SDK as a channel: callables that do one thing each, and a reader that says what came of it.

The callables are sync or async, all alike, and each gets an `Attempt`. A sync callable cannot be interrupted: it is
told its `timeout`, and keeping it is the callable's promise. When its time is up the attempt is UNKNOWN, and its late
answer is still read.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MethodType
from typing import Any, Literal

from payfallback._core.operations import Answer, Kind, Operation
from payfallback._values import changed
from payfallback.errors import InputMissing
from payfallback.policy import Account, Capabilities, Channel
from payfallback.providers import _wrapped_checks as checks
from payfallback.providers.attempt import Attempt
from payfallback.providers.readers import NAMES_TRADE, Reader, named
from payfallback.providers.readers.answers import unknown
from payfallback.taxonomy import Cause, Verdict

__all__ = ["Attempt", "Reader", "Wrapped", "wrap"]

Named = Literal["stripe", "alipay", "wechatpay"]
Does = Callable[[Attempt], Any]

_LONGEST_KEPT = 256  # characters of an input that is journalled
_SHORTEST, _USUAL = 60.0, 120.0  # seconds of an absolute expiry, where the merchant declares none (design §7)


class Wrapped:
    """Callables and their reader, as a provider (`ports.Callables`). Made by `wrap`; holds no mutable state.

    timeout, expiry (seconds) and last are what the channel made of it should carry; `channel` makes one.
    """

    def __init__(
        self,
        does: Mapping[Kind, Does],
        reads: Reader,
        account: Account,
        declared: Capabilities,
        *,
        timeout: float,
        expiry: float | None,
        last: bool,
        keeps: tuple[str, ...],
    ) -> None:
        self.account = account
        self.is_async = checks.is_async(does[Kind.CHARGE])
        self.timeout = timeout
        self.expiry = expiry
        self.last = last
        self._does = dict(does)
        self._reads = reads
        self._declared = declared
        self._keeps = keeps
        self.keeps_nothing = not keeps

    def __repr__(self) -> str:
        return f"Wrapped({self.account.id!r}, {', '.join(kind.value for kind in self._does)})"

    def channel(self, name: str, **more: Any) -> Channel:
        """A channel over these callables. `more`: any field of `Channel`, such as terms, circuit or label."""
        own = {"timeout": self.timeout, "expiry": self.expiry, "last": self.last}
        return Channel(name=name, account=self.account, capabilities=self._declared, **{**own, **more})

    def capabilities(self, product: str) -> Capabilities:
        """What was declared, whatever the product is called."""
        return self._declared

    def memo(self, operation: Operation) -> Mapping[str, str]:
        """The inputs that `keeps` names: journalled before the charge is sent, and given back with every question.

        Raises `InputMissing` for one that is too long to be an id.
        """
        kept = {name: operation.inputs[name] for name in self._keeps if name in operation.inputs}
        for name, text in kept.items():
            if len(text) > _LONGEST_KEPT:
                raise InputMissing(
                    f"input {name!r} has {len(text)} characters", hint=f"at most {_LONGEST_KEPT} are kept"
                )
        return kept

    def call(self, operation: Operation) -> Callable[[], Any] | None:
        """The merchant's callable for this operation, bound to its attempt; None when there is none."""
        does = self._does.get(operation.kind)
        return None if does is None else MethodType(does, operation)  # a partial of it would be three objects

    def read(self, operation: Operation, result: Any) -> Answer:
        """What a return value or an exception proves. Never raises: a reader that does proves nothing.

        A callable may return an `Answer` or a `Verdict` itself; then no reader is asked.
        """
        said: object = result if isinstance(result, Answer | Verdict) else self._said(operation, result)
        answer = self._answer(said, result)
        if answer.error is None and isinstance(result, BaseException):
            return changed(answer, error=result)
        return answer

    def _said(self, attempt: Attempt, result: Any) -> object:
        if inspect.iscoroutine(result):
            return _unawaited(result)
        try:
            return self._reads(attempt, result)
        except Exception as failure:  # noqa: BLE001  # code from outside on bytes from outside: it proves nothing
            text = f"the reader raised {type(failure).__name__}"
            return Answer(verdict=Verdict.UNKNOWN, cause=Cause.UNRECOGNISED, text=text, error=failure)

    def _answer(self, said: object, result: object) -> Answer:
        if isinstance(said, Answer):
            return said
        if isinstance(said, Verdict):
            named_trade = said is Verdict.CLOSED and self._declared.close_names_trade
            return Answer(verdict=said, cause=self._cause(said, result), named=named_trade)
        if said is None:
            return unknown(result)
        text = f"the reader returned a {type(said).__name__}, which is neither an Answer nor a Verdict"
        return Answer(verdict=Verdict.UNKNOWN, cause=Cause.UNRECOGNISED, text=text)

    def _cause(self, verdict: Verdict, result: object) -> Cause | None:
        if verdict is Verdict.PENDING:
            return Cause.AWAITING_SHOPPER if self._declared.starts == "shopper" else Cause.AWAITING_PROVIDER
        if verdict is Verdict.UNKNOWN:
            return unknown(result).cause
        return {Verdict.DECLINED: Cause.DECLINED, Verdict.NOT_SENT: Cause.NETWORK}.get(verdict)


def _unawaited(result: Any) -> Answer:
    """A lambda around an async function looks sync, and its coroutine would never run."""
    result.close()
    text = "the callable returned a coroutine: declare it with `async def`"
    return Answer(verdict=Verdict.UNKNOWN, cause=Cause.MERCHANT_CONFIG, text=text)


def wrap(
    charge: Does,
    *,
    query: Does | None = None,
    close: Does | None = None,
    refund: Does | None = None,
    query_refund: Does | None = None,
    capture: Does | None = None,
    create: Does | None = None,
    plans: Does | None = None,
    reads: Named | Reader,
    account: Account | str,
    starts: Literal["shopper", "server"] = "server",
    timeout: float = 3.0,
    expiry: float | None = None,
    not_found_after: float | None = None,
    resend_for: float | None = None,
    query_after: float = 0.0,
    close_after: float = 0.0,
    close_refunds: bool = False,
    close_names_trade: bool | None = None,
    number: str = "[0-9A-Za-z]{6,32}",
    inputs: tuple[str, ...] = (),
    keeps: tuple[str, ...] = (),
    card: tuple[str, ...] = (),
    last: bool = False,
    sdk_retries_off: bool = False,
) -> Wrapped:
    """Make a provider of callables that exist already. Raises `ConfigError` for what cannot work. Times are seconds.

    charge, query, close, refund, query_refund, capture, create: each takes an `Attempt`, sends that one request and
      returns what the SDK returned, or lets its exception through. One that sent two would raise the failure of the
      second, and a refused connection would hide the first. Leave out what the provider cannot do. With `capture`, a
      charge only holds the money. With `create`, a charge takes two steps: `create` makes the payment unconfirmed, its
      answer tells the provider's id, and `charge` confirms `attempt.provider_ref`. No money may move before that.
    plans: before the click, for `options`: asks for the instalment plans or credit limit of this shopper and amount,
      moves nothing, and returns an `Answer(verdict=Verdict.ACCEPTED, plans=(Plan(...), ...), limit=...)`, or something
      that a reader of your own turns into one; the shipped readers read no plans.
    reads: a shipped reader by name, or a function `(attempt, result) -> Answer | Verdict | None`.
    account: who is paid: an `Account`, or "provider/merchant", "provider/merchant/app/environment".
    starts: "shopper" when no money can move without what the charge returned (a QR code, a URL, a client secret).
    timeout: how long one call may take. The callable must pass it on to its SDK.
    expiry: the charge sends `attempt.expires_at`, and the provider refuses to be paid after it.
    not_found_after: how long after the expiry (or the charge) the provider's "not found" is final.
    resend_for: how long the same request under the same number stays one charge. A resend is a charge, not a query.
    query_after, close_after: the provider wants no query, no close, sooner than this after the charge.
    close_refunds: `close` gives back the money of a trade that was paid (Alipay cancel, WeChat reverse).
    close_names_trade: the answer to `close` says what it did to this trade; None takes what the reader knows.
    number: the provider's alphabet and length of numbers, as a regular expression.
    inputs: what the shopper must give (`Shopper.inputs`). keeps: those to journal, never personal data or secrets:
      an id that the shop created beforehand, without which the charge could not be asked about.
    card: the inputs that identify the card that is charged, the best first: a fingerprint, a token. With a reader whose
      answers carry the network's code (`Answer.network`), the card networks' retry rules are kept.
    last: nothing may follow this channel in a route, so that it may be one that cannot be left.
    sdk_retries_off: your promise that one call of `charge` sends at most one request, whatever happens. A connection
      that was refused then proves "never sent".
    """
    does = checks.given(charge, query, close, refund, query_refund, capture, create, plans)
    checks.seconds(timeout=timeout, optional={"expiry": expiry, "resend_for": resend_for})
    checks.delays(query_after=query_after, close_after=close_after, not_found_after=not_found_after)
    checks.number(number)
    checks.names(inputs=inputs, keeps=keeps, card=card)
    known = reads if isinstance(reads, str) else ""
    declared = Capabilities(
        starts=checks.starts(starts),
        query=Kind.QUERY in does,
        query_after=query_after,
        close=Kind.CLOSE in does,
        close_after=close_after,
        close_refunds=close_refunds,
        close_names_trade=Kind.CLOSE in does
        and (known in NAMES_TRADE if close_names_trade is None else close_names_trade),
        resend=resend_for,
        expiry=expiry is not None,
        expiry_min=_SHORTEST if expiry is None else min(expiry, _SHORTEST),
        expiry_default=_USUAL if expiry is None else expiry,
        not_found_after=not_found_after,
        creates=Kind.CREATE in does,
        plans=Kind.PLANS in does,
        card=card,
        authorises=Kind.CAPTURE in does,
        refund=Kind.REFUND in does,
        query_refund=Kind.QUERY_REFUND in does,
        number=number,
        inputs=tuple(dict.fromkeys((*inputs, *keeps))),
    )
    checks.together(declared, named_close=close_names_trade)
    return Wrapped(
        does,
        named(known, sends_once=sdk_retries_off) if isinstance(reads, str) else checks.reader(reads),
        checks.account(account, known or "own"),
        declared,
        timeout=timeout,
        expiry=expiry,
        last=last,
        keeps=keeps,
    )
