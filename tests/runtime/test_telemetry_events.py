"""Events reach structlog as the operator configured it, and a broken listener reaches nobody."""

from __future__ import annotations

import io
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import structlog

import payfallback as pf
from payfallback.telemetry import EVENT_NAMES, StructlogObserver, fan_out, redact

DOCS = Path(__file__).parents[2] / "docs" / "telemetry.md"


@pytest.fixture(autouse=True)
def _unconfigured() -> Iterator[None]:
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


def configured(level: int = logging.DEBUG, *steps: Any) -> io.StringIO:
    """structlog as a shop configures it, writing JSON lines."""
    lines = io.StringIO()
    structlog.configure(
        processors=[structlog.processors.add_log_level, *steps, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(lines),
    )
    return lines


def written(lines: io.StringIO) -> list[dict[str, Any]]:
    """What was logged."""
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_every_event_is_logged_with_its_level_and_fields() -> None:
    """The name is the event, values are keys, the level is the table's."""
    lines, observer = configured(), StructlogObserver()
    for name in EVENT_NAMES:
        observer(name, order_id="A1001", calls=3)
    assert written(lines) == [
        {"event": name, "level": listed.level, "order_id": "A1001", "calls": 3} for name, listed in EVENT_NAMES.items()
    ]


def test_an_event_nobody_listed_is_information() -> None:
    """A newer core under an older table loses nothing."""
    lines = configured()
    StructlogObserver()("something.new", order_id="A1001")
    assert written(lines) == [{"event": "something.new", "level": "info", "order_id": "A1001"}]


def test_what_is_below_the_level_is_dropped() -> None:
    """A filtering logger's level holds."""
    lines, observer = configured(logging.WARNING), StructlogObserver()
    for name in ("attempt.sending", "order.paid", "circuit.opened", "order.needs_person"):
        observer(name)
    assert [each["event"] for each in written(lines)] == ["circuit.opened", "order.needs_person"]


def test_a_level_of_the_standard_library_may_change_at_any_time(caplog: pytest.LogCaptureFixture) -> None:
    """It is asked before every event."""
    structlog.configure(
        processors=[structlog.stdlib.render_to_log_kwargs],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    observer = StructlogObserver()
    caplog.set_level(logging.WARNING, "payfallback")
    observer("order.paid", order_id="A1")
    caplog.set_level(logging.INFO, "payfallback")
    observer("order.paid", order_id="A2")
    assert [(each.name, each.message, vars(each)["order_id"]) for each in caplog.records] == [
        ("payfallback", "order.paid", "A2")
    ]


def test_a_logger_that_pretends_to_know_every_method_logs_no_question() -> None:
    """Asking whether a level is on is not an event."""
    lines = configured()
    structlog.configure(wrapper_class=structlog.BoundLogger)
    StructlogObserver()("order.paid", order_id="A1001")
    assert [each["event"] for each in written(lines)] == ["order.paid"]


def test_unconfigured_only_warnings_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr and masked; structlog stays unconfigured, and is used as soon as somebody configures it."""
    observer = StructlogObserver()
    observer("order.paid", order_id="A1001")
    observer("circuit.opened", channel="baitiao", reason="4111 1111 1111 1111")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert re.search(r"level='warning' event='circuit.opened' channel='baitiao'.*\[card \*1111\]", shown.err)
    assert shown.err.count("\n") == 1
    assert not structlog.is_configured()
    lines = configured()
    observer("order.paid", order_id="A1001")
    assert [each["event"] for each in written(lines)] == ["order.paid"]


def test_a_thread_that_is_just_loading_structlog_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads may come first at once: one of them then sees structlog without anything in it yet."""

    def paid(attempt: pf.Attempt) -> pf.Answer:
        return pf.Answer(verdict=pf.Verdict.CAPTURED, amount=attempt.amount)

    acme = pf.wrap(paid, query=paid, reads=lambda attempt, said: said, account="acme/1")
    with pf.Payments(**pf.channels({"acme": acme})) as payments:
        monkeypatch.setitem(sys.modules, "structlog", ModuleType("structlog"))
        assert isinstance(payments.pay(pf.Order("EARLY1", pf.Money.of("5.00", "CNY")), "acme"), pf.Paid)


def test_events_can_be_captured_in_tests() -> None:
    """With structlog's own tool, also by an observer that has logged before."""
    configured()
    observer = StructlogObserver()
    observer("order.paid", order_id="A1")
    with structlog.testing.capture_logs() as logs:
        observer("order.paid", order_id="A2")
    assert logs == [{"event": "order.paid", "order_id": "A2", "log_level": "info"}]


def test_redaction_is_a_processor() -> None:
    """In the chain before the renderer."""
    lines = configured(logging.DEBUG, redact)
    StructlogObserver()("attempt.answered", number="4111111111111111", code="4111111111111111")
    assert written(lines)[0]["number"] == "4111111111111111"
    assert written(lines)[0]["code"] == "[card *1111]"


def test_every_observer_hears_and_none_of_them_breaks_a_payment(caplog: pytest.LogCaptureFixture) -> None:
    """One that raises is named once, without what it said; the others hear every event."""
    heard: list[tuple[str, dict[str, Any]]] = []

    def broken(event: str, /, **fields: Any) -> None:
        raise RuntimeError("openid oUpF8uMuAJO")

    observer = fan_out(broken, lambda event, /, **fields: heard.append((event, fields)))
    for _ in range(3):
        observer("order.paid", order_id="A1001")
    assert heard == [("order.paid", {"order_id": "A1001"})] * 3
    assert [each.getMessage() for each in caplog.records] == [
        "observer 0 (function) failed on order.paid: RuntimeError"
    ]


def test_nobody_listening_is_fine() -> None:
    """No observer at all is an observer."""
    assert fan_out()("order.paid", order_id="A1001") is None  # type: ignore[func-returns-value]  # it returns at all


def test_an_interrupt_passes_through_the_observers() -> None:
    """What is not an `Exception` is not theirs to swallow."""

    def interrupted(event: str, /, **fields: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fan_out(interrupted)("order.paid")


def test_names_are_dotted_and_say_what_happened() -> None:
    """Two words with a dot, known levels, a sentence, and fields without a secret's name."""
    for name, listed in EVENT_NAMES.items():
        assert re.fullmatch(r"[a-z]+\.[a-z_]+", name)
        assert listed.says
        event = redact(None, "info", dict.fromkeys(listed.fields, "x"))
        assert event == dict.fromkeys(listed.fields, "x"), f"{name} has a field that redaction masks by its name"


def test_the_documentation_lists_exactly_these_events() -> None:
    """Name, level, fields and meaning, row by row."""
    rows = re.findall(r"^\| `([a-z_.]+)` \| (\w+) \| (.*?) \| (.*?) \|$", DOCS.read_text(encoding="utf-8"), re.M)
    table = {name: (level, tuple(re.findall(r"`(\w+)`", fields)), says) for name, level, fields, says in rows}
    assert table == {name: (each.level, each.fields, each.says) for name, each in EVENT_NAMES.items()}


def test_telemetry_loads_structlog_with_the_first_event() -> None:
    """Importing it costs no structlog."""
    program = "import sys, payfallback.telemetry; sys.exit('structlog' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=30, check=False).returncode == 0
