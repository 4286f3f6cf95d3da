"""What is said of an upload: when it is complete, and when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import clock, media_urls, ways_out
from ..callers import Caller
from ..object_keys import LARGE
from ..store import objects
from ..upload_record import Upload
from .completing import Completed


def completed(caller: Caller, done: Completed) -> dict[str, Any]:
    """The answer of complete, the same each time it is asked; signed URLs, where there are any, are new.

    Of an object that was blocked since it has null for every URL, and of one that went those that need no signature.
    """
    upload = done.upload
    urls = done.urls or _urls(caller, upload)
    spoken: dict[str, Any] = {
        "upload_id": upload.id,
        "state": "ready",
        "key": upload.object_key.text(),
        "url": urls[LARGE] if urls else None,
        "bytes": upload.stored_bytes,
        "content_type": upload.object_key.content_type,
    }
    if upload.object_key.is_picture:
        spoken |= {"urls": dict(urls) if urls else None, "width": upload.width, "height": upload.height}
    return spoken


def _urls(caller: Caller, upload: Upload) -> Mapping[str, str] | None:
    stored = objects.get(upload.object_key)
    if stored is not None:
        return media_urls.by_size([stored], caller).get(upload.object_key)
    kind = ways_out.current().kinds.get(upload.kind)
    is_public = kind is not None and kind.visibility == "public"
    return media_urls.stable_by_size(upload.object_key) if is_public else None


def status(upload: Upload, now: int) -> dict[str, Any]:
    """The answer of `GET /uploads/{upload_id}`."""
    state = upload.state_at(now)
    spoken: dict[str, Any] = {
        "upload_id": upload.id,
        "state": state,
        "file_type": upload.kind,
        "key": upload.object_key.text(),
        "content_type": upload.content_type,
        "created_at": clock.iso(upload.created_at),
        "expires_at": clock.iso(upload.completable_until),
    }
    if state == "rejected":
        spoken |= {"reason": upload.reason, "message": upload.explanation}
    return spoken
