"""A machine of its own for one worker: a network namespace with nothing in it but its wires. For Linux.

    [unshare --net] python processes_machine.py DESCRIPTOR WIRES ISOLATED PROGRAM ARGUMENT...

Listens on so many ports of this namespace's loopback and hands the sockets over to whoever started it, by the
descriptor of a socket pair: they are the only way out. Then runs the program, which speaks on the inherited standard
streams. Told `out`, it pulls the cable (the interface goes down: packets are lost, and nobody is told); told `in`, it
plugs it in.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import struct
import subprocess
import sys

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1  # netdevice(7)


def cable(plugged: bool) -> None:
    """Put this namespace's loopback up or down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack("16sh22x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        flags = flags | IFF_UP if plugged else flags & ~IFF_UP
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags))


def main(descriptor: str, wires: str, isolated: str, *program: str) -> int:
    """Be the machine until whoever started it lets go of the pair."""
    if isolated == "yes":
        cable(plugged=True)
    with socket.socket(fileno=int(descriptor)) as outside:
        listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(wires))]
        ports = [each.getsockname()[1] for each in listening]
        socket.send_fds(outside, [json.dumps(ports).encode()], [each.fileno() for each in listening])
        for each in listening:
            each.close()
        assert outside.recv(16) == b"go"  # the configuration names the ports, and is written now
        running = subprocess.Popen([sys.executable, *program], env=os.environ)
        while told := outside.recv(16):
            cable(plugged=told == b"in")
            outside.send(b"done")
        return running.wait()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
