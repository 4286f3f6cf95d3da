"""The people on stage: somebody to be attacked, and somebody with an account and bad intentions."""

import http.client
import io
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from PIL import Image

from local import users
from local.blast_radius.running import Running

SECONDS = 30.0
ONE_PAGE = (
    b"<< /Type /Catalog /Pages 2 0 R >>",
    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    (b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>"),
)


class StageFailed(Exception):
    """The stack did not do for an honest client what every attempt is measured against."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the user pool; `sub` is the subject of their access token."""

    gateway: str
    sub: str
    token: str = field(repr=False)
    id_token: str = field(repr=False)

    def uploads(self, file_type: str, content_type: str, content: bytes) -> dict[str, Any]:
        """Ask, PUT, complete, as any client does; the answer of the last. Raises StageFailed."""
        place = self._asks("/upload-url", {"file_type": file_type, "content_type": content_type})
        _send("PUT", place["upload_url"], content, place["headers"])
        return self._asks(f"/uploads/{place['upload_id']}/complete", {})

    def _asks(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        answer: dict[str, Any] = json.loads(_send("POST", self.gateway + path, json.dumps(body).encode(), headers))
        return answer


def of(running: Running, name: str) -> Person:
    """A local user of this name, made where missing."""
    tokens = users.tokens(running.deployment, name)
    claims = jwt.decode(tokens["AccessToken"], options={"verify_signature": False})
    return Person(running.gateway, claims["sub"], tokens["AccessToken"], tokens["IdToken"])


def expired(running: Running, person: Person) -> str:
    """The person's token as it will be when it has ended: signed by the pool's real key, which root can read."""
    header = jwt.get_unverified_header(person.token)
    claims = jwt.decode(person.token, options={"verify_signature": False})
    now = int(time.time())
    past = {"iat": now - 3660, "auth_time": now - 3660, "exp": now - 60}
    return jwt.encode(claims | past, _pool_key(running), algorithm="RS256", headers={"kid": header["kid"]})


def public_pem(running: Running) -> str:
    """The pool's public key for access tokens, as everyone may work it out of its JWKS."""
    private_key = serialization.load_pem_private_key(_pool_key(running).encode(), password=None)
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return private_key.public_key().public_bytes(encoding, form).decode()


def _pool_key(running: Running) -> str:
    folder = running.state_dir / "kept" / "engine" / "state" / "cognito-pool-keys"
    return (folder / f"{running.deployment.pool_id}-access.pem").read_text(encoding="ascii")


def picture() -> bytes:
    """A JPEG."""
    written = io.BytesIO()
    Image.new("RGB", (320, 240), (30, 120, 60)).save(written, "JPEG")
    return written.getvalue()


def pdf() -> bytes:
    """A PDF of one empty page."""
    written, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(ONE_PAGE, 1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"xref\n0 4\n0000000000 65535 f \n%strailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return bytes(written) + end % (table, len(written))


def _send(method: str, url: str, body: bytes, headers: dict[str, str]) -> bytes:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), body, headers)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        where = re.sub(r"[?].*", "", url)
        raise StageFailed(f"{method} {where}: {answer.status} {content[:200].decode(errors='replace')}")
    return content
