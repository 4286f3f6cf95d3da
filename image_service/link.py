"""The two pipes between a child and the server: a few words, in one order.

    child                      server
    read <route> <request id>          the head is read
    ask <lane>               → + or -  may the decode begin?
    answer <status> <outcome>          the answer goes out now

A child may have been taken over by the file it decodes; so lines are short, matched whole, and taken once each,
in this order.
"""

import os
import re

NOTHING = "*"
_GRANTED = b"+"
_LINE = re.compile(
    rb"(?:read (?P<route>images|pdfs|healthz|\*) (?P<request_id>[A-Za-z0-9._-]{1,64}|\*)"
    rb"|ask (?P<lane>[A-Za-z0-9_-]{1,64}|\*)"
    rb"|answer (?P<status>[2-5][0-9]{2}) (?P<outcome>[A-Za-z_]{1,48}))"
)
MOST_BYTES = 512  # more than the three lines can be


class LinkBroken(Exception):
    """The child said something that no child says."""


class ToServer:
    """The child's end."""

    def __init__(self, reports: int, permits: int) -> None:
        self._reports = reports
        self._permits = permits

    def read(self, route: str, request_id: str) -> None:
        """Tell that the head is read."""
        self._tell(f"read {route or NOTHING} {request_id or NOTHING}")

    def may_decode(self, lane: str) -> bool:
        """Ask for a decoder, and wait for the word."""
        self._tell(f"ask {lane or NOTHING}")
        return os.read(self._permits, 1) == _GRANTED

    def answers(self, status: int, outcome: str) -> None:
        """Tell that an answer goes out: from here on the server must not send one itself."""
        self._tell(f"answer {status} {outcome}")

    def _tell(self, line: str) -> None:
        os.write(self._reports, line.encode() + b"\n")


def permit(permits: int, *, granted: bool) -> None:
    """The server's word to a child that asked; a child that has gone does not mind."""
    try:
        os.write(permits, _GRANTED if granted else b"-")
    except BrokenPipeError:
        return


def words(line: bytes) -> dict[str, str]:
    """What a line says, by name (route, request_id, lane, status, outcome); `*` reads as empty. Raises LinkBroken."""
    match = _LINE.fullmatch(line)
    if not match:
        raise LinkBroken
    return {
        name: "" if value == b"*" else value.decode() for name, value in match.groupdict().items() if value is not None
    }
