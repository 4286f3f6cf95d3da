"""What uploads run against: the real engine, signer and image_service, each a process; metadata in this process.

Fixtures to import where they are used. One stack a session; each test has people of its own.
"""

import base64
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from local.deploy import Deployment, deploy
from local.engine import AccessKey, Engine, new_root_credentials
from tests.builders import a_service_token

REPOSITORY = Path(__file__).resolve().parents[2]
ISSUER = "https://issuer.example"
CLIENT_ID = "page"


def base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def private_jwk(kid: str) -> dict[str, str]:
    private = Ed25519PrivateKey.generate()
    public = base64url(private.public_key().public_bytes_raw())
    return {"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": public, "d": base64url(private.private_bytes_raw())}


def public_half(jwk: dict[str, str], **more: str) -> dict[str, str]:
    return {name: text for name, text in jwk.items() if name != "d"} | more


class UnixConnection(HTTPConnection):
    """An HTTP connection to a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=2)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


def wait_until(is_so: Callable[[], bool], seconds: float, what: str) -> None:
    """Until a condition holds. Fails with `what` after so many seconds."""
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            pytest.fail(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def answers(socket_path: Path, target: str) -> bool:
    line = UnixConnection(socket_path)
    try:
        line.request("GET", target)
        return line.getresponse().status == 200
    except OSError:
        return False
    finally:
        line.close()


@dataclass
class Stack:
    """The running parts, and what tests need to look behind them."""

    folder: Path
    deployment: Deployment
    token_key: Ed25519PrivateKey
    service_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    """Of all internal services."""
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def signer_socket(self) -> Path:
        return self.folder / "signer.sock"

    @property
    def image_socket(self) -> Path:
        return self.folder / "image.sock"

    @property
    def metadata_environment(self) -> dict[str, str]:
        return {
            **self._records("metadata"),
            "IMAGE_SOCKET": str(self.image_socket),
            "TOKEN_ISSUER": ISSUER,
            "TOKEN_CLIENT_IDS": CLIENT_ID,
            "TOKEN_JWKS": str(self.folder / "jwks.json"),
            "PUBLIC_BASE_URL": "http://pictures.example",
            "SERVICES_FILE": str(self.folder / "services.toml"),
        }

    @property
    def sweeper_environment(self) -> dict[str, str]:
        return self._records("sweeper") | {"LOG_LEVEL": "INFO", "DELETES_PER_MINUTE": "100000"}

    def _records(self, identity: str) -> dict[str, str]:
        return {
            "AWS_REGION": self.deployment.region,
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / f"{identity}-credentials"),
            "DYNAMODB_ENDPOINT": self.deployment.endpoint,
            "TABLE_PREFIX": self.deployment.table_prefix,
            "GRANT_KEY_FILE": str(self.folder / f"{identity}-key.json"),
            "SIGNERS": f"a=unix:{self.signer_socket}",
            "S3_BUCKET": self.deployment.bucket,
            "S3_PUBLIC_ENDPOINT": self.deployment.endpoint,
        }

    def start(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as output:
            self.children[name] = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=REPOSITORY,
                env={"PATH": os.defpath, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    @property
    def signer_environment(self) -> dict[str, str]:
        return {
            "BIND": f"unix:{self.signer_socket}",
            "WORKERS": "1",
            "SIGNER_NAME": "a",
            "AWS_REGION": self.deployment.region,
            "S3_BUCKET": self.deployment.bucket,
            "S3_PUBLIC_ENDPOINT": self.deployment.endpoint,
            "IDENTITIES_DIR": str(self.folder / "identities"),
            "GRANT_KEYS_FILE": str(self.folder / "grant-keys.json"),
            "RECEIPT_KEYS_FILE": str(self.folder / "receipt-keys.json"),
            "TOKEN_ISSUER": ISSUER,
            "TOKEN_CLIENT_IDS": CLIENT_ID,
            "TOKEN_KEYS_FILE": str(self.folder / "jwks.json"),
            "SERVICES_FILE": str(self.folder / "services.toml"),
            "FREEZE_FILE": str(self.folder / "freeze.json"),
            "REPLAY_FILE": str(self.folder / "replay.sqlite3"),
            "AUDIT_DIR": str(self.folder / "audit"),
            "DELETES_PER_MINUTE": "100000",
        }

    def start_signer(self, name: str = "signer", **changed: str) -> None:
        """The signer, or with a name and a socket of its own another one, `changed` in its environment."""
        environment = self.signer_environment | changed
        command = ["gunicorn", "-c", "signer_service/gunicorn.conf.py", "signer_service.app:create_app()"]
        self.start(name, command, environment)
        socket_path = Path(environment["BIND"].removeprefix("unix:"))
        wait_until(lambda: answers(socket_path, "/readyz"), 20, "the signer's readiness")

    def start_images(self) -> None:
        self.start("images", ["image_service.app"], {"BIND": f"unix:{self.image_socket}"})
        wait_until(lambda: answers(self.image_socket, "/healthz"), 20, "image_service's readiness")

    def stop(self, name: str, number: int = signal.SIGTERM) -> None:
        child = self.children.pop(name)
        child.send_signal(number)
        child.wait(20)

    def sweep(self, *arguments: str, **changed: str) -> list[dict[str, Any]]:
        """One round of the sweeper, `changed` in its environment, and its log lines."""
        command = [sys.executable, "-m", "metadata_service.commands.sweep", "--once", *arguments]
        done = subprocess.run(
            command,
            cwd=REPOSITORY,
            env={"PATH": os.defpath, **self.sweeper_environment, **changed},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
        return [json.loads(line) for line in done.stdout.splitlines()]

    def token(self, sub: str, **more: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": sub,
            "client_id": CLIENT_ID,
            "token_use": "access",
            "iat": now,
            "exp": now + 600,
        }
        return jwt.encode(claims | more, self.token_key, algorithm="EdDSA", headers={"kid": "issuer-1"})

    def register(self, name: str, scopes: Sequence[str]) -> None:
        """Add an internal service to those that metadata and the signer know."""
        path = self.folder / "services.toml"
        public = base64url(self.service_key.public_key().public_bytes_raw())
        entry = f'[{name}]\npublic_key = "{public}"\nscopes = {json.dumps(scopes)}\n'
        written = path.with_suffix(".new")
        written.write_text(path.read_text() + entry)
        written.rename(path)

    def service_token(self, name: str, scope: str, **more: Any) -> str:
        """A token of a registered service."""
        return a_service_token(self.service_key, name, scope, **more)

    def audited(self) -> list[dict[str, Any]]:
        """The signer's audit lines, of all its chains."""
        chains = sorted((self.folder / "audit").iterdir())
        return [json.loads(line) for chain in chains for line in chain.read_text().splitlines()]

    def keys_of(self, owner: str) -> set[str]:
        """Every object key of a person that is in the bucket, below both prefixes."""
        pages = self.deployment.client("s3").get_paginator("list_objects_v2").paginate  # a page has a thousand
        found: set[str] = set()
        for prefix in (f"users/{owner}/", f"incoming/users/{owner}/"):
            for listed in pages(Bucket=self.deployment.bucket, Prefix=prefix):
                found |= {each["Key"] for each in listed.get("Contents", [])}
        return found

    def rows_of(self, owner: str) -> dict[str, dict[str, Any]]:
        """Every media row of a person, by its sort key, the values as DynamoDB writes them."""
        asked = self.deployment.client("dynamodb").query(
            TableName=self.deployment.table_prefix + "media",
            KeyConditionExpression="UserId = :owner",
            ExpressionAttributeValues={":owner": {"S": owner}},
            ConsistentRead=True,
        )
        return {item["EntityType"]["S"]: item for item in asked["Items"]}

    def set_numbers(self, owner: str, sort_key: str, **numbers: int) -> None:
        """Change times in a row, as if they had been written so: the tests' only way to let time pass."""
        self.deployment.client("dynamodb").update_item(
            TableName=self.deployment.table_prefix + "media",
            Key={"UserId": {"S": owner}, "EntityType": {"S": sort_key}},
            UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in numbers),
            ExpressionAttributeValues={f":{name}": {"N": str(number)} for name, number in numbers.items()},
            ConditionExpression="attribute_exists(UserId)",
        )

    def let_everything_be_due(self, owner: str) -> None:
        """As if all that waits to be cleaned up had waited long enough."""
        for sort_key in self.rows_of(owner):
            if sort_key.startswith("CLEANUP#"):
                self.set_numbers(owner, sort_key, due=int(time.time()) - 1)

    def end_lease(self, owner: str, upload_id: str) -> None:
        """As if whoever held the lease had been gone for long."""
        self.set_numbers(owner, f"UPLOAD#{upload_id}", lease_ends_at=int(time.time()) - 1)


