"""The schedules that break naive designs, by name (design, section 8): each runs alone, and random days mix them."""

from __future__ import annotations

from collections.abc import Mapping

from payfallback.testing.simulator.case import Case
from payfallback.testing.simulator.cases_of_books import OF_BOOKS
from payfallback.testing.simulator.cases_of_calls import OF_CALLS
from payfallback.testing.simulator.cases_of_machines import OF_MACHINES
from payfallback.testing.simulator.cases_of_trouble import OF_TROUBLE

CASES: Mapping[str, Case] = {**OF_CALLS, **OF_TROUBLE, **OF_MACHINES, **OF_BOOKS}
