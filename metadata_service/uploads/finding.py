"""Finding a caller's upload, and what its state means to whoever wants it completed."""

from __future__ import annotations

from ..callers import Caller
from ..object_keys import InvalidKey, ObjectKey, is_upload_id
from ..store import uploads
from ..upload_errors import UploadCancelled, UploadExpired, UploadInProgress, UploadNotFound, UploadRejected
from ..upload_record import Upload


def by_id(caller: Caller, upload_id: str) -> Upload:
    """The caller's upload of this id. Raises UploadNotFound, also of somebody else's."""
    found = uploads.get(caller.owner, upload_id) if is_upload_id(upload_id) else None
    if found is None:
        raise UploadNotFound
    return found


def by_key(caller: Caller, text: str, category: str | None = None) -> Upload:
    """The caller's upload of this key, read leniently, and of this category only, where one is given.

    Raises UploadNotFound, also of somebody else's.
    """
    try:
        object_key = ObjectKey.read_posted(text)
    except InvalidKey:
        raise UploadNotFound from None
    found = of_object(caller, object_key)
    if found is None or category not in (None, object_key.category):
        raise UploadNotFound
    return found


def of_object(caller: Caller, object_key: ObjectKey) -> Upload | None:
    """The caller's upload that an object came, or is to come, of."""
    if object_key.owner != caller.owner:
        return None
    found = uploads.get(caller.owner, object_key.id)
    return found if found is not None and found.object_key == object_key else None


def refuse_if_over(upload: Upload, now: int) -> None:
    """Raise what is in the way of completing it, if it is in a state that it never leaves and that is not ready."""
    state = upload.state_at(now)
    if state == "rejected":
        raise UploadRejected(upload.reason or "damaged", upload.explanation)
    if state == "expired":
        raise UploadExpired
    if state == "cancelled":
        raise UploadCancelled


def as_others_left_it(upload: Upload, now: int) -> Upload:
    """The upload after somebody else had it: ready, or else raise what became of it."""
    found = uploads.get(upload.owner, upload.id)
    if found is None:
        raise UploadNotFound
    refuse_if_over(found, now)
    if found.state != "ready":
        raise UploadInProgress(found.lease_ends_at - now)
    return found
