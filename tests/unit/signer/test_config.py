"""What the signer starts with, and what it never starts with."""

from dataclasses import fields
from pathlib import Path

import pytest

from signer_service.config import Config, InvalidConfig
from tests.unit.signer.a_signer import write_files

FORBIDDEN = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "DYNAMODB_ENDPOINT",
    "TABLE_PREFIX",
    "GRANT_KEY_FILE",
    "GRANT_PRIVATE_KEY",
    "S3_UPLOAD_SECRET",
]


@pytest.mark.parametrize("name", FORBIDDEN)
def test_s06_the_signer_refuses_what_it_must_never_hold_by_name(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InvalidConfig):
        Config.from_environment(write_files(tmp_path) | {name: "canary-value"})
    said = capsys.readouterr().err
    assert name in said
    assert "canary-value" not in said


def test_every_fault_is_named_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidConfig) as refused:
        Config.from_environment({"AWS_REGION": "Mars", "DELETES_PER_MINUTE": "many", "AWS_PROFILE": "p"})
    said = capsys.readouterr().err
    assert refused.value.code == 2
    for name in ("AWS_REGION", "DELETES_PER_MINUTE", "AWS_PROFILE", "S3_BUCKET", "TOKEN_CLIENT_IDS", "AUDIT_DIR"):
        assert name in said


def test_a_good_environment_is_read(tmp_path: Path) -> None:
    config = Config.from_environment(write_files(tmp_path) | {"TOKEN_CLIENT_IDS": "one, two"})
    assert config.token_client_ids == {"one", "two"}
    assert config.deletes_per_minute == 600
    assert config.s3_public_endpoint == ""


@pytest.mark.parametrize("origin", ["https://s3.example.org:443", "http://127.0.0.1:80", "http://h:080", "https://h/"])
def test_an_origin_whose_host_browsers_would_not_send_is_refused(
    origin: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InvalidConfig):
        Config.from_environment(write_files(tmp_path) | {"S3_PUBLIC_ENDPOINT": origin})
    assert "S3_PUBLIC_ENDPOINT must be an origin without a default port" in capsys.readouterr().err


@pytest.mark.parametrize("origin", ["https://s3.example.org:80", "http://127.0.0.1:443", "http://s3.test:8080", ""])
def test_any_other_origin_is_taken(origin: str, tmp_path: Path) -> None:
    config = Config.from_environment(write_files(tmp_path) | {"S3_PUBLIC_ENDPOINT": origin})
    assert config.s3_public_endpoint == origin


def test_the_list_of_variables_is_the_one_that_is_documented() -> None:
    listed = Path("deploy/env/signer_service.env.example").read_text().splitlines()
    names = {line.partition("=")[0] for line in listed if line and not line.startswith("#")}
    served_by_gunicorn = {"BIND", "WORKERS", "THREADS"}
    assert names - served_by_gunicorn == {one.name.upper() for one in fields(Config)}
