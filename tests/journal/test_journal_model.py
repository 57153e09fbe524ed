"""Any sequence of commits, claims and waits has the same answers in memory, in a file and in PostgreSQL."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from journal_cases import ACCOUNT, START, HandClock, ask, opened, outcome, seen, summary

from payfallback._core.memory import Refusal
from payfallback.errors import ProgrammingError
from payfallback.journal.memory import MemoryJournal
from payfallback.journal.postgres import PostgresJournal
from payfallback.journal.sqlite import SqliteJournal
from payfallback.ports import Clock, Commit, Journal

orders = st.sampled_from(["A1", "A2", "A3"])
owners = st.sampled_from(["", "one", "two"])
subjects = st.sampled_from(["s1", "s2"])
scopes = st.sampled_from(["baitiao", "network:visa"])
dues = st.none() | st.integers(0, 60).map(lambda seconds: START + seconds)


def refusal(subject: str, scope: str, lasts: int) -> Refusal:
    """One that ends so many seconds after the start."""
    return Refusal(subject=subject, scope=scope, cause="overdue", at=START + lasts, until=START + lasts)


Durable = Callable[[Clock], AbstractContextManager[Journal]]


class SameAnswers(RuleBasedStateMachine):
    """Asks both journals the same and compares what they say."""

    def __init__(self, durable: Durable, asked: Counter[str]) -> None:
        super().__init__()
        self.asked = asked
        self.clock = HandClock()
        self.opened = ExitStack()
        self.journals = (MemoryJournal(self.clock), self.opened.enter_context(durable(self.clock)))

    def teardown(self) -> None:
        """Close them."""
        self.opened.close()

    def same(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Both journals answer alike, errors included."""
        answers = []
        for journal in self.journals:
            try:
                answers.append(ask(getattr(journal, name), *args, **kwargs))
            except ProgrammingError as problem:
                answers.append(str(problem))
        assert answers[0] == answers[1]
        self.asked[name] += 1

    @rule(
        name=orders,
        version=st.none() | st.integers(0, 6),
        events=st.lists(st.builds(seen, st.sampled_from("ab")), max_size=2).map(tuple),
        fence=st.none() | st.integers(0, 4),
        owner=owners,
        lease=st.none() | st.sampled_from([0.0, 10.0, 30.0]),
        due=dues,
        state=st.none() | st.sampled_from(["sending", "paid"]),
        told=st.lists(st.sampled_from(["o1", "o2", "o3"]), max_size=2, unique=True),
        numbers=st.lists(st.sampled_from(["N1", "N2", "A1"]).map(lambda n: (ACCOUNT, n)), max_size=2).map(tuple),
    )
    def commit(self, name: str, version: int | None, events: Any, fence: int | None, owner: str, lease: float | None,
               due: float | None, state: str | None, told: list[str], numbers: Any) -> None:  # fmt: skip  # so it fits
        """Commit anything, sensible or not."""
        self.same(
            "submit",
            Commit(
                key=f"|{name}", version=version, events=(opened(name), *events) if version == 0 else events,
                fence=fence, owner=owner, take_lease=lease, due=due, summary=state and summary(name, state),
                outcomes=tuple(outcome(each, name) for each in told), numbers=numbers,
            ),
        )  # fmt: skip  # so it fits
        self.same("load", f"|{name}")

    @rule(name=orders)
    def follow(self, name: str) -> None:
        """Commit what a well-behaved writer would: the version and the lease that it sees."""
        stored = ask(self.journals[0].load, f"|{name}")
        if stored is not None:
            fence = stored.fence if stored.owner else None
            columns = summary(name, "paid")
            given = Commit(
                key=stored.key, version=stored.version, events=(seen("c"),), fence=fence, owner=stored.owner or "one",
                take_lease=10.0, due=START + 5, summary=columns,
            )  # fmt: skip  # so it fits
            self.same("submit", given)

    @rule(seconds=st.sampled_from([0.5, 10.0, 31.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.turn(seconds)
        self.same("count_due")

    @rule(owner=owners, limit=st.integers(-1, 3), key=st.none() | orders.map(lambda name: f"|{name}"))
    def claim(self, owner: str, limit: int, key: str | None) -> None:
        """Recovery comes by."""
        self.same("claim", owner, 10.0, limit, key=key)

    @rule(name=st.sampled_from(["o1", "o2"]))
    def deliver(self, name: str) -> None:
        """The shop acknowledges."""
        self.same("delivered", name)
        self.same("undelivered", 10)

    @rule(refusals=st.lists(st.builds(refusal, subjects, scopes, st.integers(-30, 60)), max_size=4).map(tuple))
    def remember(self, refusals: Any) -> None:
        """Refusals are remembered, some of them over already."""
        self.same("remember", refusals)
        self.same("recall", ("s1", "s2"))

    @rule(subject=subjects, scope=scopes)
    def forget(self, subject: str, scope: str) -> None:
        """Some are forgotten."""
        self.same("forget", subject, scope)
        self.same("recall", ("s2", "s1"))

    @rule(text=st.sampled_from(["A1", "A2", "N1", "N2", "|A1"]), sort=st.sampled_from(["since", "amount", "due"]))
    def look(self, text: str, sort: str) -> None:
        """Somebody looks."""
        found = [set(ask(journal.find, text)) for journal in self.journals]
        assert found[0] == found[1]
        self.same("list", ("paid",), 10, sort=sort)


@contextmanager
def in_a_file(clock: Clock) -> Iterator[Journal]:
    """An empty SQLite journal."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        with closing(SqliteJournal(path, clock=clock, allow_volatile=True)) as journal:
            yield journal


EVERYTHING = {
    *("submit", "load", "count_due", "claim", "delivered", "undelivered", "list"),
    *("remember", "recall", "forget"),
}


def compared(durable: Durable) -> Counter[str]:
    """How often each question was asked of both journals; raises where they answered differently."""
    asked: Counter[str] = Counter()
    steps = settings(max_examples=40, stateful_step_count=30, deadline=None)
    run_state_machine_as_test(lambda: SameAnswers(durable, asked), settings=steps)
    return asked


def test_a_file_answers_as_memory_does() -> None:
    """SQLite and memory are the same journal."""
    assert set(compared(in_a_file)) == EVERYTHING


def test_postgresql_answers_as_memory_does(
    open_postgres: Callable[..., PostgresJournal], postgres_url: str, schema: str
) -> None:
    """PostgreSQL and memory are the same journal."""
    open_postgres()

    @contextmanager
    def emptied(clock: Clock) -> Iterator[Journal]:
        with closing(psycopg.connect(postgres_url, autocommit=True)) as connection:
            for table in ("orders", "numbers", "outcomes", "refusals"):
                connection.execute(f"DELETE FROM {schema}.{table}")
        with closing(PostgresJournal(postgres_url, schema=schema, clock=clock, allow_volatile=True)) as journal:
            yield journal

    assert set(compared(emptied)) == EVERYTHING
