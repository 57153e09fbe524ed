"""The pages that a person opens: what was charged, and the cashier where a shopper pays or refuses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from html import escape

from payfallback.testing.sandbox.ledger import Entry
from payfallback.testing.sandbox.trades import PAYABLE, Trade
from payfallback.testing.sandbox.words import CAUSES, PROVIDERS, STATES, WORDS

MOST_ROWS = 500

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif; }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #8884; }
td.money, th.money { text-align: right; font-variant-numeric: tabular-nums; }
.twice { color: #c00; font-weight: 600; }
.card { max-width: 26rem; margin: 3rem auto; padding: 1.5rem 2rem; border: 1px solid #8886; border-radius: .8rem; }
.card .sum { font-size: 2.2rem; font-variant-numeric: tabular-nums; margin: .3rem 0; }
.quiet { opacity: .7; font-size: .9rem; }
button { font: inherit; padding: .5rem 1.4rem; margin: .4rem .4rem .4rem 0; border: 1px solid #8888; }
button { border-radius: .5rem; }
button.main { background: #1677ff; border-color: #1677ff; color: #fff; }
"""


def money(fen: int) -> str:
    """Fen as yuan."""
    return f"¥{fen // 100:,}.{fen % 100:02}"


def _page(title: str, content: str, lang: str) -> str:
    code = {"zh": "zh-CN", "en": "en"}[lang]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return f'<!doctype html><html lang="{code}"><head>{head}<style>{_STYLE}</style></head><body>{content}</body></html>'


# ---------------------------------------------------------------- what was charged


def books(trades: list[Trade], entries: Iterable[Entry], lang: str) -> str:
    """One row a number, newest first: what was asked for, what was taken, what went back."""
    money_of = _sums(entries)
    words = {name: text[lang] for name, text in WORDS.items()}
    numbers: dict[tuple[str, str], Trade] = {(trade.provider, trade.number): trade for trade in trades}
    shown = list(reversed(numbers.values()))[:MOST_ROWS]
    columns = ("provider", "number", "order", "what", "amount", "state", "captured", "refunded", "held")
    head = "".join(f"<th{_right(name)}>{words[name]}</th>" for name in columns)
    rows = "".join(_row(trade, money_of[trade.provider, trade.number], lang) for trade in shown)
    table = (
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else f"<p>{words['empty']}</p>"
    )
    note = f'<p class="quiet">{words["shown"]} ({MOST_ROWS})</p>' if len(numbers) > MOST_ROWS else ""
    other = '<a href="/?lang=en">English</a>' if lang == "zh" else '<a href="/?lang=zh">中文</a>'
    title = f"<h1>{words['title']}</h1><p>{words['books']} · {other}</p>"
    return _page(words["title"], title + table + note, lang)


def _right(name: str) -> str:
    return ' class="money"' if name in ("amount", "captured", "refunded", "held") else ""


def _sums(entries: Iterable[Entry]) -> defaultdict[tuple[str, str], dict[str, list[int]]]:
    sums: defaultdict[tuple[str, str], dict[str, list[int]]]
    sums = defaultdict(lambda: {"capture": [], "refund": []})
    for entry in entries:
        sums[entry.provider, entry.number][entry.kind].append(entry.amount)
    return sums


def _row(trade: Trade, moved: dict[str, list[int]], lang: str) -> str:
    captured, refunded = sum(moved["capture"]), sum(moved["refund"])
    times = len(moved["capture"])
    note = f' <span class="twice">×{times} {WORDS["twice"][lang]}</span>' if times > 1 else ""
    link = f'<a href="{_address(trade, lang)}">{escape(trade.number)}</a>'
    texts = [PROVIDERS[trade.provider][lang], link, escape(trade.order), escape(trade.title)]
    sums = [captured, refunded, captured - refunded]
    cells = [f"<td>{text}</td>" for text in texts]
    cells += [f'<td class="money">{money(trade.amount)}</td>', f"<td>{STATES[trade.state][lang]}{note}</td>"]
    return f"<tr>{''.join(cells)}{''.join(f'<td class=money>{money(fen)}</td>' for fen in sums)}</tr>"


def _address(trade: Trade, lang: str) -> str:
    return f"/pay/{escape(trade.number)}?provider={trade.provider}&amp;lang={lang}"


# ---------------------------------------------------------------- the cashier


def cashier(trade: Trade, lang: str, back_to: str) -> str:
    """The page behind a QR code or a redirect: the order, its amount, and the shopper's two choices.

    `back_to` is the shop's page, empty when there is none.
    """
    title = f"{PROVIDERS[trade.provider][lang]} · {WORDS['title'][lang]}"
    terms = f" · {trade.terms} {WORDS['instalments'][lang]}" if trade.terms > 1 else ""
    facts = (
        f"<h2>{PROVIDERS[trade.provider][lang]}</h2><p>{escape(trade.title)}</p>"
        f'<p class="sum">{money(trade.amount)}</p><p>{WORDS["number"][lang]} {escape(trade.number)}{terms}</p>'
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
