"""A virus scanner for documents, where an operator has one: clamd, asked over its unix socket.

Pictures need none: they are redrawn, and no byte of what was sent is served. What says neither "clean" nor "found" in
clamd's own words is no verdict, and without a verdict nothing is let through.
"""

from __future__ import annotations

import logging
import re
import socket
import time
from collections.abc import Iterator
from typing import Final

from .errors import Unavailable
from .upload_errors import UploadRejected

PATIENCE: Final = 15.0
"""Seconds for a whole exchange."""
PIECE: Final = 256 * 1024
LONGEST_ANSWER: Final = 1024
_FOUND: Final = re.compile(rb"stream: ([\x20-\x7e]+) FOUND")
log = logging.getLogger("metadata")


class NoVerdict(Exception):
    """clamd did not say what was asked; the message has what it said instead."""


class Scanner:
    """clamd at a unix socket; the commands are those of clamd(8), each with `z`: what is said ends in a NUL."""

    def __init__(self, socket_path: str) -> None:
        self._socket_path = socket_path

    def scan(self, octets: bytes) -> None:
        """Pass what is clean. Raises UploadRejected (`infected`), or Unavailable where there is no verdict.

        The signature's name is for our log: whoever tries files out learns no more than that one was known.
        """
        said = self._asked(_instream(octets))
        if found := _FOUND.fullmatch(said):
            log.warning("infected", extra={"signature": found[1].decode("ascii")})
            raise UploadRejected("infected")
        if said != b"stream: OK":
            raise _unavailable() from NoVerdict(repr(said))

    def ping(self) -> None:
        """Raises Unavailable where it does not answer as clamd does."""
        if (said := self._asked(iter([b"zPING\0"]))) != b"PONG":
            raise _unavailable() from NoVerdict(repr(said))

    def _asked(self, spoken: Iterator[bytes]) -> bytes:
        until = time.monotonic() + PATIENCE
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                _leave(line, until)
                line.connect(self._socket_path)
                _say(line, spoken, until)
                return _answer(line, until)
        except (OSError, NoVerdict) as fault:
            raise _unavailable() from fault


def _instream(octets: bytes) -> Iterator[bytes]:
    """INSTREAM: pieces, each after its length in four bytes, big endian; one of no length is the end."""
    yield b"zINSTREAM\0"
    for at in range(0, len(octets), PIECE):
        piece = octets[at : at + PIECE]
        yield len(piece).to_bytes(4, "big") + piece
    yield bytes(4)


def _say(line: socket.socket, spoken: Iterator[bytes], until: float) -> None:
    try:
        for piece in spoken:
            _leave(line, until)
            line.sendall(piece)
    except BrokenPipeError:
        # It hung up in the middle, and says why: StreamMaxLength. Were it a verdict, it would be one on half a file.
        raise NoVerdict(f"{_answer(line, until)!r} before the end") from None


def _answer(line: socket.socket, until: float) -> bytes:
    said = b""
    while not said.endswith(b"\0"):
        _leave(line, until)
        piece = line.recv(LONGEST_ANSWER)
        said += piece
        if not piece or len(said) > LONGEST_ANSWER:
            raise NoVerdict(f"{said[:80]!r} and no end")
    return said[:-1]


def _leave(line: socket.socket, until: float) -> None:
    """Give the next step the time that is left of the whole. Raises TimeoutError."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("the virus scanner took too long")
    line.settimeout(left)


def _unavailable() -> Unavailable:
    return Unavailable("the virus scanner gave no verdict; ask again")
