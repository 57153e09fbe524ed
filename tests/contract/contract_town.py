"""Every shipped way in one policy, and workers that can die while they talk to a provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

from contract_around import Around
from contract_world import WAYS, Shop

import payfallback as pf
from payfallback._values import changed
from payfallback.policy import Policy, Route
from payfallback.ports import HttpRequest, HttpResponse, Operation, Wire

MORE: dict[str, tuple[str, str, tuple[int, ...]]] = {  # besides the starter configuration: like which, product, terms
    "jd_form": ("baitiao", "baitiao_h5", (12,)),
    "jd_pc": ("baitiao", "jdpay_pc", ()),
    "wechat_jsapi": ("wechat", "jsapi", ()),
    "wechat_h5": ("wechat", "h5", ()),
    "alipay_wap": ("alipay", "wap", ()),
    "huabei_page": ("alipay", "huabei_page", (6,)),
    "card_hold": ("card", "card_hold", ()),
    "klarna": ("card", "klarna", ()),
    "elements": ("card", "elements", ()),
    "unionpay_app": ("unionpay", "app", ()),
}


class Died(BaseException):
    """The worker is gone: no handler of the library may catch it."""


class Mortal(Around):
    """A provider behind which a worker dies when its fuse has burnt down: before a request, or before its answer is
    read."""

    def __init__(self, inner: Wire, burn: Callable[[], None]) -> None:
        super().__init__(inner)
        self._burn = burn

    def request(self, operation: Operation) -> HttpRequest:
        """The intent is durable, and nothing was sent yet."""
        self._burn()
        return super().request(operation)

    def read(self, operation: Operation, response: HttpResponse) -> pf.Answer:
        """The provider has answered, and nobody knows."""
        self._burn()
        return super().read(operation, response)


@contextmanager
def town(shop: Shop) -> Iterator[tuple[Policy, dict[str, Wire], dict[str, str]]]:
    """Every shipped way in one policy, with the providers and whose way each channel is. Notifications of earlier
    payments are taken by the shop that made them."""
    built = shop.payments._built
    providers = cast("dict[str, Wire]", dict(built.providers))
    channels, whose = dict(built.policy.channels), {way.channel: way.provider for way in WAYS}
    for name, (like, product, terms) in MORE.items():
        providers[name], whose[name] = providers[like], whose[like]
        declared = providers[like].capabilities(product)
        channels[name] = changed(channels[like], name=name, product=product, terms=terms, capabilities=declared)
    channels["jd_aggregate"] = changed(channels["jd_aggregate"], last=True)
    order = tuple(option for channel in channels.values() for option in channel.options)
    route = Route(name="all", order=tuple(sorted(order, key=lambda each: each.channel == "jd_aggregate")))
    payments = shop.payments
    try:
        yield changed(built.policy, channels=channels, routes=(route,)), providers, whose
    finally:
        shop.payments = payments
