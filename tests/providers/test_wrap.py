"""Wrapping one's own callables: what they are given, what is declared, what is refused, and what unknown means."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from wrapped_sdks import answer_of, operation

from payfallback._core.operations import Answer, Kind
from payfallback.errors import ConfigError, InputMissing
from payfallback.model import Money, Option
from payfallback.policy import Account
from payfallback.ports import Callables
from payfallback.providers.wrap import Attempt, Wrapped, wrap
from payfallback.taxonomy import Cause, Verdict

ACCOUNT = "acme/m-1"


def paid(attempt: Attempt) -> str:
    """An SDK that answers with a word."""
    return f"paid {attempt.number}"


async def paid_later(attempt: Attempt) -> str:
    """The same, async."""
    return f"paid {attempt.number}"


class Client:
    """An object whose call is the charge."""

    async def __call__(self, attempt: Attempt) -> str:
        """Charge."""
        return attempt.number

    def close(self, attempt: Attempt) -> str:
        """Close, sync."""
        return attempt.number


def knows_words(attempt: Attempt, result: object) -> Verdict | None:
    """A reader of one's own."""
    if attempt.kind is Kind.QUERY and result == "nothing":
        return Verdict.NOT_FOUND
    return Verdict.CAPTURED if result == f"paid {attempt.number}" else None


def wrapped(charge: Any = paid, **more: Any) -> Wrapped:
    """Words, wrapped."""
    return wrap(charge, **{"reads": knows_words, "account": ACCOUNT, **more})


# ---------------------------------------------------------------- what callables get


def test_it_is_a_provider() -> None:
    """What `wrap` makes fits where the runtime takes a provider of callables."""
    assert isinstance(wrapped(), Callables)


def test_a_callable_gets_its_attempt() -> None:
    """Everything that a request needs is in the attempt: number, amount, time left, expiry, addresses, inputs."""
    seen: list[Attempt] = []
    asked = operation(
        expires_at=1794412000.0,
        notify_url="https://shop.example/n",
        return_url="https://shop.example/r",
        inputs={"openid": "o-1"},
        option=Option("own", 12),
    )
    answer_of(wrapped(seen.append), asked)
    (attempt,) = seen
    assert (attempt.order_id, attempt.number, attempt.amount) == ("A1001", "A1001N01", Money(1250, "CNY"))
    assert (attempt.timeout, attempt.expires_at, attempt.option.terms) == (asked.timeout, 1794412000.0, 12)
    assert (attempt.notify_url, attempt.return_url) == ("https://shop.example/n", "https://shop.example/r")
    assert attempt.inputs == {"openid": "o-1"}


def test_an_attempt_shows_nothing_of_the_shopper() -> None:
    """Inputs, address and device never show in `repr`."""
    attempt: Attempt = operation(inputs={"openid": "o-1"}, ip="198.51.100.7", ref="zhang", device="phone-9")
    for secret in ("o-1", "198.51.100.7", "zhang", "phone-9"):
        assert secret not in repr(attempt)


def test_there_is_no_callable_for_what_was_left_out() -> None:
    """An operation without a callable has none, and is not declared."""
    own = wrapped(query=paid)
    assert own.call(operation(Kind.CLOSE)) is None
    declared = own.capabilities("")
    assert (declared.query, declared.close, declared.refund, declared.query_refund) == (True, False, False, False)


def test_an_input_is_kept_when_it_is_named() -> None:
    """`keeps` journals an id that the shop made beforehand, and nothing else of the inputs."""
    own = wrapped(keeps=("payment_intent",))
    asked = operation(inputs={"payment_intent": "pi_1", "openid": "o-1"})
    assert own.memo(asked) == {"payment_intent": "pi_1"}
    assert own.capabilities("").inputs == ("payment_intent",)


def test_what_is_kept_is_an_id() -> None:
    """Nobody keeps a novel in the journal by accident."""
    with pytest.raises(InputMissing, match="257 characters"):
        wrapped(keeps=("payment_intent",)).memo(operation(inputs={"payment_intent": "x" * 257}))


# ---------------------------------------------------------------- what is declared


