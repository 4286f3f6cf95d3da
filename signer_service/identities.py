"""The three S3 identities, from files that an agent outside may rotate, and which of them signs what."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from .errors import CredentialsUnavailable
from .presign import Bucket, Identity, Presigner
from .watched import WatchedFile

IDENTITY_OF: Final = {"put": "uploader", "post": "uploader", "get": "reader", "delete": "remover"}
_ACCESS_KEY_ID = re.compile(r"[A-Z0-9]{16,128}", re.ASCII)


def parse_identity(text: bytes) -> Identity:
    """An identity's JSON file. Raises ValueError, KeyError or TypeError on anything else."""
    written = json.loads(text)
    if not _ACCESS_KEY_ID.fullmatch(written["access_key_id"]) or not written["secret_access_key"]:
        raise ValueError("not an access key")
    ends = written.get("expires_at")
    if ends is not None and type(ends) is not int:
        raise ValueError("expires_at is seconds since the epoch")
    return Identity(written["access_key_id"], written["secret_access_key"], written.get("session_token"), ends)


class Identities:
    """Presigners by operation, made anew when an identity's file changes."""

    def __init__(self, folder: Path, bucket: Bucket) -> None:
        def presigner(text: bytes) -> tuple[Identity, Presigner]:
            identity = parse_identity(text)
            return identity, Presigner(identity, bucket)

        names = sorted(set(IDENTITY_OF.values()))
        self.files = {name: WatchedFile(folder / f"{name}.json", presigner) for name in names}

    def for_operation(self, op: str, now: float) -> tuple[Presigner, int | None]:
        """The presigner for this operation, and when its session ends (seconds since the epoch), if it does.

        Raises CredentialsUnavailable where the identity is not there, or its session has ended.
        """
        name = IDENTITY_OF[op]
        held = self.files[name].read()
        if held is None:
            raise CredentialsUnavailable("an S3 identity is not there", reason=f"{name}: no usable file")
        identity, presigner = held
        if identity.expires_at is not None and identity.expires_at <= now:
            raise CredentialsUnavailable("an S3 identity's session has ended", reason=f"{name}: expired")
        return presigner, identity.expires_at
