"""The shop as a Celery application, with a broker made of files. argv `N` sends N orders, each twice."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from celery import Celery  # type: ignore[import-untyped]  # celery has no types

FOLDER = Path(os.environ["SHOP_BROKER"])

app = Celery("served_shop_celery", broker="filesystem://")
app.conf.update(
    broker_transport_options={
        "data_folder_in": str(FOLDER / "queue"),
        "data_folder_out": str(FOLDER / "queue"),
        "control_folder": str(FOLDER / "control"),
    },
    broker_connection_retry_on_startup=False,
    worker_hijack_root_logger=False,
    worker_prefetch_multiplier=1,
)

if __name__ == "__main__":
    for number in range(int(sys.argv[1])):
        for _ in range(2):  # a broker delivers at least once
            app.send_task("pay", (f"CELERY{number:02}",))
else:
    from served_shop import pay

    app.task(name="pay")(pay)
