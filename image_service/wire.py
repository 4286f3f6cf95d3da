"""HTTP/1.1 over one connection, the little of it that the protocol needs: one request, one answer, then the end.

Read only in a forked child, never in the parent.
"""

import http.client
import io
import json
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message

from image_service.errors import BadRequest, BodyTooLarge, HeadTooLarge, LengthRequired, Refusal

HEAD_BYTES = 16 * 1024
BODY_BYTES = 21 * 1024 * 1024
_REQUEST_LINE = re.compile(r"([A-Z]{1,8}) (/[\x21-\x7e]{0,200}) HTTP/1\.[01]\r\n")
_LENGTH = re.compile(r"[0-9]{1,12}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class ClientGone(Exception):
    """The connection ended before the request did; nobody is there to answer."""


@dataclass(frozen=True, slots=True)
class Head:
    """A request's line and headers; `beginning` is what came of the body along with them."""

    method: str
    path: str
    headers: Message
    beginning: bytes

    @property
    def request_id(self) -> str:
        """X-Request-Id where it is one, else empty."""
        given = self.headers.get("X-Request-Id", "")
        return given if _REQUEST_ID.fullmatch(given) else ""

    def single(self, name: str) -> str | None:
        """The value of a header that may come once. Raises BadRequest where it comes again."""
        values = self.headers.get_all(name, [])
        if len(values) > 1:
            raise BadRequest(f"{name} is given twice")
        return values[0] if values else None


def read_head(connection: socket.socket) -> Head:
    """The head of the request. Raises ClientGone, or a Refusal where it is not one."""
    received = bytearray()
    while (end := received.find(b"\r\n\r\n")) < 0:
        if len(received) > HEAD_BYTES:
            raise HeadTooLarge(f"a head of at most {HEAD_BYTES} bytes is taken")
        received += _some(connection, HEAD_BYTES)
    head = bytes(received[: end + 4])
    line, _, fields = head.partition(b"\r\n")
    match = _REQUEST_LINE.fullmatch(line.decode("latin-1") + "\r\n")
    if not match:
        raise BadRequest("the request line is not one of HTTP/1.1")
    return Head(match[1], match[2], _headers(fields), bytes(received[end + 4 :]))


def read_body(connection: socket.socket, head: Head) -> bytes:
    """The body, by its Content-Length. Raises ClientGone, LengthRequired, BodyTooLarge or BadRequest."""
    length = _length(head)
    if head.headers.get("Expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = bytearray(length)
    view, filled = memoryview(body), min(len(head.beginning), length)
    view[:filled] = head.beginning[:filled]
    while filled < length:
        count = connection.recv_into(view[filled:])
        if count == 0:
            raise ClientGone
        filled += count
    return bytes(body)


def answer(status: int, headers: Iterable[tuple[str, str]], body: Iterable[bytes]) -> list[bytes]:
    """An answer, as the pieces to send one after the other."""
    pieces = list(body)
    lines = [
        f"HTTP/1.1 {status} {http.client.responses[status]}",
        *(f"{name}: {value}" for name, value in headers),
        f"Content-Length: {sum(map(len, pieces))}",
        "Connection: close",
    ]
    return ["\r\n".join([*lines, "", ""]).encode("latin-1"), *pieces]


def json_answer(status: int, fields: object, headers: Iterable[tuple[str, str]] = ()) -> list[bytes]:
    """An answer in JSON."""
    body = json.dumps(fields).encode()
    return answer(status, [("Content-Type", "application/json"), *headers], [body])


def refusal(error: Refusal) -> list[bytes]:
    """The answer that tells a Refusal."""
    headers = [("Retry-After", "1")] if error.status == 503 else []
    return json_answer(error.status, error.body(), headers)


def _headers(fields: bytes) -> Message:
    try:
        return http.client.parse_headers(io.BytesIO(fields))
    except http.client.HTTPException:
        raise HeadTooLarge("there are too many headers") from None


def _length(head: Head) -> int:
    if head.single("Transfer-Encoding") is not None:
        raise LengthRequired("Content-Length is needed, Transfer-Encoding is not taken")
    given = head.single("Content-Length")
    if given is None:
        raise LengthRequired("Content-Length is needed")
    if not _LENGTH.fullmatch(given):
        raise BadRequest("Content-Length is not a number")
    if int(given) > BODY_BYTES:
        raise BodyTooLarge(f"a body of at most {BODY_BYTES} bytes is taken")
    return int(given)


def _some(connection: socket.socket, most: int) -> bytes:
    received = connection.recv(most)
    if not received:
        raise ClientGone
    return received


def one_line(fields: object) -> str:
    """JSON for a header's value."""
    return json.dumps(fields, separators=(",", ":"))
