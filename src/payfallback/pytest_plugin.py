"""A thin pytest plugin over the lab. It imports nothing of payfallback until a test asks for the lab.

A test module or conftest gives a fixture `payments` (a `Payments` or `AsyncPayments`); then::

    @pytest.mark.provider_outage("baitiao", "reply_lost")
    def test_a_lost_reply_is_not_charged_again(lab, payments): ...
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from payfallback.testing.lab import Lab


def pytest_configure(config: pytest.Config) -> None:
    """Announce the marker, so that strict markers accept it."""
    config.addinivalue_line(
        "markers",
        "provider_outage(channel, fault, operation=None, times=None, after=0): let a channel of the lab fail",
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Warn of an outage that nothing would feel: only the fixture `lab` reads the marker."""
    if item.get_closest_marker("provider_outage") and "lab" not in getattr(item, "fixturenames", ("lab",)):
        item.warn(pytest.PytestWarning("provider_outage has no effect: the test does not ask for the fixture `lab`"))


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """The lab of the test's own `payments` fixture, with the outages of its markers. When the test has passed, faults
    are lifted, everything is settled, and the promises are held against the providers' ledger."""
    payments: Any = request.getfixturevalue("payments")
    with payments.lab() as opened:
        for marker in request.node.iter_markers("provider_outage"):
            opened.outage(*marker.args, **marker.kwargs)
        yield opened
        opened.settle()
        opened.assert_promises_kept()


@pytest.fixture
def assert_promises_kept() -> Any:
    """The checker, as a function of a lab."""
    from payfallback.testing.promises import assert_promises_kept as check

    return check
