"""Which tests a mutant is asked of, in what order, and what is remembered of it from run to run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

OWN, NEAR, EVERYWHERE = 12, 24, 40  # likely killers: see `Tests.ordered`


class Tests:
    """The tests by function, as mutmut found them, and the memory of a working folder: killers.tsv and asked.json."""

    def __init__(self, work: Path) -> None:
        found = json.loads((work / "mutants/mutmut-stats.json").read_text(encoding="utf-8"))
        self._reaching: dict[str, list[str]] = found["tests_by_mangled_function_name"]
        self._seconds: dict[str, float] = found["duration_by_test"]
        self._killers, self._memory = work / "killers.tsv", work / "asked.json"
        lines = self._killers.read_text(encoding="utf-8").splitlines() if self._killers.exists() else []
        self._kills = [(function, test) for function, _, test in (line.partition("\t") for line in lines)]
        kept = json.loads(self._memory.read_text(encoding="utf-8")) if self._memory.exists() else {}
        self._numbers: dict[str, int] = {test: number for number, test in enumerate(kept.get("tests", ()))}
        self._asked: dict[str, list[int]] = kept.get("asked", {})

    def seconds(self, test: str) -> float:
        """How long it took on the code without mutants."""
        return self._seconds.get(test, 0.0)

    def ordered(self, function: str, without: Collection[str] = ()) -> list[str]:
        """The likely killers first, then the fastest. Likely are those that killed mutants of this function, those that
        reach what few tests reach of its file, and those that killed most of all."""
        left = sorted(set(self._reaching.get(function, ())).difference(without), key=self.seconds)
        own = dict.fromkeys(test for where, test in reversed(self._kills) if where == function)
        rarest = self._rarest(function.rpartition(".")[0])
        near = sorted(left, key=rarest.__getitem__)[:NEAR]
        everywhere = Counter(test for _, test in self._kills).most_common(EVERYWHERE)
        known = set(left)
        likely = [test for test in (*list(own)[:OWN], *near, *(test for test, _ in everywhere)) if test in known]
        return list(dict.fromkeys((*likely, *left)))

    def _rarest(self, module: str) -> dict[str, int]:
        """By test: of the module's functions that it reaches, by how many tests the loneliest is reached."""
        found: dict[str, int] = {}
        for function, tests in self._reaching.items():
            if function.rpartition(".")[0] == module:
                for test in tests:
                    found[test] = min(found.get(test, len(tests)), len(tests))
        return found

    def asked(self, mutant: str) -> set[str]:
        """The tests that a survivor has been asked of, in this and in earlier runs."""
        numbers = set(self._asked.get(mutant, ()))
        return {test for test, number in self._numbers.items() if number in numbers}

    def killed(self, mutant: str, function: str, test: str) -> None:
        """This test noticed the mutant."""
        self._asked.pop(mutant, None)
        self._kills.append((function, test))
        with self._killers.open("a", encoding="utf-8") as killers:
            killers.write(f"{function}\t{test}\n")

    def survived(self, mutant: str, tests: Sequence[str], before: Collection[str]) -> None:
        """These tests, and those before, did not notice it."""
        numbers = self._numbers
        self._asked[mutant] = [numbers.setdefault(test, len(numbers)) for test in (*tests, *before)]

    def save(self) -> None:
        """What survivors were asked of, for the next run."""
        kept = {"tests": list(self._numbers), "asked": self._asked}
        self._memory.write_text(json.dumps(kept), encoding="utf-8")