def _write_secrets(folder: Path, deployment: Deployment) -> Ed25519PrivateKey:
    token_key = Ed25519PrivateKey.generate()
    public = {"kty": "OKP", "crv": "Ed25519", "kid": "issuer-1", "alg": "EdDSA", "use": "sig"}
    public["x"] = base64url(token_key.public_key().public_bytes_raw())
    grant_keys = {issuer: private_jwk(f"{issuer}-test") for issuer in ("metadata", "sweeper")}
    contents: dict[str, Any] = {
        "jwks.json": {"keys": [public]},
        "grant-keys.json": {"keys": [public_half(jwk, issuer=issuer) for issuer, jwk in grant_keys.items()]},
        "receipt-keys.json": {"keys": [{"kid": "r1", "secret": base64url(secrets.token_bytes(32))}]},
        **{f"{issuer}-key.json": jwk for issuer, jwk in grant_keys.items()},
    }
    for name in ("uploader", "reader", "remover"):
        pair = deployment.access_keys[name]
        contents[f"identities/{name}.json"] = {
            "access_key_id": pair.access_key_id,
            "secret_access_key": pair.secret_access_key,
        }
    for name, content in contents.items():
        (folder / name).write_text(json.dumps(content))
    (folder / "services.toml").write_text("")
    for name in ("metadata", "sweeper"):
        (folder / f"{name}-credentials").write_text(_profile(deployment.access_keys[name]))
    return token_key


