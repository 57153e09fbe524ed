"""`payfallback codes` explains what a provider said, and `status` counts what nobody lists."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_desk import Desk

from payfallback._core import events as e
from payfallback.cli.figures import figures_of
from payfallback.messages import LOCALES, shopper_text, support_text
from payfallback.providers.code_table import PROVIDERS, code_table
from payfallback.taxonomy import Cause

NOW = 10_000.0


def test_one_line_a_provider(desk: Desk) -> None:
    """Without a word, each provider's table with how sure it is."""
    ended = desk.run("codes")
    assert ended.code == 0
    assert [line.split()[0] for line in ended.out.splitlines()] == list(PROVIDERS)
    listed = {each["provider"]: each for each in desk.run("codes", "--json").objects}
    assert listed["alipay"]["final"] == 10
    assert sum(each["codes"] for each in listed.values()) == sum(len(code_table(name).rows()) for name in PROVIDERS)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_one_line_a_code(desk: Desk, provider: str) -> None:
    """Every row, as text and as JSON."""
    rows = code_table(provider).rows()
    ended = desk.run("codes", provider)
    assert ended.code == 0
    assert len(ended.out.splitlines()) == len(rows) + 1
    told = desk.run("codes", provider, "--json").objects
    assert [(each["operation"], each["code"], each["verdict"]) for each in told] == [
        (row.operation, row.code, row.verdict.value) for row in rows
    ]


def test_a_code_is_explained(desk: Desk) -> None:
    """What it proves, why, what happens, what people read in both languages, and where that is known from."""
    out = desk.run("codes", "wechatpay", "NOTENOUGH").out
    assert "用户余额不足" in out
    assert "v2:micropay" in out
    assert "ends the attempt without asking" in out
    assert "was inferred" in out
    for locale in LOCALES:
        assert shopper_text("not_paid", Cause.DECLINED, locale) in out
        assert support_text("not_paid", Cause.DECLINED, locale) in out
    assert "source" in out


def test_what_is_open_is_never_told_as_not_paid(desk: Desk) -> None:
    """A code that proves nothing says UNKNOWN, that the trade is asked about, and lets nobody pay again."""
    out = desk.run("codes", "wechatpay", "SYSTEMERROR").out
    assert "UNKNOWN" in out
    assert "asks about the trade" in out
    assert shopper_text("pending", Cause.PROVIDER_ERROR, "zh-CN") in out
    assert "You have not been charged" not in out


@pytest.mark.parametrize(
    ("provider", "typed", "met"),
    [("wechatpay", "SYSTEMERROR", "SYSTEM_ERROR"), ("alipay", "AQC.SYSTEM_ERROR", "ACQ.SYSTEM_ERROR")],
)
def test_any_spelling(desk: Desk, provider: str, typed: str, met: str) -> None:
    """As it stands in the log, or as it stands in the other manual."""
    assert met in {row["code"] for row in desk.run("codes", provider, typed, "--json").json["rows"]}


def test_a_code_that_is_in_no_table(desk: Desk) -> None:
    """UNKNOWN, asked about, with what to do and what was perhaps meant; that is an answer, not an error."""
    ended = desk.run("codes", "alipay", "ACQ.PAYMENT_FIAL")
    assert ended.code == 0
    assert "in no table (did you mean ACQ.PAYMENT_FAIL?)" in ended.out
    assert "UNKNOWN" in ended.out
    assert "asks about the trade" in ended.out
    assert "[[accounts.<name>.codes]]" in ended.out
    told = desk.run("codes", "jdpay", "XYZ", "--json").json
    assert (told["listed"], told["rows"][0]["verdict"], told["rows"][0]["final"]) == (False, "unknown", False)


def test_an_unknown_provider(desk: Desk) -> None:
    """Exit code 2, with the provider that was meant."""
    ended = desk.run("codes", "wechat")
    assert (ended.code, ended.out) == (2, "")
    assert "did you mean wechatpay?" in ended.err
    assert "known: jdpay" in desk.run("codes", "bitcoin").err


def test_with_a_configuration_its_rows_are_shown(desk: Desk, tmp_path: Path) -> None:
    """The merchant's own row stands before the table's, with who confirmed it."""
    file = tmp_path / "payfallback.toml"
    (tmp_path / "jd.pem").write_text("pem")
    (tmp_path / "jd.pem").chmod(0o600)
    file.write_text(
        """
version = 1
[journal]
url = "memory:"
[accounts.jd]
provider = "jdpay"
merchant = "110224535"
sign = [{ id = "1", key = "${file:jd.pem}" }]
verify = [{ id = "1", key = "${file:jd.pem}" }]
[[accounts.jd.codes]]
code = "EEB0001"
verdict = "declined"
cause = "account_frozen"
confirmed_by = "JD, INC-7"
[channels.baitiao]
account = "jd"
product = "baitiao"
last = true
[[routes]]
order = ["baitiao"]
"""
    )
    rows = desk.run("codes", "jdpay", "EEB0001", "--config", file, "--json").json["rows"]
    assert [(row["operation"], row["cause"], row["final"]) for row in rows] == [
        ("*", "account_frozen", True),
        ("quick:*", "declined", False),
    ]
    assert "confirmed by JD, INC-7" in rows[0]["source"]
    assert desk.run("codes", "jdpay", "EEB0001", "--config", tmp_path / "none.toml").code == 2


def test_status_counts_what_nobody_lists() -> None:
    """By the provider's code, within the window; what the tables explain is not counted."""
    log: list[e.Event] = [
        e.Planned(NOW - 60, 1, "A101", "wechat", "wechatpay/1//", "server"),
        e.Sending(NOW - 60, 1, 1, "charge", NOW - 57),
        e.Seen(NOW - 59, 1, "charge", "unknown", 1, cause="unrecognised", code="NEW_CODE"),
        e.Seen(NOW - 50, 1, "query", "unknown", cause="unrecognised", code="NEW_CODE"),
        e.Seen(NOW - 40, 1, "query", "unknown", cause="provider_error", code="SYSTEM_ERROR"),
    ]
    old: list[e.Event] = [
        e.Planned(NOW - 900, 1, "A201", "wechat", "wechatpay/1//", "server"),
        e.Seen(NOW - 900, 1, "query", "unknown", cause="unrecognised", code="OLD_CODE"),
    ]
    found = figures_of([log, old], now=NOW, providers={"wechat": "wechatpay"}, waiting={}, stops={})
    assert dict(found[0].unlisted) == {"NEW_CODE": 2}
    assert found[0].to_json()["unlisted"] == {"NEW_CODE": 2}
