"""A peer that says what a test tells it to: one raw answer a request, on loopback."""

import re
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

CUT = b""
"""Hang up without a word."""


@dataclass
class Peer:
    """Where it listens, and what it was asked: head and body of each request, and on how many connections."""

    port: int
    asked: list[tuple[str, bytes]] = field(default_factory=list)
    connections: int = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def a_peer(answers: Sequence[bytes]) -> Iterator[Peer]:
    """Answers each request with the next of `answers`, then hangs up wherever an answer ends the connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    peer = Peer(listener.getsockname()[1])
    left = list(answers)

    def serve() -> None:
        while left:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            peer.connections += 1
            with line, line.makefile("rb") as lines:
                while left:
                    head = head_of(lines)
                    if not head:
                        break
                    peer.asked.append((head, lines.read(length_of(head))))
                    answer = left.pop(0)
                    line.sendall(answer)
                    if answer == CUT or b"connection: close" in answer.lower():
                        break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        left.clear()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def head_of(lines: BinaryIO) -> str:
    """A request's head, empty where there is no further request."""
    head = b""
    while (read := lines.readline()) not in (b"\r\n", b""):
        head += read
    return head.decode()


def length_of(head: str) -> int:
    """The Content-Length that a head says, 0 where it says none."""
    found = re.search(r"(?im)^content-length: *(\d+)", head)
    return int(found[1]) if found else 0


def answer(status: int, body: bytes = b"", *, length: int | None = None, headers: str = "") -> bytes:
    """A raw HTTP answer; `length` lies about the body's."""
    said = len(body) if length is None else length
    closing = "Connection: close\r\n" if said != len(body) else ""
    return f"HTTP/1.1 {status} X\r\n{headers}{closing}Content-Length: {said}\r\n\r\n".encode() + body