def _profile(pair: AccessKey) -> str:
    return f"[default]\naws_access_key_id = {pair.access_key_id}\naws_secret_access_key = {pair.secret_access_key}\n"


def _engine_venv() -> Path:
    named = os.environ.get("COUNTERSIGN_ENGINE_VENV")
    if named:
        return Path(named)
    where = [str(REPOSITORY / "local" / "bootstrap.sh"), "--where", "engine"]
    return Path(subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip())


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    # Not pytest's own folder: a unix socket's path ends at 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="cs-up-"))
    for name in ("identities", "audit", "engine"):
        (folder / name).mkdir()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    engine = Engine(port, folder / "engine", _engine_venv(), new_root_credentials())
    made: Stack | None = None
    try:
        with (folder / "engine.log").open("wb") as output:
            engine.start(output)
        engine.wait_ready()
        deployment = deploy(engine.endpoint, engine.root_credentials, folder / "deployment.json", cors_origins=[])
        made = Stack(folder, deployment, _write_secrets(folder, deployment))
        made.start_images()
        made.start_signer()
        yield made
    finally:
        for name in list(made.children) if made else ():
            assert made is not None
            made.stop(name)
        engine.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def app(stack: Stack) -> Flask:
    return make_app(stack.metadata_environment)


def make_app(environment: dict[str, str]) -> Flask:
    from metadata_service.app import create_app
    from metadata_service.config import Config

    return create_app(Config.from_environment(environment))


class Answer:
    """An answer, its JSON an object."""

    def __init__(self, answered: TestResponse) -> None:
        self.status_code, self.headers, self.text = answered.status_code, answered.headers, answered.text
        self.cache_control, self.vary = answered.cache_control, answered.vary
        self.json: dict[str, Any] = answered.get_json(silent=True) or {}


