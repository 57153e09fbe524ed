"""A wrong configuration is refused with file and line, what was expected, what was found, and what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from config_shop import FRONT_DOOR, Shop, told

from payfallback.config import load
from payfallback.errors import ConfigError

WRONG = {
    "an unknown key": (
        'autonomy = "switch"',
        'autonmy = "switch"',
        "unknown key 'autonmy' in the file (did you mean autonomy?)",
    ),
    "an unknown key of a table": ('product = "baitiao"', 'produkt = "baitiao"', "did you mean product?"),
    "an unknown key of an inline table": (
        'to = "50000.00"',
        'til = "50000.00"',
        "unknown key 'til' in routes[0].when.amount",
    ),
    "a word that is none of the choices": ('"switch"', '"swich"', 'found "swich" (did you mean switch?)'),
    "another version": ("version = 1", "version = 2", "expected 1, found the bare number 2"),
    "no version": ("version = 1\n", "", "version: expected, and missing"),
    "a number for a text": (
        'merchant = "110224535"',
        "merchant = 110224535",
        "expected text in quotes, found a whole number",
    ),
    "a text for a number": ("max_in_flight = 40", 'max_in_flight = "40"', "expected a whole number, found text"),
    "a number out of range": (
        "max_in_flight = 40",
        "max_in_flight = 0",
        "expected at least 1, found the bare number 0",
    ),
    "a text for a table": (
        "[channels.card]",
        "[channels]\ncard = 1\n[channels.cash]",
        "channels.card: expected a table",
    ),
    "a bare duration": (
        'timeout = "3s"',
        "timeout = 3",
        'expected a duration in quotes such as "3s", found the bare number 3',
    ),
    "a duration without a unit": ('timeout = "3s"', 'timeout = "3"', 'found "3"'),
    "a duration of nothing": ('timeout = "3s"', 'timeout = "0s"', "above zero"),
    "a call of days": ('within = "5s"', 'within = "2d"', 'expected "1d" at most, found "2d"'),
    "a duration of years": ('pay_by = "30m"', 'pay_by = "9999d"', "at most 366d"),
    "a bare amount": ('from = "100.00"', "from = 100", "a bare number does not say whether it counts yuan or fen"),
    "a bare amount with a point": ('from = "100.00"', "from = 100.0", "found the bare number 100.0"),
    "an amount with excess digits": ('from = "100.00"', 'from = "100.001"', "more digits than CNY has"),
    "an amount that is no number": ('from = "100.00"', 'from = "a lot"', 'such as "100.00", found "a lot"'),
    "amounts the wrong way round": ('to = "50000.00"', 'to = "50.00"', "`from` is above `to`"),
    "an amount of no currency": ('currency = "CNY", ', "", "expected `currency` beside it"),
    "an unknown currency": ('currency = "CNY"', 'currency = "CNX"', "unknown currency 'CNX'"),
    "a currency in small letters": ('currency = "CNY"', 'currency = "cny"', "an ISO 4217 code such as CNY"),
    "a naive time": ("2026-12-31T00:00:00+08:00", "2026-12-31T00:00:00", "found a time without an offset"),
    "a bare date": ("2026-12-31T00:00:00+08:00", "2026-12-31", "write it as 2026-12-31T00:00:00+08:00"),
    "an unknown provider": ('provider = "jdpay"', 'provider = "jdpya"', "no such provider (did you mean jdpay?)"),
    "an unknown account": ('account = "jd"', 'account = "jdd"', "no account 'jdd' in this file (did you mean jd?)"),
    "an unknown channel": (
        '"huabei/12", "wechat"',
        '"huabie/12", "wechat"',
        "no channel 'huabie' in this file (did you mean huabei?)",
    ),
    "terms that are not offered": (
        '"baitiao/6", "baitiao/full", "h',
        '"baitiao/3", "baitiao/full", "h',
        "does not offer 'baitiao/3'",
    ),
    "terms of a channel without": ('"huabei/12", "wechat"', '"huabei/12", "wechat/3"', "has no terms (write wechat"),
    "an option without its terms": ('"huabei/12", "wechat"', '"huabei", "wechat"', "does not offer 'huabei'"),
    "no option id": ('"huabei/12", "wechat"', '"huabei/twelve", "wechat"', "is not an option id"),
    "an option twice": ('"huabei/12", "wechat"', '"wechat", "wechat"', "'wechat' stands there twice"),
    "asking about an absent option": (
        'always_ask = ["baitiao/full", "card"]',
        'always_ask = ["baitiao/ful"]',
        "did you mean baitiao/full?",
    ),
    "terms twice": ('terms   = [12, 6, "full"]', "terms = [12, 12]", "12 stands there twice"),
    "terms of zero": ('terms   = [12, 6, "full"]', "terms = [0]", 'from 1 to 99, or "full", found the bare number 0'),
    "no terms at all": ('terms   = [12, 6, "full"]', "terms = []", "expected at least one entry, found none"),
    "a number without its order": ('"{order}{seq:02}"', '"X{seq:02}"', "without {order}"),
    "a number without its sequence": ('"{order}{seq:02}"', '"{order}"', "without {seq:02}"),
    "a number of unknown things": ('"{order}{seq:02}"', '"{order}{seq:02}{date}"', "unknown placeholder {date}"),
    "a number with a brace too many": ('"{order}{seq:02}"', '"{order}{seq:02}}"', "unbalanced braces"),
    "an address that is none": (
        'notify_url = "https://shop.example/special"',
        'notify_url = "shop.example"',
        "starts with https://",
    ),
    "an address with a broken host": ("https://shop.example/special", "https://[shop", "in brackets that is none"),
    "an address with a placeholder": ("special", "{order}", "no placeholder but {channel}"),
    "an address with a password": (
        "https://shop.example/special",
        "https://me:pw@shop.example",
        "without user name and password",
    ),
    "credentials in clear": ('environment = "sandbox"\n', "", "credentials would travel in clear"),
    "a name with a slash": ('merchant = "110224535"', 'merchant = "1102/535"', "without a slash"),
    "a channel that is no name": ("[channels.card]", '[channels."1 card"]', "a letter, then at most 31 letters"),
    "a journal of no kind": ("sqlite:////var", "sqllite:////var", "did you mean sqlite?"),
    "secret and secrets": (
        "secrets = [",
        'secret = "${env:WX_V3_NEW}"\nsecrets = [',
        "expected `secret` or `secrets`, found both",
    ),
    "a route name twice": ('name = "small"', 'name = "credit-first"', "called 'credit-first' already"),
    "no last route": (
        'name = "the rest"',
        'name = "the rest"\nwhen = { currency = "USD" }',
        "add a last route without `when`",
    ),
    "a route that is never reached": ("when = { categories", "x = { categories", "unknown key 'x'"),
    "a share of more than all": ('autonomy = "switch"', "share = 1.5", "expected at most 1, found the bare number 1.5"),
}


@pytest.mark.parametrize(("old", "new", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said(shop: Shop, old: str, new: str, said: str) -> None:
    """Each kind of mistake is refused by a sentence that says what was expected, and where it stands."""
    shop.environ = {key: text.replace(old, new) for key, text in shop.environ.items()}
    if old in shop.text:
        shop.replace(old, new)
    error = shop.refused()
    assert any(said in problem for problem in told(error)), told(error)
    assert all(problem.line for problem in error.problems if "missing" not in problem.message)
    assert error.file == str(shop.file)


def test_the_line_is_the_right_one(shop: Shop) -> None:
    """The line that an error names is the one on which the mistake stands, in nested and inline tables too."""
    shop.replace('to = "50000.00"', "to = 50000").replace('first_wait = "100ms"', "first_wait = 100")
    shop.replace('id = "2024"', "id = 2024")
    lines = [problem.line for problem in shop.refused().problems]
    assert lines == [shop.line_of("id = 2024"), shop.line_of("to = 50000"), shop.line_of("first_wait = 100")]


def test_everything_wrong_is_told_at_once(shop: Shop) -> None:
    """One run names every mistake, in the order of the file; the first is the error's own."""
    shop.replace('timeout = "3s"', "timeout = 3").replace('"huabei/12"', '"huabie/12"').replace(
        'within = "5s"', "within = 5"
    )
    error = shop.refused()
    assert len(error.problems) == 3
    assert [problem.line for problem in error.problems] == sorted(problem.line or 0 for problem in error.problems)
    assert str(error).startswith(f"{shop.file}:{error.problems[0].line}: defaults.within: expected a duration")
    assert str(error).count(str(shop.file)) == 3
    assert error.hint == "units: ms, s, m, h, d"


