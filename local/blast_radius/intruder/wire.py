"""HTTP/1.1 over a unix socket or to a host: a request's parts in, the answer's out."""

import http.client
import json
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

SECONDS = 20.0


@dataclass(frozen=True)
class Answer:
    """The status and the bytes of an answer."""

    status: int
    body: bytes

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def told(self) -> str:
        """The status, and the error's code as the services, S3, DynamoDB and IAM each spell it."""
        code = re.search(rb'<Code>(\w+)</Code>|"error": ?"(\w+)"|"__type": ?"(?:[\w.]*#)?(\w+)"', self.body)
        return f"{self.status} {next(filter(None, code.groups())).decode()}" if code else str(self.status)

    def json(self) -> Any:
        return json.loads(self.body)


class _ToSocket(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("countersign", timeout=SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(SECONDS)
        self.sock.connect(self._path)


def send(
    method: str, to: str, target: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """One request. `to` is `unix:/path`, or an origin; `target` the path with its query."""
    parts = urlsplit(to)
    unix = _ToSocket(parts.path) if parts.scheme == "unix" else None
    connection = unix or http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        connection.request(method, target, body, dict(headers or {}))
        answer = connection.getresponse()
        return Answer(answer.status, answer.read())
    finally:
        connection.close()


def use(method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """One request to a URL, such as a presigned one."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return send(method, f"{parts.scheme}://{parts.netloc}", target, body, headers)
