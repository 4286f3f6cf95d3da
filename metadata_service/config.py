"""The environment, read once, with every fault named at once; and the variables that must not be in it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, TypeVar

# What signs for S3, in any spelling: known by name, its value untouched.
FORBIDDEN: Final = re.compile(
    r"IDENTITIES_DIR|RECEIPT_KEYS?_FILE|RECEIPT_KEYS?|AUDIT_DIR|REPLAY_FILE"
    r"|(?:AWS_)?S3_\w*(?:KEY|SECRET|CREDENTIAL|TOKEN)\w*|(?:UPLOADER|READER|REMOVER)_\w+"
    r"|GRANT_KEY|\w*PRIVATE_KEY\w*|\w*PASSWORD\w*"
)
_ANY: Final = re.compile(r"\S+")
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION: Final = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-\d")
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?")
_PREFIX: Final = re.compile(r"[A-Za-z0-9_.-]{0,200}")
_SIGNERS: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,30}=(?:unix:/\S+|https?://[A-Za-z0-9.-]+(?::\d{1,5})?)")
_DIAL: Final = re.compile(r"[A-Za-z0-9.-]+:\d{1,5}")
_SOCKET: Final = re.compile(r"/\S+")
_LEVEL: Final = re.compile("DEBUG|INFO|WARNING|ERROR")
_PAIR: Final = re.compile(r"[^\s=]+=\S+")


Told = TypeVar("Told", "Config", "SweeperConfig")


class InvalidConfig(Exception):
    """The environment is not one to start with; `faults` has a line for each reason."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Settings:
    """What metadata and its sweeper are both told."""

    region: str
    dynamodb_endpoint: str
    table_prefix: str
    shared_credentials_file: str
    grant_key_file: Path
    signers: tuple[tuple[str, str], ...]
    """Each replica's name and address, `unix:/path` or an origin."""
    s3_bucket: str
    s3_public_endpoint: str
    s3_dial: tuple[str, int] | None
    log_level: str


@dataclass(frozen=True)
class SweeperConfig(Settings):
    """All that the sweeper is told; `deploy/env/sweeper.env.example` documents each name."""

    sweep_seconds: int
    deletes_per_minute: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the environment. Raises InvalidConfig with every fault in it, each by its variable's name."""
        read = Reader(environment)
        config = cls(
            **read.settings(),
            sweep_seconds=read.number("SWEEP_SECONDS", r"[1-9][0-9]{0,4}", "seconds", 60),
            deletes_per_minute=read.number("DELETES_PER_MINUTE", r"[1-9][0-9]{1,5}", "10 to 999999", 500),
        )
        read.refuse_faults()
        return config


@dataclass(frozen=True)
class Config(Settings):
    """All that metadata is told; `deploy/env/metadata_service.env.example` documents each name."""

    image_socket: str
    clamd_socket: str
    """A virus scanner's unix socket; empty where there is none."""
    token_issuer: str
    token_client_ids: frozenset[str]
    token_audiences: frozenset[str]
    token_access_claim: tuple[str, str] | None
    token_jwks: str
    """The issuer's JWKS: a URL, or a file's path."""
    public_base_url: str
    """Where people reach the gateway, without a slash at its end."""
    services_file: Path
    kinds_file: Path | None
    pending_limit: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the environment. Raises InvalidConfig with every fault in it, each by its variable's name."""
        read = Reader(environment)
        config = cls(
            **read.settings(),
            image_socket=read.text("IMAGE_SOCKET"),
            clamd_socket=read.text("CLAMD_SOCKET", _SOCKET, "the path of clamd's unix socket", ""),
            token_issuer=read.text("TOKEN_ISSUER"),
            token_client_ids=frozenset(read.list("TOKEN_CLIENT_IDS")),
            token_audiences=frozenset(read.list("TOKEN_AUDIENCES")),
            token_access_claim=read.access_claim(),
            token_jwks=read.text("TOKEN_JWKS"),
            public_base_url=read.text("PUBLIC_BASE_URL", _ORIGIN, "an origin, such as https://pictures.example"),
            services_file=Path(read.text("SERVICES_FILE")),
            kinds_file=read.optional_path("KINDS_FILE"),
            pending_limit=read.number("PENDING_LIMIT", r"[0-9]{1,6}", "a number", 20),
        )
        if not config.token_client_ids and not config.token_audiences:
            read.faults.append("TOKEN_CLIENT_IDS or TOKEN_AUDIENCES must list whose tokens count")
        read.refuse_faults()
        return config


