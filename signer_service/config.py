"""The environment, read once, with every fault named at once; and the variables that must not be in it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# DynamoDB's credentials, a private grant key, any role's or profile's credentials: known by name, value untouched.
FORBIDDEN = re.compile(
    r"AWS_(?:ACCESS_KEY|SECRET|SESSION_TOKEN|SECURITY_TOKEN|SHARED_CRED|CONFIG_FILE)\w*"
    r"|AWS_(?:PROFILE|DEFAULT_PROFILE|WEB_IDENTITY|ROLE|CONTAINER)\w*"
    r"|DYNAMODB_\w+|TABLE_PREFIX|GRANT_KEY|GRANT_KEY_FILE|\w*PRIVATE_KEY\w*|\w*PASSWORD\w*|S3_\w*SECRET\w*"
)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-\d")
_ENDPOINT = re.compile(r"https?://[a-z0-9.-]+(?::\d{1,5})?")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


class InvalidConfig(Exception):
    """The environment is not one to start with; `faults` has a line for each reason."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Config:
    """All that the signer is told; `deploy/env/signer_service.env.example` documents each name."""

    signer_name: str
    region: str
    bucket: str
    endpoint: str | None
    identities_dir: Path
    grant_keys_file: Path
    receipt_keys_file: Path
    token_issuer: str
    token_client_ids: frozenset[str]
    token_audiences: frozenset[str]
    token_access_claim: tuple[str, str] | None
    token_keys_file: Path
    services_file: Path
    freeze_file: Path
    replay_file: Path
    audit_dir: Path
    deletes_per_minute: int
    log_level: str = "INFO"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Config:
        """Read the environment. Raises InvalidConfig with every fault in it, each by its variable's name."""
        read = _Reader(environment)
        config = cls(
            signer_name=read.matching("SIGNER_NAME", _NAME, "a replica's name, such as a"),
            region=read.matching("AWS_REGION", _REGION, "a region, such as eu-central-1"),
            bucket=read.matching("S3_BUCKET", _BUCKET, "a bucket's name"),
            endpoint=read.matching("S3_PUBLIC_ENDPOINT", _ENDPOINT, "an origin, such as https://s3.example", "")
            or None,
            identities_dir=read.path("IDENTITIES_DIR"),
            grant_keys_file=read.path("GRANT_KEYS_FILE"),
            receipt_keys_file=read.path("RECEIPT_KEYS_FILE"),
            token_issuer=read.text("TOKEN_ISSUER"),
            token_client_ids=read.list("TOKEN_CLIENT_IDS"),
            token_audiences=read.list("TOKEN_AUDIENCES"),
            token_access_claim=read.pair("TOKEN_ACCESS_CLAIM"),
            token_keys_file=read.path("TOKEN_KEYS_FILE"),
            services_file=read.path("SERVICES_FILE"),
            freeze_file=read.path("FREEZE_FILE"),
            replay_file=read.path("REPLAY_FILE"),
            audit_dir=read.path("AUDIT_DIR"),
            deletes_per_minute=int(read.matching("DELETES_PER_MINUTE", re.compile(r"\d{1,6}"), "a number", "600") or 0),
            log_level=read.matching("LOG_LEVEL", re.compile("DEBUG|INFO|WARNING|ERROR"), "DEBUG to ERROR", "INFO"),
        )
        if not config.token_client_ids and not config.token_audiences:
            read.faults.append("TOKEN_CLIENT_IDS or TOKEN_AUDIENCES must list whose tokens count")
        if read.faults:
            raise InvalidConfig(read.faults)
        return config


class _Reader:
    """Takes values out of the environment and collects what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        held = sorted(name for name, value in environment.items() if value and FORBIDDEN.fullmatch(name))
        self.faults = [f"{name} is set: the signer must never hold it" for name in held]

    def matching(self, name: str, pattern: re.Pattern[str], wanted: str, default: str | None = None) -> str:
        value = self._environment.get(name) or default
        if value is None or (value and not pattern.fullmatch(value)):
            self.faults.append(f"{name} must be {wanted}")
            return ""
        return value

    def text(self, name: str) -> str:
        return self.matching(name, re.compile(r"\S+"), "set")

    def path(self, name: str) -> Path:
        return Path(self.text(name))

    def list(self, name: str) -> frozenset[str]:
        return frozenset(part.strip() for part in self._environment.get(name, "").split(",") if part.strip())

    def pair(self, name: str) -> tuple[str, str] | None:
        claim, _, value = self.matching(name, re.compile(r"\S+=\S+"), "name=value", "").partition("=")
        return (claim, value) if claim else None


def from_environment_or_exit() -> Config:
    """The configuration, or exit 2 after saying on stderr everything that is wrong with it."""
    try:
        return Config.from_environment()
    except InvalidConfig as invalid:
        for fault in invalid.faults:
            print(f"signer_service: {fault}", file=sys.stderr)
        raise SystemExit(2) from None