@dataclass
class Person:
    """Somebody with a token, who does what a client does."""

    sub: str
    stack: Stack
    client: FlaskClient

    def ask(self, method: str, path: str, **more: Any) -> "Answer":
        headers = {"Authorization": f"Bearer {self.stack.token(self.sub)}"}
        return Answer(self.client.open(path, method=method, headers=headers, **more))

    def look(self, path: str, method: str = "GET") -> "Answer":
        """The same without a token."""
        return Answer(self.client.open(path, method=method))

    def begin(self, file_type: str = "profile_image", content_type: str = "image/jpeg", **more: Any) -> dict[str, Any]:
        asked = {"file_type": file_type, "content_type": content_type, **more}
        answer = self.ask("POST", "/upload-url", json=asked)
        assert answer.status_code == 200, answer.text
        assert answer.headers["X-Upload-Id"] == answer.json["upload_id"]
        return answer.json

    def upload(self, octets: bytes, **more: Any) -> dict[str, Any]:
        """Ask and PUT; the answer to the first."""
        begun = self.begin(**more)
        sent = send(begun, octets)
        assert sent.ok, sent.text
        return begun

    def complete(self, begun: dict[str, Any]) -> "Answer":
        return self.ask("POST", f"/uploads/{begun['upload_id']}/complete", json={})

    def has(self, octets: bytes, **more: Any) -> dict[str, Any]:
        """Upload and complete; the answer to the last."""
        answer = self.complete(self.upload(octets, **more))
        assert answer.status_code == 200, answer.text
        return answer.json

    @property
    def keys(self) -> set[str]:
        return self.stack.keys_of(self.sub)

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        return self.stack.rows_of(self.sub)


@dataclass
class InternalService:
    """An internal service with a token of its own for each request."""

    name: str
    stack: Stack
    client: FlaskClient
    scope: str

    @property
    def owner(self) -> str:
        return f"s-{self.name}"

    def ask(self, path: str, body: Any = None, *, scope: str | None = None, **headers: str) -> "Answer":
        """POST to an internal route; a header's name with _ for -."""
        token = self.stack.service_token(self.name, self.scope if scope is None else scope)
        sent = {"Authorization": f"Bearer {token}"} | {name.replace("_", "-"): text for name, text in headers.items()}
        text = "" if body is None else json.dumps(body, ensure_ascii=False)
        return Answer(self.client.post(f"/internal/v1{path}", data=text.encode(), headers=sent))

    def sign(self, *items: Any, sent_with: str | None = None, **more: Any) -> "Answer":
        """Ask for URLs, with an Idempotency-Key of its own where another is not named."""
        key = str(uuid.uuid4()) if sent_with is None else sent_with
        return self.ask("/signed-urls", {"items": list(items)}, Idempotency_Key=key, **more)

    def signed(self, *items: Any, **more: Any) -> list[dict[str, Any]]:
        """The answers for these items, one each."""
        answer = self.sign(*items, **more)
        assert answer.status_code == 200, answer.text
        assert len(answer.json["items"]) == len(items)
        spoken: list[dict[str, Any]] = answer.json["items"]
        return spoken

    def complete(self, begun: dict[str, Any], **more: Any) -> "Answer":
        return self.ask(f"/uploads/{begun['upload_id']}/complete", {}, **more)

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        return self.stack.rows_of(self.owner)


@pytest.fixture
def a_service(stack: Stack, app: Flask) -> Callable[..., InternalService]:
    """Registers services that nobody has seen before."""

    def make(*scopes: str) -> InternalService:
        name = f"service-{uuid.uuid4()}"
        stack.register(name, scopes)
        return InternalService(name, stack, app.test_client(), " ".join(scopes))

    return make


@pytest.fixture
def press(a_service: Callable[..., InternalService]) -> InternalService:
    """An internal service that may do everything with files."""
    return a_service("media:read", "media:write", "media:moderate")


@pytest.fixture
def someone(stack: Stack, app: Flask) -> Callable[[], Person]:
    """Makes people that nobody has seen before."""
    return lambda: Person(str(uuid.uuid4()), stack, app.test_client())


@pytest.fixture
def alice(someone: Callable[[], Person]) -> Person:
    return someone()


def send(begun: dict[str, Any], octets: bytes) -> requests.Response:
    """What a browser does with the answer of `POST /upload-url`."""
    if begun["method"] == "POST":
        return requests.post(begun["upload_url"], data=begun["fields"], files={"file": octets}, timeout=10)
    return requests.put(begun["upload_url"], data=octets, headers=begun["headers"], timeout=10)


def a_picture(colour: str = "red", size: tuple[int, int] = (1000, 700), form: str = "JPEG", **more: Any) -> bytes:
    written = BytesIO()
    Image.new("RGB", size, colour).save(written, form, **more)
    return written.getvalue()


def sizes_of(object_key: str) -> set[str]:
    """The keys of a picture in every size."""
    stem, _, ext = object_key.rpartition(".")
    return {object_key, f"{stem}-400.{ext}", f"{stem}-150.{ext}"}
