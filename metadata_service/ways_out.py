"""What uploads and readings reach beyond the records: the signer, S3, the decoder, a scanner; and their rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from flask import current_app, g

from . import logs
from .cursors import Cursors
from .images import ImageService
from .kinds import Kinds
from .s3 import S3
from .scanning import Scanner
from .signer import Signer

EXTENSION: Final = "ways_out"


@dataclass(frozen=True, slots=True)
class WaysOut:
    """Made once by the application. `pending_limit`: uploads a person may have pending, 0 for any number."""

    signer: Signer
    s3: S3
    images: ImageService
    scanner: Scanner | None
    kinds: Kinds
    cursors: Cursors
    bucket_name: str
    public_base_url: str
    pending_limit: int


def current() -> WaysOut:
    """The running application's."""
    return cast(WaysOut, current_app.extensions[EXTENSION])


def note_audit(line: Mapping[str, Any]) -> None:
    """The audit line's place beside our own line for the request: a chain that is cut off shows."""
    lines = g.setdefault("audit_lines", [])
    lines.append(line)
    logs.note(audit=lines)
