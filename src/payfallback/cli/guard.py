"""From errors to one line on stderr and an exit code: no command shows a traceback for what a person can mend."""

from __future__ import annotations

import functools
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import NoReturn, ParamSpec

import typer

from payfallback.cli.exits import FINE, INTERRUPTED, WRONG, code_of
from payfallback.errors import PayfallbackError

P = ParamSpec("P")


def command(work: Callable[P, int]) -> Callable[P, None]:
    """A command that returns its exit code, for typer."""

    @functools.wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        code = _ended(lambda: work(*args, **kwargs))
        if code:
            raise typer.Exit(code)

    return run


def _ended(work: Callable[[], int]) -> int:
    try:
        return work()
    except PayfallbackError as error:
        complain(str(error))
        return code_of(error)
    except ModuleNotFoundError as missing:
        package = (missing.name or "").partition(".")[0]
        extra = _EXTRAS.get(package)
        if extra is None:
            raise
        complain(f"this needs {package} (install the extra `{extra}`: pip install 'payfallback[{extra}]')")
        return WRONG
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


_EXTRAS = {"starlette": "sandbox", "uvicorn": "sandbox", "rich": "cli"}


def until_stopped(work: Callable[[], float]) -> int:
    """Do it again and again, after the seconds that it returns, until Ctrl-C or SIGTERM: that is how it ends well."""

    def stop(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        while True:
            time.sleep(work())
    except KeyboardInterrupt:
        return FINE
    finally:
        signal.signal(signal.SIGTERM, before)


def complain(message: str) -> None:
    """Say on stderr what is wrong."""
    print(f"payfallback: {message}", file=sys.stderr, flush=True)
