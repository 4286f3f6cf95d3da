"""The people on stage: somebody to be attacked, and somebody with an account and bad intentions."""

import io
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import jwt
import pikepdf
from cryptography.hazmat.primitives import serialization
from PIL import Image

from local import users
from local.blast_radius.intruder import wire
from local.blast_radius.running import Running


class StageFailed(Exception):
    """The stack did not do for an honest client what every attempt is measured against."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the user pool; `sub` is the subject of their access token."""

    gateway: str
    sub: str
    token: str = field(repr=False)
    id_token: str = field(repr=False)

    @property
    def in_flight(self) -> dict[str, str]:
        """What a grant is shown with while this person's own request is being answered."""
        return {"token": self.token, "caller": self.sub}

    def uploads(self, file_type: str, content_type: str, content: bytes) -> dict[str, Any]:
        """Ask, PUT, complete, as any client does; the answer of the last. Raises StageFailed."""
        place = self._asks("/upload-url", {"file_type": file_type, "content_type": content_type})
        _send("PUT", place["upload_url"], content, place["headers"])
        return self._asks(f"/uploads/{place['upload_id']}/complete", {})

    def erases(self) -> None:
        """Have the account erased. Raises StageFailed."""
        _send("DELETE", f"{self.gateway}/users/me", b"", {"Authorization": f"Bearer {self.token}"})

    def _asks(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        answer: dict[str, Any] = json.loads(_send("POST", self.gateway + path, json.dumps(body).encode(), headers))
        return answer


def of(running: Running, name: str) -> Person:
    """A local user of this name, made where missing."""
    tokens = users.tokens(running.deployment, name)
    claims = jwt.decode(tokens["AccessToken"], options={"verify_signature": False})
    return Person(running.gateway, claims["sub"], tokens["AccessToken"], tokens["IdToken"])


def passing(running: Running, like: Person) -> Person:
    """Somebody whom the pool will not know for long: a new subject, in a token after the other's."""
    sub = str(uuid.uuid4())
    return Person(running.gateway, sub, changed(like.token, _pool_key(running), sub=sub, username=sub), "")


def expired(running: Running, person: Person) -> str:
    """The person's token as it will be when it has ended."""
    return ended(person.token, _pool_key(running))


def ended(token: str, signing_key: Any) -> str:
    """A token as it will be a minute after its end: signed by its issuer's real key, which root can read."""
    claims = jwt.decode(token, options={"verify_signature": False})
    earlier = claims["exp"] - int(time.time()) + 60
    return changed(token, signing_key, **{name: claims[name] - earlier for name in ("iat", "exp")})


def changed(token: str, signing_key: Any, **claims: Any) -> str:
    """The token with other claims, signed anew."""
    header, before = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(before | claims, signing_key, algorithm=header["alg"], headers=header)


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
    written = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(written)
    return written.getvalue()


def _send(method: str, url: str, body: bytes, headers: dict[str, str]) -> bytes:
    answer = wire.use(method, url, body, headers)
    if answer.status not in (200, 202):
        raise StageFailed(f"{method} {url.partition('?')[0]}: {answer.told}")
    return answer.body
