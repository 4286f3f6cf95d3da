"""What uploads and readings reach beyond the records: the signer, S3, image_service; and the rules they go by."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from flask import current_app, g

from . import kinds, logs
from .bucket import Bucket
from .config import Config
from .connections import Address
from .grants import FaultyGrantKey, GrantKey
from .images import ImageService
from .kinds import FaultyKinds, Kinds
from .s3 import S3
from .signer import Replica, Signer

EXTENSION: Final = "ways_out"
ISSUER: Final = "metadata"


@dataclass(frozen=True, slots=True)
class WaysOut:
    """Made once by the application. `pending_limit`: uploads a person may have pending, 0 for any number."""

    signer: Signer
    s3: S3
    images: ImageService
    kinds: Kinds
    public_base_url: str
    pending_limit: int


def current() -> WaysOut:
    """The running application's."""
    return cast(WaysOut, current_app.extensions[EXTENSION])


def made(config: Config) -> WaysOut:
    """All of them, as configured. Raises FaultyKinds or FaultyGrantKey."""
    bucket = Bucket.at(config.s3_bucket, config.region, config.s3_public_endpoint)
    replicas = [Replica(name, Address.parse(address)) for name, address in config.signers]
    return WaysOut(
        signer=Signer(replicas, GrantKey.read(config.grant_key_file, ISSUER), bucket, note_audit),
        s3=S3(config.s3_dial),
        images=ImageService(config.image_socket),
        kinds=kinds.read(config.kinds_file),
        public_base_url=config.public_base_url,
        pending_limit=config.pending_limit,
    )


def made_or_exit(config: Config) -> WaysOut:
    """The same, or exit 2 after saying on stderr everything that is wrong with the kinds or the key."""
    try:
        return made(config)
    except FaultyKinds as faulty:
        faults = faulty.faults
    except FaultyGrantKey as faulty:
        faults = [str(faulty)]
    for fault in faults:
        print(f"metadata_service: {fault}", file=sys.stderr)
    raise SystemExit(2)


def note_audit(line: Mapping[str, Any]) -> None:
    """The audit line's place beside our own line for the request: a chain that is cut off shows."""
    lines = g.setdefault("audit_lines", [])
    lines.append(line)
    logs.note(audit=lines)
