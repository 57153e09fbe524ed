"""What a call is given, looked at before anything is recorded: what a type checker would have refused, and what is no
time that anybody means."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Iterator, Mapping
from inspect import isawaitable, iscoroutine

from payfallback._core.operations import Answer, flaw_of
from payfallback.errors import ConfigError, ProgrammingError, UnknownOption
from payfallback.model import LONGEST_PAY_BY, Order, Shopper
from payfallback.policy import LONGEST_WITHIN, Policy

AHEAD = 86400.0  # seconds by which the clock of whoever sent an adopted charge may be ahead of ours
MOST_OF_A_CALL = 1_000_000  # orders or outcomes that one call may be asked for


class WrongHandler(ProgrammingError):
    """No handler tells the shop like this, now or ever: `AsyncPayments.run` ends with it."""


def check_policy(policy: Policy) -> None:
    """Raise `ConfigError` for times that nobody means."""
    for name, longest in (("within", LONGEST_WITHIN), ("pay_by", LONGEST_PAY_BY), ("lease", LONGEST_WITHIN)):
        given = getattr(policy, name)
        if not _is_number(given) or not given <= longest:
            raise ConfigError(f"{name} of the policy is {_short(given)}", hint=f"seconds, {longest:.0f} at most")


def check_call(order: object, choice: object, shopper: object, within: object) -> None:
    """Raise `ProgrammingError` for what a type checker would have refused, before anything is recorded."""
    if not isinstance(order, Order):
        raise ProgrammingError(f"pay and switch take an Order, not a {type(order).__name__}")
    if choice is not None and not isinstance(choice, str):
        raise UnknownOption(f"a choice is an option id, not a {type(choice).__name__}", hint='write "baitiao/12"')
    if shopper is not None and not isinstance(shopper, Shopper):
        raise ProgrammingError(f"shopper is a {type(shopper).__name__}", hint="give pf.Shopper(...)")
    if shopper is not None:
        _check_shopper(shopper)
    check_within(within)


def check_within(within: object) -> None:
    """Raise `ProgrammingError` for what is no time to wait: a lease lasts as long, also when its worker died."""
    if within is not None:
        check_time(within)


def check_time(within: object) -> None:
    """As `check_within`, where there is no default."""
    if isinstance(within, bool) or not isinstance(within, int | float):
        raise ProgrammingError(f"within is a {type(within).__name__}", hint="it is seconds, such as 5.0")
    if not within <= LONGEST_WITHIN:
        raise ProgrammingError(
            f"within={_short(within)} is too long", hint=f"it is seconds, {LONGEST_WITHIN:.0f} at most"
        )


def check_limit(limit: object) -> None:
    """Raise `ProgrammingError` for what is no number of orders or outcomes."""
    if type(limit) is not int:
        raise ProgrammingError(f"limit is a {type(limit).__name__}", hint="it is a whole number, such as 500")
    if not 0 <= limit <= MOST_OF_A_CALL:
        raise ProgrammingError(f"limit={_short(limit)} is out of range", hint=f"give 0 to {MOST_OF_A_CALL}")


def option_ids(consent: object) -> Iterable[str]:
    """What the shopper consented to. Raises `UnknownOption` for what is no list; of what is in it, the ids say more."""
    if isinstance(consent, str):  # iterable too, and would be read letter by letter
        raise UnknownOption("consent is a list of option ids", hint=f"write consent=[{consent[:64]!r}]")
    if not isinstance(consent, Iterable):
        raise UnknownOption(f"consent is a list of option ids, not a {type(consent).__name__}", hint="() for none")
    return consent


def _check_shopper(shopper: Shopper) -> None:
    """Raise `ProgrammingError` for what is no text: an adapter would fail on it, and nobody would read why."""
    for name in ("ref", "ip", "device", "return_url"):
        given: object = getattr(shopper, name)
        if not isinstance(given, str):
            raise ProgrammingError(f"Shopper.{name} is of type {type(given).__name__}", hint='give text; "" for none')
    inputs: object = shopper.inputs
    for channel, fields in inputs.items() if isinstance(inputs, Mapping) else [("", inputs)]:
        if not isinstance(fields, Mapping) or not all(isinstance(each, str) for each in fields.values()):
            raise ProgrammingError(
                f"Shopper.inputs[{channel!r}] is not a table of texts",
                hint='write {"wechat_code": {"code": "1345..."}}',
            )


def check_order(order: object) -> None:
    """Raise `ProgrammingError` for what is no order: its id alone, for one."""
    if not isinstance(order, Order):
        raise ProgrammingError(
            f"adopt takes an Order, not a {type(order).__name__}", hint="give pf.Order(id, amount), as `pay` gets it"
        )


def check_adopted(number: object, sent_at: object, now: float) -> None:
    """Raise `ProgrammingError` for a charge that nobody could look up, or whose time would never come."""
    if isinstance(sent_at, bool) or not isinstance(sent_at, int | float) or not 0 <= sent_at <= now + AHEAD:
        hint = "it is epoch seconds: time.time()"
        raise ProgrammingError(f"sent_at={_short(sent_at)} is no moment of the past", hint=hint)
    if not isinstance(number, str) or not number:
        raise ProgrammingError("adopt needs the number under which the charge was sent")


def check_reported(number: object, answer: object) -> None:
    """Raise `ProgrammingError` for what proves nothing because of how it is written."""
    if not isinstance(number, str):
        raise ProgrammingError(f"report takes an attempt's number, as text, not a {type(number).__name__}")
    if not isinstance(answer, Answer):
        raise ProgrammingError(
            f"report takes what was proved as a pf.Answer, not a {type(answer).__name__}",
            hint="give pf.Answer(verdict=pf.Verdict.CAPTURED, amount=...)",
        )
    flaw = flaw_of(answer)
    if flaw:
        raise ProgrammingError(f"the Answer that is reported has {flaw}")


def received(headers: object, body: object, query: object) -> tuple[dict[str, str], bytes]:
    """A notification's headers, their names in small letters, and its body. Raises `ProgrammingError` for what no web
    framework calls so; what stands in it is not looked at, and not repeated."""
    if not isinstance(body, bytes | bytearray | memoryview):
        raise ProgrammingError(
            f"a notification's body is bytes, not a {type(body).__name__}",
            hint="hand in the request's body as it came, neither decoded nor parsed: it is what was signed",
        )
    if query and not isinstance(query, str):
        raise ProgrammingError(f"a notification's query is text, not a {type(query).__name__}")
    return dict(_headers(headers)), bytes(body)


def _headers(headers: object) -> Iterator[tuple[str, str]]:
    items = getattr(headers, "items", None)  # not every framework's headers are a `Mapping`
    if not callable(items):
        raise ProgrammingError(
            f"a notification's headers are a table of texts, not a {type(headers).__name__}",
            hint="hand in the framework's headers, or dict(...) of them",
        )
    for name, text in items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise ProgrammingError(
                f"a notification's headers are texts: there is a {type(name).__name__} with a {type(text).__name__}",
                hint='decode them: {"content-type": "application/json"}',
            )
        yield name.lower(), text


def check_handler(handler: object) -> None:
    """Raise `ProgrammingError` for what cannot be called."""
    if not callable(handler):
        raise WrongHandler(f"deliver takes a function of one outcome, not a {type(handler).__name__}")


def refuse_unawaited(given: object) -> None:
    """Raise `ProgrammingError` for what an async handler returns: nobody awaits it here, so nobody was told."""
    if isawaitable(given):
        if iscoroutine(given):
            given.close()
        raise WrongHandler("the handler is async, and was not awaited", hint="use AsyncPayments, or a plain function")


def awaitable(given: object) -> Awaitable[object]:
    """What an async handler returns. Raises `ProgrammingError` for a plain one: it would be called again for ever."""
    if not isawaitable(given):
        raise WrongHandler(
            "the handler is a plain function: there is nothing to await, and the outcome counts as not told",
            hint="write `async def`; what blocks goes to anyio.to_thread.run_sync, or use Payments",
        )
    return given


def _is_number(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool)


def _short(given: object) -> str:
    """A number as it is, if it is short; of anything else, its type."""
    shown = isinstance(given, float) or (type(given) is int and abs(given) < 1 << 70)
    return repr(given) if shown else f"a {type(given).__name__}"
