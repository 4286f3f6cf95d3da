"""What is said of an upload: when it is complete, and when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import clock, grants, media_urls, ways_out
from ..callers import Caller
from ..object_keys import LARGE
from ..upload_record import Upload
from .completing import Completed


def completed(caller: Caller, done: Completed) -> dict[str, Any]:
    """The answer of complete, the same each time it is asked (signed URLs, where there are any, are new)."""
    upload = done.upload
    urls = done.urls or _urls(caller, upload)
    spoken: dict[str, Any] = {
        "upload_id": upload.id,
        "state": "ready",
        "key": upload.object_key.text(),
        "url": urls[LARGE],
        "bytes": upload.stored_bytes,
        "content_type": upload.object_key.content_type,
    }
    if upload.object_key.is_picture:
        spoken |= {"urls": dict(urls), "width": upload.width, "height": upload.height}
    return spoken


def _urls(caller: Caller, upload: Upload) -> Mapping[str, str]:
    out = ways_out.current()
    kind = out.kinds.get(upload.kind)
    if kind is not None and kind.visibility == "public":
        return media_urls.stable_by_size(upload.object_key)
    ends_at = clock.now() + out.kinds.reading_expiry(upload.kind, upload.object_key.category)
    item = grants.get_served(upload.object_key, upload.object_key.sizes, ends_at)
    [answer] = out.signer.sign([item], caller.asker)
    return answer.urls


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
