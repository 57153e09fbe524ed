"""The providers of a configuration, by account: shipped ones are built, wrapped ones are handed in."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from payfallback._assemble.codes import problems_of as code_problems
from payfallback._assemble.codes import rows_of
from payfallback._config_values import AccountSettings, ChannelSettings, Settings
from payfallback._config_words import near, wrong
from payfallback._core.safety import Problem
from payfallback.errors import ConfigError
from payfallback.policy import Account
from payfallback.ports import Callables, Clock, Provider

SHIPPED = {
    "alipay": ("payfallback.providers.alipay", "Alipay"),
    "jdpay": ("payfallback.providers.jdpay", "JdPay"),
    "jdpay_aggregate": ("payfallback.providers.jdpay_aggregate", "JdPayAggregate"),
    "stripe": ("payfallback.providers.stripe", "Stripe"),
    "unionpay": ("payfallback.providers.unionpay", "UnionPay"),
    "wechatpay": ("payfallback.providers.wechatpay", "WechatPay"),
}


def is_absent(settings: Settings, channel: ChannelSettings, wrapped: Mapping[str, Callables]) -> bool:
    """Whether a channel's callables are only in the shop's own code, and were not handed in."""
    account = settings.accounts[channel.account].account
    return account.provider == "wrap" and account.name not in wrapped


def unwrapped(settings: Settings, channel: str) -> Problem:
    """What is wrong when a client is to start without them."""
    account = settings.channels[channel].account
    hint = f'hand it in: wrapped={{"{account}": payfallback.wrap(...)}}'
    return wrong(("accounts", account, "provider"), f"channel {channel!r} is wrapped by your own code", hint)


def strangers(settings: Settings, wrapped: Mapping[str, Callables]) -> list[Problem]:
    """What was handed in for no account of the file."""
    names = [name for name, each in settings.accounts.items() if each.account.provider == "wrap"]
    return [
        wrong(("accounts",), f'no account {name!r} with provider = "wrap" in this file', near(name, names))
        for name in wrapped
        if name not in names
    ]


def providers_of(
    settings: Settings, clock: Clock, wrapped: Mapping[str, Callables]
) -> tuple[dict[str, Provider], list[Problem]]:
    """The provider of each account, and what is wrong with accounts. One that is only in code may be missing."""
    built: dict[str, Provider] = {}
    problems: list[Problem] = []
    for name, account in settings.accounts.items():
        try:
            if found := code_problems(name, account):
                problems += found
                continue
            provider = wrapped.get(name) if account.account.provider == "wrap" else _shipped(account, clock)
        except ConfigError as error:
            problems.append(wrong(("accounts", name), error.message, error.hint))
            continue
        if provider is not None:
            problems += _other_account(name, account.account, provider.account)
            built[name] = provider
    return built, problems


def _shipped(account: AccountSettings, clock: Clock) -> Provider:
    module, name = SHIPPED[account.account.provider]
    keys = import_module("payfallback.providers.keys")
    given: dict[str, Any] = {"base_url": account.base_url} if account.base_url else {}
    if account.codes:
        given["codes"] = rows_of(account)
    made: Any = getattr(import_module(module), name)(
        account.account,
        sign=[keys.Key(each.id, each.pem, each.until) for each in account.sign],
        verify=[keys.Key(each.id, each.pem, each.until) for each in account.verify],
        secrets=list(account.secrets),
        clock=clock,
        options=dict(account.options),
        **given,
    )
    made.check()  # a key that cannot be read is found now, not by the first payment
    provider: Provider = made
    return provider


def _other_account(name: str, written: Account, coded: Account) -> list[Problem]:
    """Where a wrapped provider's own account differs from the file's. Its provider is named in code only."""
    hint = "an attempt records its account, and evidence of another one proves nothing: name the same in both"
    pairs = ((key, getattr(written, key), getattr(coded, key)) for key in ("merchant", "app", "environment"))
    return [
        wrong(("accounts", name, key), f"is {ours!r} in the file and {theirs!r} in your code", hint)
        for key, ours, theirs in pairs
        if ours != theirs
    ]
