"""HTTP as bytes, for what no client library would send; answers are told apart by their own framing."""

import json
import socket
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: names in lower case, in order, repeated where they were."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = field(repr=False)

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known == name.lower()]

    def __getitem__(self, name: str) -> str:
        values = self.all(name)
        assert len(values) == 1, f"{name}: {values} in {self.headers}"
        return values[0]

    def __contains__(self, name: str) -> bool:
        return bool(self.all(name))

    @property
    def json(self) -> Any:
        assert self["content-type"].split(";")[0] == "application/json", self.headers
        return json.loads(self.body)


def received(connection: socket.socket) -> bytes:
    """All until the other side closes, or is silent for the socket's timeout."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except (TimeoutError, ConnectionResetError):
        pass
    return b"".join(parts)


def exchange(port: int, raw: bytes, silence: float = 3.0) -> list[Answer]:
    """Send bytes and read every answer to them."""
    with socket.create_connection(("127.0.0.1", port), timeout=silence) as connection:
        connection.sendall(raw)
        return answers(received(connection), head=raw.startswith(b"HEAD "))


def answers(raw: bytes, *, head: bool = False) -> list[Answer]:
    found = []
    while raw:
        top, blank, rest = raw.partition(b"\r\n\r\n")
        assert top.startswith(b"HTTP/1."), f"not an answer: {raw[:200]!r}"
        assert blank, f"an answer cut off: {raw[:200]!r}"
        first, *lines = top.decode("latin-1").split("\r\n")
        headers = [(line.partition(":")[0].lower(), line.partition(":")[2].strip()) for line in lines]
        status = int(first.split()[1])
        body, raw = (b"", rest) if head or status in {204, 304} else _body(headers, rest)
        found.append(Answer(status, headers, body))
    return found


def _body(headers: list[tuple[str, str]], rest: bytes) -> tuple[bytes, bytes]:
    framing = dict(headers)
    if framing.get("transfer-encoding") == "chunked":
        return _chunks(rest)
    length = int(framing.get("content-length", len(rest)))
    assert len(rest) >= length, "an answer cut off"
    return rest[:length], rest[length:]


def _chunks(rest: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        body, rest = body + rest[:length], rest[length + 2 :]
        if length == 0:
            return body, rest


def request(
    port: int, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> Answer:
    """One well-formed request on a connection of its own."""
    lines = [f"{method} {path} HTTP/1.1", "Connection: close"]
    fields = {"Host": "gateway.test", **(headers or {})}
    if body is not None:
        fields.setdefault("Content-Length", str(len(body)))
    lines += [f"{name}: {value}" for name, value in fields.items()]
    (answer,) = exchange(port, "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""), silence=15)
    return answer
