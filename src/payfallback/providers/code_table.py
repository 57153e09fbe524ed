"""What each provider's code proves, and why: one table a provider, in this library's verdicts and causes.

The rows stand in `data/<provider>.tsv` and are read when the first code is looked up. A row says whether the provider
(or its official SDK, demo or manual) *states* what to do on a code, or whether that was inferred. Only a stated refusal
that ends the number is `final`: it alone permits another channel without asking first. Every other refusal is asked
about, or closed, before anything else is tried. A code that stands in no row proves nothing.

An operation is the provider's own name for it, or `*` for all. Where a provider has several interfaces, the operations
of all but the main one carry a prefix, as in `v2:micropay` or `quick:*`; such rows are met only where they apply.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Literal, cast

from payfallback._values import value
from payfallback.errors import ConfigError
from payfallback.taxonomy import Cause, Verdict

PROVIDERS: tuple[str, ...] = ("jdpay", "wechatpay", "alipay", "unionpay", "stripe", "visa", "mastercard")

# What a merchant's own row may stand before.
CHANGEABLE = frozenset({Verdict.DECLINED, Verdict.PENDING, Verdict.UNKNOWN})

Elsewhere = Literal["yes", "asked", "no"]


@value
class CodeRow:
    """What one code proves about the request that it answers.

    stated: the source says what to do on this code; False: inferred from its meaning.
    resendable: the same request may be sent again. final: a stated refusal that ends the number for good.
    cause: None where the verdict needs no explanation (captured, closed, refunded ...).
    elsewhere: what the collected facts would permit: another channel, one after asking, or none. It is evidence for
    people and tests; only `final` permits.
    """

    provider: str
    operation: str
    code: str
    meaning: str
    verdict: Verdict
    cause: Cause | None
    stated: bool
    resendable: bool
    source: str
    final: bool = False
    elsewhere: Elsewhere = "asked"


Rows = Mapping[tuple[str, str], CodeRow]


class CodeTable:
    """The rows of one provider, with a merchant's own rows before them. Immutable; safe for threads.

    Making one costs nothing: the provider's file is read when the first code is looked up.
    """

    __slots__ = ("_overrides", "provider")

    def __init__(self, provider: str, overrides: Sequence[CodeRow] = ()) -> None:
        self.provider = provider
        self._overrides = _indexed(provider, overrides)

    def row(self, operation: str, code: str) -> CodeRow | None:
        """The row of a code for an operation (then for all operations of that interface), or None: unlisted.

        A merchant's row comes first, and one for `*` is met in every operation; but what a row of ours proves about
        money, or about a trade that is over or not known, stays. A code is met in every spelling that the provider is
        known to use.
        """
        return self.first((operation,), code)

    def first(self, operations: Sequence[str], code: str) -> CodeRow | None:
        """The same for an operation that goes by several names: each of them, then all operations of each."""
        alike = _ALIKE.get(self.provider, str)(code)
        places = (*operations, *map(everywhere_of, operations))
        own = _found(self._overrides, (*places, "*"), code, alike) if self._overrides else None
        listed = _found(_read(self.provider), places, code, alike)
        return listed if own is None or (listed is not None and listed.verdict not in CHANGEABLE) else own

    def of(self, code: str) -> tuple[CodeRow, ...]:
        """Every row of a code, in whatever operation and spelling; the merchant's own first."""
        alike = _ALIKE.get(self.provider, str)
        return tuple(row for row in self.rows() if row.code == code or alike(row.code) == alike(code))

    def rows(self) -> tuple[CodeRow, ...]:
        """Every row: the merchant's own, then the provider's, without those that they replace."""
        own = tuple(dict.fromkeys(self._overrides.values()))
        replaced = set(self._overrides)
        kept = (row for place, row in _read(self.provider).items() if place == (row.operation, row.code))
        return own + tuple(row for row in kept if (row.operation, row.code) not in replaced)


def code_table(provider: str, overrides: Sequence[CodeRow] = ()) -> CodeTable:
    """The table of one provider, with a merchant's own rows. Raises `ConfigError` for a provider that has none."""
    if provider not in PROVIDERS:
        raise ConfigError(f"no table of codes for {provider!r}", hint=f"known: {', '.join(PROVIDERS)}")
    return CodeTable(provider, overrides) if overrides else _plain_table(provider)


@lru_cache
def _plain_table(provider: str) -> CodeTable:
    return CodeTable(provider)


def everywhere_of(operation: str) -> str:
    """The operation that stands for all of an interface: `*`, or `quick:*` for JD Pay's `quick:pay`."""
    interface, colon, _ = operation.partition(":")
    return f"{interface}:*" if colon else "*"


@lru_cache
def _read(provider: str) -> Rows:
    """One provider's rows by operation and code, also in the other spellings of the code."""
    data = pkgutil.get_data(__package__, f"data/{provider}.tsv")
    if data is None:
        raise ConfigError(f"the table of codes for {provider} is missing", hint="install payfallback again")
    lines = data.decode("utf-8").splitlines()[1:]
    return _indexed(provider, [_row(provider, line.split("\t")) for line in lines])


def _row(provider: str, cells: list[str]) -> CodeRow:
    operation, code, verdict, cause, handling, resendable, elsewhere, meaning, source = cells
    return CodeRow(
        provider,
        operation,
        code,
        meaning,
        _VERDICTS[verdict],
        _CAUSES[cause],
        handling != "inferred",
        resendable == "yes",
        source,
        handling == "final",
        cast("Elsewhere", elsewhere),
    )


def _indexed(provider: str, rows: Iterable[CodeRow]) -> Rows:
    alike = _ALIKE.get(provider)
    listed = {(row.operation, row.code): row for row in rows}
    if alike is None:
        return listed
    others = {(operation, alike(code)): row for (operation, code), row in listed.items()}
    return {**listed, **{place: row for place, row in others.items() if place not in listed}}


def _found(rows: Rows, places: Iterable[str], code: str, alike: str) -> CodeRow | None:
    for place in places:
        found = rows.get((place, code)) or rows.get((place, alike))
        if found is not None:
            return found
    return None


def _without_underscores(code: str) -> str:
    """WeChat Pay's v2 and v3 write the same code with and without underscores."""
    return code.replace("_", "").upper()


def _without_typo(code: str) -> str:
    """Alipay's official list of cancel has `AQC.SYSTEM_ERROR`."""
    return f"ACQ.{code[4:]}" if code.startswith("AQC.") else code


_ALIKE: Mapping[str, Callable[[str], str]] = {"wechatpay": _without_underscores, "alipay": _without_typo}
_VERDICTS: Mapping[str, Verdict] = {verdict.value: verdict for verdict in Verdict}
_CAUSES: Mapping[str, Cause | None] = {"": None, **{cause.value: cause for cause in Cause}}
