"""A file that came to us instead of S3: it goes on the same way as every other, only that we send it ourselves."""

from __future__ import annotations

from contextlib import suppress

from .. import ways_out
from ..callers import Caller
from ..upload_errors import UploadRejected
from .beginning import Begun, Wanted, begin
from .cancelling import cancel
from .completing import Completed, complete, digest


def forward(caller: Caller, file_type: str, content_type: str, octets: bytes) -> Completed:
    """Record an upload, send the bytes below incoming/, and complete it. Raises the refusals of all three."""
    if not octets:
        raise UploadRejected("empty")
    checksum = digest(octets)
    begun = begin(caller, Wanted(file_type, content_type, content_length=len(octets), checksum_sha256=checksum))
    try:
        return _sent(caller, begun, octets)
    except Exception:
        # Whoever asks again sends the file again, as another upload: this one need not stay pending until it expires.
        with suppress(Exception):
            cancel(caller, begun.upload.id)
        raise


def _sent(caller: Caller, begun: Begun, octets: bytes) -> Completed:
    ways_out.current().s3.put(begun.destination.url, begun.destination.headers, octets)
    return complete(caller, begun.upload)
