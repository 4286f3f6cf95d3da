"""What each process of the stack is started with: its command, its code, its secrets, its environment."""

import compileall
import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local import environments, key_material, layout
from local.deploy import Deployment
from local.engine import AccessKey, Engine
from local.layout import Layout
from local.processes import Process
from local.settings import REPOSITORY, Settings

SIGNER_NAME = "a"
SWEEP_SECONDS = 2
PYTHON = Path(sys.prefix) / "bin" / "python"


def engine(place: Layout, started: Engine) -> Process:
    """The embedded engine, its guard a copy that its user can reach."""
    code = layout.make_folder(place.code("engine"), 0o755)
    guard = layout.make_file(code / "guard.py", (REPOSITORY / "local" / "guard.py").read_bytes(), 0o644)
    command = [*started.command()[:-1], str(guard)]
    for folder in ("objects", "state"):
        layout.make_folder(place.kept("engine") / folder, 0o700, place.users["engine"])
    return Process("engine", command, started.environment(), code)


@dataclass(frozen=True, slots=True)
class Members:
    """The processes of the project, once something to run them against is deployed."""

    place: Layout
    settings: Settings
    deployment: Deployment
    nginx: Path

    def keys(self) -> Process:
        return self._python(
            "keys",
            "signer_service",
            ["-m", "signer_service.fetch_keys"],
            {"TOKEN_JWKS_URL": self.deployment.jwks_url, "TOKEN_KEYS_FILE": self.place.token_keys},
        )

    def signer_service(self) -> Process:
        own, kept = self.place.own("signer_service"), self.place.kept_as_seen("signer_service")
        values = {
            "SIGNER_NAME": SIGNER_NAME,
            "IDENTITIES_DIR": own / "identities",
            "GRANT_KEYS_FILE": self.place.public / "grant-keys.json",
            "RECEIPT_KEYS_FILE": self._secret("signer_service", "receipt-keys.json", self._receipt_keys()),
            "TOKEN_KEYS_FILE": self.place.token_keys,
            "FREEZE_FILE": kept / "freeze.json",
            "REPLAY_FILE": kept / "replay.sqlite3",
            "AUDIT_DIR": kept / "audit",
        }
        self._identities()
        layout.make_folder(self.place.kept("signer_service") / "audit", 0o700, self.place.users["signer_service"])
        return self._gunicorn("signer_service", values | self._bucket() | self._tokens())

    def image_service(self) -> Process:
        command = ["-m", "image_service.app"]
        return self._python("image_service", "image_service", command, {"BIND": self._bind("image_service")})

    def metadata_service(self) -> Process:
        values: dict[str, object] = {
            "IMAGE_SOCKET": self.place.socket("image_service"),
            "TOKEN_JWKS": self.deployment.jwks_url,
            "PUBLIC_BASE_URL": self.settings.gateway_url,
            "CLAMD_SOCKET": self.settings.clamd_socket,
        }
        if self.settings.kinds_file is not None:
            values["KINDS_FILE"] = self._kinds_file(self.settings.kinds_file)
        if self.settings.rate_limit == "off":
            values["PENDING_LIMIT"] = 0
        return self._gunicorn(
            "metadata_service", values | self._records("metadata_service", "metadata") | self._bucket() | self._tokens()
        )

    def sweeper(self) -> Process:
        values: dict[str, object] = {"SWEEP_SECONDS": SWEEP_SECONDS}
        values |= self._records("sweeper", "sweeper") | self._bucket()
        return self._python("sweeper", "metadata_service", ["-m", "metadata_service.commands.sweep"], values)

    def gateway(self) -> Process:
        """nginx, its configuration rendered by the same user that then reads it."""
        values = {
            "GATEWAY_LISTEN": f"127.0.0.1:{self.settings.gateway_port}",
            "INTERNAL_LISTEN": f"127.0.0.1:{self.settings.internal_port}",
            "METADATA_UPSTREAM": self._bind("metadata_service"),
            "SIGNER_UPSTREAM": self._bind("signer_service"),
            "RATE_LIMIT": self.settings.rate_limit,
            "CORS_ORIGINS": ",".join(self.settings.cors_origins),
            "S3_PUBLIC_ENDPOINT": self.deployment.endpoint,
            "TOKEN_ENDPOINT": self.deployment.endpoint,
            "TOKEN_CLIENT_ID": self.deployment.client_id,
            "NGINX_DIR": self.place.own("gateway"),
        }
        render = 'sh gateway/render.sh "$NGINX_DIR"'
        serve = 'exec "$0" -e stderr -p "$NGINX_DIR" -c "$NGINX_DIR/nginx.conf" -g "daemon off;"'
        environment = environments.of("gateway", values) | environments.of_the_system(PYTHON, None)
        return Process(
            "gateway",
            ["sh", "-c", f"{render} && {serve}", str(self.nginx)],
            environment,
            self._code("gateway", "gateway"),
        )

    def _gunicorn(self, name: str, values: Mapping[str, object]) -> Process:
        code = self.place.code(name)
        command = ["-m", "gunicorn", "-c", str(code / name / "gunicorn.conf.py"), f"{name}.app:create_app()"]
        common = {"BIND": self._bind(name), "SERVICES_FILE": self.place.public / "services.toml"}
        return self._python(name, name, command, {**common, **values})

    def _python(self, name: str, package: str, command: list[str], values: Mapping[str, object]) -> Process:
        code = self._code(name, package)
        environment = environments.of(name, values) | environments.of_the_system(PYTHON, code)
        return Process(name, [str(PYTHON), *command], environment, code)

    def _code(self, name: str, package: str) -> Path:
        """A copy that root owns, so that the process sees one service, and cannot change what it runs."""
        code = layout.make_folder(self.place.code(name), 0o755)
        shutil.copytree(REPOSITORY / package, code / package, ignore=shutil.ignore_patterns("__pycache__"))
        compileall.compile_dir(code, quiet=2)
        _open_for_reading(code)
        return code

    def _bind(self, name: str) -> str:
        return f"unix:{self.place.socket(name)}"

    def _secret(self, name: str, file: str, content: object) -> Path:
        text = content if isinstance(content, str) else json.dumps(content)
        return layout.make_file(self.place.own(name) / file, text, 0o400, self.place.users[name])

    def _receipt_keys(self) -> object:
        return key_material.receipt_keys(self.place.secrets)

    def _identities(self) -> None:
        layout.make_folder(self.place.own("signer_service") / "identities", 0o700, self.place.users["signer_service"])
        for identity in ("uploader", "reader", "remover"):
            pair = self.deployment.access_keys[identity]
            content = {"access_key_id": pair.access_key_id, "secret_access_key": pair.secret_access_key}
            self._secret("signer_service", f"identities/{identity}.json", content)

    def _bucket(self) -> dict[str, object]:
        return {
            "AWS_REGION": self.deployment.region,
            "S3_BUCKET": self.deployment.bucket,
            "S3_PUBLIC_ENDPOINT": self.deployment.endpoint,
        }

    def _tokens(self) -> dict[str, object]:
        return {"TOKEN_ISSUER": self.deployment.issuer, "TOKEN_CLIENT_IDS": self.deployment.client_id}

    def _records(self, name: str, issuer: str) -> dict[str, object]:
        """What whoever reads records and asks the signer holds: its own identity and its own grant key."""
        grant_key = key_material.grant_key(self.place.secrets, issuer)
        return {
            "AWS_SHARED_CREDENTIALS_FILE": self._secret(
                name, "credentials", _profile(self.deployment.access_keys[issuer])
            ),
            "DYNAMODB_ENDPOINT": self.deployment.endpoint,
            "TABLE_PREFIX": self.deployment.table_prefix,
            "GRANT_KEY_FILE": self._secret(name, "grant-key.json", grant_key),
            "SIGNERS": f"{SIGNER_NAME}={self._bind('signer_service')}",
        }

    def _kinds_file(self, chosen: Path) -> Path:
        return layout.make_file(self.place.public / "kinds.toml", chosen.read_bytes(), 0o644)


def publish(place: Layout, services: str) -> None:
    """Write what every process may read: who the internal services are, and the public grant keys."""
    public = [
        key_material.public_half(key_material.grant_key(place.secrets, issuer)) | {"issuer": issuer}
        for issuer in ("metadata", "sweeper")
    ]
    layout.make_file(place.public / "services.toml", services, 0o644)
    layout.make_file(place.public / "grant-keys.json", json.dumps({"keys": public}), 0o644)


def _profile(pair: AccessKey) -> str:
    """A pair as botocore's shared credentials file has it."""
    return f"[default]\naws_access_key_id = {pair.access_key_id}\naws_secret_access_key = {pair.secret_access_key}\n"


def _open_for_reading(code: Path) -> None:
    """A repository may be closed to other users; the copy is made for one."""
    for path in code.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