def test_the_front_doors_example_names_what_it_leaves_out(shop: Shop) -> None:
    """The excerpt in the documentation alone is refused for the channels and the last route that it does not show."""
    shop.text = FRONT_DOOR
    said = told(shop.refused())
    assert len(said) == 4
    assert sum("no channel" in each for each in said) == 3
    assert sum("add a last route" in each for each in said) == 1


def test_a_route_after_the_last_one_is_refused(shop: Shop) -> None:
    """What stands after a route for every order would never be taken."""
    shop.text += '\n[[routes]]\nname = "never"\norder = ["card"]\n'
    assert "put the route without `when` last" in told(shop.refused())[0]


def test_a_cause_that_is_none_is_named_as_it_stands(shop: Shop) -> None:
    """A key that is no cause is placed by what stands in the file."""
    shop.text += '\n[memory]\nkeep = { overdu = "12h" }\n'
    assert "memory.keep.overdu: no cause 'overdu' (did you mean overdue?)" in told(shop.refused())[0]


def test_a_choice_that_may_be_left_out_names_its_words(shop: Shop) -> None:
    """A verdict that is none is told with those that are, and with nothing of Python's."""
    shop.text += '\n[[accounts.jd.codes]]\ncode = "E1"\nverdict = "declind"\n'
    assert 'found "declind" (did you mean declined?)' in told(shop.refused())[0]
    shop.replace('"declind"', '"xyz"')
    assert "(known: declined, pending, unknown)" in told(shop.refused())[0]


