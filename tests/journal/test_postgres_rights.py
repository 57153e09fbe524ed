"""The rights that docs/journal.md lists are enough for the shop, and let it forget nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from journal_cases import ACCOUNT, START, HandClock, add, ask, load, new, outcome, seen, submit, summary, won
from journal_stories import DAY, archive, books, paid, retired, write
from psycopg import conninfo
from psycopg.rows import dict_row

from payfallback._core.memory import Refusal
from payfallback._retention.verify import verify
from payfallback.errors import JournalUnavailable
from payfallback.journal.postgres import PostgresJournal
from payfallback.ports import Receipt, Switch

Opens = Callable[..., PostgresJournal]


@pytest.fixture
def admin(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    """The owner of the database, at work beside the journal."""
    with closing(psycopg.connect(postgres_url, autocommit=True)) as connection:
        yield connection


RIGHTS = """
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};
GRANT INSERT ON {schema}.orders, {schema}.numbers, {schema}.outcomes, {schema}.inbox, {schema}.switches TO {role};
GRANT INSERT, DELETE, UPDATE ON {schema}.refusals, {schema}.writers TO {role};
GRANT UPDATE ON {schema}.orders TO {role};
GRANT UPDATE (delivered_at) ON {schema}.outcomes TO {role};
"""


@pytest.fixture
def modest(
    open_postgres: Opens, postgres_url: str, schema: str, admin: psycopg.Connection[Any], clock: HandClock
) -> Iterator[PostgresJournal]:
    """A journal used by a role with the rights that docs/journal.md lists, and no others."""
    open_postgres()
    role = f"{schema}_shop"
    admin.execute(f"CREATE ROLE {role} LOGIN")
    admin.execute(RIGHTS.format(schema=schema, role=role))
    url = conninfo.make_conninfo(postgres_url, user=role)
    with closing(PostgresJournal(url, schema=schema, clock=clock, allow_volatile=True)) as journal:
        yield journal
    admin.execute(f"DROP OWNED BY {role}")
    admin.execute(f"DROP ROLE {role}")


def test_the_documented_rights_are_enough(modest: PostgresJournal, clock: HandClock) -> None:
    """Everything a journal does can be done with them."""
    journal = modest
    submit(journal, new(owner="payer", take_lease=10, due=START, numbers=((ACCOUNT, "N1"),)))
    assert submit(journal, add(1, won(), fence=1, take_lease=0, due=START, outcomes=(outcome(),))).ok
    assert submit(journal, add(None, seen())).ok
    assert submit(journal, new()) == Receipt(ok=False, conflict="version")
    assert submit(journal, new("A2", numbers=((ACCOUNT, "N1"),))).conflict == "number"
    assert len(ask(journal.claim, "recoverer", 30, 10)) == 1
    assert (ask(journal.find, "N1"), ask(journal.count_due)) == (("|A1",), 1)
    ask(journal.delivered, "A1-paid")
    ask(journal.keep, ACCOUNT, "N9", "charge", {"a": 1})
    ask(journal.stop_channel, Switch(channel="baitiao", reason="r", actor="ops", at=START))
    assert ask(journal.resume_channel, "baitiao", "ops", "mended")
    kept = Refusal(subject="s", scope="wechat", cause="overdue", at=START, until=START + 60)
    for _ in range(2):
        ask(journal.remember, (kept,))
        clock.turn(61)
    ask(journal.forget, "s", "wechat")
    assert ask(journal.list, ("sending",), 10)


def test_the_documented_rights_forget_nothing(modest: PostgresJournal, schema: str, postgres_url: str) -> None:
    """The shop's role can neither delete an order nor change what it wrote of an outcome, nor the schema."""
    url = conninfo.make_conninfo(postgres_url, user=f"{schema}_shop")
    submit(modest, new(outcomes=(outcome(),)))
    with closing(psycopg.connect(url, autocommit=True)) as shop:
        for statement in (
            "DELETE FROM $S.orders", "DELETE FROM $S.numbers", "DELETE FROM $S.outcomes", "TRUNCATE $S.orders",
            "UPDATE $S.outcomes SET body = ''", "UPDATE $S.meta SET version = 9", "DROP TABLE $S.orders",
            "CREATE TABLE $S.mine(x integer)",
        ):  # fmt: skip  # a list of statements
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                shop.execute(statement.replace("$S", schema))


KEEPS = """
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};
GRANT UPDATE ON {schema}.orders TO {role};
GRANT DELETE ON {schema}.outcomes TO {role};
GRANT INSERT, UPDATE, DELETE ON {schema}.writers TO {role};
"""


def test_only_the_keeper_takes_stories_out(
    modest: PostgresJournal, schema: str, postgres_url: str, admin: psycopg.Connection[Any], clock: HandClock
) -> None:
    """A role of its own with the documented rights can; the shop's role cannot, and nothing is changed by trying."""
    write(modest, paid("A1"))
    clock.turn(100 * DAY)
    going = retired(modest, "|A1")
    with pytest.raises(JournalUnavailable, match="permission denied"):
        ask(archive(modest).retire, [going], START + 3)
    assert load(modest).events == paid("A1")
    role = f"{schema}_keeper"
    admin.execute(f"CREATE ROLE {role} LOGIN")
    admin.execute(KEEPS.format(schema=schema, role=role))
    url = conninfo.make_conninfo(postgres_url, user=role)
    try:
        with closing(PostgresJournal(url, schema=schema, clock=clock, allow_volatile=True)) as keeper:
            assert list(verify(books(keeper))) == []
            assert ask(archive(keeper).retire, [going], START + 3) == ("|A1",)
            with pytest.raises(JournalUnavailable, match="permission denied"):
                submit(keeper, new("A2"))
    finally:
        admin.execute(f"DROP OWNED BY {role}")
        admin.execute(f"DROP ROLE {role}")


def test_finance_reads_one_view(open_postgres: Opens, schema: str, admin: psycopg.Connection[Any]) -> None:
    """`finance_orders` has one row an order, with the columns that a SQLite journal's has."""
    journal = open_postgres()
    submit(journal, new())
    paid = summary("A1", "paid", account=ACCOUNT, number="A101", paid_at=START + 1, refunded=100)
    submit(journal, add(1, won(), summary=paid))
    admin.row_factory = dict_row
    (row,) = admin.execute(f"SELECT * FROM {schema}.finance_orders").fetchall()
    assert row == {
        "order_id": "A1", "state": "paid", "amount_minor": 599900, "currency": "CNY", "option": "",
        "account": ACCOUNT, "number": "A101", "provider_ref": "", "opened_at": START, "paid_at": START + 1,
        "settled_at": None, "refunded_minor": 100, "merchant": "",
    }  # fmt: skip  # the documented columns in their order
