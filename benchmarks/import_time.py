"""What `import payfallback` costs beside the libraries it is built on, in fresh interpreters that take turns.

    python benchmarks/import_time.py [--pairs 25] [--at-most 0.6] [--json]

The figures are milliseconds of the import alone, measured inside each interpreter. The ratio is that of the medians.
`from payfallback import *` shows what it comes to when every name of the front door has been used once.
With `--at-most` the exit code says whether it holds, and whether a heavy module came along.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from statistics import median

OURS = "import payfallback"
EVERYTHING = "from payfallback import *"
THEIRS = "import tenacity, pybreaker, httpx, structlog"

HEAVY = (
    *(
        "anyio",
        "asyncio",
        "cryptography",
        "defusedxml",
        "fastapi",
        "httpx",
        "iso4217",
        "logging",
        "pybreaker",
        "pydantic",
    ),
    *("pytest", "redis", "rich", "sqlite3", "ssl", "starlette", "structlog", "tenacity", "tornado", "trio", "typer"),
    *("uvicorn",),
)

PROGRAM = """
import sys
from time import perf_counter
before = set(sys.modules)
start = perf_counter()
{statement}
took = perf_counter() - start
import json
print(json.dumps([took * 1000, sorted(set(sys.modules) - before)]))
"""


def run(statement: str) -> tuple[float, list[str]]:
    """Milliseconds of one import in a fresh interpreter, and the modules that it loaded."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    program = PROGRAM.format(statement=statement)
    done = subprocess.run([sys.executable, "-c", program], env=clean, capture_output=True, text=True, check=True)
    took, modules = json.loads(done.stdout)
    return took, modules


def compare(pairs: int) -> dict[str, object]:
    """Alternate the imports; the first of each only warms the disk cache."""
    times: dict[str, list[float]] = {OURS: [], THEIRS: [], EVERYTHING: []}
    modules = {statement: run(statement)[1] for statement in times}[OURS]
    for turn in range(pairs):
        for statement in times if turn % 2 else reversed(times):
            times[statement].append(run(statement)[0])
    ours, theirs, everything = times.values()
    return {
        "pairs": pairs,
        "ours_ms": {"min": min(ours), "median": median(ours)},
        "theirs_ms": {"min": min(theirs), "median": median(theirs)},
        "everything_ms": {"min": min(everything), "median": median(everything)},
        "ratio_of_medians": median(ours) / median(theirs),
        "ratio_of_minima": min(ours) / min(theirs),
        "modules": len(modules),
        "heavy": [name for name in HEAVY if name in modules],
    }


def show(found: dict[str, object]) -> None:
    """The table for people."""
    for statement, key in ((OURS, "ours_ms"), (THEIRS, "theirs_ms"), (EVERYTHING, "everything_ms")):
        times = found[key]
        assert isinstance(times, dict)
        print(f"{statement:<48} min {times['min']:7.1f} ms   median {times['median']:7.1f} ms")
    print(f"ratio of medians {found['ratio_of_medians']:.2f}, of minima {found['ratio_of_minima']:.2f}")
    print(f"{found['modules']} modules loaded; heavy ones among them: {found['heavy'] or 'none'}")


def main() -> int:
    """Measure, print, and judge when asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pairs", type=int, default=25, help="how many times each is imported")
    parser.add_argument("--at-most", type=float, help="fail when the ratio of medians is above this")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    given = parser.parse_args()
    found = compare(given.pairs)
    if given.json:
        print(json.dumps(found))
    else:
        show(found)
    ratio = found["ratio_of_medians"]
    assert isinstance(ratio, float)
    return int(given.at_most is not None and (ratio > given.at_most or bool(found["heavy"])))


if __name__ == "__main__":
    sys.exit(main())
