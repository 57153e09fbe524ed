"""A Celery application that recovers, with a broker made of files: started as worker and beat in one."""

from __future__ import annotations

import os
from pathlib import Path

from celery import Celery  # type: ignore[import-untyped]  # celery has no types
from engines_parts import ToldTime
from processes_town import open_payments

import payfallback as pf
from payfallback.engines.celery import celery_tasks

FOLDER = Path(os.environ["SHOP_FOLDER"])

app = Celery("engines_celery", broker="filesystem://")
app.conf.update(
    broker_transport_options={
        "data_folder_in": str(FOLDER / "queue"),
        "data_folder_out": str(FOLDER / "queue"),
        "control_folder": str(FOLDER / "control"),
        "polling_interval": 0.05,
    },
    broker_connection_retry_on_startup=False,
    worker_hijack_root_logger=False,
    worker_prefetch_multiplier=1,
    beat_max_loop_interval=0.5,
    beat_schedule_filename=str(FOLDER / "beat"),
)


def make() -> pf.Payments:
    """A client of the process that looks; say whose child it is."""
    (FOLDER / f"made-by-child-of-{os.getppid()}").touch()
    return open_payments(os.environ["SHOP_CONFIG"], ToldTime(FOLDER / "ahead"))


app.conf.beat_schedule = celery_tasks(app, make, every=1, within=5.0).beat
