"""Uploads in parts: begun, signed part by part, resumed, made one object or aborted.

S3 has an id of its own for such an upload, which is recorded before the first URL that bears it is signed; from then
on no other one is taken. Every URL's end is recorded before it is signed, so that whoever cleans up knows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final

from .. import clock, grants, ways_out
from ..callers import Caller
from ..errors import ApiError
from ..grants import Item
from ..multipart_xml import MULTIPART_ID, Part
from ..s3 import NothingThere
from ..signer import Signed
from ..store import uploads
from ..upload_errors import (
    TooLarge,
    UnsupportedFileType,
    UploadInProgress,
    UploadNotFound,
    UploadNotReceived,
    UploadReady,
)
from ..upload_record import MULTIPART, Upload
from .beginning import Begun, Wanted, begin, withdraw
from .cancelling import cancel
from .completing import OWN_URLS_LIVE, Completed
from .completing import complete as complete_upload
from .finding import by_id, by_key, refuse_if_over

LONG_ID: Final = 100
"""Characters; a grant of a hundred items has room for ids of S3's up to here (the signer takes 64 KiB)."""


def create(caller: Caller, wanted: Wanted) -> tuple[Begun, str]:
    """Begin an upload in parts, at S3 as well: the upload, and S3's id of it. Raises the refusals of beginning."""
    begun = begin(caller, wanted)
    try:
        multipart_id = ways_out.current().s3.create_multipart(begun.destination.url, begun.destination.headers)
        opened(begun.upload, multipart_id, begun.upload.url_ends_at)
    except ApiError:
        withdraw(begun.upload)
        raise
    return begun, multipart_id


def find(caller: Caller, kind: str, key_text: str, multipart_id: str) -> Upload:
    """The caller's upload in parts of this key and kind. Raises UploadNotFound, also where S3's id is another's."""
    if kind not in ways_out.current().kinds:
        raise UnsupportedFileType(f"{kind} is not taken")
    if MULTIPART_ID.fullmatch(multipart_id) is None:
        raise UploadNotFound
    upload = by_key(caller, key_text)
    if upload.method != MULTIPART or upload.kind != kind or upload.multipart_id not in (None, multipart_id):
        raise UploadNotFound
    return upload


def opened(upload: Upload, multipart_id: str, ends_at: int) -> Upload:
    """Record what a URL to be signed is for, and when it ends. Raises why there may be none."""
    now = clock.now()
    recorded = uploads.open_parts(upload, multipart_id, now, ends_at)
    if recorded is not None:
        return recorded
    found = uploads.get(upload.owner, upload.id)
    if found is None or found.multipart_id not in (None, multipart_id):
        raise UploadNotFound
    refuse_if_over(found, now)
    if found.state == "ready":
        raise UploadReady
    raise UploadInProgress(found.lease_ends_at - now)


def sign_parts(
    caller: Caller, upload: Upload, multipart_id: str, numbers: Sequence[int], length: int | None = None
) -> Mapping[int, Signed]:
    """URLs for the client's own PUTs of these parts, each of exactly `length` bytes where that is given.

    Raises TooLarge where already one has more bytes than its kind allows.
    """
    kind = ways_out.current().kinds[upload.kind]
    if length is not None and length > kind.max_bytes:
        raise TooLarge(kind.max_bytes)
    ends_at = _ends_at(upload)
    opened(upload, multipart_id, ends_at)
    object_key = upload.object_key
    items = [grants.multipart_part(object_key, ends_at, multipart_id, number, length) for number in numbers]
    at_once = len(items) if len(multipart_id) <= LONG_ID else 20
    return dict(zip(numbers, _signed(caller, items, at_once), strict=True))


def _signed(caller: Caller, items: Iterable[Item], at_once: int) -> list[Signed]:
    left, found = iter(items), list[Signed]()
    while some := list(islice(left, at_once)):
        found += ways_out.current().signer.sign(some, caller.asker)
    return found


def sign_list(caller: Caller, upload: Upload, multipart_id: str) -> Signed:
    """A URL by which the client asks S3 which parts came."""
    ends_at = _ends_at(upload)
    opened(upload, multipart_id, ends_at)
    return _signed(caller, [grants.multipart_list(upload.object_key, ends_at, multipart_id)], 1)[0]


def sign_completion(caller: Caller, upload: Upload, multipart_id: str) -> Signed:
    """A URL by which the client has S3 make the parts one object; the upload itself is completed after that."""
    ends_at = _ends_at(upload)
    opened(upload, multipart_id, ends_at)
    return _signed(caller, [grants.multipart_complete(upload.object_key, ends_at, multipart_id)], 1)[0]


def _ends_at(upload: Upload) -> int:
    kind = ways_out.current().kinds[upload.kind]
    return clock.now() + kind.upload_expiry


def abort(caller: Caller, upload: Upload, multipart_id: str) -> Signed:
    """Cancel the upload, and a URL that aborts it at S3 now; the sweep does so too, once no URL can add a part.

    Raises UploadReady.
    """
    if upload.is_pending and upload.multipart_id is None:
        opened(upload, multipart_id, clock.now())
    cancel(caller, upload.id)
    ends_at = clock.now() + OWN_URLS_LIVE
    return _signed(caller, [grants.multipart_abort(upload.object_key, ends_at, multipart_id)], 1)[0]


def abort_now(caller: Caller, upload: Upload, multipart_id: str) -> None:
    """The same, and done at S3. Raises UploadReady or Unavailable; cancelled it is by then."""
    ways_out.current().s3.delete(abort(caller, upload, multipart_id).url)


def parts(caller: Caller, upload: Upload, multipart_id: str) -> list[Part]:
    """The parts that S3 has. Raises UploadNotReceived where it knows no such upload (any more)."""
    signed = sign_list(caller, upload, multipart_id)
    try:
        return ways_out.current().s3.list_parts(signed.url)
    except NothingThere:
        raise UploadNotReceived from None


def complete(caller: Caller, upload: Upload, multipart_id: str, listed: Sequence[Part]) -> Completed:
    """Make the parts one object, and complete the upload by it; asked again, the same answer.

    Raises InvalidParts and the refusals of complete.
    """
    if upload.is_pending:
        signed = sign_completion(caller, upload, multipart_id)
        # S3 has no such upload where an earlier request has made it an object; whether there is one shows next.
        with suppress(NothingThere):
            ways_out.current().s3.complete_multipart(signed.url, listed)
    return complete_upload(caller, by_id(caller, upload.id))
