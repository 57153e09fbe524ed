"""Policy and providers of a whole configuration, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping

from payfallback._assemble.accounts import is_absent, providers_of, strangers, unwrapped
from payfallback._assemble.channels import channels_of, warnings_about
from payfallback._assemble.codes import warnings_about_codes
from payfallback._config_problems import refuse
from payfallback._config_values import Settings, SharedHealthSettings
from payfallback._core.safety import Problem, unsafe_steps
from payfallback._values import changed, field, value
from payfallback.policy import Capabilities, Channel, Policy
from payfallback.ports import Callables, Clock, Provider


@value(kw_only=True)
class Assembled:
    """What a client runs on. `providers`: by account name, also those that no channel uses; `channels`: the provider of
    each channel. `seal`: the journal's keys."""

    policy: Policy
    providers: Mapping[str, Provider] = field(repr=False)
    channels: Mapping[str, Provider] = field(repr=False)
    journal_url: str = field(repr=False)
    seal: tuple[str, ...] = field(default=(), repr=False)
    shared_health: SharedHealthSettings | None = None
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
    missing = [unwrapped(settings, channel) for channel in draft.wrapped]
    refuse([*draft.problems, *missing], settings.file, settings.lines)
    return draft.assembled


def draft_of(settings: Settings, *, clock: Clock, wrapped: Mapping[str, Callables]) -> Draft:
    """The same without raising, and without the channels whose callables only the shop's own code has."""
    providers, wrong_accounts = providers_of(settings, clock, wrapped)
    absent = tuple(name for name, each in settings.channels.items() if is_absent(settings, each, wrapped))
    channels, wrong_channels = channels_of(settings, providers)
    problems = [*strangers(settings, wrapped), *wrong_accounts, *wrong_channels]
    policy = _policy(settings, channels)
    if len(channels) == len(settings.channels):
        problems += unsafe_steps(policy)
    elif len(channels) + len(absent) == len(settings.channels):
        problems += unsafe_steps(_stand_in(settings, policy, absent))
    assembled = Assembled(
        policy=policy,
        providers=providers,
        channels={name: providers[settings.channels[name].account] for name in channels},
        journal_url=settings.journal.url,
        seal=settings.journal.seal,
        shared_health=settings.shared_health,
        warnings=(*settings.warnings, *warnings_about(settings, channels), *warnings_about_codes(settings)),
    )
    return Draft(assembled=assembled, problems=tuple(problems), wrapped=absent)


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
        memory=settings.memory,
        credit=settings.credit,
        cards=settings.cards,
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
