"""What nginx talks to in these tests: answers with what it was sent, as JSON.

The query steers it: `?answer=503` answers with that status, `&with=Name:value` adds headers, `?answer=hang-up` closes
without an answer, `?answer=never` waits until the test ends.
"""

import json
import os
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Echo(BaseHTTPRequestHandler):
    """Keeps connections, as gunicorn does."""

    protocol_version = "HTTP/1.1"
    server: "EchoUpstream"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        seen = {
            "method": self.command,
            "target": self.path,
            "headers": [[name.lower(), value] for name, value in self.headers.items()],
            "body_length": len(body),
        }
        self.server.seen.append(seen)
        query = parse_qs(urlsplit(self.path).query)
        wanted = query.get("answer", ["200"])[0]
        if wanted == "never":
            self.server.ended.wait()
        if wanted in {"hang-up", "never"}:
            self.close_connection = True
            return
        self._send(int(wanted), query.get("with", []), json.dumps(seen).encode())

    def _send(self, status: int, headers: list[str], body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for line in headers:
            self.send_header(*line.split(":", 1))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    # The standard library calls these by name.
    do_GET = do_HEAD = do_POST = do_DELETE = do_PUT = do_PATCH = do_OPTIONS = answer  # noqa: N815 - its names

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


class EchoUpstream(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Listens on a unix socket; `seen` has every request that came through."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, path: Path) -> None:
        self.seen: list[dict[str, Any]] = []
        self.ended = threading.Event()
        self.address = f"unix:{path}"
        super().__init__(str(path), Echo)
        os.chmod(path, 0o666)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.ended.set()
        self.shutdown()
        self.server_close()
