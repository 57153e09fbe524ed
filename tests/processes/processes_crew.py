"""A process that forks the shop's processes one by one, and kills them with SIGKILL when it is told to.

It builds its client once, starts nothing, and stays in one thread: each line of JSON on its standard input is a job for
one child, each line on its standard output what became of it. So a child costs a fork and not an import. Copies of this
process do the same at other pipes, at the same time.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from functools import partial
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import IO, Any

import tenacity  # noqa: F401  # loaded here, so that the children have it
from processes_recoverer import recover_once, recover_until_killed
from processes_shopping import Shopping
from processes_town import Control, Diary, TownClock, open_payments

import payfallback as pf
from payfallback._runtime import exchange  # noqa: F401  # loaded here with httpx, for the children

WARM_WITHIN = 10.0  # seconds for a first click; a busy machine, or a journal that is away, may take a while


class Crew:
    """What the children inherit."""

    def __init__(self, config: str, control_url: str, diary: str) -> None:
        self.clock = TownClock()
        self.payments: pf.Payments = open_payments(config, self.clock)
        self.control, self.diary = Control(control_url), Diary(Path(diary))

    def child(self, job: dict[str, Any], ready: int) -> None:
        """Do a job; what it came to, or that it has begun, goes to `ready`."""
        self.clock.ahead = job["ahead"]
        if job["role"] == "pay":
            begun = partial(os.write, ready, b"!")
            Shopping(self.payments, self.clock, self.control, self.diary, job, begun).run()
        elif job["kill_after"] is None:
            report = recover_once(self.payments, self.diary, job["within"])
            os.write(ready, json.dumps(report).encode())
            self.payments.close()
        else:
            recover_until_killed(self.payments, self.diary, partial(os.write, ready, b"!"))


def forked(crew: Crew, job: dict[str, Any]) -> dict[str, Any]:
    """Run one child to its end, or to the end that it is given."""
    heard, ready = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            crew.child(job, ready)
        except BaseException:  # noqa: BLE001  # a child's end, whatever it is, is read by the test
            crew.diary.write(broken=traceback.format_exc(), job=job)
        finally:
            os._exit(0)
    os.close(ready)
    with os.fdopen(heard, "rb") as told:
        if job["kill_after"] is None:
            report = told.read()
        else:
            _kill(pid, job, told.fileno())
            report = b""
    _, status = os.waitpid(pid, 0)
    killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return {"killed": killed, "report": json.loads(report or b"{}")}


def _kill(pid: int, job: dict[str, Any], heard: int) -> None:
    if job["warm"]:
        with DefaultSelector() as waiting:
            waiting.register(heard, EVENT_READ)
            waiting.select(WARM_WITHIN)
    time.sleep(job["kill_after"])
    os.kill(pid, signal.SIGKILL)


def serve(crew: Crew, jobs: IO[str], reports: IO[str]) -> None:
    """Answer every job with what became of it, until there are no more."""
    print("ready", file=reports, flush=True)
    for line in jobs:
        print(json.dumps(forked(crew, json.loads(line))), file=reports, flush=True)


def main(config: str, control_url: str, diary: str, *more: str) -> int:
    """Serve jobs until the input ends. For each of `more`, `READ:WRITE`, a copy of this process serves those pipes."""
    crew = Crew(config, control_url, diary)
    copies = []
    for pair in more:
        jobs, reports = map(int, pair.split(":"))
        copies.append(os.fork())
        if not copies[-1]:
            with os.fdopen(jobs) as asked, os.fdopen(reports, "w") as told:
                serve(crew, asked, told)
            os._exit(0)
    serve(crew, sys.stdin, sys.stdout)
    return max([0, *(os.waitstatus_to_exitcode(os.waitpid(each, 0)[1]) for each in copies)], key=abs)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