def test_a_channel_carries_what_was_declared() -> None:
    """The channel made of it has the account, the times and the place in a route that `wrap` was told."""
    own = wrapped(query=paid, close=paid, timeout=2.0, expiry=90.0, not_found_after=10.0, last=True)
    channel = own.channel("own", terms=(12, 0))
    assert channel.account.id == "acme/m-1//production"
    assert (channel.timeout, channel.expiry, channel.last) == (2.0, 90.0, True)
    assert (channel.capabilities.expiry_default, channel.capabilities.not_found_after) == (90.0, 10.0)
    assert [option.id for option in channel.options] == ["own/12", "own/full"]


def test_a_capture_makes_the_charge_a_hold() -> None:
    """With a capture, a charge only holds the money."""
    assert wrapped(query=paid, capture=paid).capabilities("").authorises


@pytest.mark.parametrize(("reads", "names"), [("stripe", True), ("alipay", True), ("wechatpay", False)])
def test_whose_close_names_the_trade(reads: Any, *, names: bool) -> None:
    """Stripe's cancel and Alipay's cancel say what they did; WeChat's close does not."""
    own = wrap(paid, close=paid, query=paid, reads=reads, account=ACCOUNT)
    assert own.capabilities("").close_names_trade is names


def test_an_account_in_short() -> None:
    """An account is a value, or provider, merchant, app and environment in one word."""
    full = wrapped(account="acme/m-1/app-2/sandbox").account
    assert full.id == "acme/m-1/app-2/sandbox"
    assert wrap(paid, reads="stripe", account="acct_1").account.id == "stripe/acct_1//production"
    own = Account(name="x", provider="acme", merchant="m-9")
    assert wrapped(account=own).account is own


# ---------------------------------------------------------------- sync and async


@pytest.mark.parametrize(
    ("charge", "is_async"),
    [(paid, False), (paid_later, True), (partial(Client()), True), (partial(partial(paid)), False), (Client(), True)],
    ids=["function", "async function", "partial of object", "partial of partial", "object with async call"],
)
def test_async_callables_are_told_apart(charge: Any, *, is_async: bool) -> None:
    """Async functions are found behind partials and callable objects."""
    assert wrapped(charge).is_async is is_async


def test_sync_and_async_do_not_mix() -> None:
    """One driver runs them all, so they are all sync or all async; the error names which are not."""
    with pytest.raises(ConfigError, match="charge async, but query, close not"):
        wrapped(Client(), query=paid, close=Client().close)


def test_a_lambda_around_an_async_function() -> None:
    """It looks sync; its coroutine never runs, and the answer says what to write."""
    answer = answer_of(wrapped(lambda attempt: paid_later(attempt)), operation())
    assert answer.verdict is Verdict.UNKNOWN
    assert "async def" in answer.text


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"reads": "paypal"}, "no reader is called 'paypal'"),
        ({"reads": 7}, "reads is a int"),
        ({"reads": paid_later}, "reads is async"),
        ({"reads": lambda result: None}, "does not take"),
        ({"account": ""}, "account ''"),
        ({"account": "a/b/c/d/e"}, "account"),
        ({"account": None}, "account None"),
        ({"starts": "browser"}, "starts is 'browser'"),
        ({"timeout": 0}, "timeout is 0"),
        ({"timeout": "3s"}, "timeout is '3s'"),
        ({"timeout": None}, "timeout is None"),
        ({"timeout": float("inf")}, "timeout is inf"),
        ({"expiry": -1}, "expiry is -1"),
        ({"close": paid, "close_after": -1}, "close_after is -1"),
        ({"close_after": 15.0}, "close that was not given"),
        ({"close_refunds": True}, "close that was not given"),
        ({"not_found_after": 10.0}, "nobody would ask"),
        ({"query_refund": paid}, "query_refund without refund"),
        ({"capture": paid}, "capture without query"),
        ({"number": "[0-9"}, "number"),
        ({"keeps": "openid"}, "keeps is 'openid'"),
        ({"reads": ""}, "no reader is called ''"),
        ({"query": "retrieve"}, "query is a str"),
    ],
)
def test_what_cannot_work_is_refused_at_construction(told: dict[str, Any], words: str) -> None:
    """Every refusal says what was wrong and what to do."""
    with pytest.raises(ConfigError, match=words) as refused:
        wrapped(**told)
    assert refused.value.hint


