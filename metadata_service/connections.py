"""Kept HTTP connections, one a thread and an address: the way out to the signer and to S3.

No proxy, no redirect, a bound on every answer's length and time. It knows nothing of what is asked.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

CONNECT_TIMEOUT: Final = 3.0
PIECE: Final = 256 * 1024
LONGEST_REFUSAL: Final = 64 * 1024
"""Bytes that are read of an answer of 400 and above, whatever limit is set to what was asked for."""


class Unreachable(Exception):
    """No whole answer came; whether the request was acted upon is unknown. `was_kept`: on a connection used before."""

    def __init__(self, reason: str, *, was_kept: bool) -> None:
        super().__init__(reason)
        self.was_kept = was_kept


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect: a unix socket's path, or a host; `dial` names another host and port to connect to instead."""

    scheme: str
    host: str
    port: int | None = None
    socket_path: str = ""
    dial: tuple[str, int] | None = None

    @classmethod
    def parse(cls, text: str, dial: tuple[str, int] | None = None) -> Address:
        """`unix:/path`, `http://host:port` or `https://host`. Raises ValueError."""
        if text.startswith("unix:/"):
            return cls("unix", "localhost", socket_path=text.removeprefix("unix:"))
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError(f"{text!r} is neither unix:/path nor http(s)://host[:port]")
        return cls(parts.scheme, parts.hostname, parts.port, dial=dial)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, the headers by their names in lower case, and the body up to the limit that was given."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Plain(http.client.HTTPConnection):
    """Connects to the address's own place, whatever the Host header says."""

    def __init__(self, address: Address, timeout: float) -> None:
        super().__init__(address.host, address.port, timeout=timeout)
        self._address, self._patience = address, timeout

    def connect(self) -> None:
        self.sock = _dialled(self._address, self.port, self._patience)


class _Secure(http.client.HTTPSConnection):
    """The same by TLS; the certificate is checked against the URL's own host."""

    def __init__(self, address: Address, timeout: float, context: ssl.SSLContext) -> None:
        super().__init__(address.host, address.port, timeout=timeout, context=context)
        self._address, self._patience, self._tls = address, timeout, context

    def connect(self) -> None:
        plain = _dialled(self._address, self.port, self._patience)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self._address.host)


def _dialled(address: Address, port: int, patience: float) -> socket.socket:
    if address.scheme == "unix":
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(CONNECT_TIMEOUT)
        try:
            line.connect(address.socket_path)
        except OSError:
            line.close()
            raise
    else:
        line = socket.create_connection(address.dial or (address.host, port), CONNECT_TIMEOUT)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.settimeout(patience)
    return line


class _OfThread(threading.local):
    """A thread's own connections."""

    def __init__(self) -> None:
        self.lines: dict[Address, http.client.HTTPConnection] = {}


class Connections:
    """Kept connections of every thread. `patience`: seconds without a byte; `deadline`: seconds for a whole answer."""

    def __init__(self, *, patience: float, deadline: float) -> None:
        self._patience, self._deadline = patience, deadline
        self._of_thread = _OfThread()
        self._tls = ssl.create_default_context()

    def ask(
        self, address: Address, method: str, target: str, *, headers: Mapping[str, str], body: bytes = b"", limit: int
    ) -> Answer:
        """One exchange; at most `limit` bytes of the answer are read. Raises Unreachable."""
        kept = self._of_thread.lines
        line = kept.pop(address, None)
        was_kept = line is not None
        line = line or self._opened(address)
        try:
            line.request(method, target, body=body or None, headers=dict(headers))
            answer, is_reusable = self._read(line.getresponse(), limit)
        except (OSError, http.client.HTTPException) as fault:
            line.close()
            raise Unreachable(f"{type(fault).__name__}: {fault}", was_kept=was_kept) from fault
        if is_reusable:
            kept[address] = line
        else:
            line.close()
        return answer

    def _opened(self, address: Address) -> http.client.HTTPConnection:
        if address.scheme == "https":
            return _Secure(address, self._patience, self._tls)
        return _Plain(address, self._patience)

    def _read(self, response: http.client.HTTPResponse, limit: int) -> tuple[Answer, bool]:
        """The answer, and whether its connection can be used again."""
        if response.status >= http.client.BAD_REQUEST:
            limit = max(limit, LONGEST_REFUSAL)
        promised = response.length
        body = self._body(response, limit)
        # read1() ends silently where the line was cut: only the promised length tells.
        if promised is not None and len(body) < min(promised, limit):
            raise http.client.IncompleteRead(b"", promised - len(body))
        # Nor does read1() close a response that it has read to its end; then the connection would never be free.
        is_whole = response.isclosed() or response.length == 0
        response.close()
        headers = {name.lower(): text for name, text in response.headers.items()}
        return Answer(response.status, headers, body), is_whole and not response.will_close

    def _body(self, response: http.client.HTTPResponse, limit: int) -> bytes:
        until = time.monotonic() + self._deadline
        pieces, length = [], 0
        while length < limit and (piece := response.read1(min(PIECE, limit - length))):
            pieces.append(piece)
            length += len(piece)
            if time.monotonic() > until:
                raise TimeoutError("the answer took too long")
        return b"".join(pieces)
