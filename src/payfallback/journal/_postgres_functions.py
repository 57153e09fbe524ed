"""The functions of a PostgreSQL journal: a group of commits is one statement, one round trip and one sync.

`journal_write` compares and appends each commit of a group, in the order of their keys, so that two groups do not lock
each other out. What it refuses it leaves as it was, without a savepoint: everything is looked at, under the order's
lock, before anything is written. A number or an outcome that another process writes in that very moment violates a
unique constraint, and the group is done again one by one.

Every look-up is by an index, for a handful of keys. The planner takes a JSON array for a hundred rows, and would read
whole tables for them: such plans are forbidden in the function. Nearly every commit brings one number and one outcome
at most; those are looked up and written as plain values, for half of what a statement over the array takes.

`journal_sign` ends each group: it records that the group was written, and what came of it, in the same transaction.
"""

from __future__ import annotations

from payfallback.journal._schema import SUMMARY

SHUT_OUT = "PF001"  # SQLSTATEs of ours: PF is no class of PostgreSQL's
NOT_SYNCED = "PF002"

_TYPES = {
    **dict.fromkeys(("amount", "refunded"), "bigint"),
    **dict.fromkeys(("opened_at", "since", "settled_at", "paid_at"), "float8"),
    **dict.fromkeys(("needs_person", "uncertain"), "boolean"),
}
_COLUMNS = ", ".join(SUMMARY)
_TYPED = ", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in SUMMARY)
_GIVEN = ", ".join(f"r.{name}" for name in SUMMARY)

