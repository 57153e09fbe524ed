"""The house stands as drawn: floors, a pure core, few broad handlers, small files, no leftovers."""

from __future__ import annotations

from pathlib import Path

import pytest

import house_rules

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "src" / house_rules.PACKAGE

# A file imports only from its own floor and from those below. A new file or folder gets a place here.
FLOORS: dict[int, tuple[str, ...]] = {
    0: ("_values", "errors", "model", "taxonomy", "messages", "_texts*", "results", "bills"),
    1: ("policy",),
    2: ("_core",),
    3: ("ports", "storage", "config", "_config_*", "_clock"),
    4: ("_runtime", "providers", "journal", "shared_health", "telemetry"),
    5: (
        "client",
        "aclient",
        "quick",
        "schema",
        "_build",
        "_assemble",
        "_check",
        "_guard",
        "_inbound",
        "_looking",
        "_options",
        "_prechecks",
        "_reconciling",
        "_sharing",
        "_retention",
        "_arguments",
        "_tally",
        "_workers",
    ),
    6: ("testing", "engines"),
    7: ("cli", "pytest_plugin"),
}
APART = 4  # the rooms of this floor know each other through `ports` only
# Imports that point up all the same, and why.
UPWARD: dict[tuple[str, str], str] = {
    (f"payfallback.{door}", "payfallback.testing.lab"): "the door has a `lab()`, and loads it when somebody asks"
    for door in ("client", "aclient")
}

# What the core may not know: clocks, threads, sockets, event loops, logging, chance, files, the network, and the
# libraries that stand for them.
NOT_IN_CORE = (
    *("time", "threading", "_thread", "queue", "concurrent", "multiprocessing", "subprocess", "signal"),
    *("socket", "ssl", "select", "selectors", "asyncio", "anyio", "trio", "sniffio"),
    *("logging", "structlog", "warnings", "random", "secrets", "uuid", "os", "io", "pathlib", "sqlite3"),
    *("httpx", "tenacity", "pybreaker", "pydantic", "cryptography"),
)

# The one place of each kind of call where whatever a provider's side raises becomes evidence, with its cause kept.
PROVIDER_CALL = (
    "_runtime.provider_call:provider_call",  # over HTTP
    "_runtime.calls:read_safely",  # a wrapped callable
    "_runtime.calls:read_safely_async",  # the same, awaited
)
# Every other place that catches everything, and why nothing narrower would do.
BROAD = {
    "_build:Built.round": "one bad round, of the journal or of the shop's handler, does not end recovery; it is told",
    "_runtime.pauses:never_raises.paused": "the shop's own wait strategy, after something was sent: it is told",
    "_runtime.sharing:Sharing.look": "the shop's own store of health: whatever it raises, it is gone, which is told",
    "_runtime.sharing:_let_go": "the same store, let go: what it raises then keeps nobody from closing the journal",
    "_workers:in_tasks.one": "raised again when all tasks are through: a task group would raise a group",
    "aclient:AsyncPayments._recover": "one order that cannot be looked at does not keep the others waiting; it is told",
    "client:Payments._recover": "one order that cannot be looked at does not keep the others waiting; it is told",
    "aclient:AsyncPayments.deliver": "the shop's handler: the other outcomes are tried first, then its error is raised",
    "client:Payments.deliver": "the shop's handler: the other outcomes are tried first, then its error is raised",
    "providers.wrap:Wrapped._said": "the shop's reader: one that fails on a provider's answer has proved nothing",
    "telemetry.fanning:_Fan.__call__": "the shop's observer: a broken dashboard does not stop a payment; it is logged",
    "telemetry.redaction:redact": "a foreign object's own __repr__ or __iter__: a log line does not stop a payment",
}


def _sources() -> dict[str, house_rules.Module]:
    return house_rules.load(SOURCES)


def _files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def _everything() -> list[Path]:
    return _files("src", "tests", "benchmarks", "examples", "docs")


def test_every_file_has_a_floor() -> None:
    """Every module of the library has a place in the table of floors."""
    assert house_rules.unplaced(_sources(), FLOORS) == []


def test_imports_point_downward() -> None:
    """No module imports from a floor above its own, nor from a neighbour on the floor of the drivers."""
    assert house_rules.upward_imports(_sources(), FLOORS, APART, UPWARD) == []


def test_no_import_cycles() -> None:
    """No two modules need each other, not inside a function and not for the type checker either."""
    assert house_rules.cycles(_sources()) == []


def test_the_core_is_pure() -> None:
    """The core knows no clock, thread, socket, event loop, logging or chance."""
    assert house_rules.imports_among(_sources(), "_core", NOT_IN_CORE) == []


def test_the_sandbox_shares_no_code_with_the_library() -> None:
    """The fake providers that check the library import nothing of it."""
    assert house_rules.imports_outside(_sources(), f"{house_rules.PACKAGE}.testing.sandbox") == []


