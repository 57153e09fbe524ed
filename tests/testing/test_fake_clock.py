"""Virtual time."""

from __future__ import annotations

from threading import Thread

import pytest

from payfallback.errors import ProgrammingError
from payfallback.testing import VirtualClock


def test_time_stands_still_until_told() -> None:
    """Both clocks move by exactly what is advanced, and by nothing else."""
    clock = VirtualClock(1000.0)
    assert (clock.monotonic(), clock.epoch()) == (0.0, 1000.0)
    clock.advance(2.5)
    clock.sleep(0.5)
    assert (clock.monotonic(), clock.epoch()) == (3.0, 1003.0)


def test_jump_changes_the_shops_clock_only() -> None:
    """A clock jump is seen in `epoch` alone; `latest` keeps the latest time that was ever shown."""
    clock = VirtualClock(1000.0)
    clock.jump_epoch(60)
    clock.jump_epoch(-90)
    assert (clock.epoch(), clock.monotonic(), clock.world(), clock.latest()) == (970.0, 0.0, 1000.0, 1060.0)
    clock.advance(200)
    assert clock.latest() == clock.epoch() == 1170.0


def test_what_is_scheduled_happens_in_order_at_its_moment() -> None:
    """Callbacks run by time, then by the order in which they were scheduled, each seeing its own moment."""
    clock, seen = VirtualClock(), []
    clock.call_later(3, lambda: seen.append(("c", clock.monotonic())))
    clock.call_at(1, lambda: seen.append(("a", clock.monotonic())))
    clock.call_at(1, lambda: seen.append(("b", clock.monotonic())))
    clock.call_at(9, lambda: seen.append(("late", clock.monotonic())))
    clock.advance(5)
    assert seen == [("a", 1), ("b", 1), ("c", 3)]
    assert (clock.monotonic(), clock.next_at()) == (5, 9)


def test_a_callback_may_schedule_and_advance() -> None:
    """What a callback schedules inside the advanced span still happens; time spent in a callback is not given back."""
    clock, seen = VirtualClock(), []

    def first() -> None:
        clock.call_later(1, lambda: seen.append(clock.monotonic()))
        clock.sleep(4)

    clock.call_at(1, first)
    clock.advance(2)
    assert (seen, clock.monotonic()) == ([2], 5)


def test_cancelled_means_it_does_not_happen() -> None:
    """A cancelled callback is skipped, and `step` goes to the next one that stands."""
    clock, seen = VirtualClock(), []
    clock.call_at(1, lambda: seen.append(1)).cancel()
    clock.call_at(2, lambda: seen.append(2))
    assert clock.step()
    assert (seen, clock.monotonic()) == ([2], 2)
    assert not clock.step()
    assert clock.next_at() is None


def test_a_failing_callback_is_not_swallowed() -> None:
    """What a callback raises leaves `advance` at that moment; the rest stays scheduled."""
    clock, seen = VirtualClock(), []
    clock.call_at(1, lambda: [][0])
    clock.call_at(2, lambda: seen.append(2))
    with pytest.raises(IndexError):
        clock.advance(5)
    assert clock.monotonic() == 1
    clock.advance(1)
    assert seen == [2]


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_time_goes_forward_only(seconds: float) -> None:
    """Time that cannot pass is refused."""
    with pytest.raises(ProgrammingError, match="jump_epoch"):
        VirtualClock().advance(seconds)


def test_threads_lose_nothing() -> None:
    """Every callback that several threads schedule while others advance happens exactly once."""
    clock, seen = VirtualClock(), []

    def work(name: int) -> None:
        for n in range(200):
            clock.call_later(0.5, lambda n=n: seen.append((name, n)))
            clock.advance(0.25)

    threads = [Thread(target=work, args=(name,)) for name in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    clock.advance(1)
    assert len(seen) == len(set(seen)) == 800
