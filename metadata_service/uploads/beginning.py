"""Beginning an upload: the kind's rules, the record, and a URL that only fits what was declared."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from .. import clock, grants, media_urls, ways_out
from ..callers import Caller
from ..errors import ApiError
from ..grants import Item
from ..kinds import EXTENSIONS_OF_TYPE, Kind, Kinds
from ..object_keys import LARGE, ObjectKey
from ..signer import Signed
from ..store import tallies, uploads
from ..upload_errors import (
    ExtensionMismatch,
    LengthRequired,
    MultipartNotTaken,
    QuotaExceeded,
    TooLarge,
    TooManyPending,
    UnsupportedContentType,
    UnsupportedFileType,
)
from ..upload_record import MULTIPART, Upload
from . import quotas

ASK_AGAIN_AFTER: Final = 60
"""Seconds; a pending upload ends by being completed or cancelled, or else by the sweep."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client says of the file that it wants to upload; length in bytes, checksum in base64.

    `method`: PUT or POST; None: as the kind has it.
    """

    file_type: str
    content_type: str
    file_extension: str | None = None
    method: str | None = "PUT"
    content_length: int | None = None
    checksum_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A recorded upload, where its bytes go, and where what becomes of it will be read.

    `asked_at`: when the URL was asked for, in seconds since the epoch.
    """

    upload: Upload
    kind: Kind
    destination: Signed
    url: str
    asked_at: int


def begin(caller: Caller, wanted: Wanted) -> Begun:
    """Record an upload and have its URL signed. Raises the refusals of `POST /upload-url`."""
    out = ways_out.current()
    kind = permitted(wanted, out.kinds)
    upload = drafted(caller.owner, wanted, kind, clock.new_id())
    try:
        uploads.begin(upload, out.pending_limit, quotas.room_for(upload, kind))
    except (tallies.PendingLimitReached, tallies.QuotaReached) as reached:
        raise no_room(reached, kind, out.pending_limit) from None
    try:
        items = grant_items(upload, kind, upload.created_at)
        return begun(upload, kind, out.signer.sign(items, caller.asker), upload.created_at)
    except ApiError:
        withdraw(upload)
        raise


def withdraw(upload: Upload) -> None:
    """End an upload that nobody has a URL to: so it need not count among the pending ones until it expires."""
    with suppress(Exception):
        uploads.cancel(upload, clock.now())


def permitted(wanted: Wanted, kinds: Kinds) -> Kind:
    """The kind whose rules this file keeps, as far as it was declared. Raises what it breaks."""
    kind = kinds.get(wanted.file_type)
    if kind is None:
        raise UnsupportedFileType(f"file_type must be one of {', '.join(kinds)}")
    if wanted.content_type not in kind.accepts:
        raise UnsupportedContentType(f"content_type must be one of {', '.join(kind.accepts)}")
    if wanted.file_extension is not None:
        _check_extension(wanted.file_extension, wanted.content_type)
    if wanted.content_length is None and kind.require_length:
        raise LengthRequired
    if wanted.content_length is not None and wanted.content_length > kind.max_bytes:
        raise TooLarge(kind.max_bytes)
    if wanted.method == MULTIPART and not kind.multipart_above:
        raise MultipartNotTaken(kind.name)
    return kind


def _check_extension(said: str, content_type: str) -> None:
    extensions = EXTENSIONS_OF_TYPE[content_type]
    if said.removeprefix(".").lower() not in extensions:
        raise ExtensionMismatch(f"file_extension of {content_type} must be {' or '.join(extensions)}")


def drafted(owner: str, wanted: Wanted, kind: Kind, upload_id: str) -> Upload:
    """The upload as it will be recorded."""
    now = clock.now()
    return Upload(
        object_key=ObjectKey(owner, kind.category, upload_id, kind.ext),
        kind=kind.name,
        state="requested",
        method=wanted.method or kind.method,
        content_type=wanted.content_type,
        created_at=now,
        url_ends_at=now + kind.upload_expiry,
        declared_length=wanted.content_length,
        declared_checksum=wanted.checksum_sha256,
    )


def no_room(
    reached: tallies.PendingLimitReached | tallies.QuotaReached, kind: Kind, pending_limit: int
) -> TooManyPending | QuotaExceeded:
    """The refusal of more uploads than may be pending, or more objects than may be stored."""
    if isinstance(reached, tallies.QuotaReached):
        return QuotaExceeded(quotas.told(kind, reached.limit), reached.limit)
    return TooManyPending(f"at most {pending_limit} uploads may be pending: complete or cancel some", ASK_AGAIN_AFTER)


def grant_items(upload: Upload, kind: Kind, now: int) -> list[Item]:
    """What is signed for it: where the bytes go and, of what will not be public, where its owner will read it."""
    items = [_destination(upload, kind)]
    if kind.visibility != "public":
        items.append(grants.get_served(upload.object_key, [LARGE], now + kind.reading_expiry))
    return items


def begun(upload: Upload, kind: Kind, signed: Sequence[Signed], now: int) -> Begun:
    """The upload with what came of its grant items."""
    destination, *reading = signed
    url = reading[0].urls[LARGE] if reading else media_urls.stable(upload.object_key)
    return Begun(upload, kind, destination, url, max(now, upload.url_ends_at - kind.upload_expiry))


def _destination(upload: Upload, kind: Kind) -> Item:
    content_type = upload.content_type if kind.sign_type else None
    if upload.method == MULTIPART:
        return grants.multipart_create(upload.object_key, upload.url_ends_at, content_type=content_type)
    if upload.method == "POST":
        declared = upload.declared_length
        length_range = (0, kind.max_bytes) if declared is None else (declared, declared)
        return grants.post_incoming(
            upload.object_key, upload.url_ends_at, content_type=content_type, length_range=length_range
        )
    return grants.put_incoming(
        upload.object_key,
        upload.url_ends_at,
        content_type=content_type,
        content_length=upload.declared_length,
        checksum_sha256=upload.declared_checksum,
    )


def answer(begun: Begun) -> dict[str, Any]:
    """What `POST /upload-url` says of it."""
    upload, destination = begun.upload, begun.destination
    spoken: dict[str, Any] = {
        "upload_id": upload.id,
        "method": upload.method,
        "upload_url": destination.url,
        "headers": dict(destination.headers),
        "key": upload.object_key.text(),
        "url": begun.url,
        "content_type": upload.content_type,
        "max_bytes": begun.kind.max_bytes,
        "expires_at": clock.iso(upload.url_ends_at),
        "expires_in": upload.url_ends_at - begun.asked_at,
    }
    return spoken | {"fields": dict(destination.fields)} if upload.method == "POST" else spoken
