"""The pages that a person opens: what was charged, and the cashier where a shopper pays or refuses."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from payfallback.testing.sandbox.books import Line, Moved, OrderBook
from payfallback.testing.sandbox.registry import ENTRIES
from payfallback.testing.sandbox.trades import CNY, PAYABLE, Trade
from payfallback.testing.sandbox.words import CAUSES, STATES, WORDS

MOST_ORDERS, MOST_NUMBERS = 500, 50  # on one page
_WHOLE = frozenset({"JPY", "KRW", "VND", "CLP", "XAF", "XOF", "XPF", "PYG", "RWF"})  # currencies without minor units

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif; }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #8884; }
td.money, th.money { text-align: right; font-variant-numeric: tabular-nums; }
tr.order > * { border-top: 2px solid #8888; font-weight: 600; padding-top: .8rem; }
.twice { color: #c00; font-weight: 600; }
.card { max-width: 26rem; margin: 3rem auto; padding: 1.5rem 2rem; border: 1px solid #8886; border-radius: .8rem; }
.card .sum { font-size: 2.2rem; font-variant-numeric: tabular-nums; margin: .3rem 0; }
.quiet { opacity: .7; font-size: .9rem; }
button { font: inherit; padding: .5rem 1.4rem; margin: .4rem .4rem .4rem 0; border: 1px solid #8888; }
button { border-radius: .5rem; }
button.main { background: #1677ff; border-color: #1677ff; color: #fff; }
"""


def money(minor: int, currency: str = CNY) -> str:
    """Minor units as people write them: fen as yuan, yen whole."""
    if currency in _WHOLE:
        return f"{currency} {minor:,}"
    return f"{'¥' if currency == CNY else currency + ' '}{minor // 100:,}.{minor % 100:02}"


def _page(title: str, content: str, lang: str) -> str:
    code = {"zh": "zh-CN", "en": "en"}[lang]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return f'<!doctype html><html lang="{code}"><head>{head}<style>{_STYLE}</style></head><body>{content}</body></html>'


# ---------------------------------------------------------------- what was charged


def books(charged: list[OrderBook], lang: str) -> str:
    """What each order was charged over all providers, newest first, and under it each of its numbers."""
    words = {name: text[lang] for name, text in WORDS.items()}
    columns = ("number", "provider", "what", "amount", "state", "captured", "refunded", "held")
    head = "".join(f"<th{_right(name)}>{words[name]}</th>" for name in columns)
    groups = "".join(_group(order, lang) for order in charged[:MOST_ORDERS])
    table = f"<table><thead><tr>{head}</tr></thead>{groups}</table>" if groups else f"<p>{words['empty']}</p>"
    note = f'<p class="quiet">{words["shown"]} ({MOST_ORDERS})</p>' if len(charged) > MOST_ORDERS else ""
    other = '<a href="/?lang=en">English</a>' if lang == "zh" else '<a href="/?lang=zh">中文</a>'
    title = f"<h1>{words['title']}</h1><p>{words['books']} · {other}</p>"
    return _page(words["title"], title + table + note, lang)


def _right(name: str) -> str:
    return ' class="money"' if name in ("amount", "captured", "refunded", "held") else ""


def _group(order: OrderBook, lang: str) -> str:
    twice = f' <span class="twice">{WORDS["order_twice"][lang]}</span>' if order.charged_twice else ""
    name = f"<th colspan=5>{WORDS['order'][lang]} {escape(order.name)}{twice}</th>"
    rows = "".join(_row(line, lang) for line in order.lines[-MOST_NUMBERS:])
    return f'<tbody><tr class="order">{name}{_money_cells(order.total)}</tr>{rows}</tbody>'


def _row(line: Line, lang: str) -> str:
    trade, times = line.trade, line.moved.captures
    note = f' <span class="twice">×{times} {WORDS["twice"][lang]}</span>' if times > 1 else ""
    link = f'<a href="{_address(trade, lang)}">{escape(trade.number)}</a>'
    texts = [link, ENTRIES[trade.provider].words[lang], escape(trade.title)]
    cells = [f"<td>{text}</td>" for text in texts]
    cells += [f'<td class="money">{money(trade.amount, trade.currency)}</td>']
    cells += [f"<td>{STATES[trade.state][lang]}{note}</td>", _money_cells(line.moved)]
    return f"<tr>{''.join(cells)}</tr>"


def _money_cells(moved: Moved) -> str:
    return "".join(f'<td class="money">{_sums(each)}</td>' for each in (moved.captured, moved.refunded, moved.held))


def _sums(amounts: Mapping[str, int]) -> str:
    return " + ".join(money(minor, currency) for currency, minor in sorted(amounts.items()) if minor) or "–"


def _address(trade: Trade, lang: str) -> str:
    return f"/pay/{escape(trade.number)}?provider={trade.provider}&amp;lang={lang}"


# ---------------------------------------------------------------- the cashier


def cashier(trade: Trade, lang: str, back_to: str) -> str:
    """The page behind a QR code or a redirect: the order, its amount, and the shopper's two choices.

    `back_to` is the shop's page, empty when there is none.
    """
    title = f"{ENTRIES[trade.provider].words[lang]} · {WORDS['title'][lang]}"
    terms = f" · {trade.terms} {WORDS['instalments'][lang]}" if trade.terms > 1 else ""
    facts = (
        f"<h2>{ENTRIES[trade.provider].words[lang]}</h2><p>{escape(trade.title)}</p>"
        f'<p class="sum">{money(trade.amount, trade.currency)}</p>'
        f"<p>{WORDS['number'][lang]} {escape(trade.number)}{terms}</p>"
        f"<p><strong>{STATES[trade.state][lang]}</strong>{_why(trade, lang)}</p>"
    )
    choices = _choices(trade, lang) if trade.state in PAYABLE else ""
    links = f'{_back(back_to, lang)}<p class="quiet">{WORDS["play"][lang]} <a href="/">{WORDS["all"][lang]}</a></p>'
    return _page(title, f'<div class="card">{facts}{choices}{links}</div>', lang)


def _why(trade: Trade, lang: str) -> str:
    if not trade.cause:
        return ""
    return f" · {escape(CAUSES.get(trade.cause, {}).get(lang, trade.cause))}"


def _choices(trade: Trade, lang: str) -> str:
    action = _address(trade, lang)
    causes = "".join(f'<option value="{cause}">{text[lang]}</option>' for cause, text in CAUSES.items())
    pay = f'<button class="main" name="do" value="pay">{WORDS["pay"][lang]}</button>'
    refuse = f'<button name="do" value="refuse">{WORDS["refuse"][lang]}</button>'
    reason = f'<label class="quiet">{WORDS["reason"][lang]} <select name="cause">{causes}</select></label>'
    return f'<form method="post" action="{action}">{pay}{refuse}<br>{reason}</form>'


def _back(back_to: str, lang: str) -> str:
    if not back_to.startswith(("http://", "https://")):
        return ""
    return f'<p><a href="{escape(back_to)}">{WORDS["back"][lang]}</a></p>'


def no_such_trade(lang: str) -> str:
    """For a number that nobody charged."""
    text = f'<div class="card"><p>{WORDS["unknown"][lang]}</p><p><a href="/">{WORDS["all"][lang]}</a></p></div>'
    return _page(WORDS["title"][lang], text, lang)
