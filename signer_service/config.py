"""The environment, read once, with every fault named at once; and the variables that must not be in it."""

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Final, Self

# DynamoDB's credentials, a private grant key, any role's or profile's credentials: known by name, value untouched.
FORBIDDEN: Final = re.compile(
    r"AWS_(ACCESS_KEY|SECRET|SESSION_TOKEN|SECURITY_TOKEN|SHARED_CRED|CONFIG_FILE|\w*PROFILE|WEB_IDENTITY|ROLE|CONTAINER)\w*"
    r"|DYNAMODB_\w+|TABLE_PREFIX|GRANT_KEY(_FILE)?|\w*PRIVATE_KEY\w*|\w*PASSWORD\w*|S3_\w*SECRET\w*"
)
# Browsers leave a default port out of Host, and the signature has it: a URL with one would never be valid.
ORIGIN: Final = r"(?!http:.*:80$|https:.*:443$)https?://[a-z0-9.-]+(:[1-9]\d{0,4})?"


class InvalidConfig(SystemExit):
    """The environment is not one to start with: what is wrong stands on standard error; exits 2."""


def setting(pattern: str, wanted: str, read: Callable[[str], Any] = str, default: str | None = None) -> Any:
    """A variable: what it must look like, how to say so, what it becomes, and what it is where it is not set."""
    return field(metadata={"pattern": pattern, "wanted": wanted, "read": read, "default": default})


def _words(text: str) -> frozenset[str]:
    return frozenset(filter(None, (word.strip() for word in text.split(","))))


@dataclass(frozen=True)
class Settings:
    """All that a process is told, each field by the variable of its name; `deploy/env` documents them."""

    ONE_OF: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the environment. Raises InvalidConfig after naming every fault, each by its variable's name."""
        faults = [f"{name} must never be held here" for name in environment if FORBIDDEN.fullmatch(name)]
        texts = {one: environment.get(one.name.upper()) or one.metadata["default"] for one in fields(cls)}
        for one, text in texts.items():
            if text is None or not re.fullmatch(one.metadata["pattern"], text):
                faults.append(f"{one.name.upper()} must be {one.metadata['wanted']}")
        if cls.ONE_OF and not any(environment.get(name) for name in cls.ONE_OF):
            faults.append(" or ".join(cls.ONE_OF) + " must be set")
        if faults:
            print(*[f"signer_service: {fault}" for fault in sorted(faults)], sep="\n", file=sys.stderr)
            raise InvalidConfig(2)
        return cls(**{one.name: one.metadata["read"](text) for one, text in texts.items()})


@dataclass(frozen=True)
class Config(Settings):
    """What the signer is told, and `deploy/env/signer_service.env.example` documents."""

    ONE_OF = ("TOKEN_CLIENT_IDS", "TOKEN_AUDIENCES")  # whose tokens count

    signer_name: str = setting(r"[a-z0-9][a-z0-9-]{0,30}", "a replica's name, such as a")
    aws_region: str = setting(r"[a-z]{2,}(-[a-z]+)+-\d", "a region, such as eu-central-1")
    s3_bucket: str = setting(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's name")
    s3_public_endpoint: str = setting(f"({ORIGIN})?", "an origin without a default port, or empty", default="")
    identities_dir: Path = setting(r".+", "a folder", Path)
    grant_keys_file: Path = setting(r".+", "a file", Path)
    receipt_keys_file: Path = setting(r".+", "a file", Path)
    token_issuer: str = setting(r"\S+", "the token issuer, as its tokens name it")
    token_client_ids: frozenset[str] = setting(r"[\S ]*", "a list of client ids", _words, "")
    token_audiences: frozenset[str] = setting(r"[\S ]*", "a list of audiences", _words, "")
    token_access_claim: str = setting(r"(\S+=\S+)?", "name=value", default="")
    token_keys_file: Path = setting(r".+", "a file", Path)
    services_file: Path = setting(r".+", "a file", Path)
    freeze_file: Path = setting(r".+", "a file, which may be absent", Path)
    replay_file: Path = setting(r".+", "a file", Path)
    audit_dir: Path = setting(r".+", "a folder", Path)
    deletes_per_minute: int = setting(r"\d{1,6}", "a number", int, "600")
    log_level: str = setting(r"DEBUG|INFO|WARNING|ERROR", "DEBUG to ERROR", default="INFO")