def test_a_file_that_is_not_toml(shop: Shop) -> None:
    """A syntax error names its line."""
    shop.replace("[journal]", "[journal")
    with pytest.raises(ConfigError) as caught:
        shop.load()
    assert caught.value.line == shop.line_of("[journal")
    assert "not valid TOML" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [(f"x = {'[' * 20000}{']' * 20000}\n", "is nested too deeply"), (f"x = {'9' * 5000}\n", "not valid TOML")],
    ids=["deep", "long"],
)
def test_a_file_that_would_tire_the_parser(shop: Shop, text: str, said: str) -> None:
    """Nesting and numbers without measure are refused like any other mistake."""
    shop.text = text
    with pytest.raises(ConfigError, match=said):
        shop.load()


def test_a_file_that_ends_early(shop: Shop) -> None:
    """A bracket that is never closed is reported at the end of the file."""
    shop.text = "version = 1\nx = ["
    with pytest.raises(ConfigError) as caught:
        shop.load()
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "No such file"), (b"\nx = '\xff'", "is not UTF-8"), (b"#" * (1024 * 1024 + 1), "is larger than")],
    ids=["absent", "not text", "huge"],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, said: str) -> None:
    """An absent, binary or enormous file is refused by its name."""
    file = tmp_path / "payfallback.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=said) as caught:
        load(file, environ={})
    assert caught.value.file == str(file)


def test_an_empty_file_says_what_belongs_there(shop: Shop) -> None:
    """Of an empty file every key that must be there is named."""
    shop.text = "\n"
    said = " ".join(told(shop.refused()))
    assert all(
        f"{key}: expected, and missing" in said for key in ("version", "journal", "accounts", "channels", "routes")
    )
