"""A merchant's own rows in a provider's table of codes: held against the table, and made into its rows.

A row that explains a code, or leaves more open than the table does, is simply taken. One that would make an open
outcome count as declined lets an order go on to another channel while the first one may still charge it: it needs the
name of whoever confirmed it (`confirmed_by`), and `check` shows it each time.
"""

from __future__ import annotations

from collections.abc import Mapping

from payfallback._config_lines import line_of
from payfallback._config_values import AccountSettings, CodeSettings, Settings
from payfallback._config_words import near, wrong
from payfallback._core.safety import Problem, Where
from payfallback._values import changed, value
from payfallback.providers.code_table import CHANGEABLE, CodeRow, CodeTable, code_table, everywhere_of
from payfallback.taxonomy import FACTS, Cause, Verdict

_MOVED = frozenset({Verdict.CAPTURED, Verdict.AUTHORISED, Verdict.REFUNDED})
_ASK = 'ask the provider; then write confirmed_by = "who, where, when"'


@value
class _Looked:
    """Where an adapter looks codes up: in which table, for which operations that charge, close or refund, and for
    which that ask."""

    table: str
    operations: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


_ADAPTERS: Mapping[str, _Looked] = {
    "alipay": _Looked(
        "alipay",
        (
            "alipay.trade.pay",
            "alipay.trade.precreate",
            "alipay.trade.cancel",
            "alipay.trade.close",
            "alipay.trade.refund",
        ),
        ("alipay.trade.query", "alipay.trade.fastpay.refund.query"),
    ),
    "jdpay": _Looked("jdpay"),
    "jdpay_aggregate": _Looked("jdpay", ("aggre:pay", "aggre:refund"), ("aggre:querytrade", "aggre:queryrefund")),
    "stripe": _Looked("stripe", ("decline_code", "error.code", "http/error.type")),
    "unionpay": _Looked("unionpay", (), ("query", "origRespCode")),
    "wechatpay": _Looked(
        "wechatpay",
        ("close", "refund", "v2:closeorder", "v2:micropay", "v2:refund"),
        ("query", "query_refund", "v2:orderquery"),
    ),
}


def rows_of(account: AccountSettings) -> tuple[CodeRow, ...]:
    """The rows of an account whose `problems_of` are none."""
    looked = _ADAPTERS[account.account.provider]
    table = code_table(looked.table)
    return tuple(_row(table, looked, account.account.name, each) for each in account.codes)


def rows_of_file(settings: Settings) -> tuple[CodeRow, ...]:
    """The rows of every account of a configuration that has right ones."""
    accounts = ((name, each) for name, each in settings.accounts.items() if each.codes)
    return tuple(row for name, each in accounts if not problems_of(name, each) for row in rows_of(each))


def problems_of(name: str, account: AccountSettings) -> list[Problem]:
    """What is wrong with an account's rows."""
    if not account.codes:
        return []
    where, looked = ("accounts", name, "codes"), _ADAPTERS.get(account.account.provider)
    if looked is None:
        hint = "let its reader know these codes"
        return [wrong(where, f"{account.account.provider!r} has no table of codes", hint)]
    rows = enumerate(account.codes)
    return [problem for place, each in rows for problem in _problems((*where, place), looked, each)]


def warnings_about_codes(settings: Settings) -> list[Problem]:
    """Every row that makes an open outcome, or a refusal that was only inferred, end an attempt."""
    found = []
    for name, account in settings.accounts.items():
        looked = _ADAPTERS.get(account.account.provider)
        for place, each in enumerate(account.codes if looked is not None else ()):
            if looked is not None and each.confirmed_by:
                found.append(wrong(("accounts", name, "codes", place), _warned(looked, each)))
    return [changed(each, line=line_of(settings.lines, each.where)) for each in found]


def _warned(looked: _Looked, each: CodeSettings) -> str:
    verdicts = sorted({row.verdict.value for row in _changed(_met(looked, each))})
    before = f"is {' or '.join(verdicts)} in the table" if verdicts else "is in no table"
    here = "here, where it is signed, ends an attempt without asking, as confirmed by"
    return f"{each.code!r} {before}, and {here} {each.confirmed_by!r}"