WRITE = f"""
CREATE OR REPLACE FUNCTION $S.journal_write(p_now float8, p_rows json) RETURNS text[]
LANGUAGE plpgsql SET lock_timeout = '3s'
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $body$
DECLARE
  clock CONSTANT float8 := coalesce(p_now, extract(epoch FROM clock_timestamp())::float8);
  answers text[] := ARRAY[]::text[];
  r record;
  o record;
  held bigint;
  number_of text;
  account_of text;
  taken_by text;
  told json;
BEGIN
  FOR r IN SELECT * FROM json_to_recordset(p_rows) AS given(
    kind integer, key text, expected bigint, added bigint, fence bigint, owner text, take float8, due float8,
    log text, numbers json, outcomes json, {_TYPED})
  LOOP
    IF r.kind = 1 THEN
      IF EXISTS(SELECT FROM $S.orders WHERE key = r.key) THEN
        answers := answers || 'version'::text;
        CONTINUE;
      END IF;
    ELSE
      SELECT version, fence, owner, lease_until INTO o FROM $S.orders WHERE key = r.key FOR UPDATE;
      IF NOT FOUND THEN
        answers := answers || CASE r.kind WHEN 4 THEN 'missing' ELSE 'version' END;
        CONTINUE;
      ELSIF r.kind <> 4 AND o.version <> r.expected THEN
        answers := answers || 'version'::text;
        CONTINUE;
      ELSIF r.kind <> 4 AND (CASE WHEN r.fence IS NULL THEN o.owner <> '' AND o.lease_until > clock
          ELSE o.fence <> r.fence OR o.owner = '' OR (r.owner <> '' AND r.owner <> o.owner) END) THEN
        answers := answers || 'lease'::text;
        CONTINUE;
      END IF;
    END IF;
    IF json_array_length(r.numbers) = 1 THEN
      number_of := r.numbers->0->>1;
      account_of := r.numbers->0->>0;
      SELECT order_key INTO taken_by FROM $S.numbers WHERE number = number_of AND account = account_of;
      IF taken_by <> r.key THEN
        answers := answers || 'number'::text;
        CONTINUE;
      END IF;
    ELSIF r.numbers IS NOT NULL THEN
      IF EXISTS(SELECT FROM json_array_elements(r.numbers) AS pair, $S.numbers AS known
          WHERE known.number = pair->>1 AND known.account = pair->>0 AND known.order_key <> r.key) THEN
        answers := answers || 'number'::text;
        CONTINUE;
      END IF;
    END IF;
    IF json_array_length(r.outcomes) = 1 THEN
      told := r.outcomes->0;
      IF EXISTS(SELECT FROM $S.outcomes WHERE id = told->>0) THEN
        answers := answers || 'outcome'::text;
        CONTINUE;
      END IF;
    ELSIF r.outcomes IS NOT NULL THEN
      IF EXISTS(SELECT FROM json_array_elements(r.outcomes) AS given, $S.outcomes AS known
          WHERE known.id = given->>0) THEN
        answers := answers || 'outcome'::text;
        CONTINUE;
      END IF;
    END IF;
    IF r.kind = 1 THEN
      held := (coalesce(r.take, 0) > 0)::integer;
      INSERT INTO $S.orders(key, version, fence, owner, lease_until, due, {_COLUMNS}, log) VALUES(
        r.key, r.added, held, CASE WHEN held = 1 THEN r.owner ELSE '' END,
        CASE WHEN held = 1 THEN clock + r.take ELSE 0 END, r.due, {_GIVEN}, r.log);
      IF r.order_id <> '' THEN
        INSERT INTO $S.numbers VALUES(r.order_id, 'order:' || r.key, r.key);
      END IF;
      answers := answers || (r.added || ' ' || held);
    ELSIF r.kind = 4 THEN
      UPDATE $S.orders SET version = version + r.added, log = log || r.log, due = least(due, r.due)
        WHERE key = r.key;
      answers := answers || (o.version + r.added || ' 0');
    ELSE
      held := o.fence + (coalesce(r.take, 0) > 0 AND r.fence IS NULL)::integer;
      IF r.kind = 2 THEN
        UPDATE $S.orders SET version = version + r.added, log = log || r.log, due = r.due, fence = held,
          owner = CASE WHEN r.take IS NULL THEN o.owner WHEN r.take > 0 THEN r.owner ELSE '' END,
          lease_until = CASE WHEN r.take IS NULL THEN o.lease_until WHEN r.take > 0 THEN clock + r.take ELSE 0 END,
          ({_COLUMNS}) = ROW({_GIVEN})
          WHERE key = r.key;
      ELSE
        UPDATE $S.orders SET version = version + r.added, log = log || r.log, due = r.due, fence = held,
          owner = CASE WHEN r.take IS NULL THEN o.owner WHEN r.take > 0 THEN r.owner ELSE '' END,
          lease_until = CASE WHEN r.take IS NULL THEN o.lease_until WHEN r.take > 0 THEN clock + r.take ELSE 0 END
          WHERE key = r.key;
      END IF;
      answers := answers || (o.version + r.added || ' ' ||
        CASE WHEN r.take IS NULL THEN coalesce(r.fence, 0) WHEN r.take > 0 THEN held ELSE 0 END);
    END IF;
    IF json_array_length(r.numbers) = 1 THEN
      IF taken_by IS NULL THEN
        INSERT INTO $S.numbers VALUES(number_of, account_of, r.key);
      END IF;
    ELSIF r.numbers IS NOT NULL THEN
      INSERT INTO $S.numbers SELECT DISTINCT pair->>1, pair->>0, r.key FROM json_array_elements(r.numbers) AS pair
        WHERE NOT EXISTS(
          SELECT FROM $S.numbers AS known WHERE known.number = pair->>1 AND known.account = pair->>0);
    END IF;
    IF json_array_length(r.outcomes) = 1 THEN
      INSERT INTO $S.outcomes(id, order_key, order_id, at, body)
        VALUES(told->>0, r.key, told->>1, (told->>2)::float8, told->>3);
    ELSIF r.outcomes IS NOT NULL THEN
      INSERT INTO $S.outcomes(id, order_key, order_id, at, body)
        SELECT given->>0, r.key, given->>1, (given->>2)::float8, given->>3
        FROM json_array_elements(r.outcomes) WITH ORDINALITY AS listed(given, place) ORDER BY place;
    END IF;
  END LOOP;
  RETURN answers;
END $body$
"""  # noqa: S608  # column names of ours

SIGN = f"""
CREATE OR REPLACE FUNCTION $S.journal_sign(p_writer uuid, p_epoch bigint, p_seq bigint, p_answer text[]) RETURNS text[]
LANGUAGE plpgsql SET lock_timeout = '3s' AS $body$
BEGIN
  IF current_setting('synchronous_commit') = 'off' THEN
    RAISE EXCEPTION 'synchronous_commit is off' USING ERRCODE = '{NOT_SYNCED}';
  END IF;
  UPDATE $S.writers SET seq = p_seq, answer = p_answer, at = extract(epoch FROM clock_timestamp())::float8
    WHERE id = p_writer AND epoch = p_epoch;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'this writer was shut out by its own successor' USING ERRCODE = '{SHUT_OUT}';
  END IF;
  RETURN p_answer;
END $body$
"""  # noqa: S608  # a code of ours

FUNCTIONS = (WRITE, SIGN)
