"""Where health is shared stands in the file, and its password does not."""

from __future__ import annotations

import pytest
from config_shop import Shop, told

from payfallback._check import check
from payfallback._clock import SystemClock

SECRET = "c3VwZXItc2VjcmV0LXZhbHVl"


def sharing(shop: Shop, *lines: str) -> Shop:
    """The shop with such a table."""
    return shop.replace("[journal]", "\n".join(["[shared_health]", *lines, "[journal]"]))


def test_without_the_table_nothing_is_shared(shop: Shop) -> None:
    """It is an extra."""
    assert shop.load().shared_health is None


def test_a_password_comes_from_the_environment(shop: Shop) -> None:
    """As a part of the address or as the whole; it is not shown with the settings."""
    shop.environ |= {"REDIS": SECRET, "WHOLE": f"rediss://:{SECRET}@h/0"}
    part = sharing(shop, 'url = "rediss://shop:${env:REDIS}@redis.internal:6379/2"', 'prefix = "eu"', 'every = "1s"')
    given = part.load().shared_health
    assert given is not None
    assert (given.url, given.prefix, given.every) == (f"rediss://shop:{SECRET}@redis.internal:6379/2", "eu", 1.0)
    assert SECRET not in repr(shop.load())
    shop.replace("rediss://shop:${env:REDIS}@redis.internal:6379/2", "${env:WHOLE}")
    whole = shop.load().shared_health
    assert whole is not None
    assert whole.url == f"rediss://:{SECRET}@h/0"


@pytest.mark.parametrize(
    "line",
    [
        f'url = "redis://:{SECRET}@redis.internal/0"',
        f'url = "unix:///run/redis.sock?password={SECRET}"',
        f'url = "{SECRET}"',
        f'url = "memcached://{SECRET}"',
        'url = "${env:NOT_SET}"',
        f'url = "redis://h"\nprefix = "{SECRET} "',
        f'url = "redis://h"\nevery = "{SECRET}"',
        'url = "redis://h"\nevery = "1h"',
        'url = "redis://h"\nevery = "1ms"',
        'prefix = "eu"',
    ],
)
def test_what_cannot_be_is_refused_and_not_repeated(shop: Shop, line: str) -> None:
    """A password written out, another kind of address, looks too seldom: named, without the value."""
    problems = told(sharing(shop, line).refused())
    assert len(problems) == 1
    assert "shared_health" in problems[0]
    assert SECRET not in problems[0]


def test_check_finds_an_address_that_cannot_be_read(real_shop: Shop) -> None:
    """Before a client is started with it."""
    sharing(real_shop, 'url = "redis://host:port/0"')
    problems = check(real_shop.load(), clock=SystemClock()).problems
    assert [each.message for each in problems if each.where == ("shared_health",)] == [
        "the address of shared health cannot be read"
    ]
