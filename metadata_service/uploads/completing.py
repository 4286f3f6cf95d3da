"""Completing an upload, step by step: each a function of its own, and none that leaves a half-done state visible.

    take_lease → fetch_incoming → inspect → record_digests → write_served → make_visible

A crash between any two leaves the old state. Whoever comes next does it all again and converges: the same bytes
give the same digests, and what is written already stays (412); other bytes are rejected as `changed`.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from .. import clock, grants, media_urls, pictures, ways_out
from ..callers import Caller
from ..errors import Unavailable
from ..grants import Item
from ..images import Rendered
from ..kinds import Kind
from ..object_keys import LARGE
from ..owners import is_service
from ..s3 import NothingThere
from ..store import cleanups, objects, photos, tallies, uploads
from ..store.dynamodb import TransactionRefused, Write
from ..store.dynamodb import Unavailable as RecordsUnavailable
from ..store.dynamodb import current as dynamodb
from ..store.objects import StoredObject
from ..store.photos import Photo
from ..upload_errors import UnsupportedFileType, UploadNotReceived, UploadRejected
from ..upload_record import LEFTOVERS_AFTER, Upload
from . import quotas
from .finding import as_others_left_it, refuse_if_over

LEASE: Final = 30
"""Seconds; only how long others wait after a crash depends on it: every write has the lease as its condition."""
OWN_URLS_LIVE: Final = 60
ATTEMPTS: Final = 8


class LeaseLost(Exception):
    """Somebody else has the upload by now, or has ended it."""


@dataclass(frozen=True, slots=True)
class Completed:
    """A ready upload; `urls` by size where it became ready just now, else None."""

    upload: Upload
    urls: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What came of the grant for writing: the receipt of what others may see, the owner's URLs of what not all may.

    `octets`: how many, in all sizes. `is_certain`: every PUT was answered, so that none can arrive any more.
    """

    octets: int
    is_certain: bool
    receipt: str | None
    urls: Mapping[str, str] | None


def complete(caller: Caller, upload: Upload) -> Completed:
    """Make what was uploaded visible, or say why not; asked again, the same answer. Raises the refusals of complete."""
    now = clock.now()
    refuse_if_over(upload, now)
    if upload.state == "ready":
        return Completed(upload)
    try:
        return _completed_under_lease(caller, take_lease(upload, now))
    except LeaseLost:
        return Completed(as_others_left_it(upload, clock.now()))


def _completed_under_lease(caller: Caller, held: Upload) -> Completed:
    try:
        kind = _kind_of(held)
        sizes = inspect(held, kind, fetch_incoming(caller, held, kind))
        held = record_digests(held, sizes)
        written = write_served(caller, held, kind, sizes)
        urls = written.urls or media_urls.stable_by_size(held.object_key)
        return Completed(make_visible(held, kind, sizes, written), urls)
    except UploadRejected as rejected:
        reject(held, rejected)  # as it is by now: what was written since is queued
        raise
    except (LeaseLost, RecordsUnavailable):
        raise  # there is nothing to release, or nobody to tell
    except Exception:
        # The upload stays; should even this fail, the lease ends by itself.
        with suppress(Exception):
            uploads.release_lease(held)
        raise


def _kind_of(held: Upload) -> Kind:
    kind = ways_out.current().kinds.get(held.kind)
    if kind is None:
        raise UnsupportedFileType(f"{held.kind} is no longer taken")
    return kind


def take_lease(upload: Upload, now: int) -> Upload:
    """Step 1: nobody else completes it for a while. Raises LeaseLost where somebody else does."""
    held = uploads.take_lease(upload, clock.new_id(), now, now + LEASE)
    if held is None:
        raise LeaseLost
    return held


def fetch_incoming(caller: Caller, held: Upload, kind: Kind) -> bytes:
    """Step 2: what the client sent, at most the kind's limit and one byte. Raises UploadNotReceived."""
    out = ways_out.current()
    item = grants.get_incoming(held.object_key, clock.now() + OWN_URLS_LIVE)
    [answer] = out.signer.sign([item], caller.asker)
    try:
        return out.s3.fetch(answer.url, kind.max_bytes + 1)
    except NothingThere:
        raise UploadNotReceived from None


def inspect(held: Upload, kind: Kind, incoming: bytes) -> list[Rendered]:
    """Step 3: every size as it will be served. Raises UploadRejected with the reason."""
    _check_as_declared(held, kind, incoming)
    images = ways_out.current().images
    if kind.is_picture:
        return images.render(held.owner, kind, held.content_type, incoming)
    images.inspect_pdf(held.owner, incoming)
    # After the inspection: that is done behind walls, one process a file. A scanner is a large reader of hostile files
    # without such walls, shared with others; it gets to see only what is a well-formed document without active content.
    if scanner := ways_out.current().scanner:
        scanner.scan(incoming)
    return [Rendered(LARGE, incoming)]


def _check_as_declared(held: Upload, kind: Kind, incoming: bytes) -> None:
    if not incoming:
        raise UploadRejected("empty")
    if len(incoming) > kind.max_bytes:
        raise UploadRejected("too_large")
    if held.declared_length not in (None, len(incoming)):
        raise UploadRejected("length_mismatch")
    if held.declared_checksum is not None and held.declared_checksum != digest(incoming):
        raise UploadRejected("checksum_mismatch")


