"""What the keys of a configuration say about each other: names that must exist, routes that must end, amounts.

Works on the plain document, so that everything wrong with a file is told at once even where its shape is wrong too;
what has the wrong shape is left to the models.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from payfallback._config_words import near, wrong
from payfallback._core.safety import Problem, Where
from payfallback.errors import MoneyInvalid, UnknownOption
from payfallback.model import Money, Option

PROVIDERS = ("alipay", "jdpay", "jdpay_aggregate", "stripe", "unionpay", "wechatpay", "wrap")

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NUMBER_FIELD = re.compile(r"order|account|channel|seq(?::0[1-9])?")

Document = Mapping[str, Any]


def problems_between(document: Document) -> list[Problem]:
    """Everything that one key makes wrong about another."""
    checks: tuple[Callable[[Document], Iterator[Problem]], ...] = (_accounts, _channels, _templates, _routes, _ends)
    return [problem for check in checks for problem in check(document)]


def unused(document: Document) -> list[Problem]:
    """Channels that no route leads to: not wrong, and worth a word."""
    used = {each.split("/")[0] for route in _route_tables(document) for each in _texts(route.get("order"))}
    names = [name for name in _table(document, "channels") if name not in used]
    return [wrong(("channels", name), "no route leads to this channel") for name in names]


def _table(document: Any, name: str) -> dict[str, Any]:
    inside = document.get(name) if isinstance(document, Mapping) else None
    return dict(inside) if isinstance(inside, Mapping) else {}


def _tables(document: Document, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((key, each) for key, each in _table(document, name).items() if isinstance(each, Mapping))


def _route_tables(document: Document) -> list[Mapping[str, Any]]:
    routes = document.get("routes")
    return [each if isinstance(each, Mapping) else {} for each in routes] if isinstance(routes, list) else []


def _texts(given: Any) -> list[str]:
    return [each for each in given if isinstance(each, str)] if isinstance(given, list) else []


def _accounts(document: Document) -> Iterator[Problem]:
    for name, account in _tables(document, "accounts"):
        provider = account.get("provider")
        if isinstance(provider, str) and provider not in PROVIDERS:
            yield wrong(("accounts", name, "provider"), "no such provider", near(provider, PROVIDERS))
        yield from _codes(("accounts", name, "codes"), account.get("codes"))


def _codes(where: Where, codes: Any) -> Iterator[Problem]:
    """Rows of the merchant's own that say nothing, or say it twice."""
    met: list[tuple[object, object]] = []
    for place, row in enumerate(codes if isinstance(codes, list) else []):
        if not isinstance(row, Mapping):
            continue
        key = (row.get("operation", "*"), row.get("code"))
        if key in met:
            yield wrong((*where, place), "another row is about this code and operation already")
        met.append(key)
        if not {"verdict", "cause", "meaning", "confirmed_by"} & set(row):
            yield wrong((*where, place), "changes nothing", "give it a `verdict` or a `cause`")


def _channels(document: Document) -> Iterator[Problem]:
    accounts = _table(document, "accounts")
    for name, channel in _tables(document, "channels"):
        account = channel.get("account")
        if isinstance(account, str) and account not in accounts:
            yield wrong(("channels", name, "account"), f"no account {account!r} in this file", near(account, accounts))
        terms = channel.get("terms")
        yield from _twice(("channels", name, "terms"), terms if isinstance(terms, list) else [])


def _twice(where: Where, entries: list[Any]) -> Iterator[Problem]:
    for place, each in enumerate(entries):
        if each in entries[:place]:
            yield wrong((*where, place), f"{each!r} stands there twice")


def _templates(document: Document) -> Iterator[Problem]:
    places: list[tuple[Where, Any]] = [(("defaults", "number"), _table(document, "defaults").get("number"))]
    places += [(("channels", name, "number"), each.get("number")) for name, each in _tables(document, "channels")]
    for where, template in places:
        if isinstance(template, str) and (message := _template_problem(template)):
            yield wrong(where, message, 'write it as "{order}{seq:02}"')


