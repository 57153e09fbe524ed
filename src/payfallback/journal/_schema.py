"""The tables of a SQLite journal. They are private; `finance_orders` is the one view that others may read.

A commit is written by inserting one row into the view `submission`: its triggers compare version and lease, append the
events, and fill the index of numbers and the outcomes. So a commit, and a whole group of commits, is one statement:
atomic without BEGIN and COMMIT, and Python lets go of its lock once and not once a row.

Absent values are bound as -1 or '': binding None costs four times as much.
"""

from __future__ import annotations

from functools import cache

APPLICATION_ID = 0x50_46_4A_31  # "PFJ1", in the file's header

SUMMARY = (
    *("order_id", "merchant", "state", "amount", "currency", "opened_at", "option", "account", "number"),
    *("provider_ref", "cause", "since", "settled_at", "paid_at", "refunded", "needs_person", "uncertain"),
)
# The columns of one submission after the time, which is the first.
COLUMNS = (
    *("kind", "key", "expected", "added", "fence", "owner", "take", "due", *SUMMARY, "log"),
    *("index_account", "index_number", "index_more", "outcome_id", "outcome_order", "outcome_at", "outcome_body"),
    "outcome_more",
)
CREATE, DECIDE, HOLD, EVIDENCE = 1, 2, 3, 4  # kinds of submissions; HOLD decides without a new summary

_TABLES = (
    """
    CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID
    """,
    """
    CREATE TABLE orders(
      id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, fence INTEGER NOT NULL,
      owner TEXT NOT NULL, lease_until REAL NOT NULL, due REAL,
      order_id TEXT, merchant TEXT, state TEXT, amount INTEGER, currency TEXT, opened_at REAL, option TEXT,
      account TEXT, number TEXT, provider_ref TEXT, cause TEXT, since REAL, settled_at REAL, paid_at REAL,
      refunded INTEGER, needs_person INTEGER, uncertain INTEGER,
      log TEXT NOT NULL)
    """,
    "CREATE INDEX orders_due ON orders(due) WHERE due IS NOT NULL",
    "CREATE INDEX orders_state ON orders(state, since)",
    """
    CREATE TABLE numbers(number TEXT, account TEXT, order_key TEXT NOT NULL, PRIMARY KEY(number, account)) WITHOUT ROWID
    """,
    """
    CREATE TABLE outcomes(
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, order_key TEXT NOT NULL, order_id TEXT NOT NULL,
      at REAL NOT NULL, delivered_at REAL, body TEXT NOT NULL)
    """,
    "CREATE INDEX outcomes_undelivered ON outcomes(seq) WHERE delivered_at IS NULL",
    """
    CREATE TABLE inbox(
      seq INTEGER PRIMARY KEY, account TEXT NOT NULL, number TEXT NOT NULL, kind TEXT NOT NULL, digest TEXT NOT NULL,
      at REAL NOT NULL, body TEXT NOT NULL, UNIQUE(number, account, kind, digest))
    """,
    """
    CREATE TABLE switches(
      seq INTEGER PRIMARY KEY, channel TEXT NOT NULL, stopped INTEGER NOT NULL, reason TEXT NOT NULL,
      actor TEXT NOT NULL, at REAL NOT NULL, until REAL)
    """,
    "CREATE INDEX switches_channel ON switches(channel)",
    """
    CREATE VIEW finance_orders AS SELECT
      order_id, state, amount AS amount_minor, currency, option, account, number, provider_ref,
      opened_at, paid_at, settled_at, refunded AS refunded_minor, merchant
    FROM orders WHERE order_id IS NOT NULL
    """,
)

