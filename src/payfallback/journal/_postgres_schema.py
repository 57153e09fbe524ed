"""The tables of a PostgreSQL journal, in a schema of their own. Private, but for the view `finance_orders`.

Their names are always written out in full and nothing is kept in the session, so that a pooler may hand each
transaction to another connection. Times are seconds since 1970. Texts are compared by their bytes, as in SQLite.
"""

from __future__ import annotations

from payfallback.journal._postgres_functions import FUNCTIONS

_TABLES = (
    "CREATE TABLE $S.meta(version integer NOT NULL)",
    "INSERT INTO $S.meta VALUES(0)",
    """
    CREATE TABLE $S.orders(
      key text COLLATE "C" PRIMARY KEY, id bigint GENERATED ALWAYS AS IDENTITY,
      version bigint NOT NULL, fence bigint NOT NULL, owner text NOT NULL, lease_until float8 NOT NULL, due float8,
      order_id text, merchant text, state text, amount bigint, currency text, opened_at float8, option text,
      account text COLLATE "C", number text COLLATE "C", provider_ref text, cause text,
      since float8, settled_at float8, paid_at float8,
      refunded bigint, needs_person boolean, uncertain boolean,
      log text NOT NULL)
    """,
    "CREATE INDEX orders_due ON $S.orders(due, id) WHERE due IS NOT NULL",
    "CREATE INDEX orders_state ON $S.orders(state, since)",
    "CREATE INDEX orders_paid ON $S.orders(account, number) WHERE paid_at IS NOT NULL",
    """
    CREATE TABLE $S.numbers(number text COLLATE "C", account text COLLATE "C", order_key text NOT NULL,
      CONSTRAINT one_order_a_number PRIMARY KEY(number, account))
    """,
    """
    CREATE TABLE $S.outcomes(
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text COLLATE "C" NOT NULL, order_key text NOT NULL,
      order_id text NOT NULL, at float8 NOT NULL, delivered_at float8, body text NOT NULL,
      CONSTRAINT one_outcome_an_id UNIQUE(id))
    """,
    "CREATE INDEX outcomes_undelivered ON $S.outcomes(seq) WHERE delivered_at IS NULL",
    """
    CREATE TABLE $S.inbox(
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account text COLLATE "C" NOT NULL,
      number text COLLATE "C" NOT NULL, kind text NOT NULL, digest text NOT NULL,
      at float8 NOT NULL, body text NOT NULL,
      UNIQUE(number, account, kind, digest))
    """,
    """
    CREATE TABLE $S.switches(
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, channel text COLLATE "C" NOT NULL, stopped boolean NOT NULL,
      reason text NOT NULL, actor text NOT NULL, at float8 NOT NULL, until float8)
    """,
    "CREATE INDEX switches_channel ON $S.switches(channel, seq)",
    """
    CREATE TABLE $S.refusals(
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, subject text COLLATE "C" NOT NULL, scope text NOT NULL,
      cause text NOT NULL, at float8 NOT NULL, until float8 NOT NULL, option text NOT NULL, minor bigint NOT NULL,
      currency text NOT NULL)
    """,
    "CREATE INDEX refusals_subject ON $S.refusals(subject, id)",
    "CREATE INDEX refusals_until ON $S.refusals(until)",
    # One row a writing process: which group it wrote last, and what came of it. `epoch` shuts out its own past.
    """
    CREATE TABLE $S.writers(
      id uuid PRIMARY KEY, epoch bigint NOT NULL, seq bigint NOT NULL, answer text[] NOT NULL, at float8 NOT NULL)
    """,
    """
    CREATE VIEW $S.finance_orders AS SELECT
      order_id, state, amount AS amount_minor, currency, option, account, number, provider_ref,
      opened_at, paid_at, settled_at, refunded AS refunded_minor, merchant
    FROM $S.orders WHERE order_id IS NOT NULL
    """,
)

MIGRATIONS: tuple[tuple[str, ...], ...] = ((*_TABLES, *FUNCTIONS),)  # step n brings version n to n + 1
VERSION = len(MIGRATIONS)
