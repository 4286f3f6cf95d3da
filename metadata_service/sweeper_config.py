"""The sweeper's environment, read once, with every fault named at once."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from .config import InvalidConfig, Reader

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION: Final = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-\d")
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?")
_PREFIX: Final = re.compile(r"[A-Za-z0-9_.-]{0,200}")


@dataclass(frozen=True)
class SweeperConfig:
    """All that the sweeper is told; `deploy/env/sweeper.env.example` documents each name."""

    region: str
    shared_credentials_file: str
    dynamodb_endpoint: str
    table_prefix: str
    grant_key_file: Path
    signers: tuple[tuple[str, str], ...]
    s3_bucket: str
    s3_public_endpoint: str
    s3_dial: tuple[str, int] | None
    sweep_seconds: int
    deletes_per_minute: int
    log_level: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the environment. Raises InvalidConfig with every fault in it."""
        read = Reader(environment)
        config = cls(
            region=read.text("AWS_REGION", _REGION, "a region, such as eu-central-1"),
            shared_credentials_file=read.text("AWS_SHARED_CREDENTIALS_FILE", default=""),
            dynamodb_endpoint=read.text("DYNAMODB_ENDPOINT", _ORIGIN, "an origin", ""),
            table_prefix=read.text("TABLE_PREFIX", _PREFIX, "the beginning of the tables' names", "countersign-"),
            grant_key_file=Path(read.text("GRANT_KEY_FILE")),
            signers=read.signers(),
            s3_bucket=read.text("S3_BUCKET", _BUCKET, "a bucket's name"),
            s3_public_endpoint=read.text("S3_PUBLIC_ENDPOINT", _ORIGIN, "an origin", ""),
            s3_dial=read.dial(),
            sweep_seconds=int(read.text("SWEEP_SECONDS", re.compile(r"[1-9][0-9]{0,4}"), "seconds", "60") or 60),
            deletes_per_minute=int(
                read.text("DELETES_PER_MINUTE", re.compile(r"[1-9][0-9]{1,5}"), "10 to 999999", "500") or 500
            ),
            log_level=read.text("LOG_LEVEL", re.compile("DEBUG|INFO|WARNING|ERROR"), "DEBUG to ERROR", "INFO"),
        )
        if read.faults:
            raise InvalidConfig(read.faults)
        return config


def from_environment_or_exit() -> SweeperConfig:
    """The configuration, or exit 2 after saying on stderr everything that is wrong with it."""
    try:
        return SweeperConfig.from_environment()
    except InvalidConfig as invalid:
        for fault in invalid.faults:
            print(f"sweeper: {fault}", file=sys.stderr)
        raise SystemExit(2) from None
