"""The internal listener as the interface describes it, on loopback, with a bucket; and it fails when a test says so."""

import base64
import hashlib
import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

DROP = "drop"
"""Do what is asked, and hang up without an answer."""
EXPIRES_AT = "2026-11-21T14:00:00Z"


@dataclass(frozen=True)
class Asked:
    """One request, its headers' names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def claims(self) -> dict[str, Any]:
        token = self.headers["authorization"].removeprefix("Bearer ")
        return dict(jwt.decode(token, options={"verify_signature": False}))


@dataclass
class Listener:
    """What it was asked, what it keeps, and the faults that are still to come: one a request, None for none."""

    origin: str = ""
    service_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    asked: list[Asked] = field(default_factory=list)
    faults: list[Any] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, dict[str, Any]] = field(default_factory=dict)
    ready: set[str] = field(default_factory=set)
    blocked: dict[str, str] = field(default_factory=dict)
    remembered: dict[str, tuple[bytes, list[Any]]] = field(default_factory=dict)

    def paths(self) -> list[str]:
        return [f"{asked.method} {asked.path.partition('?')[0]}" for asked in self.asked]

    def answer(self, asked: Asked) -> tuple[int, Any]:
        if asked.path.startswith("/bucket/"):
            return self._put(asked)
        if not self._is_ours(asked):
            return 401, {"error": "unauthorized", "message": "the service token is not accepted"}
        if asked.path == "/internal/v1/signed-urls":
            return self._signed(asked)
        if asked.path.endswith("/complete"):
            return self._completed(asked.path.split("/")[4])
        if asked.path.endswith("/block"):
            self.blocked[asked.json["key"]] = asked.json["reason"]
        else:
            self.blocked.pop(asked.json["key"], None)
        return 200, {"key": asked.json["key"], "blocked": asked.path.endswith("/block")}

    def _is_ours(self, asked: Asked) -> bool:
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        required = {"require": ["iss", "sub", "aud", "iat", "exp", "jti"]}
        try:
            claims = jwt.decode(
                token,
                self.service_key.public_key(),
                ["EdDSA"],
                required,
                audience="countersign-metadata",
                issuer="demo",
            )
        except jwt.PyJWTError:
            return False
        return claims["exp"] - claims["iat"] <= 60 and claims["sub"] == "demo"

    def _signed(self, asked: Asked) -> tuple[int, Any]:
        items = asked.json["items"]
        assert 1 <= len(items) <= 100
        idempotency_key = asked.headers.get("idempotency-key", "")
        if any(item["op"] == "put" for item in items):
            body, answers = self.remembered.setdefault(idempotency_key, (asked.body, []))
            if body != asked.body:
                return 409, {"error": "idempotency_conflict", "message": "the key came with another request"}
            if not answers:
                answers += [self._item(item) for item in items]
            return 200, {"items": [self._now(answer) for answer in answers]}
        return 200, {"items": [self._item(item) for item in items]}

    def _item(self, item: dict[str, Any]) -> dict[str, Any]:
        if item["op"] == "get" and "nothing" in item["key"]:
            return {"error": "not_found", "message": "there is nothing here"}
        if item["op"] == "get":
            return {"url": f"{self.origin}/bucket/{item['key']}?signed", "expires_at": EXPIRES_AT}
        if item["content_type"] != "application/pdf":
            return {"error": "unsupported_content_type", "message": "content_type must be application/pdf"}
        upload_id = str(uuid.uuid4())
        self.uploads[upload_id] = item
        return {
            "upload_id": upload_id,
            "method": item["method"],
            "upload_url": f"{self.origin}/bucket/{upload_id}?X-Amz-Signature=secret",
            "headers": {"Content-Type": item["content_type"]},
            "key": f"users/s-demo/resume/{upload_id}.pdf",
            "url": f"{self.origin}/read",
            "content_type": item["content_type"],
            "max_bytes": 10_485_760,
            "expires_at": EXPIRES_AT,
            "expires_in": 300,
        }

    def _now(self, answer: dict[str, Any]) -> dict[str, Any]:
        if answer.get("upload_id") in self.ready:
            return {"upload_id": answer["upload_id"], "key": answer["key"], "state": "ready", "file_type": "resume"}
        return answer

    def _put(self, asked: Asked) -> tuple[int, Any]:
        upload_id = asked.path.removeprefix("/bucket/").partition("?")[0]
        declared = self.uploads[upload_id]
        checksum = base64.b64encode(hashlib.sha256(asked.body).digest()).decode()
        if (declared["content_length"], declared["checksum_sha256"]) != (len(asked.body), checksum):
            return 400, "<Error><Code>BadDigest</Code></Error>"
        self.objects[upload_id] = asked.body
        return 200, ""

    def _completed(self, upload_id: str) -> tuple[int, Any]:
        if upload_id not in self.objects:
            return 409, {"error": "upload_not_received", "message": "the file has not arrived"}
        if b"virus" in self.objects[upload_id]:
            return 422, {"error": "upload_rejected", "message": "known as malicious", "reason": "infected"}
        self.ready.add(upload_id)
        length, object_key = len(self.objects[upload_id]), f"users/s-demo/resume/{upload_id}.pdf"
        said = {"upload_id": upload_id, "state": "ready", "key": object_key, "url": f"{self.origin}/read"}
        return 200, said | {"bytes": length, "content_type": "application/pdf"}


@contextmanager
def a_listener() -> Iterator[Listener]:
    listener = Listener()

    class Exchange(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            octets = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): text for name, text in self.headers.items()}
            asked = Asked(self.command, self.path, headers, octets)
            listener.asked.append(asked)
            fault = listener.faults.pop(0) if listener.faults else None
            if isinstance(fault, tuple):
                return self._say(*fault)
            status, said = listener.answer(asked)
            if fault == DROP:
                self.close_connection = True
                return None
            return self._say(status, said, {"X-Request-Id": "request-1"})

        def do_PUT(self) -> None:
            self.do_POST()

        def _say(self, status: int, said: Any, headers: dict[str, str] | None = None) -> None:
            octets = said.encode() if isinstance(said, str) else json.dumps(said).encode()
            self.send_response(status)
            for name, text in (headers or {}).items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Exchange)
    server.daemon_threads = True
    listener.origin = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
