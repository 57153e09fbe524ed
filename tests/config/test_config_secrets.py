"""Secrets come from the environment and from files, and go nowhere else."""

from __future__ import annotations

import pytest
from config_shop import Shop, told

from payfallback.errors import ConfigError

SECRET = "c3VwZXItc2VjcmV0LXZhbHVl"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('secret = "${env:JD_3DES}"', f'secret = "{SECRET}"'),
        ('secret = "${env:JD_3DES}"', f'secret = "prefix-${{env:JD_3DES}}{SECRET}"'),
        ('"${env:WX_V3_OLD}"', f'"{SECRET}"'),
        ("${file:secrets/jd_2026.pem}", f"-----BEGIN PRIVATE KEY-----{SECRET}"),
        ("${file:secrets/jd_pub_2026.pem}", SECRET),
        ('secret = "${env:JD_3DES}"', "secret = 123456789012345678"),
        ('secret = "${env:JD_3DES}"', f'secret = ["{SECRET}"]'),
        ('secret = "${env:JD_3DES}"', f'sercet = "{SECRET}"'),
        ('secret = "${env:JD_3DES}"', f'options = {{ key = ["{SECRET}"] }}'),
        ('timeout = "3s"', f'timeout = "{SECRET}"'),
        ("max_in_flight = 40", f'max_in_flight = "{SECRET}"'),
        ('autonomy = "switch"', f'autonomy = "{SECRET}"'),
        ("2026-12-31T00:00:00+08:00", f'"{SECRET}"'),
        ('from = "100.00"', f'from = "{SECRET}"'),
        ('provider = "jdpay"', f'provider = "{SECRET}"'),
        ("special", f"{{{SECRET}}}"),
        ("${env:PAYFALLBACK_JOURNAL}", f"postgresql://shop:{SECRET}@db/payments"),
        ("${env:PAYFALLBACK_JOURNAL}", f"{SECRET}:x"),
    ],
)
def test_a_secret_written_out_is_refused_and_not_repeated(shop: Shop, old: str, new: str) -> None:
    """A literal where a secret belongs, or a secret in a wrong place, is refused without showing it."""
    shown = f"{shop.replace(old, new).refused()}{shop.refused().problems}"
    assert SECRET not in shown
    assert "123456789012345678" not in shown


def test_a_variable_that_is_not_set_is_named(shop: Shop) -> None:
    """An unset or empty variable is named; the value of another is not."""
    del shop.environ["JD_3DES"]
    shop.environ["WX_V3_OLD"] = "  "
    said = told(shop.refused())
    assert ["JD_3DES is not set" in said[0], "WX_V3_OLD is not set" in said[1]] == [True, True]
    assert "new-v3-key" not in " ".join(said)


def test_a_file_that_is_not_there_is_named(shop: Shop) -> None:
    """A missing secret file is named with the place where it was looked for."""
    (shop.folder / "secrets" / "jd_2026.pem").unlink()
    error = shop.refused()
    assert "cannot read file 'secrets/jd_2026.pem': No such file or directory" in str(error)
    assert str(shop.folder) in error.problems[0].hint
    assert error.line == shop.line_of("jd_2026.pem")


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"\n\n", "is empty"), (b"\x00\xff\xfe", "is not text"), (b"x" * 70_000, "is larger than")],
    ids=["empty", "blank", "binary", "huge"],
)
def test_a_file_that_holds_no_secret_is_refused(shop: Shop, content: bytes, said: str) -> None:
    """An empty, binary or enormous secret file is refused, and its content not shown."""
    (shop.folder / "secrets" / "jd_2026.pem").write_bytes(content)
    error = shop.refused()
    assert said in str(error)
    assert "xxxx" not in str(error)


def test_an_unknown_kind_of_reference_is_refused(shop: Shop) -> None:
    """References are to the environment and to files; another word is a mistake and says so."""
    shop.replace("${env:JD_3DES}", "${vault:jd}")
    assert "write ${env:NAME} or ${file:path}" in told(shop.refused())[0]


def test_a_secret_that_everybody_can_read_is_a_warning(shop: Shop) -> None:
    """A private key that every user of the machine can read is warned about, with its line; a public one is not."""
    shop.secret("jd_2026.pem", "jd_2026 pem", mode=0o644)
    shop.secret("jd_pub_2026.pem", "public", mode=0o644)
    (warning,) = shop.load().warnings
    assert "every user of this machine can read secrets/jd_2026.pem" in str(warning)
    assert "chmod 600" in warning.hint
    assert warning.line == shop.line_of("jd_2026.pem")


def test_ordinary_values_can_come_from_outside_too(shop: Shop) -> None:
    """A merchant number or an address can be taken from the environment, whole or in part."""
    shop.environ |= {"JD_MERCHANT": "998877", "HOST": "pay.shop.example"}
    shop.replace('merchant = "110224535"', 'merchant = "${env:JD_MERCHANT}"')
    shop.replace("https://shop.example/special", "https://${env:HOST}/n/{channel}")
    settings = shop.load()
    assert settings.accounts["jd"].account.merchant == "998877"
    assert settings.channels["wechat"].notify_url == "https://pay.shop.example/n/wechat"


def test_what_comes_from_outside_is_checked_as_well(shop: Shop) -> None:
    """A value from the environment has to fit like one from the file, and is not shown when it does not."""
    shop.environ["JD_MERCHANT"] = "not a merchant number"
    shop.replace('merchant = "110224535"', 'merchant = "${env:JD_MERCHANT}"')
    error = shop.refused()
    assert "expected 1 to 64 visible characters" in str(error)
    assert "not a merchant number" not in str(error)


def test_a_password_may_come_from_the_environment(shop: Shop) -> None:
    """An address is not refused for a password that the file does not hold, and is not shown when it is refused."""
    shop.environ["DB_PASSWORD"] = SECRET
    shop.replace("${env:PAYFALLBACK_JOURNAL}", "oracle://shop:${env:DB_PASSWORD}@db/payments")
    assert told(shop.refused()) == [
        'journal.url: expected an address such as sqlite:///payments.db, found "oracle:" '
        "(known: memory, postgresql, sqlite)"
    ]


def test_an_error_keeps_no_secret_in_its_chain(shop: Shop) -> None:
    """Neither the error nor what caused it holds a resolved secret."""
    shop.replace('within = "5s"', "within = 5")
    with pytest.raises(ConfigError) as caught:
        shop.load()
    seen: list[BaseException] = []
    error: BaseException | None = caught.value
    while error is not None and error not in seen:
        seen.append(error)
        assert "jd-shared-secret" not in repr(error) + str(error)
        error = error.__cause__ or error.__context__
