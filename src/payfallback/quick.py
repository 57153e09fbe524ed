"""A policy without a file: for scripts, tests and the first quarter of an hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from payfallback.model import Option
from payfallback.policy import Channel, Policy, Route
from payfallback.ports import Provider


def channels(
    providers: Mapping[str, Provider],
    *,
    order: Sequence[str] | None = None,
    terms: Mapping[str, Sequence[int]] | None = None,
    channel: Mapping[str, Mapping[str, Any]] | None = None,
    **policy: Any,
) -> dict[str, Any]:
    """Arguments for `Payments(**channels(...))`: one channel a provider, one route in `order`.

    `terms`: instalments by channel, 0 for in full. `channel`: further fields of `Channel` by name. The rest are
    fields of `Policy` (`autonomy`, `within`, `pay_by` ...).
    """
    made: dict[str, Channel] = {}
    for name, provider in providers.items():
        given: dict[str, Any] = {"timeout": getattr(provider, "timeout", 3.0), **(channel or {}).get(name, {})}
        product = given.pop("product", "")
        capabilities = provider.capabilities(product)
        made[name] = Channel(
            name=name,
            account=provider.account,
            capabilities=capabilities,
            product=product,
            terms=tuple((terms or {}).get(name, ())),
            last=given.pop("last", getattr(provider, "last", False)),
            **given,
        )
    steps = [Option.parse(text) for text in order] if order else [o for c in made.values() for o in c.options]
    route = Route(name="default", order=tuple(steps))
    return {"policy": Policy(channels=made, routes=(route,), **policy), "providers": providers}
