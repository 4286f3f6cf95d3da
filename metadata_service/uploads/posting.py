"""Keys that clients post in other requests: they name an upload, and complete it where that was not done yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .. import clock
from ..callers import Caller
from ..object_keys import InvalidKey, ObjectKey
from ..store import objects
from ..upload_errors import TooManyPending, UnknownKey
from ..upload_record import Upload
from .completing import complete
from .finding import of_object

MOST_COMPLETED: Final = 5
"""Pending uploads that one request completes."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A key as it was posted: in which field, of which category it must be, and its text."""

    field: str
    kind_category: str
    text: str


def settle(caller: Caller, posted: Sequence[Posted]) -> list[ObjectKey]:
    """The objects that these keys name, in order, all of them complete by then.

    Raises UnknownKey naming the field, before anything is completed; or else what completing raises, and then what
    was completed before stays so.
    """
    found = [(each, *_named(caller, each)) for each in posted]
    pending = {upload.id: upload for _, _, upload in found if upload is not None}
    for count, upload in enumerate(pending.values()):
        if count == MOST_COMPLETED:
            raise TooManyPending(f"at most {MOST_COMPLETED} uploads are completed at once; ask again", 1)
        complete(caller, upload)
    return [object_key for _, object_key, _ in found]


def _named(caller: Caller, posted: Posted) -> tuple[ObjectKey, Upload | None]:
    """The object, and its upload if that is still to be completed. Raises UnknownKey."""
    object_key = _read(posted.text)
    if object_key is None or object_key.owner != caller.owner or object_key.category != posted.kind_category:
        raise UnknownKey(posted.field)
    if objects.get(object_key) is not None:
        return object_key, None
    upload = of_object(caller, object_key)
    # Ready, and yet there is no such object: it was replaced or deleted since.
    if upload is None or upload.state == "ready":
        raise UnknownKey(posted.field)
    return object_key, upload


def key_of_url(caller: Caller, text: str) -> str | None:
    """The key in a URL posted back, if it names a pending or ready upload of the caller's, else None."""
    object_key = _read(text)
    if object_key is None or object_key.owner != caller.owner:
        return None
    if objects.get(object_key) is not None:
        return object_key.text()
    upload = of_object(caller, object_key)
    is_pending = upload is not None and upload.state_at(clock.now()) in ("requested", "processing")
    return object_key.text() if is_pending else None


def _read(text: str) -> ObjectKey | None:
    try:
        return ObjectKey.read_posted(text)
    except InvalidKey:
        return None