def _template_problem(template: str) -> str:
    names = _PLACEHOLDER.findall(template)
    if "{" in _PLACEHOLDER.sub("", template) or "}" in _PLACEHOLDER.sub("", template):
        return "expected a template of attempt numbers, found unbalanced braces"
    for name in names:
        if not _NUMBER_FIELD.fullmatch(name):
            return f"unknown placeholder {{{name}}}; known: order, seq, seq:02, account, channel"
    if "order" not in names:
        return "without {order} the attempts of two orders would share a number"
    if not any(name.startswith("seq") for name in names):
        return "without {seq:02} two attempts of an order would share a number"
    return ""


# ---------------------------------------------------------------- routes


def _routes(document: Document) -> Iterator[Problem]:
    names: list[Any] = []
    for place, route in enumerate(_route_tables(document)):
        where = ("routes", place)
        yield from _order(document, route, where)
        yield from _always_ask(route, where)
        yield from _amount(route, where)
        name = route.get("name")
        if name is not None and name in names:
            yield wrong((*where, "name"), f"another route is called {name!r} already")
        names.append(name)


def _order(document: Document, route: Mapping[str, Any], where: Where) -> Iterator[Problem]:
    channels = dict(_tables(document, "channels"))
    order = route.get("order")
    for place, text in enumerate(order if isinstance(order, list) else []):
        if isinstance(text, str) and (found := _option_problem(text, channels)):
            yield wrong((*where, "order", place), *found)
    yield from _twice((*where, "order"), order if isinstance(order, list) else [])


def _option_problem(text: str, channels: Mapping[str, Mapping[str, Any]]) -> tuple[str, str] | None:
    """Why an option id cannot be used, and what to do; None when it can."""
    try:
        option = Option.parse(text)
    except UnknownOption as error:
        return error.message, error.hint
    if option.channel not in channels:
        return f"no channel {option.channel!r} in this file", near(option.channel, channels)
    offered = _offered(option.channel, channels[option.channel].get("terms"))
    if text in offered:
        return None
    if offered == [option.channel]:
        return f"channel {option.channel!r} has no terms", f"write {option.channel}, or give the channel `terms`"
    return f"channel {option.channel!r} does not offer {text!r}", near(text, offered)


def _offered(channel: str, terms: Any) -> list[str]:
    return [f"{channel}/{each}" for each in terms] if isinstance(terms, list) and terms else [channel]


def _always_ask(route: Mapping[str, Any], where: Where) -> Iterator[Problem]:
    order = _texts(route.get("order"))
    for place, text in enumerate(_texts(route.get("always_ask"))):
        if text not in order:
            yield wrong((*where, "always_ask", place), f"{text!r} is not in this route's order", near(text, order))


def _amount(route: Mapping[str, Any], where: Where) -> Iterator[Problem]:
    when = _table(route, "when")
    amount, currency = _table(when, "amount"), when.get("currency")
    if not amount:
        return
    where = (*where, "when")
    if currency is None:
        yield wrong((*where, "amount"), "expected `currency` beside it", 'add currency = "CNY"')
    bounds = {}
    for key in ("from", "to"):
        try:
            bounds[key] = Money.of(amount[key], currency) if isinstance(amount.get(key), str) and currency else None
        except MoneyInvalid as error:
            yield wrong((*where, "amount", key), error.message, error.hint)
    least, most = bounds.get("from"), bounds.get("to")
    if least is not None and most is not None and least.minor > most.minor:
        yield wrong((*where, "amount"), "`from` is above `to`, so no order ever matches")


def _ends(document: Document) -> Iterator[Problem]:
    """The first match wins: every order must find a route, and every route must be reachable."""
    routes = _route_tables(document)
    open_ended = [place for place, route in enumerate(routes) if not route.get("when")]
    if not routes:
        return
    if not open_ended:
        hint = "add a last route without `when`"
        yield wrong(("routes", len(routes) - 1), "orders that match no route could not be paid", hint)
    elif open_ended[0] < len(routes) - 1:
        hint = "put the route without `when` last"
        yield wrong(("routes", open_ended[0]), "matches every order, so the routes after it are never taken", hint)