def _problems(where: Where, looked: _Looked, each: CodeSettings) -> list[Problem]:
    known = ("*", *{everywhere_of(name): None for name in looked.operations}, *looked.operations)
    if each.operation not in known:
        return [wrong((*where, "operation"), "no operation of this provider's", near(each.operation, known))]
    met = _met(looked, each)
    for row in met:
        if row.verdict in _MOVED or all(other.verdict not in CHANGEABLE for other in met):
            message = f"{each.code!r} says {row.verdict.value} to {row.operation!r}, which no row can change"
            return [wrong(where, message, "name one operation, if it is meant for another")]
    return _of_verdict(where, each, _changed(met))


def _of_verdict(where: Where, each: CodeSettings, met: tuple[CodeRow, ...]) -> list[Problem]:
    refused = bool(met) and all(row.verdict is Verdict.DECLINED for row in met)
    declined = each.verdict == "declined" or (not each.verdict and refused)
    if declined and not refused and not each.confirmed_by:
        known = "leaves the outcome open" if met else "is in no table"
        message = f"{each.code!r} {known}: as declined, another channel would charge while this one still may"
        return [wrong((*where, "verdict"), message, _ASK)]
    if each.confirmed_by and not declined:
        return [wrong((*where, "confirmed_by"), "confirms nothing", 'it belongs to verdict = "declined"')]
    return _of_cause(where, each, declined)


def _of_cause(where: Where, each: CodeSettings, declined: bool) -> list[Problem]:
    facts = FACTS[Cause(each.cause)] if each.cause else None
    if facts is None:
        return []
    if facts.internal or facts.side == "library":
        return [wrong((*where, "cause"), "only the library itself decides that", "see docs/causes.md")]
    if declined and facts.money == "unknown":
        return [wrong((*where, "cause"), "leaves open whether money moved, which a refusal does not")]
    return []


def _changed(met: tuple[CodeRow, ...]) -> tuple[CodeRow, ...]:
    """Those of the rows that a merchant's own can stand before."""
    return tuple(row for row in met if row.verdict in CHANGEABLE)


def _met(looked: _Looked, each: CodeSettings) -> tuple[CodeRow, ...]:
    """The rows of the table that this one would stand before."""
    places = (*looked.operations, *looked.questions)
    if each.operation != "*":
        places = tuple(name for name in places if each.operation in (name, everywhere_of(name)))
    table = code_table(looked.table)
    rows = (table.row(place, each.code) for place in (*places, each.operation))
    return tuple(dict.fromkeys(row for row in rows if row is not None))


def _row(table: CodeTable, looked: _Looked, account: str, each: CodeSettings) -> CodeRow:
    met = _changed(_met(looked, each))
    verdict = Verdict(each.verdict) if each.verdict else met[0].verdict if met else Verdict.UNKNOWN
    same = tuple(row for row in met if row.verdict is verdict)
    confirmed = bool(each.confirmed_by)
    return CodeRow(
        table.provider,
        each.operation,
        each.code,
        each.meaning or (met[0].meaning if met else ""),
        verdict,
        Cause(each.cause) if each.cause else same[0].cause if same else _CAUSE[verdict],
        confirmed or (bool(met) and all(row.stated for row in same) and len(same) == len(met)),
        bool(same) and all(row.resendable for row in same),
        f"account {account!r}" + (f", confirmed by {each.confirmed_by}" if confirmed else ""),
        confirmed or (bool(met) and len(same) == len(met) and all(row.final for row in same)),
        "yes" if verdict is Verdict.DECLINED else "asked",
    )


_CAUSE: Mapping[Verdict, Cause] = {
    Verdict.DECLINED: Cause.DECLINED,
    Verdict.PENDING: Cause.AWAITING_PROVIDER,
    Verdict.UNKNOWN: Cause.UNRECOGNISED,
}
