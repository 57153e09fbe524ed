"""Plants small bugs in `_core`, one at a time, and lists those that no test notices: mutation testing, with mutmut.

    python -m pip install -c constraints.txt -e '.[dev,mutation]'
    python benchmarks/mutants.py [--files rules fold ...] [--budget 1.5] [--work FOLDER] [--again] [--show]

It works on a copy of the tree; what to mutate and which tests to ask stands in pyproject.toml, `[tool.mutmut]`. mutmut
makes the mutants and finds out which test reaches which function (`_mutants_made.py`). `_mutants_loop.py` asks the
tests that reach a mutant's function, the likely ones first, then the fastest, in a fork of one session of pytest.
`--budget` bounds the seconds of the processor that one mutant gets (0: all its tests). With `--work` a run goes on
where it stopped; with `--again` those that survived are asked once more, of tests that they were not asked of before.

Survivors are compared with docs/mutants.tsv, where each stands with the reason why it is not killed. One that is not
listed there is printed, ready to be explained, and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import chdir
from pathlib import Path
from typing import NamedTuple

from _table import Row, table

BENCHMARKS = Path(__file__).resolve().parent
ROOT = BENCHMARKS.parent
CORE = Path("src/payfallback/_core")
LISTED = ROOT / "docs/mutants.tsv"
COPIED = ("src", "tests", "pyproject.toml")
SURVIVED, NO_TESTS, NOT_RUN = 0, (5, 33), None
TIMEOUTS = (-24, 24, 36, 152, 255)


class Survivor(NamedTuple):
    """A mutant that no test noticed: the changed lines of a function, before and after."""

    file: str
    function: str
    before: str
    after: str


def listed() -> dict[Survivor, str]:
    """The survivors that are explained in the documentation, with the key of the reason."""
    with LISTED.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {Survivor(row["file"], row["function"], row["before"], row["after"]): row["reason"] for row in rows}


def forget_changed(work: Path) -> None:
    """mutmut looks at a test once: which functions a test reaches is found out anew when its file has changed."""
    path = work / "mutants/mutmut-stats.json"
    if not path.exists():
        return
    known = json.loads(path.read_text(encoding="utf-8"))
    files = {test.partition("::")[0] for test in known["duration_by_test"]}
    same = {each for each in files if _content(ROOT / each) == _content(work / each)}
    known["duration_by_test"] = {
        test: seconds for test, seconds in known["duration_by_test"].items() if test.partition("::")[0] in same
    }
    path.write_text(json.dumps(known), encoding="utf-8")


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def copy_tree(work: Path) -> None:
    """What mutmut needs of this tree, without what was built. What is gone here is not asked any more."""
    shutil.rmtree(work / "mutants/tests", ignore_errors=True)
    for name in COPIED:
        source, target = ROOT / name, work / name
        for old in target.rglob("*.py"):
            if not (source / old.relative_to(target)).exists():
                old.unlink()
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target, dirs_exist_ok=True, ignore=ignored, copy_function=_copy_changed)
        else:
            _copy_changed(source, target)


def _copy_changed(source: str | Path, target: str | Path) -> None:
    """With the time of now: mutmut makes mutants anew of what is younger than they are."""
    if _content(Path(source)) != _content(Path(target)):
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def run(work: Path, files: Sequence[str], budget: float, again: bool) -> int:
    """Makes the mutants of the tree, and asks those of these files of `_core`, or of all, that are due."""
    made = work / "mutants"
    paths = (made / "src", made, BENCHMARKS)
    inside = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONUNBUFFERED": "1"}
    make = [sys.executable, str(BENCHMARKS / "_mutants_made.py")]
    ask = [sys.executable, str(BENCHMARKS / "_mutants_loop.py"), str(work), str(budget), "again" if again else "new"]
    if code := subprocess.run(make, cwd=work, check=False).returncode:
        return code
    return subprocess.run([*ask, *files], cwd=made, env=inside, check=False).returncode


def outcomes(work: Path, files: Collection[str]) -> Iterator[tuple[str, str, int | None]]:
    """(file, name of the mutant, exit code) of every mutant."""
    for meta in sorted((work / "mutants" / CORE).glob("*.py.meta")):
        file = meta.name.removesuffix(".meta")
        if not files or file.removesuffix(".py") in files:
            for name, code in json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"].items():
                yield file, name, code


def survivor(work: Path, file: str, name: str) -> Survivor:
    """What this mutant changed. mutmut calls a method `xǁClassǁname`, a function `x_name`."""
    shown = importlib.import_module("mutmut.mutation.diff_apply")  # it is not there where the extra is not installed
    with chdir(work):
        diff = shown.get_diff_for_mutant(name, path=CORE / file).splitlines()[2:]
    before, after = (" ".join(line[1:].strip() for line in diff if line.startswith(sign)) for sign in "-+")
    function = name.rpartition(".")[2].partition("__mutmut_")[0]
    function = function[2:] if function.startswith("x_") else function[2:].replace("ǁ", ".")
    return Survivor(file, function, before, after)


def account(work: Path, files: Collection[str]) -> list[Row]:
    """By file: mutants, killed, timeouts (noticed as well), survived, and those that no test reaches."""
    counts: dict[str, Counter[str]] = {}
    for file, _, code in outcomes(work, files):
        kind = "survived" if code == SURVIVED else "no test" if code in NO_TESTS else "killed"
        kind = "not run" if code is NOT_RUN else "timeout" if code in TIMEOUTS else kind
        counts.setdefault(file, Counter())[kind] += 1
    counts["together"] = sum(counts.values(), Counter())
    kinds = ("killed", "timeout", "survived", "no test", "not run")
    return [{"file": file, "mutants": n.total(), **{kind: n[kind] for kind in kinds}} for file, n in counts.items()]


def judge(work: Path, files: Collection[str], show: bool) -> int:
    """Compare what survived with the list. 1 when something survived that nobody has explained."""
    known = listed()
    left = [(file, name) for file, name, code in outcomes(work, files) if code == SURVIVED or code in NO_TESTS]
    found = {survivor(work, file, name): name for file, name in left}
    ran = {file for file, _, code in outcomes(work, files) if code is not NOT_RUN}
    new = [each for each in found if each not in known]
    gone = [each for each in known if each.file in ran and each not in found]
    print(table("mutants", account(work, files)))
    print(f"\n{len(found)} survivors: {len(found) - len(new)} explained in docs/mutants.tsv, {len(new)} not")
    for each in found if show else new:
        print("\t".join((*each, known.get(each, found[each]))))
    for each in gone:
        print("listed, but killed now or not made: ", *each, sep="\t")
    return int(bool(new))


def main(arguments: Sequence[str]) -> int:
    """Run, judge, and clean up."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--files", nargs="*", default=[], help="files of _core without .py; all when left out")
    parser.add_argument("--budget", type=float, default=0.0, help="seconds of tests for one mutant; 0: all of them")
    parser.add_argument("--work", type=Path, help="a folder to work in, and to go on in; default: one that is removed")
    parser.add_argument("--again", action="store_true", help="ask the survivors in --work of tests not asked yet")
    parser.add_argument("--show", action="store_true", help="print the listed survivors as well")
    parser.add_argument("--judge-only", action="store_true", help="run nothing: read what --work holds")
    given = parser.parse_args(arguments)
    if importlib.util.find_spec("mutmut") is None:
        parser.error("mutmut is missing: python -m pip install -c constraints.txt -e '.[dev,mutation]'")
    if (given.again or given.judge_only) and given.work is None:
        parser.error("--again and --judge-only need a --work folder of an earlier run")
    with tempfile.TemporaryDirectory(prefix="mutants-") as own:
        work = (given.work or Path(own)).resolve()
        if not given.judge_only:
            forget_changed(work)
            copy_tree(work)
            if code := run(work, given.files, given.budget, given.again):
                return code
        return judge(work, set(given.files), given.show)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
