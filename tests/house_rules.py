"""The rules of the house as functions over a tree of source files. Each returns its violations, in words.

`test_architecture.py` applies them to this repository, and to small planted trees that break them.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

PACKAGE = "payfallback"
FILE_LINES = 300
FUNCTION_LINES = 40

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module:
    """One source file: its dotted name, its text and its syntax tree."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        self.tree = ast.parse(self.text, filename=str(path))


def load(root: Path) -> dict[str, Module]:
    """Every module below a package's directory, by dotted name."""
    modules = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        modules[name] = Module(name, path)
    return modules


# ---------------------------------------------------------------- imports


def imported(module: Module, modules: Mapping[str, Module]) -> Iterator[tuple[str, int]]:
    """What a file imports, anywhere in it: inside functions and under TYPE_CHECKING too, as (dotted name, line)."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            for alias in node.names:
                below = f"{base}.{alias.name}"
                yield (below if below in modules else base), node.lineno
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from ((text, node.lineno) for text in map(_text, node.args[:1]) if text)


def _text(node: ast.expr) -> str:
    """The value of a text literal; of anything else, nothing."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    is_package = module.path.name == "__init__.py"
    kept = parts[: len(parts) - node.level + is_package]
    return ".".join([*kept, *([node.module] if node.module else [])])


def own_imports(modules: Mapping[str, Module]) -> dict[str, dict[str, int]]:
    """The graph of imports inside the package: module -> {imported module: line}."""
    graph: dict[str, dict[str, int]] = {}
    for module in modules.values():
        found = graph.setdefault(module.name, {})
        for target, line in imported(module, modules):
            if target == PACKAGE or target.startswith(f"{PACKAGE}."):
                found.setdefault(target, line)
    return graph


def room(module: str) -> str:
    """The first name below the package: `payfallback.journal.sqlite` lives in `journal`; the door itself in ``."""
    return module.split(".")[1] if "." in module else ""


def floor(module: str, floors: Mapping[int, Sequence[str]]) -> int | None:
    """The floor of a module; the front door stands above all; None when the table does not know it."""
    if module == PACKAGE:
        return max(floors) + 1
    for number, rooms in floors.items():
        if any(fnmatchcase(room(module), pattern) for pattern in rooms):
            return number
    return None


def unplaced(modules: Mapping[str, Module], floors: Mapping[int, Sequence[str]]) -> list[str]:
    """Modules that the table of floors does not know."""
    return [name for name in modules if floor(name, floors) is None]


def upward_imports(
    modules: Mapping[str, Module],
    floors: Mapping[int, Sequence[str]],
    apart: int,
    allowed: Collection[tuple[str, str]],
) -> list[str]:
    """Imports that point up, and imports between the rooms of the floor whose rooms stand apart."""
    wrong = []
    for name, targets in own_imports(modules).items():
        here = floor(name, floors)
        for target, line in targets.items():
            there = floor(target, floors)
            if here is None or there is None or there < here or (name, target) in allowed:
                continue
            if there > here:
                wrong.append(f"{name}:{line} (floor {here}) imports {target} (floor {there})")
            elif here == apart and room(name) != room(target):
                wrong.append(f"{name}:{line} imports its neighbour {target}")
    return wrong


def cycles(modules: Mapping[str, Module]) -> list[str]:
    """Import cycles of any kind: at the top, inside functions, under TYPE_CHECKING."""
    graph = {name: [t for t in targets if t in modules] for name, targets in own_imports(modules).items()}
    found: set[frozenset[str]] = set()
    for start in graph:
        path = _way_back(graph, start)
        if path:
            found.add(frozenset(path))
    return sorted(" <-> ".join(sorted(each)) for each in found)


