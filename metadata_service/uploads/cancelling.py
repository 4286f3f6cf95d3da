"""Cancelling an upload that is not ready."""

from __future__ import annotations

from .. import clock
from ..callers import Caller
from ..errors import Unavailable
from ..store import uploads
from ..upload_errors import UploadReady
from ..upload_record import Upload
from .finding import by_id

ATTEMPTS = 8


def cancel(caller: Caller, upload_id: str) -> Upload:
    """The upload as it is then: cancelled, or over already. Raises UploadNotFound or UploadReady."""
    for _ in range(ATTEMPTS):
        upload = by_id(caller, upload_id)
        if upload.state == "ready":
            raise UploadReady
        # A completion that goes on at the same time finds out by its lease, and what it wrote is queued here.
        if not upload.is_pending or uploads.cancel(upload, clock.now()):
            return by_id(caller, upload_id)
    raise Unavailable("the upload is being completed; ask again")
