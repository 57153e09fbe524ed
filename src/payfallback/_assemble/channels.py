"""The channels of a configuration: what their providers can do, filled in and held against what the file asks."""

from __future__ import annotations

from collections.abc import Mapping

from payfallback._assemble.accounts import SHIPPED
from payfallback._config_lines import line_of
from payfallback._config_values import ChannelSettings, Settings
from payfallback._config_words import near, wrong
from payfallback._core.safety import Problem, Where
from payfallback._values import changed
from payfallback.errors import ConfigError, NumberInvalid
from payfallback.policy import Capabilities, Channel, RetryPolicy, attempt_number
from payfallback.ports import Provider

FIRST_WAIT, LONGEST_WAIT = 0.05, 2.0  # seconds: what is not written of `first_wait` and `longest_wait`


def channels_of(settings: Settings, providers: Mapping[str, Provider]) -> tuple[dict[str, Channel], list[Problem]]:
    """The channels whose provider is there, and what is wrong with them."""
    made: dict[str, Channel] = {}
    problems: list[Problem] = []
    for name, each in settings.channels.items():
        provider = providers.get(each.account)
        if provider is None:
            continue
        try:
            capabilities = provider.capabilities(each.product)
        except ConfigError as error:
            problems.append(wrong(("channels", name, "product"), error.message, _nearest(each.product, error.hint)))
            continue
        channel = _channel(settings, each, provider, capabilities)
        problems += [*_terms_problems(channel, provider), *_channel_problems(channel)]
        made[name] = channel
    return made, problems


def _nearest(product: str, hint: str) -> str:
    """The nearest of the products that an adapter's hint lists."""
    return near(product, hint.removeprefix("one of ").split(", ")) if hint.startswith("one of ") else hint


def _channel(settings: Settings, each: ChannelSettings, provider: Provider, capabilities: Capabilities) -> Channel:
    return Channel(
        name=each.name,
        account=changed(provider.account, name=each.account),
        capabilities=capabilities,
        product=each.product,
        terms=each.terms,
        timeout=_timeout(settings, each, provider),
        expiry=each.expiry if capabilities.expiry else None,
        max_in_flight=each.max_in_flight,
        number=each.number,
        circuit=each.circuit,
        retry=_retry(each),
        label=each.label,
        notify_url=each.notify_url,
        last=each.last or bool(getattr(provider, "last", False)),
    )


def _timeout(settings: Settings, each: ChannelSettings, provider: Provider) -> float:
    """What the file says; where it says nothing, what a wrapped provider was made with."""
    written = ("channels", each.name, "timeout") in settings.lines or ("defaults", "timeout") in settings.lines
    return each.timeout if written else float(getattr(provider, "timeout", each.timeout))


def _retry(settings: ChannelSettings) -> RetryPolicy:
    if settings.first_wait is None and settings.longest_wait is None:
        return settings.retry
    import tenacity  # only where a configuration shapes the waits

    first = FIRST_WAIT if settings.first_wait is None else settings.first_wait
    longest = max(first, LONGEST_WAIT) if settings.longest_wait is None else settings.longest_wait
    return changed(settings.retry, wait=tenacity.wait_random_exponential(multiplier=first, max=longest))


def _terms_problems(channel: Channel, provider: Provider) -> list[Problem]:
    """Terms that the product cannot be asked for, where its adapter knows."""
    takes = getattr(provider, "takes_terms", None)
    if takes is None:
        return []
    where: Where = ("channels", channel.name, "terms")
    return [
        wrong(where, f"product {channel.product!r} cannot be asked for {option.id!r}")
        for option in channel.options
        if not takes(channel.product, option.terms)
    ]


def _channel_problems(channel: Channel) -> list[Problem]:
    problems = []
    least = channel.capabilities.expiry_min
    if channel.expiry is not None and channel.expiry < least:
        where = ("channels", channel.name, "expiry")
        problems.append(wrong(where, f"this product takes no expiry below {least:g} seconds"))
    if longest_order_id(channel) == 0:
        where = ("channels", channel.name, "number")
        message = f"{channel.number} never fits this product's numbers, {channel.capabilities.number}"
        problems.append(wrong(where, message, 'write it as "{order}{seq:02}"'))
    return problems


def longest_order_id(channel: Channel, seq: int = 1) -> int:
    """How long an alphanumeric order id may be for its attempt numbers to fit this channel; 0: none fits."""
    return next((length for length in range(64, 0, -1) if _fits(channel, "1" * length, seq)), 0)


def _fits(channel: Channel, order_id: str, seq: int) -> bool:
    try:
        attempt_number(channel, order_id, seq)
    except NumberInvalid:
        return False
    return True


def warnings_about(settings: Settings, channels: Mapping[str, Channel]) -> list[Problem]:
    """What works and is probably not meant."""
    found = [*_unhashed(settings), *(each for channel in channels.values() for each in warnings_of(settings, channel))]
    return [changed(each, line=line_of(settings.lines, each.where)) for each in found]


def _unhashed(settings: Settings) -> list[Problem]:
    """Tables that want shoppers and cards to be remembered, without the key that makes their hashes."""
    tables = [name for name in ("memory", "cards") if any(where[:1] == (name,) for where in settings.lines)]
    hint = "give the journal a `seal` key: openssl rand -hex 32"
    message = "has no effect: without `journal.seal` no shopper and no card is remembered"
    return [] if settings.journal.seal else [wrong((name,), message, hint) for name in tables]


def warnings_of(settings: Settings, channel: Channel) -> list[Problem]:
    where: Where = ("channels", channel.name)
    found = []
    if channel.timeout >= settings.within:
        message = f"one silent call takes the whole time of `pay` ({settings.within:g} s)"
        found.append(wrong((*where, "timeout"), message, "make it shorter than defaults.within"))
    if (*where, "expiry") in settings.lines and not channel.capabilities.expiry:
        found.append(wrong((*where, "expiry"), "this product takes no expiry, so it is not sent"))
    if channel.expiry is not None and channel.expiry > settings.pay_by:
        found.append(wrong((*where, "expiry"), "is longer than defaults.pay_by, which cuts it short"))
    if not channel.notify_url and channel.account.provider in SHIPPED:
        found.append(wrong(where, "without `notify_url` results are only known by asking"))
    return found