def test_a_charge_must_be_callable() -> None:
    """There is nothing to wrap without a charge."""
    with pytest.raises(ConfigError, match="charge is a NoneType"):
        wrapped(None)


# ---------------------------------------------------------------- what a reader says


def test_a_reader_may_answer_with_a_verdict() -> None:
    """One word is enough for a reader."""
    assert answer_of(wrapped(), operation()).verdict is Verdict.CAPTURED
    assert answer_of(wrapped(query=lambda _: "nothing"), operation(Kind.QUERY)).verdict is Verdict.NOT_FOUND


def test_a_callable_may_answer_by_itself() -> None:
    """A callable that knows what happened returns the answer; the reader is not asked."""
    own = wrapped(lambda _: Answer(verdict=Verdict.DECLINED, cause=Cause.OVERDUE), query=lambda _: Verdict.NOT_FOUND)
    assert answer_of(own, operation()).cause is Cause.OVERDUE
    assert answer_of(own, operation(Kind.QUERY)).verdict is Verdict.NOT_FOUND


@pytest.mark.parametrize(("names", "named"), [(True, True), (None, False)])
def test_closed_is_proof_where_the_close_names_its_trade(names: bool | None, *, named: bool) -> None:
    """A plain CLOSED ends an attempt only where that was declared."""
    own = wrapped(close=lambda _: Verdict.CLOSED, close_names_trade=names)
    assert answer_of(own, operation(Kind.CLOSE)).named is named


@pytest.mark.parametrize(
    ("starts", "cause"), [("shopper", Cause.AWAITING_SHOPPER), ("server", Cause.AWAITING_PROVIDER)]
)
def test_who_is_waited_for(starts: Any, cause: Cause) -> None:
    """A plain PENDING waits for whoever sets the money in motion."""
    assert answer_of(wrapped(lambda _: Verdict.PENDING, starts=starts), operation()).cause is cause


@pytest.mark.parametrize("result", ["what is this", None, 7, object()])
def test_what_no_reader_knows_is_unknown(result: object) -> None:
    """The default is UNKNOWN, never a decline."""
    answer = answer_of(wrapped(lambda _: result), operation())
    assert (answer.verdict, answer.cause) == (Verdict.UNKNOWN, Cause.UNRECOGNISED)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (TimeoutError("3 s"), Cause.TIMEOUT),
        (ConnectionResetError(), Cause.NETWORK),
        (ConnectionRefusedError(), Cause.NETWORK),
        (KeyError("zhang@shop.example"), Cause.UNRECOGNISED),
    ],
)
def test_an_exception_that_no_reader_knows_is_unknown(error: Exception, cause: Cause) -> None:
    """Its kind is named, the exception kept, and its message stays out of the text."""

    def charge(_: Attempt) -> None:
        raise error

    answer = answer_of(wrapped(charge), operation())
    assert (answer.verdict, answer.cause, answer.error) == (Verdict.UNKNOWN, cause, error)
    assert "zhang" not in answer.text


def test_an_exception_that_a_reader_knows_is_kept_too() -> None:
    """Whatever the reader makes of an exception, it goes along with the answer."""

    def charge(_: Attempt) -> None:
        raise PermissionError("no such terminal")

    answer = answer_of(wrapped(charge, reads=lambda attempt, result: Verdict.DECLINED), operation())
    assert (answer.verdict, type(answer.error)) == (Verdict.DECLINED, PermissionError)


def test_a_reader_that_raises_proves_nothing() -> None:
    """A bug in a reader is UNKNOWN, and seen in the answer."""

    def broken(attempt: Attempt, result: Any) -> Verdict:
        return result["status"]

    answer = answer_of(wrapped(reads=broken), operation())
    assert (answer.verdict, answer.text) == (Verdict.UNKNOWN, "the reader raised TypeError")
    assert isinstance(answer.error, TypeError)


def test_a_reader_that_returns_something_else_proves_nothing() -> None:
    """A bare True is neither an answer nor a verdict."""
    answer = answer_of(wrapped(reads=lambda attempt, result: True), operation())
    assert answer.verdict is Verdict.UNKNOWN
    assert "bool" in answer.text