class Reader:
    """Takes values out of an environment, and collects in `faults` what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        held = sorted(name for name, value in environment.items() if value and FORBIDDEN.fullmatch(name))
        self.faults = [f"{name} is set: metadata must never hold it" for name in held]

    def text(self, name: str, pattern: re.Pattern[str] = _ANY, wanted: str = "set", default: str | None = None) -> str:
        """A variable that the whole pattern fits; without a default it must be set."""
        value = self._environment.get(name) or default
        if value is None or (value and not pattern.fullmatch(value)):
            self.faults.append(f"{name} must be {wanted}")
            return ""
        return value

    def number(self, name: str, pattern: str, wanted: str, default: int) -> int:
        """A whole number that the whole pattern fits."""
        return int(self.text(name, re.compile(pattern, re.ASCII), wanted, str(default)) or default)

    def settings(self) -> dict[str, Any]:
        """The values of Settings."""
        return {
            "region": self.text("AWS_REGION", _REGION, "a region, such as eu-central-1"),
            "dynamodb_endpoint": self.text("DYNAMODB_ENDPOINT", _ORIGIN, "an origin", ""),
            "table_prefix": self.text("TABLE_PREFIX", _PREFIX, "the beginning of the tables' names", "countersign-"),
            "shared_credentials_file": self.text("AWS_SHARED_CREDENTIALS_FILE", default=""),
            "grant_key_file": Path(self.text("GRANT_KEY_FILE")),
            "signers": self.signers(),
            "s3_bucket": self.text("S3_BUCKET", _BUCKET, "a bucket's name"),
            "s3_public_endpoint": self.text("S3_PUBLIC_ENDPOINT", _ORIGIN, "an origin", ""),
            "s3_dial": self.dial(),
            "log_level": self.text("LOG_LEVEL", _LEVEL, "DEBUG to ERROR", "INFO"),
        }

    def refuse_faults(self) -> None:
        """Raise InvalidConfig where anything was wrong."""
        if self.faults:
            raise InvalidConfig(self.faults)

    def list(self, name: str) -> list[str]:
        """The parts between commas."""
        return [part.strip() for part in self._environment.get(name, "").split(",") if part.strip()]

    def signers(self) -> tuple[tuple[str, str], ...]:
        """SIGNERS: `name=address`, the names all different."""
        listed = self.list("SIGNERS")
        pairs = tuple((name, address) for name, _, address in (entry.partition("=") for entry in listed))
        if not listed or not all(map(_SIGNERS.fullmatch, listed)) or len(dict(pairs)) != len(pairs):
            self.faults.append("SIGNERS must list each replica once, such as a=unix:/run/signer.sock")
        return pairs

    def access_claim(self) -> tuple[str, str] | None:
        """TOKEN_ACCESS_CLAIM: the claim, and the value that says access."""
        claim, _, value = self.text("TOKEN_ACCESS_CLAIM", _PAIR, "name=value", "").partition("=")
        return (claim, value) if claim else None

    def dial(self) -> tuple[str, int] | None:
        """S3_DIAL: the host and the port to connect to for S3, where that is not the URL's own."""
        host, _, port = self.text("S3_DIAL", _DIAL, "host:port", "").partition(":")
        return (host, int(port)) if host else None

    def optional_path(self, name: str) -> Path | None:
        """A path, where it is set."""
        value = self.text(name, default="")
        return Path(value) if value else None


def from_environment_or_exit(config: type[Told], process: str) -> Told:
    """The process's configuration, or exit 2 after saying on stderr everything that is wrong with it."""
    try:
        return config.from_environment()
    except InvalidConfig as invalid:
        for fault in invalid.faults:
            print(f"{process}: {fault}", file=sys.stderr)
        raise SystemExit(2) from None
