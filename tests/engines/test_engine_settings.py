"""What recovery on an engine can be told, and what it says to what it cannot use."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from celery import Celery

import payfallback as pf
from payfallback.engines.celery import celery_tasks
from payfallback.engines.dbos import DbosRecovery


def payments(kind: type[Any] = pf.Payments) -> Any:
    """A client that is never used."""

    def call(attempt: pf.Attempt) -> pf.Answer:
        return pf.Answer(verdict=pf.Verdict.CAPTURED, amount=attempt.amount)

    acme = pf.wrap(call, query=call, reads=lambda attempt, said: said, account="acme/1")
    return kind(**pf.channels({"acme": acme}))


@pytest.mark.parametrize("every", [0, -5, 7, 2.5, True, 90, 7200])
def test_a_period_that_no_schedule_has_is_refused(every: Any) -> None:
    """A sweep comes at the same seconds of every minute, or minutes of every hour."""
    with pytest.raises(pf.ConfigError, match="no period of a schedule"):
        celery_tasks(Celery("shop"), payments, every=every)
    with pytest.raises(pf.ConfigError, match="no period of a schedule"):
        DbosRecovery(payments(), every=every)


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"within": 0.0}, {"within": 4000.0}, {"at_once": 0}])
def test_settings_that_would_recover_nothing_are_refused(wrong: dict[str, Any]) -> None:
    """Before anything is registered, and with what to give instead."""
    with pytest.raises(pf.ConfigError, match=f"{next(iter(wrong))}=.*give"):
        DbosRecovery(payments(), **wrong)
    if "at_once" not in wrong:
        with pytest.raises(pf.ConfigError, match="give"):
            celery_tasks(Celery("shop"), payments, **wrong)


def test_an_async_client_is_refused() -> None:
    """The engines' workers are threads and processes."""
    with pytest.raises(pf.ConfigError, match="takes a Payments, not a AsyncPayments"):
        DbosRecovery(payments(pf.AsyncPayments))
    tasks = celery_tasks(Celery("shop", task_always_eager=True), lambda: payments(pf.AsyncPayments))
    with pytest.raises(pf.ConfigError, match="got a AsyncPayments"):
        tasks.sweep()


@pytest.mark.parametrize("engine", ["dbos", "celery"])
def test_a_missing_extra_is_named(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has not installed it is told how to."""
    app = Celery("shop")
    monkeypatch.setitem(sys.modules, engine, None)
    with pytest.raises(pf.ConfigError, match=rf"needs {engine}.*payfallback\[{engine}\]"):
        DbosRecovery(payments()) if engine == "dbos" else celery_tasks(app, payments)
