"""The means to send the embedded engine any request, signed well or badly, or not at all."""

import base64
import datetime
import hashlib
import hmac
import http.client
import json
import socket
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.deploy import Deployment
from local.engine import REGION, AccessKey

ORIGIN = "http://localhost:3000"
JPEG = b"\xff\xd8\xff\xe0 not much of a picture \xff\xd9"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True)
class Presigned:
    """A presigned URL and the headers that its user must send."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


def send(
    port: int, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Answer:
    """One request as it stands, with nothing added but Host and Content-Length where they are missing."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    sent = {name.lower(): value for name, value in (headers or {}).items()}
    connection.putrequest(method, target, skip_host="host" in sent, skip_accept_encoding=True)
    if body is not None and not {"content-length", "transfer-encoding"} & set(sent):
        connection.putheader("content-length", str(len(body)))
    for name, value in sent.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    try:
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def raw(port: int, payload: bytes) -> bytes:
    """How the engine's answer begins, to bytes that no client library would send; empty if it hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(payload)
        line.shutdown(socket.SHUT_WR)
        return line.recv(65536)


def stamp(seconds_from_now: float = 0) -> str:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds_from_now)
    return moment.strftime("%Y%m%dT%H%M%SZ")


class _QueryAuthAt(S3SigV4QueryAuth):
    """botocore's own presigning, at a time of our choosing."""

    def __init__(self, credentials: Credentials, service: str, expires: int, at: str) -> None:
        super().__init__(credentials, service, REGION, expires=expires)
        self._at = at

    def add_auth(self, request: AWSRequest) -> None:
        request.context["timestamp"] = self._at
        steps: Any = self  # the stubs leave botocore's own steps out
        steps._modify_request_before_signing(request)
        to_sign = self.string_to_sign(request, self.canonical_request(request))
        steps._inject_signature_to_request(request, self.signature(to_sign, request))


def _credentials(pair: AccessKey) -> Credentials:
    return Credentials(pair.access_key_id, pair.secret_access_key)


