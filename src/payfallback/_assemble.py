"""From `Settings` to what a client runs on: providers built, their capabilities filled in, and routes proven safe."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from payfallback._config_lines import line_of
from payfallback._config_problems import refuse
from payfallback._config_values import AccountSettings, ChannelSettings, Settings
from payfallback._config_words import near, path_of
from payfallback._core.safety import Problem, Where, unsafe_steps
from payfallback._values import changed, field, value
from payfallback.errors import ConfigError, NumberInvalid
from payfallback.policy import Account, Capabilities, Channel, Policy, RetryPolicy, attempt_number
from payfallback.ports import Callables, Clock, Provider

_SHIPPED = {
    "jdpay": ("payfallback.providers.jdpay", "JdPay"),
    "wechatpay": ("payfallback.providers.wechatpay", "WechatPay"),
}
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0


@value(kw_only=True)
class Assembled:
    """What a client runs on. `providers` by account name; `account_of`: the account name of each channel."""

    policy: Policy
    providers: Mapping[str, Provider] = field(repr=False)
    account_of: Mapping[str, str]
    journal_url: str = field(repr=False)
    seal: tuple[str, ...] = field(default=(), repr=False)
    warnings: tuple[Problem, ...] = ()


@value(kw_only=True)
class Draft:
    """An assembly with whatever is wrong with it. `wrapped`: channels whose callables were not handed in."""

    assembled: Assembled
    problems: tuple[Problem, ...]
    wrapped: tuple[str, ...] = ()


def assemble(settings: Settings, *, clock: Clock, wrapped: Mapping[str, Callables] | None = None) -> Assembled:
    """Build the providers and the policy. `wrapped`: for accounts with `provider = "wrap"`, what `wrap(...)` returned,
    by account name. Raises `ConfigError` (its `problems` hold all of them) and then nothing was started."""
    draft = draft_of(settings, clock=clock, wrapped=wrapped or {})
    missing = [_unwrapped(settings, channel) for channel in draft.wrapped]
    refuse([*draft.problems, *missing], settings.file, settings.lines)
    return draft.assembled


def draft_of(settings: Settings, *, clock: Clock, wrapped: Mapping[str, Callables]) -> Draft:
    """The same without raising, and without the channels whose callables only the shop's own code has."""
    problems = _strangers(settings, wrapped)
    providers = _providers(settings, clock, wrapped, problems)
    absent = tuple(name for name, each in settings.channels.items() if _is_absent(settings, each, wrapped))
    channels = _channels(settings, providers, problems)
    policy = _policy(settings, channels)
    if len(channels) == len(settings.channels):
        problems += unsafe_steps(policy)
    elif len(channels) + len(absent) == len(settings.channels):
        problems += unsafe_steps(_stand_in(settings, policy, absent))
    assembled = Assembled(
        policy=policy,
        providers=providers,
        account_of={name: settings.channels[name].account for name in channels},
        journal_url=settings.journal.url,
        seal=settings.journal.seal,
        warnings=(*settings.warnings, *_warnings(settings, channels)),
    )
    return Draft(assembled=assembled, problems=tuple(problems), wrapped=absent)


def _wrong(where: Where, message: str, hint: str = "") -> Problem:
    return Problem(where=where, message=f"{path_of(where)}: {message}", hint=hint)


# ---------------------------------------------------------------- providers


def _is_absent(settings: Settings, channel: ChannelSettings, wrapped: Mapping[str, Callables]) -> bool:
    account = settings.accounts[channel.account].account
    return account.provider == "wrap" and account.name not in wrapped


def _unwrapped(settings: Settings, channel: str) -> Problem:
    account = settings.channels[channel].account
    hint = f'hand it in: wrapped={{"{account}": payfallback.wrap(...)}}'
    return _wrong(("accounts", account, "provider"), f"channel {channel!r} is wrapped by your own code", hint)


def _strangers(settings: Settings, wrapped: Mapping[str, Callables]) -> list[Problem]:
    names = [name for name, each in settings.accounts.items() if each.account.provider == "wrap"]
    return [
        _wrong(("accounts",), f'no account {name!r} with provider = "wrap" in this file', near(name, names))
        for name in wrapped
        if name not in names
    ]


def _providers(
    settings: Settings, clock: Clock, wrapped: Mapping[str, Callables], problems: list[Problem]
) -> dict[str, Provider]:
    built: dict[str, Provider] = {}
    for name, account in settings.accounts.items():
        try:
            provider = wrapped.get(name) if account.account.provider == "wrap" else _shipped(account, clock)
        except ConfigError as error:
            problems.append(_wrong(("accounts", name), error.message, error.hint))
            continue
        if provider is None:
            continue
        problems += _other_account(name, account.account, provider.account)
        built[name] = provider
    return built


