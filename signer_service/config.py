"""The environment, read once, with every fault named at once; and the variables that must not be in it."""

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

# DynamoDB's credentials, a private grant key, any role's or profile's credentials: known by name, value untouched.
FORBIDDEN = re.compile(
    r"AWS_(ACCESS_KEY|SECRET|SESSION_TOKEN|SECURITY_TOKEN|SHARED_CRED|CONFIG_FILE|\w*PROFILE|WEB_IDENTITY|ROLE|CONTAINER)\w*"
    r"|DYNAMODB_\w+|TABLE_PREFIX|GRANT_KEY(_FILE)?|\w*PRIVATE_KEY\w*|\w*PASSWORD\w*|S3_\w*SECRET\w*"
)


class InvalidConfig(SystemExit):
    """The environment is not one to start with: what is wrong stands on standard error; exits 2."""


def _setting(pattern: str, wanted: str, read: Callable[[str], Any] = str, default: str | None = None) -> Any:
    return field(metadata={"pattern": pattern, "wanted": wanted, "read": read, "default": default})


def _words(text: str) -> frozenset[str]:
    return frozenset(filter(None, (word.strip() for word in text.split(","))))


@dataclass(frozen=True)
class Config:
    """All that the signer is told, each by the variable of its name; `deploy/env` has them with their documentation."""

    signer_name: str = _setting(r"[a-z0-9][a-z0-9-]{0,30}", "a replica's name, such as a")
    aws_region: str = _setting(r"[a-z]{2,}(-[a-z]+)+-\d", "a region, such as eu-central-1")
    s3_bucket: str = _setting(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's name")
    s3_public_endpoint: str = _setting(
        # Browsers leave a default port out of Host, and the signature has it: such a URL would never be valid.
        r"((?!http:.*:80$|https:.*:443$)https?://[a-z0-9.-]+(:[1-9]\d{0,4})?)?",
        "an origin without a default port (:80 of http, :443 of https), or empty for AWS's",
        default="",
    )
    identities_dir: Path = _setting(r".+", "a folder", Path)
    grant_keys_file: Path = _setting(r".+", "a file", Path)
    receipt_keys_file: Path = _setting(r".+", "a file", Path)
    token_issuer: str = _setting(r"\S+", "the token issuer, as its tokens name it")
    token_client_ids: frozenset[str] = _setting(r"[\S ]*", "a list of client ids", _words, "")
    token_audiences: frozenset[str] = _setting(r"[\S ]*", "a list of audiences", _words, "")
    token_access_claim: str = _setting(r"(\S+=\S+)?", "name=value", default="")
    token_keys_file: Path = _setting(r".+", "a file", Path)
    services_file: Path = _setting(r".+", "a file", Path)
    freeze_file: Path = _setting(r".+", "a file, which may be absent", Path)
    replay_file: Path = _setting(r".+", "a file", Path)
    audit_dir: Path = _setting(r".+", "a folder", Path)
    deletes_per_minute: int = _setting(r"\d{1,6}", "a number", int, "600")
    log_level: str = _setting(r"DEBUG|INFO|WARNING|ERROR", "DEBUG to ERROR", default="INFO")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Config":
        """Read the environment. Raises InvalidConfig with every fault in it, each by its variable's name."""
        faults = [f"{name} must never be held here" for name in environment if FORBIDDEN.fullmatch(name)]
        values = {}
        for one in fields(cls):
            text = environment.get(one.name.upper()) or one.metadata["default"]
            if text is None or not re.fullmatch(one.metadata["pattern"], text):
                faults.append(f"{one.name.upper()} must be {one.metadata['wanted']}")
            else:
                values[one.name] = one.metadata["read"](text)
        if not environment.get("TOKEN_CLIENT_IDS") and not environment.get("TOKEN_AUDIENCES"):
            faults.append("TOKEN_CLIENT_IDS or TOKEN_AUDIENCES must list whose tokens count")
        if faults:
            print(*[f"signer_service: {fault}" for fault in sorted(faults)], sep="\n", file=sys.stderr)
            raise InvalidConfig(2)
        return cls(**values)
