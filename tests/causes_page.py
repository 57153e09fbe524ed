"""The tables of `docs/causes.md`, rendered from the library. `python tests/causes_page.py` writes them anew."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from payfallback import errors
from payfallback.messages import shopper_text, support_text
from payfallback.taxonomy import FACTS, Cause, CauseFacts

PAGE = Path(__file__).parent.parent / "docs" / "causes.md"

MONEY = {"none": "certainly not charged", "unknown": "must be asked about first"}
AGAIN = {
    "no": "no",
    "if_not_sent": "if it was never sent",
    "after_delay": "after the given delay",
    "after_asking": "after asking",
    "shortly": "shortly",
    "after_shopper_acts": "after the shopper acted",
    "other_terms": "with other terms",
}
ELSEWHERE = {
    "yes": "yes",
    "when_certain": "once it is certain",
    "if_policy_allows": "only if the route allows it",
    "if_shopper_asks": "only if the shopper asks",
    "no": "no",
}
COUNTS = {
    "yes": "yes",
    "load": "as load",
    "many": "when many shoppers show it",
    "surge": "no; a surge warns",
    "no": "no",
}
SMALLER = {"no": "", "less": "a smaller amount", "other_term": "another term", "no_term": "without instalments"}
TELLS = {"nobody": "", "merchant": "the merchant", "on_call": "on-call"}


def tables() -> dict[str, str]:
    """Every table of the page, by the name of its marker."""
    return {
        "causes": _table(_FACTS_HEAD, (_facts(cause, FACTS[cause]) for cause in Cause)),
        "texts-zh": _table(_TEXTS_HEAD, (_texts(cause, "zh-CN") for cause in Cause)),
        "texts-en": _table(_TEXTS_HEAD, (_texts(cause, "en") for cause in Cause)),
        "errors": _table(("raised", "`code`", "means"), map(_error, _error_classes())),
    }


_FACTS_HEAD = (
    *("cause", "who can mend it", "the money", "same channel again", "another channel"),
    *("what else may work", "counts against the channel", "told besides the shopper"),
)
_TEXTS_HEAD = ("cause", "the shopper reads", "support reads")


def _facts(cause: Cause, facts: CauseFacts) -> Sequence[str]:
    return (
        f"`{cause.value}`",
        facts.side,
        MONEY[facts.money],
        AGAIN[facts.again],
        ELSEWHERE[facts.elsewhere],
        SMALLER[facts.smaller],
        COUNTS[facts.counts],
        TELLS[facts.tells],
    )


def _texts(cause: Cause, locale: str) -> Sequence[str]:
    support = support_text("option", cause, locale).partition("] ")[2]
    return f"`{cause.value}`", shopper_text("option", cause, locale), support


def _error_classes() -> list[type[errors.PayfallbackError]]:
    return [
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.PayfallbackError)
    ]


def _error(kind: type[errors.PayfallbackError]) -> Sequence[str]:
    said = re.sub(r"\s+", " ", (kind.__doc__ or "").split("\n\n")[0].strip())
    return f"`{kind.__name__}`", f"`{kind.code}`", said


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(each) + " |" for each in lines)


def section(page: str, name: str) -> str:
    """What stands between a marker and its end."""
    found = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- end {name} -->", page, re.DOTALL)
    return found[1].strip() if found else ""


def write(path: Path, rendered: dict[str, str]) -> None:
    """Put the rendered tables between their markers."""
    page = path.read_text(encoding="utf-8")
    for name, text in rendered.items():
        between = rf"(<!-- {name} -->\n).*?(<!-- end {name} -->)"
        page = re.sub(between, lambda m, text=text: f"{m[1]}\n{text}\n\n{m[2]}", page, flags=re.DOTALL)
    path.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    write(PAGE, tables())