def _way_back(graph: Mapping[str, Sequence[str]], start: str) -> list[str]:
    """The shortest way from a module back to itself, or nothing."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for target in graph.get(way[-1], ()):
            if target == start:
                return way
            if target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return []


def imports_among(modules: Mapping[str, Module], within: str, forbidden: Sequence[str]) -> list[str]:
    """Imports of forbidden top-level packages by the modules of one room."""
    wrong = []
    for module in modules.values():
        if room(module.name) == within:
            names = imported(module, modules)
            wrong += [f"{module.name}:{line} imports {name}" for name, line in names if name.split(".")[0] in forbidden]
    return wrong


def imports_outside(modules: Mapping[str, Module], prefix: str) -> list[str]:
    """Imports by the modules below a prefix of anything else in the package."""
    graph = own_imports(modules)
    return [
        f"{name}:{line} imports {target}"
        for name, targets in graph.items()
        if (name + ".").startswith(prefix + ".")
        for target, line in targets.items()
        if not (target + ".").startswith(prefix + ".")
    ]


# ---------------------------------------------------------------- broad handlers


def broad_handlers(modules: Mapping[str, Module]) -> list[str]:
    """Where everything is caught: `module:function` of each bare, `Exception` or `BaseException` handler, sorted.

    A handler that ends by raising again what it caught lets it through and is not one of them.
    """
    return sorted(place for module in modules.values() for place in _broad_in(module.tree, module.name, ""))


def _broad_in(node: ast.AST, module: str, function: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        inner = function
        if isinstance(child, Function | ast.ClassDef):
            inner = f"{function}.{child.name}" if function else child.name
        if (isinstance(child, ast.ExceptHandler) and _is_broad(child)) or _suppresses_all(child):
            yield f"{module.removeprefix(PACKAGE + '.')}:{function}"
        yield from _broad_in(child, module, inner)


def _is_broad(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False
    return handler.type is None or _names_all(handler.type)


def _suppresses_all(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("suppress")
        and any(_names_all(arg) for arg in node.args)
    )


def _names_all(node: ast.expr) -> bool:
    return bool(re.search(r"\b(Base)?Exception\b", ast.unparse(node)))


# ---------------------------------------------------------------- size and leftovers


def long_files(paths: Sequence[Path]) -> list[str]:
    """Files that do not stay below the limit."""
    counted = {path: path.read_text(encoding="utf-8").count("\n") for path in paths}
    return [f"{path.name}: {lines} lines" for path, lines in counted.items() if lines >= FILE_LINES]


def long_functions(paths: Sequence[Path]) -> list[str]:
    """Functions whose statements, docstring aside, span more lines than allowed."""
    return [
        f"{path.name}:{node.lineno} {node.name}: {span(node)} lines"
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, Function) and span(node) > FUNCTION_LINES
    ]


def span(function: Function) -> int:
    """Lines from the first statement after the docstring to the last."""
    body = function.body
    if isinstance(body[0], ast.Expr) and _text(body[0].value):
        body = body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


_LEFT = re.compile("\\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + ")\\b")
_WAIVER = re.compile(r"type:\s*ignore|\bnoqa\b|pragma:\s*no|\bnosec\b|fmt:\s*(off|skip)|mypy:")
_NAMED = re.compile(
    r"type: ignore\[[\w, -]+\]|noqa: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)*|pragma: no \w+|fmt: \w+|mypy: [\w-]+"
)


def _is_bare(comment: str) -> bool:
    """Whether a comment switches a check off without naming it, or without two words of reason beside it."""
    beside = _NAMED.sub("", comment)
    return bool(_WAIVER.search(comment)) and (bool(_WAIVER.search(beside)) or len(beside.replace("#", "").split()) < 2)


def leftovers(paths: Sequence[Path]) -> list[str]:
    """Notes of unfinished work, and stubs."""
    wrong = []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        wrong += [
            f"{path.name}:{n}: {line.strip()}" for n, line in enumerate(text.splitlines(), 1) if _LEFT.search(line)
        ]
        wrong += [
            f"{path.name}:{node.lineno}: a stub"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Raise) and node.exc and "NotImplementedError" in ast.unparse(node.exc)
        ]
    return wrong


def unreasoned_waivers(paths: Sequence[Path]) -> list[str]:
    """Switched-off checks (type: ignore, noqa, no cover) that name no check or give no reason beside them."""
    return [
        f"{path.name}:{token.start[0]}: {token.string}"
        for path in paths
        for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
        if token.type == tokenize.COMMENT and _is_bare(token.string)
    ]