def record_digests(held: Upload, sizes: Sequence[Rendered]) -> Upload:
    """Step 4: what will be PUT is recorded before it is. Raises LeaseLost, or UploadRejected (`changed`)."""
    digests = {each.size: digest(each.octets) for each in sizes}
    if held.digests is not None and held.digests != digests:
        raise UploadRejected("changed")
    recorded = uploads.record_digests(held, digests, clock.now() + OWN_URLS_LIVE)
    if recorded is None:
        raise LeaseLost
    return recorded


def write_served(caller: Caller, held: Upload, kind: Kind, sizes: Sequence[Rendered]) -> Written:
    """Step 5: one grant for the PUTs, the publication and the owner's own URLs; then the PUTs."""
    out = ways_out.current()
    asked = [_put(held, each) for each in sizes] + _openings(held, kind)
    answers = out.signer.sign(asked, caller.asker)
    answered = [
        out.s3.put(answer.url, answer.headers, each.octets) for each, answer in zip(sizes, answers, strict=False)
    ]
    openings = answers[len(sizes) :]
    return Written(
        octets=sum(len(each.octets) for each in sizes),
        is_certain=all(answered),
        receipt=next((opening.receipt for opening in openings if opening.receipt), None),
        urls=next((opening.urls for opening in openings if opening.urls), None),
    )


def _put(held: Upload, rendered: Rendered) -> Item:
    # Its URL ends no later than was recorded: whoever cleans up counts on it.
    return grants.put_served(
        held.object_key,
        rendered.size,
        held.writes_end_at,
        content_length=len(rendered.octets),
        checksum_sha256=digest(rendered.octets),
    )


def _openings(held: Upload, kind: Kind) -> list[Item]:
    """What opens it: the publication for others, and URLs for the owner where it is not public."""
    found = []
    if kind.visibility != "private":
        found.append(grants.publish(held.object_key, kind.visibility))
    if kind.visibility != "public":
        ends_at = clock.now() + kind.reading_expiry
        found.append(grants.get_served(held.object_key, held.object_key.sizes, ends_at))
    return found


def make_visible(held: Upload, kind: Kind, sizes: Sequence[Rendered], written: Written) -> Upload:
    """Step 6: one transaction: ready, recorded, put to use, and what is superfluous queued.

    Raises LeaseLost, or UploadRejected (`quota_exceeded`).
    """
    large = sizes[0]
    ready = replace(
        held, state="ready", width=large.width or None, height=large.height or None, stored_bytes=len(large.octets)
    )
    at_ms = clock.now_ms()
    for _ in range(ATTEMPTS):
        try:
            dynamodb().transact(visible_writes(ready, kind, written, at_ms), token=clock.new_id())
            return ready
        except TransactionRefused as refused:
            if refused.reasons[0] is not None:
                raise LeaseLost from refused
            _reject_if_full(refused, kind)
            # Somebody moved the current picture: read it again. Or another photo has this millisecond: take a later.
            at_ms = max(at_ms + 1, clock.now_ms())
    raise Unavailable("the picture is being changed elsewhere; ask again")


def _reject_if_full(refused: TransactionRefused, kind: Kind) -> None:
    try:
        tallies.raise_if_full(refused)
    except tallies.QuotaReached as reached:
        raise UploadRejected("quota_exceeded", quotas.told(kind, reached.limit)) from None


def visible_writes(ready: Upload, kind: Kind, written: Written, at_ms: int) -> list[Write]:
    """All that becomes true at once; the first write is the one that relies on the lease."""
    now, is_photo = clock.now(), ready.object_key.category == photos.CATEGORY
    is_alone = written.is_certain and ready.leases == 1
    stored = StoredObject(
        object_key=ready.object_key,
        kind=ready.kind,
        created_at=now,
        strays_until=0 if is_alone else ready.writes_end_at + LEFTOVERS_AFTER,
        visibility=kind.visibility if written.receipt else "private",
        receipt=written.receipt,
        uploaded_ms=at_ms if is_photo else 0,
        stored_bytes=written.octets,
    )
    return [
        *uploads.ready_writes(ready, now),
        *objects.record_writes(stored, quotas.of(kind)),
        *_use_writes(ready, stored, now),
    ]


def _use_writes(ready: Upload, stored: StoredObject, now: int) -> list[Write]:
    """A profile's picture and a photo are put to use by being complete; everything else when a profile names it."""
    if stored.uploaded_ms:
        shown = stored.object_key, stored.uploaded_ms, stored.kind, stored.visibility
        return [photos.record_write(Photo(*shown, ready.width, ready.height))]
    if ready.object_key.category == "profile":
        return pictures.replace_writes(ready.object_key, now)
    if is_service(ready.owner):  # which has no profile that could ever name it
        return []
    return [cleanups.unused_write(ready.object_key, now)]


def reject(held: Upload, rejected: UploadRejected) -> None:
    """Instead of the rest: the upload is rejected, and what may be left of it is queued. Raises LeaseLost."""
    if not uploads.reject(held, rejected.reason, str(rejected), clock.now()):
        raise LeaseLost


def digest(octets: bytes) -> str:
    """SHA-256 in base64, as S3 takes it."""
    return b64encode(hashlib.sha256(octets).digest()).decode("ascii")
