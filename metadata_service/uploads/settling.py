"""Completing, when a list is asked for, what clients sent that never say so: of kinds that say `settle_on_list`.

The oldest first: so they come into the list in the order in which they were begun, and none expires that needs not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .. import clock, ways_out
from ..callers import Caller
from ..errors import ApiError, Unavailable
from ..store import uploads
from ..upload_errors import UploadNotReceived
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
    if not any(kind.settle_on_list for kind in ways_out.current().kinds.values()):
        return
    settled, until = 0, clock.now() + PATIENCE
    for upload in _waiting(caller):
        if settled == MOST_COMPLETED or clock.now() >= until:
            return
        try:
            complete(caller, upload)
        except UploadNotReceived:
            continue
        except Unavailable:
            return  # the decoder is busy: what is left waits for the next time
        except ApiError:
            pass  # its own state says what is wrong with it
        settled += 1


def _waiting(caller: Caller) -> Iterator[Upload]:
    """What may be completed now, and by nobody else."""
    kinds, now = ways_out.current().kinds, clock.now()
    waiting = [
        upload
        for upload in uploads.pending(caller.owner)
        if upload.kind in kinds
        and kinds[upload.kind].settle_on_list
        and upload.state_at(now) != "expired"
        and upload.lease_ends_at <= now
    ]
    yield from waiting[:MOST_TRIED]
