"""What mutmut does for `mutants.py`, run in the working folder: the mutants, and which test reaches which function.

mutmut writes every mutant of a function beside it and chooses one by an environment variable when the function is
called. It keeps what is known of a function that did not change, and runs only tests that it has not seen.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any


def make() -> None:
    """`mutants/` in the current folder: the changed tree, `*.meta` beside each file, and mutmut-stats.json."""
    program: Any = importlib.import_module("mutmut.__main__")  # it is not there where the extra is not installed
    program.print_status = lambda *_: None  # a wheel that turns, also in a log
    program.set_mutant_under_test("mutant_generation")
    Path("mutants").mkdir(exist_ok=True)
    with program.CatchOutput():
        program.copy_src_dir()
        program.copy_also_copy_files()
        program.setup_source_paths()
        program.create_mutants(1)
    program.collect_or_load_stats(program.get_mutant_runner(1))
    program.save_stats()


if __name__ == "__main__":
    make()
