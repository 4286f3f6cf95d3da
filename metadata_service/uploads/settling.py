"""Completing, when a list is asked for, what clients sent that never say so: of kinds that say `settle_on_list`.

The oldest first: so they come into the list in the order in which they were begun, and none expires that needs not.
"""

from __future__ import annotations

from typing import Final

from .. import clock, ways_out
from ..callers import Caller
from ..errors import ApiError, Unavailable
from ..store import uploads
from ..upload_errors import UploadRejected
from ..upload_record import Upload
from .completing import complete

MOST_COMPLETED: Final = 10
"""Uploads that one request completes, or rejects."""
MOST_TRIED: Final = 20
"""Uploads that one request asks S3 for."""
PATIENCE: Final = 10
"""Seconds after which no further one is begun."""


def settle_pending(caller: Caller) -> None:
    """Complete what the caller has pending of those kinds. Whatever becomes of it, the list is not to fail by it."""
    settling = {kind.name for kind in ways_out.current().kinds.values() if kind.settle_on_list}
    if not settling:
        return
    waiting = [upload for upload in uploads.pending(caller.owner) if upload.kind in settling]
    settled, until = 0, clock.now() + PATIENCE
    for upload in waiting[:MOST_TRIED]:
        if settled == MOST_COMPLETED or clock.now() >= until:
            return
        try:
            settled += _is_settled(caller, upload)
        except Unavailable:
            return  # the decoder is busy: what is left waits for the next time


def _is_settled(caller: Caller, upload: Upload) -> bool:
    """Complete it; whether it is completed by that, or rejected. Raises Unavailable."""
    try:
        complete(caller, upload)
    except Unavailable:
        raise
    except ApiError as refused:  # not received, for one, or somebody else is completing it
        return isinstance(refused, UploadRejected)
    return True
