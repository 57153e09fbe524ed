"""localstripe as a process of its own: on a free port of this machine, which it prints; it keeps nothing on disk."""

from __future__ import annotations

import socket

from aiohttp import web
from localstripe.resources import Store
from localstripe.server import app


def main() -> None:
    """Serve until killed."""
    Store.dump_to_disk = lambda self: None  # by itself it writes everything to one file for all users of the machine
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    web.run_app(app, sock=listener, print=None, access_log=None)


if __name__ == "__main__":
    main()