def _shipped(account: AccountSettings, clock: Clock) -> Provider:
    module, name = _SHIPPED[account.account.provider]
    keys = import_module("payfallback.providers.keys")
    given: dict[str, Any] = {"base_url": account.base_url} if account.base_url else {}
    made: Provider = getattr(import_module(module), name)(
        account.account,
        sign=[keys.Key(each.id, each.pem, each.until) for each in account.sign],
        verify=[keys.Key(each.id, each.pem, each.until) for each in account.verify],
        secrets=list(account.secrets),
        clock=clock,
        **given,
    )
    return made


def _other_account(name: str, written: Account, coded: Account) -> list[Problem]:
    """Where a wrapped provider's own account differs from the file's. Its provider is named in code only."""
    hint = "an attempt records its account, and evidence of another one proves nothing: name the same in both"
    pairs = ((key, getattr(written, key), getattr(coded, key)) for key in ("merchant", "app", "environment"))
    return [
        _wrong(("accounts", name, key), f"is {ours!r} in the file and {theirs!r} in your code", hint)
        for key, ours, theirs in pairs
        if ours != theirs
    ]


# ---------------------------------------------------------------- channels


def _channels(settings: Settings, providers: Mapping[str, Provider], problems: list[Problem]) -> dict[str, Channel]:
    made: dict[str, Channel] = {}
    for name, each in settings.channels.items():
        provider = providers.get(each.account)
        if provider is None:
            continue
        try:
            capabilities = provider.capabilities(each.product)
        except ConfigError as error:
            problems.append(_wrong(("channels", name, "product"), error.message, error.hint))
            continue
        channel = _channel(settings, each, provider, capabilities)
        problems += _channel_problems(channel)
        made[name] = channel
    return made


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

    first = _FIRST_WAIT if settings.first_wait is None else settings.first_wait
    longest = max(first, _LONGEST_WAIT) if settings.longest_wait is None else settings.longest_wait
    return changed(settings.retry, wait=tenacity.wait_random_exponential(multiplier=first, max=longest))


def _channel_problems(channel: Channel) -> list[Problem]:
    problems = []
    least = channel.capabilities.expiry_min
    if channel.expiry is not None and channel.expiry < least:
        where = ("channels", channel.name, "expiry")
        problems.append(_wrong(where, f"this product takes no expiry below {least:g} seconds"))
    if longest_order_id(channel) == 0:
        where = ("channels", channel.name, "number")
        message = f"{channel.number} never fits this product's numbers, {channel.capabilities.number}"
        problems.append(_wrong(where, message, 'write it as "{order}{seq:02}"'))
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


# ---------------------------------------------------------------- the whole


def _policy(settings: Settings, channels: Mapping[str, Channel]) -> Policy:
    return Policy(
        channels=channels,
        routes=settings.routes,
        autonomy=settings.autonomy,
        share=settings.share,
        within=settings.within,
        pay_by=settings.pay_by,
        lease=settings.lease,
        max_attempts=settings.max_attempts,
        surplus_tries=settings.surplus_tries,
    )


def _stand_in(settings: Settings, policy: Policy, absent: tuple[str, ...]) -> Policy:
    """The policy with channels in place of those that only the shop's code has: nothing is said about them."""
    unknown = Capabilities()
    stand_ins = {name: _absent_channel(settings, name, unknown) for name in absent}
    return changed(policy, channels={**policy.channels, **stand_ins})


def _absent_channel(settings: Settings, name: str, capabilities: Capabilities) -> Channel:
    each = settings.channels[name]
    account = settings.accounts[each.account].account
    return Channel(name=name, account=account, capabilities=capabilities, terms=each.terms, last=True)


def _warnings(settings: Settings, channels: Mapping[str, Channel]) -> list[Problem]:
    found = [each for channel in channels.values() for each in _channel_warnings(settings, channel)]
    return [changed(each, line=line_of(settings.lines, each.where)) for each in found]


def _channel_warnings(settings: Settings, channel: Channel) -> list[Problem]:
    where: Where = ("channels", channel.name)
    found = []
    if channel.timeout >= settings.within:
        message = f"one silent call takes the whole time of `pay` ({settings.within:g} s)"
        found.append(_wrong((*where, "timeout"), message, "make it shorter than defaults.within"))
    if (*where, "expiry") in settings.lines and not channel.capabilities.expiry:
        found.append(_wrong((*where, "expiry"), "this product takes no expiry, so it is not sent"))
    if channel.expiry is not None and channel.expiry > settings.pay_by:
        found.append(_wrong((*where, "expiry"), "is longer than defaults.pay_by, which cuts it short"))
    if not channel.notify_url and channel.account.provider in _SHIPPED:
        found.append(_wrong(where, "without `notify_url` results are only known by asking"))
    return found
