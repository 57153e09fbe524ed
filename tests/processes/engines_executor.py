"""One executor of a DBOS application that recovers: argv configuration, told time, DBOS's database, schema, name."""

from __future__ import annotations

import sys
from pathlib import Path

from dbos import DBOS
from engines_parts import ToldTime
from processes_town import open_payments

from payfallback.engines import dbos as engine


def main(config: str, told: str, database: str, schema: str, name: str) -> None:
    """Work until the standard input ends."""
    payments = open_payments(config, ToldTime(Path(told)))
    DBOS(
        config={
            "name": "shop", "executor_id": name, "system_database_url": database, "dbos_system_schema": schema,
            "log_level": "WARNING", "application_version": "1",
        }
    )  # fmt: skip  # a list of settings
    engine.PATIENCE = 5.0  # one that is killed before it took a lease is noticed by time alone: a minute, in a shop
    recovery = engine.DbosRecovery(payments, every=1, at_once=2, within=5.0)
    DBOS.launch()
    recovery.start()
    print("ready", flush=True)
    sys.stdin.read()
    DBOS.destroy()
    payments.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
