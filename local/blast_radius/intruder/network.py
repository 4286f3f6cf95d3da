"""Attempts to make a connection, to an address or to another process's socket."""

import socket
from typing import Any

Told = tuple[str, Any]
SECONDS = 5.0


def make_socket(family: str) -> Told:
    """Make a socket at all: `INET`, `INET6`, `UNIX` or `NETLINK`."""
    kind = socket.SOCK_RAW if family == "NETLINK" else socket.SOCK_STREAM
    socket.socket(getattr(socket, f"AF_{family}"), kind).close()
    return "a socket", None


def reach(host: str, port: int) -> Told:
    """Open a TCP connection."""
    with socket.socket(socket.AF_INET) as connection:
        connection.settimeout(SECONDS)
        connection.connect((host, port))
    return "connected", None


def reach_socket(path: str) -> Told:
    """Open a connection to a unix socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS)
        connection.connect(path)
    return "connected", None
