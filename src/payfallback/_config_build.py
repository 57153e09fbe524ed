"""From the models of a file to frozen `Settings`: defaults filled in, secrets out of their wrappers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from payfallback._config_model import (
    AccountTable,
    AmountTable,
    ChannelTable,
    CodeRowTable,
    ConfigFile,
    MemoryTable,
    RouteTable,
    SharedHealthTable,
    SignKeyTable,
    Table,
    VerifyKeyTable,
    WhenTable,
)
from payfallback._config_values import (
    AccountSettings,
    ChannelSettings,
    CodeSettings,
    JournalSettings,
    KeySettings,
    Settings,
    SharedHealthSettings,
)
from payfallback._core.safety import Problem, Where
from payfallback.model import Money, Option
from payfallback.policy import (
    REMEMBERED,
    Account,
    CardPolicy,
    CircuitPolicy,
    CreditPolicy,
    MemoryPolicy,
    RetryPolicy,
    Route,
    When,
)
from payfallback.taxonomy import Cause

T = TypeVar("T")


def settings_of(file: ConfigFile, name: str, warnings: tuple[Problem, ...], lines: Mapping[Where, int]) -> Settings:
    """The values of one valid file."""
    defaults = file.defaults
    return Settings(
        file=name,
        journal=JournalSettings(url=file.journal.url, seal=tuple(key.get_secret_value() for key in file.journal.seal)),
        accounts={key: _account(key, each) for key, each in file.accounts.items()},
        channels={key: _channel(key, each, file) for key, each in file.channels.items()},
        routes=tuple(_route(each, place) for place, each in enumerate(file.routes, 1)),
        autonomy=file.autonomy,
        share=float(file.share),
        within=defaults.within,
        pay_by=defaults.pay_by,
        lease=defaults.lease,
        max_attempts=defaults.max_attempts,
        surplus_tries=defaults.surplus_tries,
        memory=_memory(file.memory),
        credit=CreditPolicy(**file.credit.model_dump()),
        cards=CardPolicy(**file.cards.model_dump()),
        shared_health=_shared_health(file.shared_health),
        warnings=warnings,
        lines=lines,
    )


def _memory(table: MemoryTable) -> MemoryPolicy:
    own = {Cause(name): seconds for name, seconds in table.keep.items()}
    kept = {**REMEMBERED, **own}
    return MemoryPolicy(keep={cause: seconds for cause, seconds in kept.items() if cause.value not in table.forget})


def _shared_health(table: SharedHealthTable | None) -> SharedHealthSettings | None:
    return None if table is None else SharedHealthSettings(url=table.url, prefix=table.prefix, every=table.every)


def _account(name: str, table: AccountTable) -> AccountSettings:
    secrets = [table.secret] if table.secret is not None else table.secrets
    return AccountSettings(
        account=Account(
            name=name,
            provider=table.provider,
            merchant=table.merchant,
            app=table.app,
            environment=table.environment,
        ),
        base_url=table.base_url or "",
        sign=tuple(map(_ours, table.sign)),
        verify=tuple(map(_theirs, table.verify)),
        secrets=tuple(secret.get_secret_value() for secret in secrets),
        options=dict(table.options),
        codes=tuple(map(_code, table.codes)),
    )


def _code(table: CodeRowTable) -> CodeSettings:
    return CodeSettings(
        code=table.code,
        operation=table.operation,
        verdict=table.verdict or "",
        cause=table.cause or "",
        meaning=table.meaning,
        confirmed_by=table.confirmed_by.strip(),
    )


def _ours(table: SignKeyTable) -> KeySettings:
    return KeySettings(id=table.id, pem=table.key.get_secret_value())


def _theirs(table: VerifyKeyTable) -> KeySettings:
    return KeySettings(id=table.id, pem=table.key, until=table.until)


def _channel(name: str, table: ChannelTable, file: ConfigFile) -> ChannelSettings:
    defaults = file.defaults
    retry = _merged(table.retry, defaults.retry)
    first_wait, longest_wait = retry.pop("first_wait", None), retry.pop("longest_wait", None)
    return ChannelSettings(
        name=name,
        account=table.account,
        product=table.product,
        terms=tuple(table.terms or ()),
        timeout=_given(table.timeout, defaults.timeout),
        expiry=_given(table.expiry, defaults.expiry),
        max_in_flight=_given(table.max_in_flight, defaults.max_in_flight),
        number=_given(table.number, defaults.number),
        notify_url=_notify_url(name, table, file),
        last=table.last,
        circuit=CircuitPolicy(**_merged(table.circuit, defaults.circuit)),
        retry=RetryPolicy(**retry),
        first_wait=first_wait,
        longest_wait=longest_wait,
        label=dict(table.label),
    )


def _given(own: T | None, default: T) -> T:
    return default if own is None else own


def _merged(own: Table, default: Table) -> dict[str, Any]:
    """What is written, the channel's before the default's."""
    return {**default.model_dump(exclude_none=True), **own.model_dump(exclude_none=True)}


def _notify_url(name: str, table: ChannelTable, file: ConfigFile) -> str:
    address = table.notify_url or file.accounts[table.account].notify_url or ""
    return address.replace("{channel}", name)


def _route(table: RouteTable, place: int) -> Route:
    return Route(
        name=table.name or f"route {place}",
        order=tuple(map(Option.parse, table.order)),
        when=_when(table.when),
        always_ask=tuple(map(Option.parse, table.always_ask)),
        shop_around_risk=table.shop_around_risk,
    )


def _when(table: WhenTable) -> When:
    currency = table.currency or ""
    amount = table.amount or AmountTable()
    return When(
        currency=currency,
        at_least=None if amount.from_ is None else Money.of(amount.from_, currency),
        at_most=None if amount.to is None else Money.of(amount.to, currency),
        categories=tuple(table.categories),
        regions=tuple(table.regions),
        merchants=tuple(table.merchants),
        attributes=dict(table.attributes),
        start=table.start,
        end=table.end,
    )