_INDEX = """
  INSERT INTO numbers SELECT {number}, {account}, NEW.key {source}
    ON CONFLICT(number, account) DO UPDATE SET order_key =
      CASE WHEN order_key = excluded.order_key THEN order_key ELSE RAISE(ABORT, 'number') END;
"""
_INDEX_ONE = _INDEX.format(
    number="NEW.index_number", account="NEW.index_account", source="WHERE NEW.index_number <> ''"
)
_INDEX_MORE = _INDEX.format(
    number="json_extract(value, '$[1]')",
    account="json_extract(value, '$[0]')",
    source="FROM json_each(NEW.index_more) WHERE NEW.index_more <> '[]'",
)
_OUTCOME_ONE = """
  INSERT INTO outcomes(id, order_key, order_id, at, body)
    SELECT NEW.outcome_id, NEW.key, NEW.outcome_order, NEW.outcome_at, NEW.outcome_body WHERE NEW.outcome_id <> '';
"""
_OUTCOME_MORE = """
  INSERT INTO outcomes(id, order_key, order_id, at, body)
    SELECT json_extract(value, '$[0]'), NEW.key, json_extract(value, '$[1]'), json_extract(value, '$[2]'),
      json_extract(value, '$[3]') FROM json_each(NEW.outcome_more) WHERE NEW.outcome_more <> '[]';
"""
_INDEX_AND_OUTCOMES = (_INDEX_ONE, _INDEX_MORE, _OUTCOME_ONE, _OUTCOME_MORE)
_ABSENT = ("settled_at", "paid_at")
_NEW = {name: f"NULLIF(NEW.{name}, -1)" if name in _ABSENT else f"NEW.{name}" for name in SUMMARY}
_MOVE = """
  UPDATE orders SET version = version + NEW.added, log = log || NEW.log, due = NULLIF(NEW.due, -1),
    fence = fence + (NEW.take > 0 AND NEW.fence < 0),
    owner = CASE WHEN NEW.take < 0 THEN owner WHEN NEW.take > 0 THEN NEW.owner ELSE '' END,
    lease_until = CASE WHEN NEW.take < 0 THEN lease_until WHEN NEW.take > 0 THEN NEW.now + NEW.take ELSE 0 END{more}
    WHERE key = NEW.key AND version = NEW.expected AND CASE WHEN NEW.fence < 0
      THEN owner = '' OR lease_until <= NEW.now
      ELSE fence = NEW.fence AND owner <> '' AND (NEW.owner = '' OR NEW.owner = owner) END;
  SELECT CASE WHEN EXISTS(SELECT 1 FROM orders WHERE key = NEW.key AND version = NEW.expected)
    THEN RAISE(ABORT, 'lease') ELSE RAISE(ABORT, 'version') END WHERE changes() = 0;
"""


def _trigger(name: str, when: str, *steps: str) -> str:
    return f"CREATE TRIGGER {name} INSTEAD OF INSERT ON submission WHEN {when} BEGIN {''.join(steps)} END"


_SUBMISSION = (
    f"CREATE VIEW submission(now, {', '.join(COLUMNS)}) AS SELECT {', '.join(['NULL'] * (len(COLUMNS) + 1))} WHERE 0",
    _trigger(
        "submit_create",
        f"NEW.kind = {CREATE}",
        f"""
        SELECT RAISE(ABORT, 'version') WHERE EXISTS(SELECT 1 FROM orders WHERE key = NEW.key);
        INSERT INTO orders(key, version, fence, owner, lease_until, due, {", ".join(SUMMARY)}, log) VALUES(
          NEW.key, NEW.added, NEW.take > 0, CASE WHEN NEW.take > 0 THEN NEW.owner ELSE '' END,
          CASE WHEN NEW.take > 0 THEN NEW.now + NEW.take ELSE 0 END, NULLIF(NEW.due, -1),
          NULLIF(NEW.order_id, ''), {", ".join(_NEW[name] for name in SUMMARY[1:])}, NEW.log);
        INSERT INTO numbers SELECT NEW.order_id, 'order:' || NEW.key, NEW.key WHERE NEW.order_id <> '';
        """,  # noqa: S608  # column names of ours
        *_INDEX_AND_OUTCOMES,
    ),
    _trigger(
        "submit_decide",
        f"NEW.kind = {DECIDE}",
        _MOVE.format(more="".join(f", {name} = {_NEW[name]}" for name in SUMMARY)),
        *_INDEX_AND_OUTCOMES,
    ),
    _trigger("submit_hold", f"NEW.kind = {HOLD}", _MOVE.format(more=""), *_INDEX_AND_OUTCOMES),
    _trigger(
        "submit_evidence",
        f"NEW.kind = {EVIDENCE}",
        """
        UPDATE orders SET version = version + NEW.added, log = log || NEW.log,
          due = CASE WHEN NEW.due < 0 THEN due WHEN due IS NULL THEN NEW.due ELSE min(due, NEW.due) END
          WHERE key = NEW.key;
        SELECT RAISE(ABORT, 'missing') WHERE changes() = 0;
        """,
        _INDEX_ONE,
        _INDEX_MORE,
    ),
)

_MEMORY = (
    """
    CREATE TABLE refusals(
      id INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, scope TEXT NOT NULL, cause TEXT NOT NULL,
      at REAL NOT NULL, until REAL NOT NULL, option TEXT NOT NULL, minor INTEGER NOT NULL, currency TEXT NOT NULL)
    """,
    "CREATE INDEX refusals_subject ON refusals(subject, id)",
    "CREATE INDEX refusals_until ON refusals(until)",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = ((*_TABLES, *_SUBMISSION), _MEMORY)  # step n brings version n to n + 1
VERSION = len(MIGRATIONS)


@cache
def submission(rows: int) -> str:
    """The statement that writes a group of commits."""
    row = f"(?{',?' * len(COLUMNS)})"
    return f"INSERT INTO submission VALUES {','.join([row] * rows)}"  # noqa: S608  # placeholders only