class Wire:
    """Requests to one engine: presigned, signed in a header, a form, or none of these."""

    def __init__(self, deployment: Deployment, port: int) -> None:
        self.deployment = deployment
        self.port = port

    def key(self, identity: str) -> AccessKey:
        return self.deployment.root if identity == "root" else self.deployment.access_keys[identity]

    def url(self, object_key: str, query: str = "") -> str:
        return f"{self.deployment.endpoint}/{self.deployment.bucket}/{object_key}" + (f"?{query}" if query else "")

    def presign(
        self,
        method: str,
        object_key: str = "",
        *,
        identity: str | AccessKey = "uploader",
        headers: Mapping[str, str] | None = None,
        expires: int = 60,
        at: float = 0,
        query: str = "",
        url: str | None = None,
        service: str = "s3",
    ) -> Presigned:
        """A presigned URL; `headers` are signed. `url` overrides the path-style one of the object key."""
        pair = identity if isinstance(identity, AccessKey) else self.key(identity)
        request = AWSRequest(method, url or self.url(object_key, query), headers=dict(headers or {}))
        _QueryAuthAt(_credentials(pair), service, expires, stamp(at)).add_auth(request)
        return Presigned(method, str(request.url), dict(headers or {}))

    def use(
        self,
        presigned: Presigned,
        body: bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
        host: str | None = None,
    ) -> Answer:
        """Send a presigned request. `headers` change what was signed; None takes one away."""
        parts = urlsplit(presigned.url)
        merged = {"host": host or parts.netloc, **{k.lower(): v for k, v in presigned.headers.items()}}
        for name, value in (headers or {}).items():
            merged.pop(name.lower(), None)
            if value is not None:
                merged[name.lower()] = value
        return send(self.port, presigned.method, f"{parts.path}?{parts.query}", merged, body)

    def signed(
        self,
        method: str,
        url: str,
        *,
        identity: str | AccessKey = "root",
        service: str = "s3",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> tuple[str, dict[str, str]]:
        """Target and headers of a request signed in its Authorization header."""
        pair = identity if isinstance(identity, AccessKey) else self.key(identity)
        request = AWSRequest(method, url, headers=dict(headers or {}), data=body)
        auth = S3SigV4Auth if service == "s3" else SigV4Auth
        auth(_credentials(pair), service, REGION).add_auth(request)
        parts = urlsplit(str(request.url))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return target, {"host": parts.netloc, **dict(request.headers.items())}

    def call(
        self, service: str, target: str, arguments: Any, *, identity: str | AccessKey = "root", **changed: str
    ) -> Answer:
        """A signed JSON call; `changed` headers are changed after signing."""
        body = arguments if isinstance(arguments, bytes) else json.dumps(arguments).encode()
        headers = {"x-amz-target": target, "content-type": "application/x-amz-json-1.0"}
        path, signed = self.signed(
            "POST", self.deployment.endpoint + "/", identity=identity, service=service, headers=headers, body=body
        )
        return send(self.port, "POST", path, {**signed, **changed}, body)

    def form(
        self,
        object_key: str,
        conditions: list[Any] | None = None,
        *,
        identity: str | AccessKey = "uploader",
        expires: float = 60,
        fields: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        """The fields of a form with a signed policy (Amazon S3, "Creating an HTML form", SigV4)."""
        pair = identity if isinstance(identity, AccessKey) else self.key(identity)
        now = stamp()
        scope = f"{pair.access_key_id}/{now[:8]}/{REGION}/s3/aws4_request"
        ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=expires)
        signed = {
            "x-amz-algorithm": "AWS4-HMAC-SHA256",
            "x-amz-credential": scope,
            "x-amz-date": now,
            "key": object_key,
            **(fields or {}),
        }
        policy = {
            "expiration": ends.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "conditions": [
                {"bucket": self.deployment.bucket},
                *({k: v} for k, v in signed.items()),
                *(conditions or []),
            ],
        }
        encoded = base64.b64encode(json.dumps(policy).encode()).decode()
        signing_key = f"AWS4{pair.secret_access_key}".encode()
        for part in (now[:8], REGION, "s3", "aws4_request"):
            signing_key = hmac.digest(signing_key, part.encode(), "sha256")
        return {
            **signed,
            "policy": encoded,
            "x-amz-signature": hmac.digest(signing_key, encoded.encode(), "sha256").hex(),
        }

    def post(self, fields: Mapping[str, str], file: bytes, *, after: Mapping[str, str] | None = None) -> Answer:
        """Post a form, the file last but for the fields in `after`."""
        boundary = uuid.uuid4().hex
        parts = [_part(boundary, name, value.encode()) for name, value in fields.items()]
        parts.append(_part(boundary, "file", file, '; filename="picture.jpg"'))
        parts += [_part(boundary, name, value.encode()) for name, value in (after or {}).items()]
        body = b"".join(parts) + f"--{boundary}--\r\n".encode()
        kind = {"content-type": f"multipart/form-data; boundary={boundary}"}
        return send(self.port, "POST", f"/{self.deployment.bucket}", kind, body)

    def public(self, call: str, arguments: Any, **headers: str) -> Answer:
        """An unsigned call to the user pool, as a browser makes it."""
        body = arguments if isinstance(arguments, bytes) else json.dumps(arguments).encode()
        target = f"AWSCognitoIdentityProviderService.{call}"
        kind = {"x-amz-target": target, "content-type": "application/x-amz-json-1.1"}
        return send(self.port, "POST", "/", {**kind, **headers}, body)


def _part(boundary: str, name: str, value: bytes, more: str = "") -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + value + b"\r\n"


def an_object_key(area: str = "users") -> str:
    """A new key of the grammar."""
    prefix = "users" if area == "users" else "incoming/users"
    return f"{prefix}/ann/profile/{uuid.uuid4()}.jpg"


def sha256(content: bytes) -> str:
    """A body's x-amz-checksum-sha256."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()
