"""The `setup` service of docker-compose.yml: it makes the secrets, deploys, and hands each process its own.

    python -m local.compose_setup                          all of that; what is there already stays
    python -m local.compose_setup token alice              an access token of a local user
    python -m local.compose_setup service-token demo       a token of an internal service; a scope may follow

It is no root either: each process's folder belongs to us, and to the group of those who may read it, the process
alone. A process starts once its `deployed.env` is there, so that is written last.
"""

import argparse
import http.client
import json
import os
import shlex
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from local import key_material, service_tokens, users
from local.deploy import Deployment, deploy
from local.engine import AccessKey

ENGINE = "http://engine:4566"
KEPT = Path("/var/lib/countersign")
OWN = Path("/run/countersign/own")
ENGINE_SECONDS = 120.0

# As in docker-compose.yml: who may read what is handed to a process.
READERS = {
    "keys": 20001,
    "signer_service": 20002,
    "metadata_service": 20004,
    "sweeper": 20005,
    "gateway": 20006,
    "engine": 20007,
}


class EngineSilent(Exception):
    """The engine did not answer in time."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one process is handed: `values` for its environment, and `files` by their path in its folder."""

    process: str
    values: Mapping[str, str]
    files: Mapping[str, str]


def engine_share(root: AccessKey) -> Share:
    """The engine's root key pair, which it takes from its environment alone."""
    values = {"AWS_ACCESS_KEY_ID": root.access_key_id, "AWS_SECRET_ACCESS_KEY": root.secret_access_key}
    return Share("engine", values, {})


def shares(deployment: Deployment, kept: Path) -> list[Share]:
    """What every other process is handed. The names in `values` are those of its list in deploy/env."""
    place = {"AWS_REGION": deployment.region, "S3_BUCKET": deployment.bucket}
    tokens = {"TOKEN_ISSUER": deployment.issuer, "TOKEN_CLIENT_IDS": deployment.client_id}
    records = {"TABLE_PREFIX": deployment.table_prefix}
    jwks = deployment.jwks_url
    return [
        Share("keys", {"TOKEN_JWKS_URL": jwks}, {}),
        Share("signer_service", place | tokens, _signer_files(deployment, kept)),
        Share(
            "metadata_service",
            place | tokens | records | {"TOKEN_JWKS": jwks},
            _record_keeper_files(deployment, kept, "metadata") | {"services.toml": service_tokens.services_file(kept)},
        ),
        Share("sweeper", place | records, _record_keeper_files(deployment, kept, "sweeper")),
        Share("gateway", {"TOKEN_CLIENT_ID": deployment.client_id}, {}),
    ]


def hand_over(share: Share, own: Path, readers: int) -> None:
    """Write a share where only the group `readers` can read it; a file that is right already is left alone."""
    folder = own / share.process
    _close(folder, readers)
    for name, text in share.files.items():
        if (folder / name).parent != folder:
            (folder / name).parent.mkdir(exist_ok=True)
            _close((folder / name).parent, readers)
        _put(folder / name, text, readers)
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in share.values.items()]
    _put(folder / "deployed.env", "".join(lines), readers)


def set_up(kept: Path, own: Path, cors_origins: Iterable[str]) -> None:
    """Make, deploy, hand over. Raises EngineSilent, or DeploymentFailed."""
    root = key_material.root_credentials(kept)
    hand_over(engine_share(root), own, READERS["engine"])
    wait_for_engine(ENGINE, ENGINE_SECONDS)
    deployment = deploy(ENGINE, root, kept / "deployment.json", cors_origins=list(cors_origins))
    for share in shares(deployment, kept):
        hand_over(share, own, READERS[share.process])
        print(f"setup: {share.process} has what it needs", flush=True)


def wait_for_engine(endpoint: str, seconds: float) -> None:
    """Return once the engine's guard answers. Raises EngineSilent."""
    deadline = time.monotonic() + seconds
    while not _answers(endpoint):
        if time.monotonic() > deadline:
            raise EngineSilent(f"{endpoint} did not answer within {seconds:.0f} s")
        time.sleep(0.1)


def _answers(endpoint: str) -> bool:
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=2)
    try:
        connection.request("GET", "/")
        return connection.getresponse().getheader("x-refused-by") == "guard"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _signer_files(deployment: Deployment, kept: Path) -> dict[str, str]:
    public = [
        key_material.public_half(key_material.grant_key(kept, issuer)) | {"issuer": issuer}
        for issuer in ("metadata", "sweeper")
    ]
    identities = {
        f"identities/{name}.json": json.dumps(asdict(deployment.access_keys[name]))
        for name in ("uploader", "reader", "remover")
    }
    return identities | {
        "grant-keys.json": json.dumps({"keys": public}),
        "receipt-keys.json": json.dumps(key_material.receipt_keys(kept)),
        "services.toml": service_tokens.services_file(kept),
    }


def _record_keeper_files(deployment: Deployment, kept: Path, name: str) -> dict[str, str]:
    """An identity of its own, as botocore's shared credentials file has it, and a grant key of its own."""
    pair = deployment.access_keys[name]
    profile = f"aws_access_key_id = {pair.access_key_id}\naws_secret_access_key = {pair.secret_access_key}\n"
    return {"credentials": f"[default]\n{profile}", "grant-key.json": json.dumps(key_material.grant_key(kept, name))}


def _close(folder: Path, readers: int) -> None:
    os.chown(folder, -1, readers)
    folder.chmod(0o750)


def _put(path: Path, text: str, readers: int) -> None:
    """Put a file in place in one step, for it may be read at any moment."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    os.chown(draft, -1, readers)
    draft.chmod(0o440)
    draft.replace(path)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="setup", description="Set the stack up, or hand out tokens of it.")
    wanted = parser.add_subparsers(dest="wanted", required=True)
    wanted.add_parser("deploy", help="make the secrets, deploy, hand each process its own")
    wanted.add_parser("token", help="an access token of a local user").add_argument("name")
    service_token = wanted.add_parser("service-token", help="a token of an internal service")
    service_token.add_argument("name")
    service_token.add_argument("scope", nargs="?")
    return parser.parse_args()


def main() -> int:
    """Do what was asked for; the exit status."""
    asked = _arguments()
    try:
        if asked.wanted == "token":
            print(users.token(Deployment.read(KEPT / "deployment.json"), asked.name))
        elif asked.wanted == "service-token":
            print(service_tokens.mint(KEPT, asked.name, asked.scope))
        else:
            os.umask(0o077)
            set_up(KEPT, OWN, dict.fromkeys(os.environ.get("CORS_ORIGINS", "").split(",")))
    except (EngineSilent, FileNotFoundError, users.InvalidName, service_tokens.UnknownService) as fault:
        print(f"setup: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
