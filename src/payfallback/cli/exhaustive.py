"""`simulate --exhaustive`: every state of the small worlds, up to a depth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payfallback.cli import say, tables
from payfallback.cli.exits import BROKEN, FINE

if TYPE_CHECKING:
    from payfallback.testing.exhaustive import Searched

_HEADS = ("world", "depth", "troubles", "states", "moves", "ends", "cut", "beyond", "transitions", "seconds")


def search(world: str, depth: int | None, troubles: int | None, *, as_json: bool) -> int:
    """Search one small world, or all of them, and print what came of it. Raises `ProgrammingError` for a world that
    does not exist."""
    from payfallback.testing.exhaustive import WORLDS, explore

    names = (world,) if world else tuple(WORLDS)
    done = []
    for name in names:
        searched = explore(name, depth, troubles)
        done.append(searched)
        if as_json:
            say.as_json(searched.to_json())
        elif searched.broken is not None:
            _show(searched)
    if as_json:
        say.as_json(_sum(done))
    else:
        tables.table(_HEADS, map(_row, done), right=_HEADS[1:])
        total = _sum(done)
        say.line(f"{total['states']} states, {total['taken']} of {total['transitions']} transitions")
        say.line(f"violations  {total['violations']}")
    return BROKEN if any(each.broken for each in done) else FINE


def _show(searched: Searched) -> None:
    for line in searched.broken.lines() if searched.broken is not None else ():
        say.line(line)
    bounds = f"--depth {searched.depth} --troubles {searched.troubles}"
    say.line(f"again   payfallback simulate --exhaustive --world {searched.world} {bounds}")
    say.line()


def _row(searched: Searched) -> tuple[str, ...]:
    numbers = (searched.depth, searched.troubles, searched.states, searched.edges, searched.ends, searched.cut)
    times = (searched.coverage, f"{searched.cpu_seconds:.1f}")
    return (searched.world, *map(str, (*numbers, searched.beyond)), *times)


def _sum(done: list[Searched]) -> dict[str, int | float]:
    from payfallback.testing.exhaustive import KNOWN

    return {
        "worlds": len(done),
        "states": sum(each.states for each in done),
        "edges": sum(each.edges for each in done),
        "beyond": sum(each.beyond for each in done),
        "transitions": len(KNOWN),
        "taken": len(frozenset().union(*(each.taken for each in done))),
        "violations": sum(each.broken is not None for each in done),
        "seconds": round(sum(each.seconds for each in done), 3),
        "cpu_seconds": round(sum(each.cpu_seconds for each in done), 3),
    }
