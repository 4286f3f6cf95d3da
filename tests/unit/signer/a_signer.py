"""A signer on files of its own, and grants for it: every builder makes the good case, a test changes one thing."""

import hashlib
import json
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient
from jwt.algorithms import OKPAlgorithm

from signer_service.app import create_app
from signer_service.audit import BEGINNING
from signer_service.config import Config
from signer_service.replay import ReplayMemory
from tests.builders import CLIENT_ID, ISSUER, SUB, a_token, write_jwks

METADATA_KEY, SWEEPER_KEY = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
PRIVATE = {"metadata": METADATA_KEY, "sweeper": SWEEPER_KEY}


def grant_jwk(issuer: str, key: Ed25519PrivateKey | None = None, kid: str | None = None) -> dict[str, Any]:
    public = (key or PRIVATE[issuer]).public_key()
    return {**OKPAlgorithm.to_jwk(public, as_dict=True), "kid": kid or f"{issuer}-1", "issuer": issuer}


def an_identity(access_key_id: str = "AKIAEXAMPLEEXAMPLE00", **more: Any) -> dict[str, Any]:
    return {"access_key_id": access_key_id, "secret_access_key": "canary-of-an-s3-secret", **more}


def write_files(folder: Path) -> dict[str, str]:
    """The environment of a signer whose files all are below `folder`."""
    for name in ("uploader", "reader", "remover"):
        (folder / f"{name}.json").write_text(json.dumps(an_identity()))
    (folder / "audit").mkdir()
    (folder / "grant_keys.json").write_text(json.dumps({"keys": [grant_jwk("metadata"), grant_jwk("sweeper")]}))
    secret = urlsafe_b64encode(b"r" * 32).decode()
    (folder / "receipt_keys.json").write_text(json.dumps({"keys": [{"kid": "r1", "secret": secret}]}))
    (folder / "services.toml").write_text("")
    return {
        "SIGNER_NAME": "a",
        "AWS_REGION": "eu-central-1",
        "S3_BUCKET": "media",
        "IDENTITIES_DIR": str(folder),
        "GRANT_KEYS_FILE": str(folder / "grant_keys.json"),
        "RECEIPT_KEYS_FILE": str(folder / "receipt_keys.json"),
        "TOKEN_ISSUER": ISSUER,
        "TOKEN_CLIENT_IDS": CLIENT_ID,
        "TOKEN_KEYS_FILE": str(write_jwks(folder / "token_keys.json")),
        "SERVICES_FILE": str(folder / "services.toml"),
        "FREEZE_FILE": str(folder / "freeze.json"),
        "REPLAY_FILE": str(folder / "replay.sqlite"),
        "AUDIT_DIR": str(folder / "audit"),
    }


def a_client(folder: Path, clock: Callable[[], float] | None = None, **more: str) -> FlaskClient:
    """A signer whose replay memory began a minute ago."""
    environment = write_files(folder) | more
    if clock is None:
        ReplayMemory(Path(environment["REPLAY_FILE"]), 600).began(time.time() - 60)
    app = create_app(Config.from_environment(environment), clock=clock or time.time)
    return app.test_client()


def an_item(op: str = "get", **more: Any) -> dict[str, Any]:
    """A reading of the caller's own picture, or another operation on it."""
    named = {"op": op, "area": "users", "owner": SUB, "category": "profile", "id": str(uuid.uuid4()), "ext": "jpg"}
    return {**named, "expires_at": int(time.time()) + 30} | more


def a_grant(*items: dict[str, Any], issuer: str = "metadata", key: Ed25519PrivateKey | None = None, **more: Any) -> str:
    """A grant for half a minute; a claim that is None is left out."""
    now, kid = int(time.time()), more.pop("kid", f"{issuer}-1")
    claims = {"iss": issuer, "aud": "countersign-signer/a", "iat": now, "exp": now + 30, "jti": str(uuid.uuid4())}
    named = {"caller": SUB} if issuer == "metadata" else {}
    claims |= {**named, "items": list(items) or [an_item()]} | more
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key or PRIVATE[issuer], "EdDSA", headers={"typ": "grant+jwt", "kid": kid})


def ask(client: FlaskClient, grant: str, token: str | None = None) -> tuple[int, dict[str, Any]]:
    """The signer's status and answer, for a grant and a person's own token."""
    answer = client.post("/v1/sign", json={"grant": grant, "caller_token": token or a_token()})
    return answer.status_code, answer.get_json()


def sweep(client: FlaskClient, count: int = 1, **more: Any) -> tuple[int, dict[str, Any]]:
    """The signer's answer to a sweeper that asks for so many deletes."""
    items = [an_item("delete") for _ in range(count)]
    answer = client.post("/v1/sign", json={"grant": a_grant(*items, issuer="sweeper", **more)})
    return answer.status_code, answer.get_json()


def is_chained(file: Path) -> bool:
    """Whether each line's hash is its own, and each line names the one before it."""
    before = BEGINNING
    for seq, text in enumerate(file.read_bytes().splitlines()):
        line = json.loads(text)
        unhashed = text[: text.rindex(b',"hash":')] + b"}"
        if (line["prev"], line["seq"], line["hash"]) != (before, seq, hashlib.sha256(unhashed).hexdigest()):
            return False
        before = line["hash"]
    return True
