"""Asks a process whether it is there, over its unix socket or its port."""

import http.client
import socket
from pathlib import Path

SECONDS = 5.0


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(SECONDS)
        self.sock.connect(str(self._path))


def over_socket(path: Path, route: str) -> int | None:
    """The status of GET `route` over a unix socket; None where nobody answers."""
    return _status(_UnixConnection(path), route)[0]


def over_port(port: int, route: str) -> tuple[int | None, str]:
    """The status of GET `route` on this loopback port, or None, and the body."""
    return _status(http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS), route)


def _status(connection: http.client.HTTPConnection, route: str) -> tuple[int | None, str]:
    try:
        connection.request("GET", route)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return None, ""
    finally:
        connection.close()
