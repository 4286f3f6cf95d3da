"""What this service is told by its environment, and what it refuses to be told: anything like a credential."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from image_service.logs import LEVELS

# A socket's address holds 107 bytes and an end; four are for the name it has while it is being made (listening.py).
LONGEST_PATH = 103

_CREDENTIALS = re.compile(
    r"AWS_.*|IDENTITIES_.*|TOKEN_.*|GRANT_.*|RECEIPT_.*|DYNAMODB_.*|S3_.*"
    r"|(.*_)?(SECRET.*|PASSWORD|PASSWD|CREDENTIALS?|TOKEN|KEYS?)(_.*)?"
)
# Not credentials, and set where nobody asks us: the first three by Fargate, the last by python's container image.
_HARMLESS = {"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "GPG_KEY"}


class ConfigurationFaulty(Exception):
    """Every fault of the environment at once, in `faults`, a sentence each, with names and never values."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Config:
    """`socket` is where to listen, `decoders` how many files at most are decoded at once."""

    socket: Path
    decoders: int
    log_level: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Config":
        """Raises ConfigurationFaulty."""
        bind = environment.get("BIND", "")
        decoders = environment.get("DECODERS") or "2"
        level = (environment.get("LOG_LEVEL") or "info").lower()
        faults = [*_credentials(environment), *_bind_faults(bind)]
        if not re.fullmatch(r"[1-9]|1[0-6]", decoders):
            faults.append("DECODERS: a whole number of 1 to 16 is needed")
        if level not in LEVELS:
            faults.append(f"LOG_LEVEL: one of {', '.join(LEVELS)} is needed")
        if faults:
            raise ConfigurationFaulty(faults)
        return cls(Path(bind.removeprefix("unix:")), int(decoders), level)


def _credentials(environment: Mapping[str, str]) -> list[str]:
    return [
        f"{name}: this service must never hold a credential; take the variable away"
        for name in sorted(environment)
        if _CREDENTIALS.fullmatch(name.upper()) and name.upper() not in _HARMLESS
    ]


def _bind_faults(bind: str) -> list[str]:
    path = Path(bind.removeprefix("unix:"))
    if not bind.startswith("unix:/"):
        return ["BIND: unix:/path/of/the.sock is needed; this service listens nowhere else"]
    if len(str(path).encode()) > LONGEST_PATH:
        return [f"BIND: a socket's path has at most {LONGEST_PATH} bytes"]
    if not path.parent.is_dir():
        return ["BIND: the socket's folder is not there"]
    return []