def test_everything_is_caught_only_around_a_provider_call() -> None:
    """`except Exception` stands around the provider call, and elsewhere only with a reason in this file."""
    assert house_rules.broad_handlers(_sources()) == sorted([*PROVIDER_CALL, *BROAD])
    assert all(len(reason) > 20 for reason in BROAD.values())


def test_a_file_has_one_subject() -> None:
    """Every source file, tests included, stays below 300 lines."""
    assert house_rules.long_files(_everything()) == []


def test_functions_are_short() -> None:
    """No function is longer than 40 lines."""
    assert house_rules.long_functions(_everything()) == []


def test_nothing_is_left_unfinished() -> None:
    """No file holds a note of unfinished work or a stub."""
    assert house_rules.leftovers(_everything()) == []


def test_every_switched_off_check_has_a_reason() -> None:
    """Each `type: ignore`, `noqa` and `no cover` names what it switches off and says why beside it."""
    assert house_rules.unreasoned_waivers(_everything()) == []


# ---------------------------------------------------------------- the rules themselves notice


def _planted(folder: Path, **files: str) -> dict[str, house_rules.Module]:
    """A small package; `_core__bad="..."` becomes `_core/bad.py`."""
    for name, text in files.items():
        path = folder / house_rules.PACKAGE / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return house_rules.load(folder / house_rules.PACKAGE)


@pytest.mark.parametrize(
    "statement",
    [
        "from payfallback.client import Payments",
        "import payfallback.client",
        "from payfallback import client",
        "from ..client import Payments",
        "def f():\n    from payfallback import client",
        "if TYPE_CHECKING:\n    from payfallback.client import Payments",
        "importlib.import_module('payfallback.client')",
        "from payfallback import Payments",
    ],
)
def test_an_upward_import_is_noticed(tmp_path: Path, statement: str) -> None:
    """However it is written, an import that points up is found."""
    modules = _planted(tmp_path, client="Payments = 1", _core__bad=statement)
    assert house_rules.upward_imports(modules, FLOORS, APART, ())


def test_a_neighbour_is_noticed(tmp_path: Path) -> None:
    """The journal cannot reach into the runtime."""
    modules = _planted(tmp_path, _runtime__sync="", journal__bad="from payfallback._runtime import sync")
    assert house_rules.upward_imports(modules, FLOORS, APART, ())


def test_a_cycle_for_the_type_checker_is_noticed(tmp_path: Path) -> None:
    """Two modules that know each other only under TYPE_CHECKING are a cycle."""
    hidden = "if TYPE_CHECKING:\n    from payfallback.model import Money"
    modules = _planted(tmp_path, model="from payfallback import errors", errors=hidden)
    assert house_rules.cycles(modules) == ["payfallback.errors <-> payfallback.model"]


def test_a_clock_in_the_core_is_noticed(tmp_path: Path) -> None:
    """The core cannot ask for the time, and the sandbox cannot ask the library."""
    modules = _planted(
        tmp_path, _core__bad="def f():\n    import time", testing__sandbox__bad="import payfallback.model"
    )
    assert house_rules.imports_among(modules, "_core", NOT_IN_CORE) == ["payfallback._core.bad:2 imports time"]
    assert len(house_rules.imports_outside(modules, "payfallback.testing.sandbox")) == 1


@pytest.mark.parametrize(
    ("handler", "caught"),
    [
        ("except Exception:\n  pass", 1),
        ("except:\n  pass", 1),
        ("except (ValueError, BaseException) as e:\n  raise Other from e", 1),
        ("except Exception:\n  undo()\n  raise", 0),
        ("except ValueError:\n  pass", 0),
    ],
)
def test_a_broad_handler_is_noticed(tmp_path: Path, handler: str, caught: int) -> None:
    """Whatever swallows everything is found; what lets it through is left alone."""
    modules = _planted(tmp_path, model=f"def f():\n try:\n  g()\n {handler.replace(chr(10), chr(10) + ' ')}")
    assert house_rules.broad_handlers(modules) == ["model:f"] * caught


def test_suppressing_everything_is_noticed(tmp_path: Path) -> None:
    """`suppress(Exception)` is a broad handler as well."""
    assert house_rules.broad_handlers(_planted(tmp_path, model="with suppress(Exception):\n f()")) == ["model:"]


def test_size_and_leftovers_are_noticed(tmp_path: Path) -> None:
    """A long file, a long function, a forgotten note, a stub and a bare waiver are each found."""
    planted = _planted(
        tmp_path,
        long="x = 1\n" * 300,
        function="def f():\n" + " x = 1\n" * 41,
        note="# TO" + "DO later\ndef f():\n raise NotImplementedError",
        waiver="x = 1  # type: ignore\ny = 2  # no" + "qa: E501\nz = 3  # no" + "qa: E501  # the address is long",
    )
    paths = [module.path for module in planted.values()]
    assert [len(rule(paths)) for rule in (house_rules.long_files, house_rules.long_functions)] == [1, 1]
    assert [len(rule(paths)) for rule in (house_rules.leftovers, house_rules.unreasoned_waivers)] == [2, 2]
