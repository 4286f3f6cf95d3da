"""A proxy before the real engine's DynamoDB that throttles, conflicts, and loses answers after the write was done."""

import json
import socket
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LOST = "lost"
"""The engine does it, and the answer is lost on the way."""
FAILED_AFTER = "failed after"
"""The engine does it, and the answer is 500."""
THROTTLED = "throttled"
CONFLICT = "conflict"
"""TransactionConflict, which the engine never answers and AWS does."""
ALL = (LOST, FAILED_AFTER, THROTTLED, CONFLICT)
NAMESPACE = "com.amazonaws.dynamodb.v20120810#"


class FaultProxy:
    """Forwards to the engine. `faults` has, by operation, the faults of its next requests, one each.

    `rows_read`: what the engine says that its queries have looked at.
    """

    def __init__(self, engine_port: int) -> None:
        self.faults: dict[str, list[str]] = {}
        self.operations: list[str] = []
        self.rows_read = 0
        self._lock = threading.Lock()
        proxy = self

        class Forwarding(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fault = proxy.next_fault(self.headers["X-Amz-Target"].rpartition(".")[2])
                if fault == THROTTLED:
                    return self.answer(400, {"__type": NAMESPACE + "ThrottlingException"})
                if fault == CONFLICT:
                    count = len(json.loads(body).get("TransactItems", []))
                    reasons = [{"Code": "TransactionConflict"}] + [{"Code": "None"}] * (count - 1)
                    code = NAMESPACE + "TransactionCanceledException"
                    return self.answer(400, {"__type": code, "CancellationReasons": reasons})
                status, spoken = self.forwarded(body)
                if fault == FAILED_AFTER:
                    return self.answer(500, {"__type": NAMESPACE + "InternalServerError"})
                if fault == LOST:
                    self.close_connection = True
                    return self.connection.shutdown(socket.SHUT_RDWR)
                return self.answer(status, spoken)

            def forwarded(self, body: bytes) -> tuple[int, bytes]:
                connection = HTTPConnection("127.0.0.1", engine_port, timeout=20)
                try:
                    connection.request("POST", "/", body=body, headers=dict(self.headers))
                    answer = connection.getresponse()
                    content = answer.read()
                    proxy.rows_read += json.loads(content).get("ScannedCount", 0)
                    return answer.status, content
                finally:
                    connection.close()

            def answer(self, status: int, spoken: Any) -> None:
                body = spoken if isinstance(spoken, bytes) else json.dumps(spoken).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Forwarding)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def next_fault(self, operation: str) -> str | None:
        with self._lock:
            self.operations.append(operation)
            waiting = self.faults.get(operation)
            return waiting.pop(0) if waiting else None

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
