"""The environment: what it must have, what it must not, and that the documented list is the one that is read."""

import re
from pathlib import Path
from typing import Any

import pytest

from metadata_service.config import Config, InvalidConfig, from_environment_or_exit

EXAMPLE = Path(__file__).parents[3] / "deploy" / "env" / "metadata_service.env.example"
GOOD = {
    "AWS_REGION": "eu-central-1",
    "GRANT_KEY_FILE": "/run/key.json",
    "SIGNERS": "a=unix:/run/signer.sock,b=http://10.0.0.1:9000",
    "IMAGE_SOCKET": "/run/image.sock",
    "TOKEN_ISSUER": "https://issuer.example",
    "TOKEN_CLIENT_IDS": "page, app",
    "TOKEN_JWKS": "https://issuer.example/jwks.json",
    "S3_BUCKET": "countersign-media",
    "PUBLIC_BASE_URL": "https://pictures.example",
    "SERVICES_FILE": "/etc/services.toml",
}


class Recording(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


def test_a_good_environment_is_read() -> None:
    config = Config.from_environment(GOOD | {"S3_DIAL": "engine:4566", "TOKEN_ACCESS_CLAIM": "kind=access"})
    assert config.signers == (("a", "unix:/run/signer.sock"), ("b", "http://10.0.0.1:9000"))
    assert config.token_client_ids == {"page", "app"}
    assert (config.s3_dial, config.token_access_claim) == (("engine", 4566), ("kind", "access"))
    assert (config.table_prefix, config.pending_limit, config.kinds_file) == ("countersign-", 20, None)


def test_what_is_documented_is_what_is_read() -> None:
    documented = set(re.findall(r"^([A-Z0-9_]+)=", EXAMPLE.read_text(), re.MULTILINE))
    environment = Recording(GOOD)
    Config.from_environment(environment)
    assert documented == environment.asked | {"BIND", "WORKERS", "THREADS"}


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(InvalidConfig) as invalid:
        Config.from_environment({"AWS_REGION": "mars", "PENDING_LIMIT": "many", "S3_DIAL": "x"})
    named = {fault.split()[0] for fault in invalid.value.faults}
    assert named == {"AWS_REGION", "PENDING_LIMIT", "S3_DIAL"} | (GOOD.keys() - {"AWS_REGION"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIGNERS", "a=unix:/x,a=unix:/y"),
        ("SIGNERS", "unix:/x"),
        ("SIGNERS", "a=ftp://x"),
        ("PUBLIC_BASE_URL", "https://pictures.example/"),
        ("S3_PUBLIC_ENDPOINT", "s3.example"),
        ("S3_BUCKET", "Bucket"),
        ("LOG_LEVEL", "ALL"),
        ("TOKEN_CLIENT_IDS", " , "),
    ],
)
def test_a_fault_is_named(name: str, value: str) -> None:
    with pytest.raises(InvalidConfig, match=name):
        Config.from_environment(GOOD | {name: value})


@pytest.mark.parametrize(
    "name",
    ["IDENTITIES_DIR", "RECEIPT_KEYS_FILE", "S3_UPLOAD_KEY", "S3_SECRET_ACCESS_KEY", "UPLOADER_KEY", "DB_PASSWORD"],
)
def test_s06_it_does_not_start_with_what_it_must_never_hold(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for known, value in (GOOD | {name: "canary-7f3a"}).items():
        monkeypatch.setenv(known, value)
    with pytest.raises(SystemExit) as ended:
        from_environment_or_exit(Config, "metadata_service")
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert name in said
    assert "canary-7f3a" not in said
