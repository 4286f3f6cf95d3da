"""A person's gallery: its photos, the newest first, page by page, and how one of them goes."""

from __future__ import annotations

from typing import Any, Final

from . import clock, media_urls, ways_out
from .callers import Caller
from .errors import NotFound, Unavailable
from .object_keys import ObjectKey, is_upload_id
from .store import objects
from .store import photos as store
from .store.dynamodb import TransactionRefused
from .store.dynamodb import current as dynamodb
from .store.objects import StoredObject
from .store.photos import Photo
from .uploads.settling import settle_pending

ATTEMPTS: Final = 8


def page(caller: Caller, limit: int, cursor: str | None) -> dict[str, Any]:
    """The answer of `GET /photos`. Raises ValidationFailed of a cursor that is none of this caller's."""
    cursors, owner = ways_out.current().cursors, caller.owner
    before = None if cursor is None else cursors.read(owner, cursor)
    if before is None:  # what completes now is newer than all that later pages have
        settle_pending(caller)
    found, is_more = store.newest(owner, limit, before)
    following = cursors.at(owner, found[-1].uploaded_ms) if is_more else None
    return {"photos": _described(found, caller), "next_cursor": following}


def _described(found: list[Photo], caller: Caller) -> list[dict[str, Any]]:
    """What is said of photos of the caller's own; every size of all of them signed in one grant, if one is needed."""
    now = clock.now()
    urls = media_urls.by_size(found, caller, now)
    return [_spoken(photo, now) | {"urls": urls.get(photo.object_key)} for photo in found]


def _spoken(photo: Photo, now: int) -> dict[str, Any]:
    object_key = photo.object_key
    is_signed = not (photo.is_public or photo.is_blocked)
    spoken: dict[str, Any] = {
        "userId": object_key.owner,
        "uploadedAt": photo.uploaded_ms,
        "imageId": object_key.id,
        "s3Key": object_key.text(),
        "mimeType": object_key.content_type,
        "width": photo.width,
        "height": photo.height,
        "expires_at": clock.iso(media_urls.ends_at(photo, now)) if is_signed else None,
    }
    return spoken | {"blocked": True} if photo.is_blocked else spoken


def delete(caller: Caller, image_id: str) -> None:
    """Delete a photo. Raises NotFound, also of somebody else's, and of one that was deleted before."""
    for _ in range(ATTEMPTS):
        if _is_deleted(_own(caller, image_id)):
            return
    raise Unavailable("the photo is being changed elsewhere; ask again")


def _own(caller: Caller, image_id: str) -> StoredObject:
    stored = None
    if is_upload_id(image_id):
        stored = objects.get(ObjectKey(caller.owner, store.CATEGORY, image_id, "jpg"))
    if stored is None:
        raise NotFound("you have no such photo")
    return stored


def _is_deleted(stored: StoredObject) -> bool:
    try:
        dynamodb().transact(objects.retired_writes(stored), token=clock.new_id())
    except TransactionRefused:
        return False  # it stands otherwise than it was read, or stands no more
    return True
