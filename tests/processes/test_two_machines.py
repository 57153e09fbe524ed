"""Two machines' worth of workers on one PostgreSQL, and networks that fail: nothing twice, nothing forgotten."""

from __future__ import annotations

import random

import pytest
from processes_network import DATABASE, namespaces, two_machines
from processes_outages import Outages
from processes_town import Town


@pytest.mark.slow
def test_two_machines_go_on_when_their_networks_are_whole_again(postgres_town: Town) -> None:
    """Two workers, on machines of their own where this system has network namespaces, pay and recover while their
    wires to the database and to the providers are cut, delayed, silenced and half-closed: no order is paid twice, none
    is forgotten, and both serve on by themselves."""
    seed, alone = random.getrandbits(32), namespaces()
    print(f"seed {seed}, {'network namespaces' if alone else 'proxies alone'}")
    with two_machines(postgres_town, alone) as machines:
        day = Outages(postgres_town, machines, random.Random(seed), longest=0.4)
        assert day.run(0, 1.2, faults=False), "\n".join(day.figures.violations)
        assert all(each.wires[DATABASE].connections >= 2 for each in machines)
    assert sum(day.figures.struck.values()) >= 5
    assert day.figures.counts["orders"] >= 6
