"""What is asked of a provider, and what its answer proves. The vocabulary between the core and every adapter."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Literal

from payfallback._values import direct, field, value
from payfallback.model import Action, AppParams, ClientSecret, Form, Money, Option, Qr, Redirect
from payfallback.taxonomy import Cause, Verdict


@direct
class Kind(Enum):
    """The operations of a provider.

    CREATE is for channels that charge in two steps (`Capabilities.creates`): it makes the payment at the provider,
    where no money moves before CHARGE confirms it under the id that CREATE's answer told.
    """

    CREATE = "create"
    CHARGE = "charge"
    QUERY = "query"
    CLOSE = "close"
    CAPTURE = "capture"
    REFUND = "refund"
    QUERY_REFUND = "query_refund"
    PLANS = "plans"

    __hash__ = object.__hash__


@value
class Attempt:
    """One request under one attempt number. Times are epoch seconds; `timeout` is the seconds that are left for it.

    kind: what is asked: create, charge, query, close, capture, refund, query_refund or plans; readers look at it first.
    number: the merchant's own number of this attempt; send it as the provider's idempotency key or trade number.
    expires_at: the absolute expiry that must go with a charge, where `wrap` was given an `expiry`.
    provider_ref: the provider's own id, once an answer has told it. memo: what `keeps` journalled of the inputs.
    resend: the same request was sent before, under the same number.
    refund_sent_at: when this refund number was first sent, also for its first sending and for questions about it.
    inputs, ref, ip, device and return_url are there for a live charge only, and never show in `repr`.
    """

    kind: Kind
    number: str
    amount: Money
    option: Option
    order_id: str = ""
    title: str = ""
    timeout: float = 3.0
    now: float = 0.0
    sent_at: float | None = None
    expires_at: float | None = None
    notify_url: str = ""
    provider_ref: str = ""
    memo: Mapping[str, str] = field(factory=dict)
    refund_number: str = ""
    refund_amount: Money | None = None
    reason: str = ""
    resend: bool = False
    inputs: Mapping[str, str] = field(factory=dict, repr=False)
    ref: str = field(default="", repr=False)
    ip: str = field(default="", repr=False)
    device: str = field(default="", repr=False)
    return_url: str = field(default="", repr=False)
    refund_sent_at: float | None = None


@value
class Operation(Attempt):
    """One request to one provider, complete: what a wrapped callable is told as its attempt, and the adapter's product.

    `memo` is what the adapter asked to be kept with the attempt (`Answer.memo` and `Wire.memo`): what asking needs
    later, such as UnionPay's txnTime.
    """

    product: str = ""


@value(kw_only=True)
class Answer:
    """What came back, as proof. The default of everything an adapter does not know is `UNKNOWN`.

    final: with DECLINED, the code is *stated* (not inferred) to end this number for good.
    named: with CLOSED or REFUNDED, the answer names this trade and says what it did.
    amount: what the provider says was paid, for CAPTURED, AUTHORISED and REFUNDED; None where it does not say.
    number / account: whose trade the answer speaks of, where it says so; the core refuses evidence of another.
    provider_time: the provider's own clock (epoch seconds), from an authenticated field or the Date header.
    retry_after: seconds the provider asks us to wait. resendable: the code allows the same request again.
    code / text: the provider's words, already cut to 64 / 200 characters and free of personal data.
    unlisted: the provider's code is in no table of ours: somebody should look it up (it is reported once).
    plans: for PLANS only. limit: the shopper's available credit, where the provider tells it (PLANS, or a refusal).
    network: a card network's own code, "visa:05" or "mastercard:03" (a merchant advice code), where a decline has one.
    error: the exception, when there was one; never journalled.
    """

    verdict: Verdict
    cause: Cause | None = None
    code: str = ""
    text: str = ""
    final: bool = False
    named: bool = False
    amount: Money | None = None
    number: str = ""
    account: str = ""
    provider_ref: str = ""
    provider_time: float | None = None
    paid_at: float | None = None
    action: Action | None = None
    memo: Mapping[str, str] = field(factory=dict)
    retry_after: float | None = None
    resendable: bool = False
    unlisted: bool = False
    plans: tuple[Plan, ...] = ()
    limit: Money | None = None
    network: str = ""
    error: BaseException | None = field(default=None, repr=False)


@value(kw_only=True)
class Plan:
    """One instalment plan that a provider offers for an amount. `total`: what the shopper pays in all, fee included.
    `fee_by`: who bears the fee, where the provider says so."""

    terms: int
    each: Money | None = None
    first: Money | None = None
    fee: Money | None = None
    total: Money | None = None
    rate: str = ""
    fee_by: Literal["", "shopper", "merchant"] = ""


@value(kw_only=True)
class Notice:
    """An authenticated notification: what it is about and what it proves. `kind` is CHARGE or REFUND."""

    number: str
    answer: Answer
    kind: Kind = Kind.CHARGE
    refund_number: str = ""
    id: str = ""


_TEXTS = ("code", "text", "number", "account", "provider_ref", "network")
_TIMES = ("provider_time", "paid_at", "retry_after")


def sound(answer: Answer) -> Answer:
    """The answer, or `UNKNOWN` saying what is wrong with it. Readers are the shop's own code: a field of the wrong type
    must not break a payment after it was sent."""
    flaw = flaw_of(answer)
    if not flaw:
        return answer
    return Answer(verdict=Verdict.UNKNOWN, cause=Cause.UNRECOGNISED, text=f"the reader's Answer has {flaw}")


def flaw_of(answer: Any) -> str:
    """What is wrong with an answer, in words; empty for nothing."""
    if not isinstance(answer.verdict, Verdict):
        return "a verdict that is no pf.Verdict"
    if answer.cause is not None and not isinstance(answer.cause, Cause):
        return "a cause that is no pf.Cause"
    if answer.amount is not None and not isinstance(answer.amount, Money):
        return f"amount={type(answer.amount).__name__}: give pf.Money"
    if answer.limit is not None and not isinstance(answer.limit, Money):
        return f"limit={type(answer.limit).__name__}: give pf.Money"
    if answer.plans != () and not (isinstance(answer.plans, tuple) and all(isinstance(p, Plan) for p in answer.plans)):
        return "plans that are no tuple of pf.Plan"
    try:  # a payment waits for this: one join of all texts, and the names only where it fails
        told = "".join((answer.code, answer.text, answer.number, answer.account, answer.provider_ref, answer.network))
    except TypeError:
        return _flawed_text(answer)
    if not told.isascii() and not _whole(told):
        return "half a character (a lone surrogate) in one of its texts"
    if answer.memo and not _are_texts(answer.memo):
        return "a memo that is no table of texts"
    if not answer.paid_at is answer.provider_time is answer.retry_after is None:
        return _flawed_time(answer)
    return _flawed_action(answer) if answer.action is not None else ""


def _flawed_text(answer: Any) -> str:
    for name in _TEXTS:
        if not isinstance(getattr(answer, name), str):
            return f"{name}={type(getattr(answer, name)).__name__}: give a str"
    return ""


def _flawed_time(answer: Any) -> str:
    for name in _TIMES:
        given = getattr(answer, name)
        if given is not None and not _is_a_time(given):
            return f"{name}={type(given).__name__}: give seconds"
    return _flawed_action(answer)


def _flawed_action(answer: Any) -> str:
    if answer.action is not None and not isinstance(answer.action, Qr | Redirect | Form | ClientSecret | AppParams):
        return f"action={type(answer.action).__name__}: give pf.Qr, pf.Redirect, pf.Form ..."
    return "" if answer.action is None else _flawed_fields(answer.action)


def _flawed_fields(action: Any) -> str:
    """Of what a shopper is shown: `Qr(response.get("code_url"))` is nothing to show where that is not there."""
    for name in ("code", "url", "secret"):
        given = getattr(action, name, "")
        if not isinstance(given, str):
            return f"{type(action).__name__}.{name}={type(given).__name__}: give a str"
    for name in ("fields", "params"):
        if not _are_texts(getattr(action, name, {})):
            return f"{type(action).__name__}.{name} that are no table of texts"
    return ""


def _are_texts(given: Any) -> bool:
    return isinstance(given, Mapping) and all(isinstance(text, str) for pair in given.items() for text in pair)


def _is_a_time(given: Any) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and -_ERA < given < _ERA


def _whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_ERA = 1e12  # seconds either way: no time that anybody means
